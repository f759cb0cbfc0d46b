"""`rouage show RUN`: one run, with every condition, every step, and why it ended so."""

import argparse
from typing import Any, Final

from rouage.cli.journal import ask, find_run
from rouage.cli.output import one_line
from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time, state_word
from rouage.durable.port import Reader
from rouage.language import Text
from rouage.model.recipe import StepUse
from rouage.model.run import RunRecord
from rouage.web.runs import detail_of

_RUN: Final = Text(
    "the run, or the first letters of its id; `last` is the newest",
    "l’exécution, ou le début de son identifiant ; « last » est la dernière",
)
_HEAD: Final = Text(
    "{recipe}  {state}\n  run      {id}\n  event    {event} from {source}\n"
    "  started  {started}   seconds {seconds}",
    "{recipe}  {state}\n  exécution   {id}\n  événement   {event} de {source}\n"
    "  début       {started}   secondes {seconds}",
)
_REASON: Final = Text("reason: {reason}", "raison : {reason}")
_CONDITION: Final = Text("  if {expression}  → {value}", "  si {expression}  → {value}")
_EVENT: Final = Text("event", "événement")
_STEPS: Final = Text("steps", "étapes")
_PARAMETERS: Final = Text("with", "avec")
_RESULT: Final = Text("result", "résultat")
_ERROR: Final = Text("error", "erreur")
_ATTEMPTS: Final = Text("{count} attempts", "{count} tentatives")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("run", about=_RUN, metavar=parser.say(Text("RUN", "EXÉCUTION")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the run."""
    record, step_ids = ask(session, lambda reader: _find(reader, arguments.run))
    detail = detail_of(record, session.language, step_ids)
    if session.is_json:
        session.output.data(detail)
    else:
        for line in _lines(session, detail):
            session.output.line(line)
    return OK


async def _find(reader: Reader, wish: str) -> tuple[RunRecord, dict[str, str | None]]:
    from rouage.recipes.definition import parse

    record = await find_run(reader, wish)
    definition = await reader.get_definition(record.definition)
    if definition is None:
        return record, {}
    recipe = parse(definition)
    return record, _ids((*recipe.steps, *recipe.on_error))


def _ids(steps: tuple[StepUse, ...]) -> dict[str, str | None]:
    ids: dict[str, str | None] = {}
    for step in steps:
        ids[step.path] = step.id
        if isinstance(step.on_error, tuple):
            ids |= _ids(step.on_error)
    return ids


def _lines(session: Session, detail: dict[str, Any]) -> list[str]:
    seconds = detail["duration_seconds"]
    facts = {
        **detail,
        "seconds": "–" if seconds is None else f"{seconds:.3f}",
        "state": state_word(detail["state"], session.language),
        "started": local_time(detail["started"], session.settings.zone),
    }
    lines = [session.say(_HEAD, **facts)]
    lines += [_labelled(session, _EVENT, detail["event_data"])]
    lines += conditions_of(session, detail["conditions"])
    if detail["reason"]:
        lines.append("  " + session.say(_REASON, reason=_sentence(detail["reason"])))
    if detail["error"]:
        lines.append(f"  {session.say(_ERROR)}: {_sentence(detail['error'])}")
    lines += ["", session.say(_STEPS)]
    for step in detail["steps"]:
        lines += _step_lines(session, step)
    return lines


def _step_lines(session: Session, step: dict[str, Any]) -> list[str]:
    name = f" ({step['id']})" if step["id"] else ""
    seconds = "" if step["duration_seconds"] is None else f"  {step['duration_seconds']:.3f} s"
    tries = f"  {session.say(_ATTEMPTS, count=step['attempts'])}" if step["attempts"] > 1 else ""
    state = state_word(step["state"], session.language)
    lines = [f"  {step['path']}  {step['action']}{name}  {state}{seconds}{tries}"]
    lines += [f"  {line}" for line in conditions_of(session, step["conditions"])]
    for label, key in ((_PARAMETERS, "parameters"), (_RESULT, "result")):
        if step[key] not in (None, {}, []):
            lines.append(f"  {_labelled(session, label, step[key])}")
    if step["error"]:
        lines.append(f"    {session.say(_ERROR)}: {_sentence(step['error'])}")
    return lines


def conditions_of(session: Session, conditions: list[Any]) -> list[str]:
    """Return the lines that tell each condition, its value, and the values it compared."""
    lines = []
    for condition in conditions:
        if not isinstance(condition, dict):
            continue
        facts = {
            "expression": one_line(condition.get("expression", "")),
            "value": one_line(condition.get("value")),
        }
        lines.append(session.say(_CONDITION, **facts))
        values = condition.get("values")
        for name, value in values.items() if isinstance(values, dict) else ():
            lines.append(f"       {one_line(name)} = {one_line(value)}")
    return lines


def _labelled(session: Session, label: Text, value: object) -> str:
    return f"  {session.say(label)}: {one_line(value, most=400)}"


def _sentence(record: Any) -> str:
    if isinstance(record, dict):
        return " — ".join(str(record[key]) for key in ("message", "hint") if record.get(key))
    return str(record)
