"""When entries are due: their start or end, moved by an offset."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from rouage.sdk import JSON, parse_duration

_DAY: Final = timedelta(days=1)
_ALMOST_NOW: Final = timedelta(seconds=60)

Due = tuple[datetime, Mapping[str, Any]]


class Dues:
    """Entries in the order in which they are due."""

    def __init__(self, dues: Iterable[Due] = ()) -> None:
        self._dues = sorted(dues, key=lambda due: (due[0], str(due[1]["uid"])))
        self._instants = [due for due, _ in self._dues]

    @classmethod
    def of(
        cls, entries: Iterable[Mapping[str, Any]], offset: timedelta, side: str, whole_day: time
    ) -> "Dues":
        """Return when *entries* are due: *offset* from their start or end (*side*)."""
        return cls((_due(one, side, whole_day) + offset, one) for one in entries)

    def __len__(self) -> int:
        return len(self._dues)

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first instant after *instant* at which something is due."""
        place = bisect_right(self._instants, instant)
        return self._instants[place] if place < len(self._instants) else None

    def between(self, after: datetime, until: datetime) -> Iterator[Due]:
        """Yield what is due after *after*, up to and with *until*."""
        first = bisect_right(self._instants, after)
        yield from self._dues[first : bisect_right(self._instants, until)]


def _due(entry: Mapping[str, Any], side: str, whole_day: time) -> datetime:
    instant = datetime.fromisoformat(str(entry[side]))
    if entry["all_day"] and side == "start":
        instant = instant.replace(hour=whole_day.hour, minute=whole_day.minute)
    return instant.astimezone(UTC)


def missed_age(written: JSON) -> timedelta:
    """Return how old what was missed may be: a day, or what the common key `missed` says."""
    given = written if isinstance(written, dict) else {"policy": written}
    if given.get("policy") == "skip":
        return _ALMOST_NOW
    age = given.get("max_age")
    try:
        return _DAY if age is None else timedelta(seconds=parse_duration(str(age)))
    except (ValueError, OverflowError):
        return _DAY


def time_of_day(text: str) -> time:
    """Return the time of day that *text* says; midnight where it says none."""
    try:
        return time.fromisoformat(text.zfill(5))
    except ValueError:
        return time()
