"""What becomes of a wall date when the clock is changed: in a gap, or in a repeated hour.

The default is the rule of Debian cron (triggers 2.3): a *fixed* schedule in a gap runs at the
first instant after it, in a repeated hour the first time only; a *wildcard* one follows real
time. The parameter `dst` overrides either half.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal

from rouage.sdk import StepError, Text
from rouage.sdk.records import dataclass

_WRONG: Final = Text(
    "`dst` is written {gap: run_after, overlap: first}: gap is run_after or skip, overlap is "
    "first or both",
    "`dst` s’écrit {gap: run_after, overlap: first} : gap vaut run_after ou skip, overlap vaut "
    "first ou both",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockRule:
    """What happens to a wall date that does not exist (`gap`), or comes twice (`overlap`)."""

    gap: Literal["run_after", "skip"]
    overlap: Literal["first", "both"]


FIXED: Final = ClockRule(gap="run_after", overlap="first")
WILDCARD: Final = ClockRule(gap="skip", overlap="both")


def read_rule(written: Mapping[str, str], default: ClockRule) -> ClockRule:
    """Return the rule that *written* gives; what it leaves out is as in *default*.

    Raises:
        StepError: it is not of a known form.
    """
    rule = default
    for name, value in written.items():
        match name, value:
            case "gap", "run_after" | "skip":
                rule = replace(rule, gap=value)
            case "overlap", "first" | "both":
                rule = replace(rule, overlap=value)
            case _:
                raise StepError(_WRONG)
    return rule


def instants_of(wall: datetime, zone: tzinfo, rule: ClockRule) -> tuple[datetime, ...]:
    """Return when the wall date *wall* comes in *zone*: never, once, or twice."""
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if early == late:
        return (early,)
    if early > late:
        return () if rule.gap == "skip" else (_end_of_gap(late, early, zone),)
    return (early, late) if rule.overlap == "both" else (early,)


def offset_of(instant: datetime, zone: tzinfo) -> timedelta:
    """Return how far the clocks of *zone* are from UTC at *instant*."""
    return instant.astimezone(zone).utcoffset() or timedelta()


def _end_of_gap(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first instant with the new offset, between *before* and *after*."""
    offset = offset_of(before, zone)
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if offset_of(datetime.fromtimestamp(middle, UTC), zone) == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
