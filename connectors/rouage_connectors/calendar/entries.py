"""One entry of a calendar, from what the ICS library found to plain data."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from rouage.sdk import JSON
from rouage.sdk.records import dataclass

_TOO_OFTEN: Final = frozenset({"SECONDLY", "MINUTELY"})
_LONGEST_LINE: Final = 500
_LONGEST_TEXT: Final = 4_000
_MOST_PEOPLE: Final = 50
_MOST_DATES: Final = 5_000
_STATES: Final = {"CANCELLED": "cancelled", "TENTATIVE": "tentative"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An appointment, placed in the time zone of the recipe."""

    uid: str
    recurrence: str
    summary: str
    description: str
    location: str
    url: str
    start: datetime
    end: datetime
    all_day: bool
    status: str
    categories: tuple[str, ...]
    organizer: str
    attendees: tuple[str, ...]

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Say whether any of it lies between *start* and *end*."""
        return self.start < end and (self.end > start or self.start >= start)

    def as_json(self) -> dict[str, JSON]:
        """Return it as data, with the version that changes with what it says."""
        data = {
            **asdict(self),
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "categories": list(self.categories),
            "attendees": list(self.attendees),
        }
        digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode("utf-8", "replace"))
        return {**data, "version": digest.hexdigest()[:16]}


def is_own_pace(event: Any) -> bool:
    """Say whether *event* repeats at a pace of people: a start, and not every second."""
    try:
        if "DTSTART" not in event or not isinstance(event["DTSTART"].dt, date):
            return False
        rules = _listed(event.get("RRULE"))
        paces = {str(pace).upper() for rule in rules for pace in _listed(rule.get("FREQ"))}
        named = [one for key in ("RDATE", "EXDATE") for one in _listed(event.get(key))]
        return not paces & _TOO_OFTEN and sum(len(one.dts) for one in named) <= _MOST_DATES
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def is_series(event: Any) -> bool:
    """Say whether *event* is one of a series."""
    return any(key in event for key in ("RRULE", "RDATE", "RECURRENCE-ID"))


def entry_of(event: Any, zone: tzinfo, shown: tzinfo, series: Collection[str]) -> Entry | None:
    """Return *event* in the zone *shown*; None if it cannot be placed in time.

    *zone* is that of times that name none; *series* holds the uids of what repeats.
    """
    try:
        start = event["DTSTART"].dt
        end = event["DTEND"].dt if "DTEND" in event else start
        placed = _place(start, zone, shown), _place(end, zone, shown)
        uid = _text(event.get("UID"), _LONGEST_LINE)
        recurrence = _recurrence(event, zone) if uid in series else ""
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None
    all_day = not isinstance(start, datetime)
    if all_day and placed[1] <= placed[0]:
        placed = placed[0], placed[0] + timedelta(days=1)
    return Entry(
        uid=uid or _made_up(event, placed[0]),
        recurrence=recurrence,
        summary=_text(event.get("SUMMARY"), _LONGEST_LINE),
        description=_text(event.get("DESCRIPTION"), _LONGEST_TEXT),
        location=_text(event.get("LOCATION"), _LONGEST_LINE),
        url=_text(event.get("URL"), _LONGEST_LINE),
        start=placed[0],
        end=max(placed),
        all_day=all_day,
        status=_STATES.get(str(event.get("STATUS", "")).upper(), "confirmed"),
        categories=tuple(sorted(_categories(event))),
        organizer=_address(event.get("ORGANIZER", "")),
        attendees=tuple(sorted(map(_address, _listed(event.get("ATTENDEE"))))[:_MOST_PEOPLE]),
    )


def _place(moment: date, zone: tzinfo, shown: tzinfo) -> datetime:
    """Return the instant of *moment*; a day begins at midnight where the recipe is."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), tzinfo=shown)
    placed = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return placed.astimezone(UTC).astimezone(shown)


def _recurrence(event: Any, zone: tzinfo) -> str:
    found = event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in event else event["DTSTART"].dt
    if not isinstance(found, datetime):
        return str(found.isoformat())
    placed = found if found.tzinfo is not None else found.replace(tzinfo=zone)
    return placed.astimezone(UTC).isoformat()


def _made_up(event: Any, start: datetime) -> str:
    """Return a uid for an entry without one: its title and start."""
    said = f"{event.get('SUMMARY', '')}\n{start.isoformat()}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any, longest: int) -> str:
    if value is None or isinstance(value, list):
        value = "" if not value else value[0]
    return "".join(sign for sign in str(value)[:longest] if sign.isprintable() or sign in "\n\t")


def _address(value: Any) -> str:
    text = _text(value, _LONGEST_LINE)
    return text[len("mailto:") :] if text.lower().startswith("mailto:") else text


def _categories(event: Any) -> list[str]:
    names = [name for one in _listed(event.get("CATEGORIES")) for name in getattr(one, "cats", ())]
    return [_text(name, _LONGEST_LINE) for name in names[:_MOST_PEOPLE]]
