"""`rouage resolve RUN`: settle a step in doubt, which nobody but a person can judge."""

import argparse
import json
from typing import Any, Final

from rouage.cli.parser import Parser
from rouage.cli.repair import act_on_run, take_run
from rouage.cli.session import OK, Session
from rouage.cli.states import state_word
from rouage.errors import UsageError
from rouage.language import Text

_DONE: Final = Text(
    "the step had its effect: go on after it", "l’étape a eu son effet : reprendre après elle"
)
_RETRY: Final = Text(
    "the step had no effect: call it again", "l’étape n’a pas eu d’effet : la refaire"
)
_RESULT: Final = Text(
    "with --done, the result of the step as JSON", "avec --done, le résultat de l’étape en JSON"
)
_NOT_JSON: Final = Text("--result is not JSON: {cause}", "--result n’est pas du JSON : {cause}")
_NO_RESULT: Final = Text("--result goes with --done only", "--result ne va qu’avec --done")
_SETTLED: Final = Text("settled: {run} is {state}", "réglé : {run} est {state}")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    take_run(parser)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--done", help=parser.say(_DONE), action="store_true")
    choice.add_argument("--retry", help=parser.say(_RETRY), action="store_true")
    parser.take("--result", about=_RESULT, metavar="JSON")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Send the choice."""
    body: dict[str, Any] = {"choice": "done" if arguments.done else "retry"}
    if arguments.result is not None:
        if not arguments.done:
            raise UsageError(_NO_RESULT)
        body["result"] = _read(arguments.result)
    run_id, answer = act_on_run(session, arguments.run, "resolve", body)
    if session.is_json:
        session.output.data({"run": run_id, **answer})
    session.tell(_SETTLED, run=run_id, state=state_word(answer["state"], session.language))
    return OK


def _read(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UsageError(_NOT_JSON, cause=str(error)[:80]) from error


def _refuse(name: str) -> None:
    raise ValueError(name)
