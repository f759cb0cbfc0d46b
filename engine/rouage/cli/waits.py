"""What a run waits for, in words."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from rouage.cli.question import question_lines
from rouage.cli.session import Session
from rouage.cli.states import local_time
from rouage.language import Text

_KINDS: Final = {
    "approval": Text("a decision", "une décision"),
    "timer": Text("an instant", "un instant"),
    "retry": Text("the next attempt", "le prochain essai"),
    "event": Text("an event", "un événement"),
    "call": Text("another run", "une autre exécution"),
    "limit": Text("a time limit", "une limite de temps"),
    "hold": Text("its turn in the outbox", "son tour dans la boîte d’envoi"),
}
_WAITS: Final = Text("waits for {what} at {path}{until}", "attend {what} à {path}{until}")
_UNTIL: Final = Text(", until {at}", ", jusqu’à {at}")
_SHORT: Final = Text("{what}{until} (for {age})", "{what}{until} (depuis {age})")
_UNITS: Final = ((86_400, Text("d", "j")), (3_600, Text("h", "h")), (60, Text("min", "min")))


def wait_phrase(session: Session, wait: dict[str, Any], asked: dict[str, Any]) -> Iterator[str]:
    """Yield what is awaited, until when, and of whom."""
    facts = {**_facts(session, wait), "path": wait["path"]}
    yield session.say(_WAITS, **facts)
    question = asked.get("question")
    if wait["kind"] == "approval" and isinstance(question, dict):
        for line in question_lines(session, question):
            yield f"  {line}"


def wait_summary(session: Session, waits: list[dict[str, Any]], now: datetime) -> str:
    """Return what is awaited first, until when, and since when, for a list of runs."""
    if not waits:
        return ""
    first = min(waits, key=lambda wait: (wait["due"] is None, wait["due"] or ""))
    age = age_of(session, first["since"], now)
    more = f" +{len(waits) - 1}" if len(waits) > 1 else ""
    return session.say(_SHORT, **_facts(session, first), age=age) + more


def _facts(session: Session, wait: dict[str, Any]) -> dict[str, object]:
    what = _KINDS.get(wait["kind"])
    until = ""
    if wait["due"]:
        until = session.say(_UNTIL, at=local_time(wait["due"], session.settings.zone))
    return {"what": wait["kind"] if what is None else session.say(what), "until": until}


def age_of(session: Session, since: str | None, now: datetime) -> str:
    """Return how long ago *since* was, in one unit."""
    if since is None:
        return "?"
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length} {session.say(unit)}"
    return f"{seconds} s"
