"""The time that people are given: so many seconds, or so many working days of the business."""

from datetime import UTC, datetime, timedelta
from typing import Final

from rouage.errors import StepError
from rouage.flow.journey import LONGEST_SECONDS, Journey
from rouage.language import Text
from rouage.sdk.business import OutOfCalendar, parse_working_days
from rouage.sdk.quantities import write_duration

Term = float | str
"""Seconds, or `3 working days`, as a recipe holds it."""

_MOST_PERIODS: Final = 10_000

NEVER_OPEN: Final = Text(
    "wait: by `business` in rouage.yaml, the business does not open in the next years",
    "wait : d’après `business` dans rouage.yaml, l’entreprise n’ouvre plus ces prochaines années",
)
_ONE_DAY: Final = Text("one working day", "un jour ouvré")
_DAYS: Final = Text("{count} working days", "{count} jours ouvrés")


def after(journey: Journey, since: datetime, term: Term, times: int = 1) -> datetime:
    """Return the instant that lies *times* the *term* after *since*.

    Raises:
        StepError: the business never opens again.
    """
    days = _days_of(term)
    if days is None:
        assert not isinstance(term, str)  # noqa: S101 - the schema admits nothing else
        return since + timedelta(seconds=min(term * times, LONGEST_SECONDS))
    return after_working_days(journey, since, days * times)


def after_working_days(journey: Journey, since: datetime, days: int) -> datetime:
    """Return the same time of day, so many working days later.

    Raises:
        StepError: the business never opens again.
    """
    local = since.astimezone(journey.plan.timezone)
    try:
        return journey.services.business.add_working_days(local, days).astimezone(UTC)
    except (OutOfCalendar, OverflowError) as error:
        raise StepError(NEVER_OPEN) from error


def periods(journey: Journey, since: datetime, term: Term, now: datetime) -> int:
    """Return how many times the *term* has passed from *since* to *now*."""
    if not isinstance(term, str):
        return max(0, int((now - since).total_seconds() / term))
    count = 0
    while count < _MOST_PERIODS and after(journey, since, term, count + 1) <= now:
        count += 1
    return count


def told(term: Term) -> Text | str:
    """Return the *term* in words."""
    days = _days_of(term)
    if days is None:
        return term if isinstance(term, str) else write_duration(term)
    return _ONE_DAY if days == 1 else _DAYS.fill(count=days)


def _days_of(term: Term) -> int | None:
    return parse_working_days(term) if isinstance(term, str) else None
