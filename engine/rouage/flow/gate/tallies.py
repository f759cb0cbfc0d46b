"""What gates remember beyond one run: effects counted, runs approved, what was sent today.

All of it is small rows of the journal beside those of triggers, read once per recipe and kept in
step. Counting looks and adds in one turn of the loop, so of two runs one gets the last place;
the row is on disk before the effect is had.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import timedelta
from statistics import quantiles
from typing import Any, Final, Literal

from rouage.clock import Clock
from rouage.durable.port import Engine
from rouage.flow.gate.rules import Gate
from rouage.model.recipe import Limit
from rouage.records import dataclass
from rouage.sdk.connector import ANY_EFFECT
from rouage.sdk.json import JSON

COUNTS: Final = "#effects"
APPROVED: Final = "#trust"
SENT: Final = "#outbox"
"""After the id of a recipe (`SENT` for all): the owners of these rows."""

LOOK_BACK: Final = timedelta(days=30)
LEAST_RUNS: Final = 10
"""What is usual is known after so many runs within that time."""

_MOST_TALLIES: Final = 20_000
_MOST_FORGOTTEN: Final = 100
_MOST_APPROVALS: Final = 2_000
_PATHS_KEPT: Final = 64
"""So many of the last steps of a run are known by name: after a crash none counts twice."""

Brake = Literal["run", "period", "unusual"]


@dataclass(slots=True)
class Tally:
    """What one run did so far, in one unit."""

    run: str
    unit: str
    amount: float
    at: float
    paths: list[str] = field(default_factory=list)

    @property
    def key(self) -> bytes:
        """Return the key of its row."""
        return f"{self.unit} {self.run}".encode()

    def as_json(self) -> JSON:
        """Return the value of its row."""
        return [self.amount, self.at, list(self.paths)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Beyond:
    """A brake that an effect would pass: `used` so far, `more` to come, `most` that may be.

    For what is unusual, `usual` are the quartiles of the runs before.
    """

    brake: Brake
    unit: str
    used: float
    more: float
    most: float
    per_seconds: float | None = None
    usual: tuple[float, float] | None = None

    @property
    def key(self) -> str:
        """Return what tells this brake from the others of the recipe."""
        return f"{self.unit}.{self.brake}"


class Tallies:
    """The counts and approvals of all recipes; `load` hands in where they are kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._engine: Engine
        self._tallies: dict[str, dict[bytes, Tally]] = {}
        self._approved: dict[str, set[bytes]] = {}
        self._sent: dict[bytes, JSON] | None = None
        self._usual: dict[tuple[str, str, str], tuple[float, float, float] | None] = {}
        self._lock = asyncio.Lock()

    async def load(self, engine: Engine) -> None:
        """Go on from what the journal holds, which is read when it is needed."""
        self._engine = engine

    # -- effects -----------------------------------------------------------------------------

    async def reserve(
        self,
        recipe: str,
        gate: Gate,
        *,
        run: str,
        path: str,
        amounts: Mapping[str, float],
        is_granted: Callable[[str], bool],
    ) -> Beyond | None:
        """Count one effect before it is had, unless that passes a brake, which is returned.

        An effect that was counted before is not counted again. On disk when this returns.
        """
        tallies = await self._tallies_of(recipe)
        now = self._clock.now().timestamp()
        counted = {unit: n for unit, n in amounts.items() if _is_counted(unit, gate)}
        known = [tallies.get(Tally(run, unit, 0.0, now).key) for unit in counted]
        if not counted or any(one is not None and path in one.paths for one in known):
            return None
        for unit, more in counted.items():
            beyond = self._beyond(recipe, gate, tallies, run, unit, more, now)
            found = next((one for one in beyond if not is_granted(one.key)), None)
            if found is not None:
                return found
        changed = [self._add(tallies, run, unit, more, path, now) for unit, more in counted.items()]
        rows: dict[bytes, JSON] = {one.key: one.as_json() for one in changed}
        rows |= dict.fromkeys(_expired(gate, tallies, now))
        try:
            await self._engine.put_items(recipe + COUNTS, rows)
        except BaseException:
            for tally in changed:
                tally.amount -= counted[tally.unit]
                tally.paths.remove(path)
            raise
        return None

    async def release(
        self, recipe: str, *, run: str, path: str, amounts: Mapping[str, float]
    ) -> None:
        """Take back what was counted for an effect that was not had after all."""
        tallies = await self._tallies_of(recipe)
        rows: dict[bytes, JSON] = {}
        for unit, amount in amounts.items():
            tally = tallies.get(Tally(run, unit, 0.0, 0.0).key)
            if tally is not None and path in tally.paths:
                tally.amount = max(0.0, tally.amount - amount)
                tally.paths.remove(path)
                rows[tally.key] = tally.as_json()
        if rows:
            await self._engine.put_items(recipe + COUNTS, rows)

    def _beyond(
        self,
        recipe: str,
        gate: Gate,
        tallies: Mapping[bytes, Tally],
        run: str,
        unit: str,
        more: float,
        now: float,
    ) -> Iterable[Beyond]:
        own = tallies.get(Tally(run, unit, 0.0, now).key)
        used = 0.0 if own is None else own.amount
        for limit in gate.limits:
            if limit.unit == unit:
                total = used if limit.per_seconds is None else _within(tallies, limit, now)
                if total + more > limit.most:
                    yield _passed(limit, total, more)
        if gate.unusual is None or unit == ANY_EFFECT:
            return
        usual = self._usual_of(recipe, tallies, unit, run, now)
        if usual is not None and used + more > usual[2]:
            yield Beyond(
                brake="unusual", unit=unit, used=used, more=more, most=usual[2], usual=usual[:2]
            )

    def _usual_of(
        self, recipe: str, tallies: Mapping[bytes, Tally], unit: str, run: str, now: float
    ) -> tuple[float, float, float] | None:
        """Return the quartiles of earlier runs and what is still usual, worked out once a run."""
        key = recipe, unit, run
        if key not in self._usual:
            if len(self._usual) >= _MOST_TALLIES:
                self._usual.clear()
            since = now - LOOK_BACK.total_seconds()
            past = [
                one.amount
                for one in tallies.values()
                if one.unit == unit and one.run != run and one.at >= since and one.amount > 0
            ]
            self._usual[key] = usual_range(past)
        return self._usual[key]

    def _add(
        self,
        tallies: dict[bytes, Tally],
        run: str,
        unit: str,
        more: float,
        path: str,
        now: float,
    ) -> Tally:
        tally = Tally(run, unit, 0.0, now)
        tally = tallies.setdefault(tally.key, tally)
        tally.amount += more
        tally.at = now
        tally.paths = [*tally.paths[-_PATHS_KEPT + 1 :], path]
        return tally

    async def _tallies_of(self, recipe: str) -> dict[bytes, Tally]:
        async with self._lock:
            if recipe not in self._tallies:
                items = await self._engine.load_items(recipe + COUNTS)
                read = (_read_tally(key, value) for key, value in items.items())
                found = sorted((one for one in read if one is not None), key=lambda one: one.at)
                self._tallies[recipe] = {one.key: one for one in found}
        return self._tallies[recipe]

    # -- trust -------------------------------------------------------------------------------

    async def approvals(self, recipe: str, fingerprint: str) -> int:
        """Return how many runs of this version were approved, one after the other."""
        begin = f"{fingerprint} ".encode()
        return sum(key.startswith(begin) for key in await self._approvals_of(recipe))

    async def note_approval(self, recipe: str, fingerprint: str, run: str) -> None:
        """Note that a run was approved as it was; safe to repeat."""
        known, key = await self._approvals_of(recipe), f"{fingerprint} {run}".encode()
        if key in known:
            return
        rows: dict[bytes, JSON] = {key: True}
        if len(known) >= _MOST_APPROVALS:
            # Those of versions that were edited since.
            rows |= dict.fromkeys(one for one in known if not one.startswith(key[:32]))
            known.difference_update(rows)
        known.add(key)
        await self._engine.put_items(recipe + APPROVED, rows)

    async def forget_approvals(self, recipe: str) -> None:
        """Begin anew: somebody said no, so trust has to be earned again."""
        known = await self._approvals_of(recipe)
        if known:
            rows: dict[bytes, JSON] = dict.fromkeys(known)
            known.clear()
            await self._engine.put_items(recipe + APPROVED, rows)

    async def _approvals_of(self, recipe: str) -> set[bytes]:
        async with self._lock:
            if recipe not in self._approved:
                self._approved[recipe] = set(await self._engine.load_items(recipe + APPROVED))
        return self._approved[recipe]

    # -- outbox ------------------------------------------------------------------------------

    async def first_today(self, day: str, digest: str, run: str) -> str | None:
        """Note what goes out on *day*, and return the other run that sent the same, if any."""
        async with self._lock:
            if self._sent is None:
                self._sent = await self._engine.load_items(SENT)
        key, begin = f"{day} {digest}".encode(), f"{day} ".encode()
        first = self._sent.get(key)
        if first is not None:
            return None if first == run else str(first)
        old = [one for one in self._sent if not one.startswith(begin)]
        rows: dict[bytes, JSON] = {**dict.fromkeys(old), key: run}
        for one in old:
            del self._sent[one]
        self._sent[key] = run
        await self._engine.put_items(SENT, rows)
        return None


def usual_range(past: list[float]) -> tuple[float, float, float] | None:
    """Return the quartiles of what runs did, and the most that is not unusual.

    None while too few are known. Small numbers vary: three more than usual, or twice as much,
    is never unusual.
    """
    if len(past) < LEAST_RUNS:
        return None
    low, _, high = quantiles(past, n=4, method="inclusive")
    return low, high, max(high + 1.5 * (high - low), 2 * high, high + 3)


def _is_counted(unit: str, gate: Gate) -> bool:
    return any(limit.unit == unit for limit in gate.limits) or (
        gate.unusual is not None and unit != ANY_EFFECT
    )


def _within(tallies: Mapping[bytes, Tally], limit: Limit, now: float) -> float:
    assert limit.per_seconds is not None  # noqa: S101 - the caller looked
    since = now - limit.per_seconds
    return sum(one.amount for one in tallies.values() if one.unit == limit.unit and one.at > since)


def _passed(limit: Limit, used: float, more: float) -> Beyond:
    return Beyond(
        brake="run" if limit.per_seconds is None else "period",
        unit=limit.unit,
        used=used,
        more=more,
        most=limit.most,
        per_seconds=limit.per_seconds,
    )


def _read_tally(key: bytes, value: Any) -> Tally | None:
    unit, _, run = key.decode("utf-8", "replace").partition(" ")
    if not isinstance(value, list) or len(value) != 3 or not isinstance(value[2], list):
        return None
    return Tally(run, unit, float(value[0]), float(value[1]), [str(path) for path in value[2]])


def _expired(gate: Gate, tallies: dict[bytes, Tally], now: float) -> list[bytes]:
    """Forget what no brake looks at any more; return the keys of those rows."""
    longest = max((limit.per_seconds or 0.0 for limit in gate.limits), default=0.0)
    since = now - max(longest, LOOK_BACK.total_seconds())
    old = [key for key, one in tallies.items() if one.at < since][:_MOST_FORGOTTEN]
    if len(tallies) - len(old) > _MOST_TALLIES:
        old += [key for key in list(tallies)[:_MOST_FORGOTTEN] if key not in old]
    for key in old:
        del tallies[key]
    return old
