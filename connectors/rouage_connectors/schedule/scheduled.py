"""What all schedule triggers do alike: a zone, an anchor that lasts, ticks, and the loop."""

from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, Protocol, TypeVar

from rouage.sdk import JSON, Emit, Text, Trigger
from rouage_connectors.schedule.declaring import zone_of
from rouage_connectors.schedule.ticking import Ticking
from rouage_connectors.schedule.ticks import DailyTicks, IntervalTicks, Ticks

ANCHOR: Final = b"anchor"
DAY_SECONDS: Final = 86_400

_NEVER: Final = Text(
    "this schedule has no date to come in the next years",
    "cet horaire n’a aucune date à venir dans les prochaines années",
)


class InZone(Protocol):
    """Parameters that may name a time zone."""

    @property
    def timezone(self) -> str | None:
        """Return the name of the zone, if one is given."""
        ...


P = TypeVar("P", bound=InZone)


class Scheduled(Trigger[P]):
    """A trigger whose events come by the clock."""

    _ticking: Ticking | None = None

    def status(self) -> dict[str, Any]:
        """Return the next and the last tick."""
        return self._ticking.status() if self._ticking is not None else {}

    async def run(self, emit: Emit, ticks: Ticks, *, shape: str, stored: JSON) -> None:
        """Emit the *ticks* until cancelled; *shape* names the schedule as it is written."""
        zone = self.zone()
        if ticks.next_after(self.context.clock.now()) is None and stored is None:
            self.context.report("waiting", _NEVER)
        else:
            self.context.report("listening", None)
        self._ticking = Ticking(self.context, ticks, zone=zone, shape=f"{shape} {zone}")
        await self._ticking.listen(emit, stored)

    def zone(self) -> tzinfo:
        """Return the time zone of this schedule."""
        return zone_of(self.params.timezone, self.context.timezone)

    async def anchor(self, stored: JSON, seconds: float) -> datetime:
        """Return the first tick of an interval without a start: one interval after activation."""
        if isinstance(stored, dict) and stored.get("interval") == seconds:
            return datetime.fromisoformat(str(stored["first"]))
        first = self.context.clock.now() + timedelta(seconds=seconds)
        await self.context.items.put({ANCHOR: {"first": first.isoformat(), "interval": seconds}})
        return first


def make_interval(anchor: datetime, seconds: float, zone: tzinfo) -> Ticks:
    """Return the ticks of an interval; whole days are counted on the wall clock."""
    if seconds % DAY_SECONDS == 0:
        return DailyTicks(anchor, int(seconds) // DAY_SECONDS, zone)
    return IntervalTicks(anchor, timedelta(seconds=seconds))
