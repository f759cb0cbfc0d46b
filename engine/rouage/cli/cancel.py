"""`rouage cancel RUN`: end a run that is not over; its `finally` is still done."""

import argparse
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.repair import act_on_run, take_run
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.states import state_word
from rouage.language import Text
from rouage.model.run import FINAL_STATES

_STATE: Final = Text("{run}: {state}", "{run} : {state}")
_ENDED: Final = FINAL_STATES - {"cancelled"}


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    take_run(parser)


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Ask for the end; 1 when the run had ended otherwise before."""
    run_id, answer = act_on_run(session, arguments.run, "cancel", {})
    if session.is_json:
        session.output.data({"run": run_id, **answer})
    session.tell(_STATE, run=run_id, state=state_word(answer["state"], session.language))
    return FAILED if answer["state"] in _ENDED else OK
