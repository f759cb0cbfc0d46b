"""`wait`: for a while, until a time, or for an event. Every wait is a row (durability R8, R9)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Final

from rouage.durable.port import WaitSpec, WaitTimeout
from rouage.errors import StepError
from rouage.expressions import Condition, mask, reveal
from rouage.flow.blocks import Conditions, Walk, outcome_of, record
from rouage.flow.journey import LONGEST_SECONDS, Journey, OutOfTime
from rouage.flow.place import Place
from rouage.flow.plan import StepPlan
from rouage.flow.terms import NEVER_OPEN, after_working_days
from rouage.language import Text
from rouage.sdk.business import parse_working_days
from rouage.sdk.json import JSON
from rouage.sdk.quantities import parse_duration, write_duration

_LOOK_BACK: Final = timedelta(milliseconds=200)
"""So long after an event wait is on disk, events that came before it are looked for again."""

OPEN: Final = "open"
"""What `until` says for the next opening of the business."""

_NAMES: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?")
_BY_NAME: Final = frozenset({"inputs", "steps", "vars"})
"""The roots of which a question to the future keeps only what it names."""

_NO_TIME: Final = Text(
    "wait: “{value}” is no time of day, date or date and time",
    "wait : « {value} » n’est ni une heure, ni une date, ni une date et heure",
)
_NO_DURATION: Final = Text(
    "{word}: “{value}” is no duration, such as 10m or 3d",
    "{word} : « {value} » n’est pas une durée, comme 10m ou 3d",
)
_NOTHING_CAME: Final = Text("nothing came within {duration}", "rien n’est venu en {duration}")


class NothingCame(StepError):  # noqa: N818 - an outcome, told by its name
    """The event that a `wait` waits for did not come in time."""

    def record(self) -> dict[str, Any]:
        """Return the error as JSON data, under the name that recipes know."""
        return {**super().record(), "kind": "WaitTimeout"}


async def wait(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Wait as the step says; a restart changes nothing."""
    known = outcome_of(journey, place)
    if known is not None:
        if isinstance(known.parameters, dict) and "event" in known.parameters:
            journey.heard.add(str(known.parameters["event"]))
        return known.result
    if step.use.event is not None:
        return await _event(journey, step, place, conditions, walk)
    return await _instant(journey, step, place, conditions)


async def _instant(journey: Journey, step: StepPlan, place: Place, conditions: Conditions) -> JSON:
    context, path, limit = journey.context, place.path, journey.limit
    now = journey.services.clock.now()
    hopeless = context.recorded(f"{path}:limit") is not None
    wake = now
    if not hopeless and context.recorded(path) is None:
        wake = _wake(step.parameters.render(journey.scope), journey, now)
        hopeless = limit is not None and limit.instant < wake
    if hopeless and limit is not None:
        # Its time limit comes first: that is what is waited for.
        await context.sleep_until(f"{path}:limit", limit.instant)
        raise OutOfTime(limit)
    await context.sleep_until(path, wake, conditions=conditions)
    return None


def _wake(given: Mapping[str, Any], journey: Journey, now: datetime) -> datetime:
    business, zone = journey.services.business, journey.plan.timezone
    if "for" in given:
        days = parse_working_days(str(reveal(given["for"])))
        if days is not None:
            return after_working_days(journey, now, days)
        return now + timedelta(seconds=read_duration("wait", given["for"]))
    until = reveal(given["until"])
    if str(until).strip() != OPEN:
        return read_instant(until, now, zone)
    opening = business.next_open(now, zone)
    if opening is None:
        raise StepError(NEVER_OPEN)
    return opening


def read_duration(word: str, value: Any) -> float:
    """Return the seconds that the parameter *value* of the engine word stands for.

    Raises:
        StepError: it is no duration, or longer than a hundred years.
    """
    text = str(reveal(value)).strip()
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise StepError(_NO_DURATION, word=word, value=text[:60]) from error
    if seconds > LONGEST_SECONDS:
        raise StepError(_NO_DURATION, word=word, value=text[:60])
    return seconds


def read_instant(value: Any, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant that *value* names: a time of day is the next one in *zone*.

    A time that a change of the clocks skips is the one as long after midnight.

    Raises:
        StepError: it names none.
    """
    text = str(value).strip()
    try:
        clock = time.fromisoformat(text) if ":" in text else None
    except ValueError:
        clock = None
    if clock is not None and clock.tzinfo is None:
        today = now.astimezone(zone).date()
        found = datetime.combine(today, clock, tzinfo=zone).astimezone(UTC)
        if found <= now:
            tomorrow = today + timedelta(days=1)
            found = datetime.combine(tomorrow, clock, tzinfo=zone).astimezone(UTC)
        return found
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise StepError(_NO_TIME, value=text[:60]) from error


async def _event(
    journey: Journey, step: StepPlan, place: Place, conditions: Conditions, walk: Walk
) -> JSON:
    """Wait for an event of the step's own trigger that satisfies its condition."""
    context, path = journey.context, place.path
    given: Any = step.use.parameters
    seconds: float | None = given.get("timeout")
    deadline = None
    if seconds is not None:
        limit = timedelta(seconds=min(seconds, LONGEST_SECONDS))
        deadline = context.now(f"{path}:asked") + limit
    if context.recorded(f"{path}:late") is None:
        try:
            event, data = await _hear(journey, step, place, deadline)
        except WaitTimeout:
            await record(journey, f"{path}:late", "wait", True)
        else:
            journey.heard.add(event)
            shown: JSON = {"event": event}
            return await record(
                journey, path, "wait", data, parameters=shown, conditions=conditions
            )
    body = step.body.get("wait.on_timeout")
    if body is not None:
        await walk(journey, body)
    elif seconds is not None and given.get("on_timeout", "stop") == "stop":
        raise NothingCame(_NOTHING_CAME, duration=write_duration(seconds))
    return await record(journey, path, "wait", None, conditions=conditions)


async def _hear(
    journey: Journey, step: StepPlan, place: Place, deadline: datetime | None
) -> tuple[str, JSON]:
    """Return the event and its data, from its signal or, if it came early, from the journal.

    An event is told by its source and key, as the engine tells it in its signal.
    """
    context, condition, source = journey.context, step.parts, _source(journey, step)
    is_first = context.recorded(place.path) is None
    spec = WaitSpec(
        kind="event",
        name=_signal_name(source, place.path),
        action="wait",
        question={
            "if": None if condition is None else condition.source,
            "scope": captured(condition, journey.scope),
        },
    )
    for key, data in await journey.services.past_events(source, context.started):
        event = f"{source} {key}"
        if event not in journey.heard and _holds(condition, journey.scope, data):
            return event, data
    if is_first:
        # What comes while this wait is on its way to disk is looked for once more.
        context.wake_by(f"{place.path}:look", journey.services.clock.now() + _LOOK_BACK)
    (signal, *_) = await context.wait_signal(place.path, spec, deadline=deadline)
    return signal.id, signal.payload


def _source(journey: Journey, step: StepPlan) -> str:
    """Return the full id of the trigger that the step waits for."""
    event = step.use.event
    return f"{journey.plan.recipe.id}/{'' if event is None else event.id}"


def _signal_name(source: str, path: str) -> str:
    """Return the name under which the event comes: each turn of a loop has its own."""
    return f"{source}@{path}" if "[" in path else source


def _holds(condition: Condition | None, scope: Mapping[str, Any], event: JSON) -> bool:
    """Say whether *event* is the one; an event that the condition cannot read is not."""
    if condition is None:
        return True
    try:
        return bool(condition.evaluate({**scope, "event": event}))
    except StepError:
        return False


def captured(condition: Condition | None, scope: Mapping[str, Any]) -> dict[str, JSON]:
    """Return what *condition* needs besides the event, so that it can be asked elsewhere."""
    kept: dict[str, Any] = {}
    for root, field in _NAMES.findall("" if condition is None else condition.source):
        value = scope.get(root)
        if root in {"event", "secrets", "now"} or value is None or callable(value):
            continue
        if root not in _BY_NAME or not field:
            kept[root] = value
        elif field in value:
            kept.setdefault(root, {}).setdefault(field, value[field])
    found = mask(kept)
    return dict(found) if isinstance(found, dict) else {}
