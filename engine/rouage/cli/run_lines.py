"""One run as lines for a reader: nested steps indented, long loops folded."""

import re
from collections.abc import Iterator
from typing import Any, Final

from rouage.cli.output import one_line
from rouage.cli.session import Session
from rouage.cli.states import local_time, state_word
from rouage.cli.waits import wait_phrase
from rouage.language import Text
from rouage.model.run import Blanked
from rouage.rerun import BLANKED, places

_HEAD: Final = Text(
    "{recipe}  {state}\n  run      {id}\n  event    {event} from {source}\n"
    "  started  {started}   seconds {seconds}",
    "{recipe}  {state}\n  exécution   {id}\n  événement   {event} de {source}\n"
    "  début       {started}   secondes {seconds}",
)
_REASON: Final = Text("reason: {reason}", "raison : {reason}")
_CONDITION: Final = Text("  if {expression}  → {value}", "  si {expression}  → {value}")
_EVENT: Final = Text("event: {value}", "événement : {value}")
_STEPS: Final = Text("steps", "étapes")
_PARAMETERS: Final = Text("with: {value}", "avec : {value}")
_RESULT: Final = Text("result: {value}", "résultat : {value}")
_ERROR: Final = Text("error: {value}", "erreur : {value}")
_ATTEMPTS: Final = Text("{count} attempts", "{count} tentatives")
_NEXT: Final = Text("tried again at {at}", "nouvel essai à {at}")
_SETTLED: Final = Text(
    "settled as {choice} by {author}, {at}", "réglée ({choice}) par {author}, {at}"
)
_SETTLE: Final = Text(
    "settle it with `rouage resolve {id} --done` or `--retry`",
    "réglez-la avec « rouage resolve {id} --done » ou « --retry »",
)
_PARENT: Final = Text("called by {id}", "appelée par {id}")
_REPLAY: Final = Text("does {id} again", "reprend {id}")
_CHILD: Final = Text("called {id} ({recipe}, {state})", "a appelé {id} ({recipe}, {state})")
_AGAIN: Final = Text("done again as {id} ({state})", "reprise par {id} ({state})")
_SECRET: Final = Text("secret: {name} ({steps})", "secret : {name} ({steps})")
_UNDONE: Final = Text("undone by {id} ({state})", "annulée par {id} ({state})")
_FOLDED: Final = Text(
    "… {count} more items ({states}); --all shows them",
    "… {count} autres éléments ({states}) ; --all les montre",
)
_MARK: Final = ":"
_REPLAYED: Final = "replay"
_PARTS: Final = ("vars", "do", "on_error", "finally")
_LOOP_SHOWN: Final = 3
"""So many items of a loop are shown, besides those that are not done."""
_ITEM: Final = re.compile(r"^(.*)\[(\d+)\]")
_STEP: Final = re.compile(r"(?<!\.choose)\.\d+(?=[.\[#]|$)")
"""Every number is that of a step, except that of a branch of `choose`."""


def run_lines(session: Session, detail: dict[str, Any], *, shows_all: bool) -> list[str]:
    """Return the lines that tell the run *detail*."""
    seconds = detail["duration_seconds"]
    facts = {
        **detail,
        "seconds": "–" if seconds is None else f"{seconds:.3f}",
        "state": state_word(detail["state"], session.language),
        "started": local_time(detail["started"], session.settings.zone),
    }
    lines = [session.say(_HEAD, **facts)]
    lines += ["  " + line for line in _relatives(session, detail)]
    lines += ["  " + line for line in blanked_lines(session, detail["blanked"])]
    lines.append("  " + session.say(_EVENT, value=_value(detail["event_data"])))
    lines += conditions_of(session, detail["conditions"])
    if detail["reason"]:
        lines.append("  " + session.say(_REASON, reason=sentence(detail["reason"])))
    if detail["error"]:
        lines.append("  " + session.say(_ERROR, value=sentence(detail["error"])))
    if detail["state"] == "needs_attention":
        lines.append("  " + session.say(_SETTLE, id=detail["id"]))
    for wait, asked in zip(detail["waiting"], detail["questions"], strict=False):
        lines += ["  " + line for line in wait_phrase(session, wait, asked)]
    lines += ["", session.say(_STEPS)]
    lines += _all_steps(session, detail["steps"], shows_all=shows_all)
    return lines


def blanked_lines(session: Session, blanked: Blanked | None) -> list[str]:
    """Return the line that says which values are not there any more, where there is one."""
    return [] if blanked is None else [session.say(BLANKED[blanked])]


def _relatives(session: Session, detail: dict[str, Any]) -> Iterator[str]:
    if detail["parent"]:
        yield session.say(_PARENT, id=detail["parent"])
    if detail["replay_of"]:
        yield session.say(_REPLAY, id=detail["replay_of"])
    relatives = (("children", _CHILD), ("replays", _AGAIN), ("undone_by", _UNDONE))
    for text, runs in ((text, detail.get(name, ())) for name, text in relatives):
        for one in runs:
            facts = {**one, "state": state_word(one["state"], session.language)}
            yield session.say(text, **facts)
    for one in detail["secrets"]:
        steps = [*one["steps"][:_LOOP_SHOWN], *(["…"] if one["steps"][_LOOP_SHOWN:] else [])]
        yield session.say(_SECRET, name=one["name"], steps=", ".join(steps))


def _all_steps(session: Session, steps: list[dict[str, Any]], *, shows_all: bool) -> list[str]:
    lines: list[str] = []
    folded: dict[str, dict[str, str]] = {}
    if not shows_all:
        # What is noted beside steps (`do.1:asked`) is for the engine; the data has it.
        steps = [step for step in steps if _MARK not in step["path"] and step["path"] != _REPLAYED]
    for step in sorted(steps, key=_order):
        loop = None if shows_all else _folded_into(step)
        if loop is not None:
            items = folded.setdefault(loop[0], {})
            items[loop[1]] = _worse(items.get(loop[1]), step["state"])
            continue
        lines += _unfold(session, folded, keep=step["path"])
        lines += _step_lines(session, step)
    return [*lines, *_unfold(session, folded, keep="")]


def step_lines(session: Session, steps: list[dict[str, Any]], *, shows_all: bool) -> list[str]:
    """Return the lines that tell *steps*, long loops folded unless all is to be shown."""
    return _all_steps(session, steps, shows_all=shows_all)


def _order(step: dict[str, Any]) -> tuple[object, ...]:
    """Return where a step stands in the recipe: a block before what is in it."""
    path = step["path"]
    part = path.partition(".")[0]
    rank = _PARTS.index(part) if part in _PARTS else 0
    return rank, [(isinstance(one, str), one) for one in places(path)], path


def _folded_into(step: dict[str, Any]) -> tuple[str, str] | None:
    """Return the loop and the item that hide *step*; None when it is to be seen."""
    found = _ITEM.match(step["path"])
    if found is None or int(found[2]) < _LOOP_SHOWN or step["state"] not in {"done", "skipped"}:
        return None
    return found[1], found[2]


def _worse(one: str | None, other: str) -> str:
    return other if one is None or one == "skipped" else one


def _unfold(session: Session, folded: dict[str, dict[str, str]], *, keep: str) -> list[str]:
    """Say what was folded of the loops that are over before the step at *keep*."""
    lines = []
    for loop in [one for one in folded if not keep.startswith(one + "[")]:
        items = folded.pop(loop)
        counts = dict.fromkeys(items.values(), 0)
        for state in items.values():
            counts[state] += 1
        states = ", ".join(
            f"{count} × {state_word(state, session.language)}" for state, count in counts.items()
        )
        indent = "  " * (_depth(loop) + 2)
        lines.append(indent + session.say(_FOLDED, count=len(items), states=states))
    return lines


def _depth(path: str) -> int:
    """Return how deep a step stands: one for each step around it."""
    return max(0, len(_STEP.findall(path)) - 1)


def _step_lines(session: Session, step: dict[str, Any]) -> list[str]:
    language = session.language
    name = f" ({step['id']})" if step["id"] else ""
    seconds = "" if step["duration_seconds"] is None else f"  {step['duration_seconds']:.3f} s"
    tries = f"  {session.say(_ATTEMPTS, count=step['attempts'])}" if step["attempts"] > 1 else ""
    state = state_word(step["state"], language)
    lines = [f"{step['path']}  {step['action']}{name}  {state}{seconds}{tries}"]
    lines += conditions_of(session, step["conditions"])
    for label, key in ((_PARAMETERS, "parameters"), (_RESULT, "result")):
        if step[key] not in (None, {}, []):
            lines.append("  " + session.say(label, value=_value(step[key])))
    if step["error"]:
        lines.append("  " + session.say(_ERROR, value=sentence(step["error"])))
    if step["next_attempt"] and step["state"] in {"started", "waiting"}:
        at = local_time(step["next_attempt"], session.settings.zone)
        lines.append("  " + session.say(_NEXT, at=at))
    if isinstance(step["resolution"], dict):
        lines.append("  " + session.say(_SETTLED, **_resolution(session, step["resolution"])))
    indent = "  " * (_depth(step["path"]) + 1)
    return [indent + line for line in lines]


def _resolution(session: Session, record: dict[str, Any]) -> dict[str, object]:
    at = record.get("at")
    return {
        "choice": record.get("choice", "?"),
        "author": record.get("author") or record.get("by") or "?",
        "at": local_time(at, session.settings.zone),
    }


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


def _value(value: object) -> str:
    return one_line(value, most=400)


def sentence(record: Any) -> str:
    """Return an error or a reason as one sentence."""
    if isinstance(record, dict):
        known = [str(record[key]) for key in ("message", "reason", "hint") if record.get(key)]
        return " — ".join(known) or one_line(record)
    return str(record)
