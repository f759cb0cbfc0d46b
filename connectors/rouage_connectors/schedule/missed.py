"""What happens to ticks that came while nobody was awake (triggers C-7)."""

from datetime import datetime, timedelta
from typing import Final, Literal

from rouage.sdk import JSON, StepError, Text, parse_duration
from rouage.sdk.records import dataclass
from rouage_connectors.schedule.ticks import Ticks, last_ticks, ticks_between

_COUNTED: Final = 1000
_ALMOST_NOW: Final = timedelta(seconds=60)
_INCLUSIVE: Final = timedelta(microseconds=1)
_DEFAULT_MAX: Final = 24
_MOST_MAX: Final = 1000
LISTED: Final = 20
"""So many of the dropped ticks are named, the oldest first."""
_DEFAULT_ALL_AGE: Final = timedelta(hours=24)

_WRONG: Final = Text(
    "`missed` is last, all or skip, or for instance {policy: all, max: 24, max_age: 24h}",
    "`missed` vaut last, all ou skip, ou par exemple {policy: all, max: 24, max_age: 24h}",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MissedPolicy:
    """How many missed ticks still run, and how old they may be (None: any age)."""

    policy: Literal["last", "all", "skip"] = "last"
    most: int = 1
    oldest: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """The missed ticks that run now, and how many are dropped (`is_more`: at least).

    `oldest` lists the first of those that are dropped.
    """

    due: tuple[datetime, ...] = ()
    dropped: int = 0
    is_more: bool = False
    oldest: tuple[datetime, ...] = ()


def read_policy(written: JSON) -> MissedPolicy:
    """Return the policy that the common key `missed` says.

    Raises:
        StepError: it is not of a known form.
    """
    if written is None:
        return MissedPolicy()
    if isinstance(written, str):
        written = {"policy": written}
    if not isinstance(written, dict) or set(written) - {"policy", "max", "max_age"}:
        raise StepError(_WRONG)
    policy = written.get("policy", "last")
    age = _read_age(written.get("max_age"))
    if policy == "skip":
        return MissedPolicy(policy="skip", oldest=_ALMOST_NOW)
    if policy == "last":
        return MissedPolicy(oldest=age)
    most = written.get("max", _DEFAULT_MAX)
    is_count = isinstance(most, int) and not isinstance(most, bool) and 1 <= most <= _MOST_MAX
    if policy != "all" or not is_count:
        raise StepError(_WRONG)
    return MissedPolicy(policy="all", most=int(str(most)), oldest=age or _DEFAULT_ALL_AGE)


def _read_age(written: JSON) -> timedelta | None:
    if written is None:
        return None
    try:
        return timedelta(seconds=parse_duration(str(written)))
    except (ValueError, OverflowError):
        raise StepError(_WRONG) from None


def find_backlog(
    ticks: Ticks, policy: MissedPolicy, *, after: datetime, until: datetime, now: datetime
) -> Backlog:
    """Return what runs of the ticks after *after*, up to and with *until*, oldest first."""
    start = after if policy.oldest is None else max(after, now - policy.oldest - _INCLUSIVE)
    due = tuple(last_ticks(ticks, start, until, most=policy.most))
    before = due[0] if due else until
    passed = ticks_between(ticks, after, before, most=_COUNTED)
    is_more = len(passed) >= _COUNTED
    dropped = passed[:-1] if due and not is_more else passed
    return Backlog(due=due, dropped=len(dropped), is_more=is_more, oldest=tuple(dropped[:LISTED]))
