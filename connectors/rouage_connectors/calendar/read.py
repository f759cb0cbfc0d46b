"""The action `calendar.read`: the entries of an ICS calendar within a span of time.

Calendars come from anybody, so they are read in a worker process: broken entries are left
out and counted, and series that would repeat every second or minute are refused.
"""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.sdk import JSON, Context, Limits, StepError, Text, param, params
from rouage.sdk.extras import require
from rouage_connectors.calendar.declaration import ENTRY, connector
from rouage_connectors.calendar.entries import entry_of, is_own_pace, is_series

MOST_BYTES: Final = 10 << 20
MOST_ENTRIES: Final = 2_000
_MOST_COMPONENTS: Final = 20_000
_LONGEST_SPAN: Final = timedelta(days=1_200)
_DEFAULT_SPAN: Final = timedelta(days=31)

_NO_CALENDAR: Final = Text(
    "this is no ICS calendar: it does not begin with BEGIN:VCALENDAR",
    "ce n’est pas un agenda ICS : il ne commence pas par BEGIN:VCALENDAR",
)
_BROKEN: Final = Text("the calendar cannot be read: {reason}", "l’agenda est illisible : {reason}")
_TOO_LARGE: Final = Text("the calendar is larger than {limit} MiB", "l’agenda dépasse {limit} Mio")
_TOO_MANY: Final = Text(
    "the calendar has more than {limit} entries", "l’agenda a plus de {limit} entrées"
)
_NOT_BASE64: Final = Text("`content` is not base64", "`content` n’est pas en base64")
_ONE_SOURCE: Final = Text(
    "say what to read: either `file` or `content`", "dites quoi lire : soit `file`, soit `content`"
)
_NO_MOMENT: Final = Text(
    "“{text}” is no date and time such as 2026-03-02T09:00+01:00",
    "« {text} » n’est pas une date et heure comme 2026-03-02T09:00+01:00",
)
_SPAN: Final = Text(
    "`end` comes after `start`, by at most {days} days",
    "`end` vient après `start`, de {days} jours au plus",
)


@params
class Source:
    """A calendar, and the span of time that is asked for."""

    file: str | None = param(
        Text("The ICS file.", "Le fichier ICS."),
        title=Text("File", "Fichier"),
        default=None,
        format="path",
        examples=["files/agenda.ics"],
    )
    content: str | None = param(
        Text("The calendar itself, as text.", "L’agenda lui-même, en texte."),
        title=Text("Content", "Contenu"),
        default=None,
        examples=["${{ steps.fetch.body }}"],
    )
    base64: bool = param(
        Text("Whether `content` is bytes in base64.", "Si `content` est en base64."),
        title=Text("In base64", "En base64"),
        default=False,
    )
    start: str | None = param(
        Text("From when on; now, unless given.", "À partir de quand ; maintenant, sans précision."),
        title=Text("From", "De"),
        default=None,
        max_length=40,
    )
    end: str | None = param(
        Text(
            "Until when; 31 days later, unless given.",
            "Jusqu’à quand ; 31 jours plus tard, sans précision.",
        ),
        title=Text("Until", "À"),
        default=None,
        max_length=40,
    )


@connector.action(
    "read",
    title=Text("Read a calendar", "Lire un agenda"),
    about=Text(
        "Read the entries of an ICS calendar within a span of time, series unfolded.",
        "Lit les entrées d’un agenda ICS dans un intervalle, séries dépliées.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "entries": {"type": "array", "items": ENTRY},
            "count": {"type": "integer"},
            "skipped": {"type": "integer", "description": "Entries that could not be read"},
            "is_more": {"type": "boolean", "description": "There are more than are listed"},
        },
        "required": ["entries", "count", "skipped", "is_more"],
    },
    example={"file": "files/agenda.ics"},
    describe=Text("read the calendar {file}", "lire l’agenda {file}"),
    isolated=True,
    limits=Limits(seconds=60, processor_seconds=30, memory_bytes=512 << 20, result_bytes=16 << 20),
)
async def read(params: Source, context: Context) -> JSON:
    """Read the entries that overlap the span, in the order of their start."""
    start, end = _span(params, context)
    events, skipped = _events(_bytes_of(params, context))
    found, is_more = _unfolded(events, start, end, context)
    entries: list[JSON] = [*found]
    return {"entries": entries, "count": len(entries), "skipped": skipped, "is_more": is_more}


def _bytes_of(params: Source, context: Context) -> bytes:
    if (params.file is None) == (params.content is None):
        raise StepError(_ONE_SOURCE)
    if params.file is not None:
        return context.files.read_bytes(params.file, limit=MOST_BYTES)
    if params.base64:
        try:
            data = base64.b64decode(params.content or "", validate=True)
        except (binascii.Error, ValueError):
            raise StepError(_NOT_BASE64) from None
    else:
        data = (params.content or "").encode("utf-8", "replace")
    if len(data) > MOST_BYTES:
        raise StepError(_TOO_LARGE, limit=MOST_BYTES >> 20)
    return data


def _span(params: Source, context: Context) -> tuple[datetime, datetime]:
    start = _moment(params.start, context) or context.clock.now()
    end = _moment(params.end, context) or start + _DEFAULT_SPAN
    if not timedelta() < end - start <= _LONGEST_SPAN:
        raise StepError(_SPAN, days=_LONGEST_SPAN.days)
    return start.astimezone(UTC), end.astimezone(UTC)


def _moment(text: str | None, context: Context) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise StepError(_NO_MOMENT, text=text) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=context.timezone)


def _events(data: bytes) -> tuple[Any, int]:
    """Return the calendar with only the events that can be trusted, and how many cannot."""
    icalendar = require("icalendar", "calendar")
    if b"BEGIN:VCALENDAR" not in data[:4096].upper():
        raise StepError(_NO_CALENDAR)
    if data.upper().count(b"BEGIN:VEVENT") > _MOST_COMPONENTS:
        raise StepError(_TOO_MANY, limit=_MOST_COMPONENTS)
    try:
        calendar = icalendar.Calendar.from_ical(data)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise StepError(_BROKEN, reason=str(error)[:120] or type(error).__name__) from error
    events = [one for one in calendar.subcomponents if one.name == "VEVENT"]
    kept = [one for one in events if is_own_pace(one)]
    others = [one for one in calendar.subcomponents if one.name == "VTIMEZONE"]
    calendar.subcomponents = [*others, *kept]
    return calendar, len(events) - len(kept)


def _unfolded(
    calendar: Any, start: datetime, end: datetime, context: Context
) -> tuple[list[dict[str, JSON]], bool]:
    recurring = require("recurring_ical_events", "calendar")
    series = {str(one.get("UID")) for one in calendar.subcomponents if is_series(one)}
    zone = _zone_of(calendar, context)
    # A day on either side: entries without a zone are placed only afterwards.
    margin = timedelta(days=1)
    try:
        found = recurring.of(calendar, skip_bad_series=True).between(start - margin, end + margin)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise StepError(_BROKEN, reason=str(error)[:120] or type(error).__name__) from error
    placed = (entry_of(one, zone, context.timezone, series) for one in found)
    entries = [one for one in placed if one is not None and one.overlaps(start, end)]
    entries.sort(key=lambda one: (one.start, one.uid, one.recurrence))
    return [one.as_json() for one in entries[:MOST_ENTRIES]], len(entries) > MOST_ENTRIES


def _zone_of(calendar: Any, context: Context) -> Any:
    """Return the zone of entries that name none: the calendar's own, else the recipe's."""
    try:
        return ZoneInfo(str(calendar["X-WR-TIMEZONE"]))
    except (KeyError, ValueError, OSError):
        return context.timezone
