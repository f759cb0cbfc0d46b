"""The loop that every schedule shares: wait, fire, remember the tick with its event."""

from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from rouage.sdk import JSON, Emit, JournalError, Overloaded, Text, TriggerContext
from rouage_connectors.schedule.missed import LISTED, Backlog, find_backlog, read_policy
from rouage_connectors.schedule.overruns import Overruns
from rouage_connectors.schedule.ticks import Ticks

LAST: Final = b"last"

_LONGEST_WAIT: Final = 30.0
_FRESH: Final = timedelta(seconds=30)
_MOST_FRESH: Final = 100
_JUMP: Final = 5.0
_LOUD_JUMP: Final = 300.0
_PAUSE_AFTER_FAULT: Final = 5.0

_OVER: Final = Text("there is no further date", "il n’y a plus de date à venir")
_STUCK: Final = Text(
    "the journal cannot write: the tick is tried again",
    "le journal ne peut pas écrire : l’échéance est retentée",
)


class Ticking:
    """Fire the ticks of one schedule, each once, never early.

    `last` is the last handled tick. It is stored with the event in one commit, so that a
    crash at the tick gives neither none nor two runs (triggers C-8). *shape* names the
    schedule: when it is edited, ticks of the new one that lie in the past were not missed.
    """

    def __init__(self, context: TriggerContext, ticks: Ticks, *, zone: tzinfo, shape: str) -> None:
        self._context = context
        self._ticks = ticks
        self._zone = zone
        self._shape = shape
        self._policy = read_policy(context.missed)
        self._last = self._awake_since = context.clock.now()
        self._next: datetime | None = None
        self._counted_from: datetime | None = None
        self._dropped = 0
        self._oldest_dropped: list[datetime] = []
        self._overruns = Overruns(context)
        self._is_stuck = False

    def status(self) -> dict[str, Any]:
        """Return the next and the last tick, and how many were dropped."""
        return {
            "next": None if self._next is None else self._spoken(self._next),
            "last": self._spoken(self._last),
            "dropped": self._dropped,
            "dropped_oldest": [self._spoken(tick) for tick in self._oldest_dropped],
        }

    async def listen(self, emit: Emit, stored: JSON) -> None:
        """Emit until cancelled; *stored* is what was remembered under `LAST`."""
        clock = self._context.clock
        self._awake_since = clock.now()
        self._last = await self._begin(stored)
        await self._catch_up(emit)
        while True:
            wall, monotonic = clock.now(), clock.monotonic_seconds()
            await clock.sleep(self._seconds_to_wait(wall))
            now = clock.now()
            self._notice_jump((now - wall).total_seconds(), clock.monotonic_seconds() - monotonic)
            if self._next is not None and self._next <= now:
                await self._fire(emit, now)

    async def _begin(self, stored: JSON) -> datetime:
        """Return where to go on; at the first activation that is now, and is remembered."""
        if isinstance(stored, dict) and stored.get("shape") == self._shape:
            return datetime.fromisoformat(str(stored["due"]))
        await self._context.items.put({LAST: dict(self._record(self._awake_since))})
        return self._awake_since

    def _seconds_to_wait(self, now: datetime) -> float:
        # A clock that was set back makes no tick wait longer than its own time: one that was
        # handled before is recognised by its key.
        self._last = min(self._last, now)
        if self._counted_from != self._last:
            self._counted_from = self._last
            self._next = self._ticks.next_after(self._last)
        if self._next is None:
            self._context.report("waiting", _OVER)
            return _LONGEST_WAIT
        return min(_LONGEST_WAIT, max(0.0, (self._next - now).total_seconds()))

    def _notice_jump(self, wall_seconds: float, monotonic_seconds: float) -> None:
        jump = wall_seconds - monotonic_seconds
        if jump > _JUMP:
            self._awake_since = self._context.clock.now()
        if abs(jump) > _LOUD_JUMP:
            self._context.log.warning("the clock jumped by %.0f seconds", jump)

    async def _fire(self, emit: Emit, now: datetime) -> None:
        """Fire what is due: missed ticks by the policy, then each one that is fresh."""
        missed_until = max(min(self._awake_since, now), now - _FRESH)
        if self._last < missed_until and (self._next or now) <= missed_until:
            await self._catch_up(emit, until=missed_until)
        if self._counted_from != self._last:
            self._counted_from = self._last
            self._next = self._ticks.next_after(self._last)
        fired = 0
        while self._next is not None and self._next <= now and fired < _MOST_FRESH:
            if not await self._emit(emit, self._next, now):
                return
            self._counted_from = self._last
            self._next = self._ticks.next_after(self._last)
            fired += 1

    async def _catch_up(self, emit: Emit, until: datetime | None = None) -> None:
        """Handle the ticks up to *until* (now, if not given) as missed."""
        now = self._context.clock.now()
        until = until or now
        backlog = find_backlog(self._ticks, self._policy, after=self._last, until=until, now=now)
        if backlog.dropped:
            self._note_dropped(backlog)
        for tick in backlog.due:
            while not await self._emit(emit, tick, self._context.clock.now()):
                pass
        self._last = max(self._last, until)

    def _note_dropped(self, backlog: Backlog) -> None:
        self._dropped += backlog.dropped
        self._oldest_dropped = [*self._oldest_dropped, *backlog.oldest][:LISTED]
        self._context.log.warning(
            "%s%d missed ticks since %s are dropped (missed: %s); the oldest: %s",
            "at least " if backlog.is_more else "",
            backlog.dropped,
            self._spoken(self._last),
            self._policy.policy,
            ", ".join(self._spoken(tick) for tick in backlog.oldest),
        )

    async def _emit(self, emit: Emit, tick: datetime, now: datetime) -> bool:
        """Commit the event of *tick*; False when nothing was accepted, after a pause."""
        context = self._context
        late = (now - tick).total_seconds()
        data: JSON = {"due": self._spoken(tick), "late": round(max(0.0, late), 3)}
        due = tick.isoformat()
        await self._overruns.look()
        try:
            items: dict[bytes, JSON] = {LAST: {"due": due, "shape": self._shape}}
            receipt = await emit(data, key=due, time=tick, items=items)
        except Overloaded as error:
            await context.clock.sleep(min(_LONGEST_WAIT, error.retry_after_seconds))
            return False
        except JournalError:
            self._is_stuck = True
            context.report("error", _STUCK)
            await context.clock.sleep(_PAUSE_AFTER_FAULT)
            return False
        if self._is_stuck:
            self._is_stuck = False
            context.report("listening", None)
        self._last = tick
        self._overruns.note(receipt)
        return True

    def _record(self, tick: datetime) -> dict[str, str]:
        return {"due": tick.isoformat(), "shape": self._shape}

    def _spoken(self, instant: datetime) -> str:
        return instant.astimezone(self._zone).isoformat()
