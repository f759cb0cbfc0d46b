"""What starts an automation of Home Assistant, as triggers of ours."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.analysis.drafting.draft import Piece
from rouage.analysis.importing.foreign import listed, literal, step_id, unsupported
from rouage.analysis.importing.home_assistant.templates import PROGRAM, time_text
from rouage.language import Text

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SLASH: Final = re.compile(r"/(\d{1,2})")
_OPEN_HOOK: Final = Text(
    "Home Assistant let anybody call this address; here the sender must show a token. "
    "Give it with: rouage secrets set {secret}",
    "Home Assistant laissait n’importe qui appeler cette adresse ; ici l’expéditeur doit "
    "présenter un jeton. Donnez-le avec : rouage secrets set {secret}",
)


def trigger_of(given: Mapping[str, Any]) -> Piece:
    """Return one trigger; a comment where there is none of its kind here."""
    kind = str(given.get("trigger", given.get("platform", "…")))
    make = _KINDS.get(kind)
    piece = make(given) if make is not None else None
    left = sorted(set(given) - _COMMON - _KNOWN.get(kind, frozenset()))
    if left and piece is not None:
        # It would fire at other times than it did.
        piece, kind = None, f"{kind}: {', '.join(left)}"
    if piece is None or piece.entry is None:
        what = kind
        return unsupported(what, PROGRAM, given, kind)
    piece.about, piece.original = kind, given
    name = given.get("id")
    if name is not None:
        piece.entry["id"] = step_id(str(name), set())
    if given.get("enabled") is False:
        piece.entry["enabled"] = False
    return piece


def days_of(value: Any) -> list[str] | None:
    """Return weekdays, or None for what is none."""
    found = [str(one).lower()[:3] for one in listed(value)]
    return found if found and all(one in DAYS for one in found) else None


def _time(given: Mapping[str, Any]) -> Piece | None:
    times = [time_text(one) for one in listed(given.get("at"))]
    if not times or None in times:
        return None
    parameters: dict[str, Any] = {"time": times[0] if len(times) == 1 else times}
    if "weekday" in given:
        days = days_of(given["weekday"])
        if days is None:
            return None
        parameters["days"] = days
    return Piece(entry={"schedule.at": parameters})


def _pattern(given: Mapping[str, Any]) -> Piece | None:
    """Return `time_pattern`: what is left out below the largest given field is zero."""
    hours, minutes, seconds = (given.get(one) for one in ("hours", "minutes", "seconds"))
    if seconds is not None and str(seconds) != "0":
        found = _SLASH.fullmatch(str(seconds))
        is_alone = all(one in {None, "*"} for one in (hours, minutes))
        if found is None or not is_alone or not int(found[1]):
            return None
        return Piece(entry={"schedule.every": {"interval": f"{int(found[1])}s"}})
    if minutes is None:
        minutes = "0" if hours is not None else "*"
    fields = [_field(minutes, 59), _field("*" if hours is None else hours, 23)]
    if None in fields:
        return None
    return Piece(entry={"schedule.cron": {"expression": f"{fields[0]} {fields[1]} * * *"}})


def _field(value: Any, most: int) -> str | None:
    text = str(value).strip()
    found = _SLASH.fullmatch(text)
    if found is not None:
        return f"*/{int(found[1])}" if 0 < int(found[1]) <= most else None
    if text == "*":
        return text
    return str(int(text)) if text.isdecimal() and int(text) <= most else None


def _webhook(given: Mapping[str, Any]) -> Piece | None:
    path = str(given.get("webhook_id") or "").strip("/")
    if not path or "{" in path:
        return None
    secret = step_id(f"hook_{path}", set())
    parameters: dict[str, Any] = {
        "path": path,
        "preset": "bearer",
        "secret": f"${{{{ secrets.{secret} }}}}",
    }
    methods = [str(one).upper() for one in listed(given.get("allowed_methods"))]
    if methods:
        parameters["methods"] = methods
    return Piece(entry={"webhook.received": parameters}, notes=[_OPEN_HOOK.fill(secret=secret)])


def _mqtt(given: Mapping[str, Any]) -> Piece | None:
    topic = given.get("topic")
    if not isinstance(topic, str) or "{" in topic:
        return None
    piece = Piece(entry={"mqtt.message": {"topic": literal(topic)}})
    payload = given.get("payload")
    if payload is not None and piece.entry is not None:
        quoted = str(payload).replace("\\", "\\\\").replace("'", "\\'")
        piece.entry["if"] = f"event.payload == '{quoted}'"
    return piece


def _event(given: Mapping[str, Any]) -> Piece | None:
    """Return a trigger for the events that have one: files that appear, or our own names."""
    kind, data = given.get("event_type"), given.get("event_data")
    data = data if isinstance(data, Mapping) else {}
    if kind == "folder_watcher" and data.get("event_type") in {None, "created", "closed"}:
        folder = data.get("folder")
        if isinstance(folder, str):
            return Piece(entry={"folder.file": {"path": literal(folder)}})
    return None


_KINDS: Final[Mapping[str, Callable[[Mapping[str, Any]], Piece | None]]] = {
    "time": _time,
    "time_pattern": _pattern,
    "webhook": _webhook,
    "mqtt": _mqtt,
    "event": _event,
}
_COMMON: Final = frozenset({"trigger", "platform", "id", "enabled", "alias"})
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "time": frozenset({"at", "weekday"}),
    "time_pattern": frozenset({"hours", "minutes", "seconds"}),
    "webhook": frozenset({"webhook_id", "allowed_methods", "local_only"}),
    "mqtt": frozenset({"topic", "payload", "qos"}),
    "event": frozenset({"event_type", "event_data"}),
}
