"""May a run start now? Lanes by recipe and key, a bound on all together, a fair turn (R13)."""

from collections import deque
from typing import Final

from rouage.durable.live import LiveRun
from rouage.errors import Overloaded
from rouage.language import Text
from rouage.model.event import Admission

_KEPT_IN_MEMORY: Final = 512
"""So many queued runs keep their event at hand; the others are read back when they start."""

_OPEN_LIMIT: Final = 200_000

_REPLACING: Final = frozenset({"restart", "latest"})
"""In these modes a newer run takes the place of one that waits: no queue grows."""

_FULL: Final = Text(
    "the queue of {recipe} is full ({limit} waiting)",
    "la file d’attente de {recipe} est pleine ({limit} en attente)",
)

Waiting = LiveRun | int
"""A run in memory, or the number of one that must be read back first."""


class Lane:
    """The runs of one recipe that share one key, in the order in which they were accepted.

    `resting` are its open runs that hold no place: they need attention, are blocked, or are
    another engine's. Only `single` minds them. `departures` counts the runs that left, so that
    what was learnt of the lane (`known`: the id of an open run) is not believed for too long.
    """

    __slots__ = (
        "active",
        "departures",
        "is_listed",
        "key",
        "known",
        "maximum",
        "pending",
        "recipe",
        "resting",
        "waiting",
    )

    def __init__(self, recipe: str, key: str | None) -> None:
        self.recipe = recipe
        self.key = key
        self.maximum: int | None = 1
        self.active = 0
        self.pending = 0
        self.waiting: deque[Waiting] = deque()
        self.is_listed = False
        self.resting = 0
        self.departures = 0
        self.known: tuple[int, str] | None = None

    @property
    def has_room(self) -> bool:
        """Say whether one more run of the lane may be active."""
        return self.maximum is None or self.active < self.maximum

    @property
    def is_open(self) -> bool:
        """Say whether any run of the lane is not over, or is on its way to disk."""
        return bool(self.active or self.pending or self.waiting or self.resting)


class Lanes:
    """All lanes. An active run holds its lane; one that executes also holds a slot.

    Slots are the bound on runs in memory. Recipes take turns, and within a recipe its
    lanes, so a flood on one side never starves the other (security P-16).
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lanes: dict[tuple[str, str | None], Lane] = {}
        self._turns: deque[str] = deque()
        self._listed: dict[str, deque[Lane]] = {}
        self._resumed: deque[tuple[int, Lane]] = deque()
        self._begun: set[int] = set()
        self._resting: dict[int, Lane] = {}
        self._kept = 0
        self._queued = 0
        self.busy = 0
        self.ending = 0
        """Runs that were taken out of their lanes, and whose end is still to be recorded."""

    @property
    def is_idle(self) -> bool:
        """Say whether nothing executes and nothing is queued."""
        return not (self.busy or self._queued or self._resumed or self.ending)

    def is_quiet(self, recipe: str) -> bool:
        """Say whether nothing is in the lanes of *recipe*."""
        if (recipe, None) in self._lanes:
            return False
        return not any(name == recipe for name, _ in self._lanes)

    def lane(self, recipe: str, key: str | None, mode: str, maximum: int | None) -> Lane:
        """Return the lane, made if need be, with the newest idea of its width."""
        lane = self._lanes.get((recipe, key))
        if lane is None:
            lane = self._lanes[recipe, key] = Lane(recipe, key)
        lane.maximum = maximum if mode == "parallel" else 1
        return lane

    def find(self, recipe: str, key: str | None) -> Lane | None:
        """Return the lane if there is anything in it."""
        return self._lanes.get((recipe, key))

    def reserve(self, recipe: str, admission: Admission) -> tuple[Lane, bool]:
        """Take a place in the lane; True when it is a running place, with its slot.

        Raises:
            Overloaded: nobody may join the queue; nothing was reserved.
        """
        lane = self.lane(recipe, admission.key, admission.mode, admission.maximum)
        queued = lane.pending + len(lane.waiting)
        if not queued and lane.has_room and self.busy < self._capacity and not self._turns:
            lane.active += 1
            self.busy += 1
            return lane, True
        limit = admission.queue_limit
        is_bounded = admission.mode not in _REPLACING and admission.when_full != "replace_oldest"
        if (queued >= limit and is_bounded) or self._queued >= _OPEN_LIMIT:
            self._forget_if_empty(lane)
            raise Overloaded(_FULL, recipe=recipe, limit=limit)
        lane.pending += 1
        self._queued += 1
        return lane, False

    def withdraw(self, lane: Lane, *, is_running: bool) -> None:
        """Give back a place of `reserve` that came to nothing."""
        if is_running:
            self.leave(lane)
            return
        lane.pending -= 1
        self._queued -= 1
        self._forget_if_empty(lane)

    def enter(self, lane: Lane, run: LiveRun, *, keep: bool) -> None:
        """Turn a reserved place in the queue into *run*, which is on disk now."""
        lane.pending -= 1
        self._queued -= 1
        if keep and self._kept < _KEPT_IN_MEMORY:
            self._kept += 1
            self.join(lane, run)
        else:
            self.join(lane, run.seq)

    def join(
        self, lane: Lane, run: Waiting, *, first: bool = False, has_begun: bool = False
    ) -> None:
        """Queue a run that is on disk, at the end or before all others.

        Whoever goes first has had its turn before, like a run that *has_begun*: it is not
        overtaken.
        """
        if first:
            lane.waiting.appendleft(run)
        else:
            lane.waiting.append(run)
        if first or has_begun:
            self._begun.add(number_of(run))
        self._queued += 1
        self._list(lane)

    def hold(self, lane: Lane) -> None:
        """Note that a waiting run holds its lane, but no slot (found so at the start)."""
        lane.active += 1

    def leave(self, lane: Lane, *, had_slot: bool = True) -> None:
        """Note that an active run of the lane ended, or lost its claim on it."""
        lane.active -= 1
        lane.departures += 1
        if had_slot:
            self.busy -= 1
        self._list(lane)
        self._forget_if_empty(lane)

    def pause(self) -> None:
        """Give up the slot of a run that waits; it keeps its lane."""
        self.busy -= 1

    def resume(self, seq: int, lane: Lane) -> None:
        """Ask for a slot for a run that waited; these go first."""
        self._resumed.append((seq, lane))

    def drop_resumed(self, seq: int) -> None:
        """Forget that the run asked for a slot again."""
        self._resumed = deque(entry for entry in self._resumed if entry[0] != seq)

    def remove(self, lane: Lane, seq: int) -> bool:
        """Take a queued run out of its lane; False when it is not there."""
        for position, entry in enumerate(lane.waiting):
            if number_of(entry) == seq:
                del lane.waiting[position]
                lane.departures += 1
                self._forget_waiting(entry)
                self._forget_if_empty(lane)
                return True
        return False

    def overtake(self, lane: Lane, seq: int, *, spare: int = 0) -> list[Waiting]:
        """Take out the runs that wait before run *seq*, oldest first, all but the newest *spare*.

        Runs that had their turn before stay: they are active, and only wait to go on.
        """
        gone: list[Waiting] = []
        stay: list[Waiting] = []
        excess = len(lane.waiting) - 1 - spare
        while excess > 0 and lane.waiting and number_of(lane.waiting[0]) != seq:
            entry = lane.waiting.popleft()
            if number_of(entry) in self._begun:
                stay.append(entry)
            else:
                gone.append(entry)
                excess -= 1
                lane.departures += 1
                self._forget_waiting(entry)
        lane.waiting.extendleft(reversed(stay))
        return gone

    def take_older(self, lane: Lane, seq: int) -> list[Waiting]:
        """Take out the runs older than run *seq* that never had their turn, wherever they wait."""
        gone: list[Waiting] = []
        stay: deque[Waiting] = deque()
        for entry in lane.waiting:
            number = number_of(entry)
            (gone if number < seq and number not in self._begun else stay).append(entry)
        lane.waiting = stay
        for entry in gone:
            lane.departures += 1
            self._forget_waiting(entry)
        return gone

    def begun(self, lane: Lane) -> list[int]:
        """Return the runs in the queue of *lane* that had their turn before."""
        return [number for number in map(number_of, lane.waiting) if number in self._begun]

    def rest(self, lane: Lane, seq: int) -> None:
        """Note an open run that holds no place, because somebody or something must come first."""
        if seq not in self._resting:
            self._resting[seq] = lane
            lane.resting += 1

    def rise(self, seq: int) -> None:
        """Note that a run rests no more: it is over, or has its place again."""
        lane = self._resting.pop(seq, None)
        if lane is not None:
            lane.resting -= 1
            lane.departures += 1
            self._forget_if_empty(lane)

    def next(self) -> tuple[Waiting, Lane] | None:
        """Return the run whose turn it is, with its slot taken; None when none may start."""
        if self.busy >= self._capacity:
            return None
        if self._resumed:
            self.busy += 1
            return self._resumed.popleft()
        while self._turns:
            recipe = self._turns.popleft()
            listed = self._listed[recipe]
            lane = listed.popleft()
            lane.is_listed = False
            if listed:
                self._turns.append(recipe)
            else:
                del self._listed[recipe]
            if lane.waiting and lane.has_room:
                return self._take(lane), lane
            self._forget_if_empty(lane)
        return None

    def _take(self, lane: Lane) -> Waiting:
        entry = lane.waiting.popleft()
        self._forget_waiting(entry)
        lane.active += 1
        self.busy += 1
        self._list(lane)
        return entry

    def _forget_waiting(self, entry: Waiting) -> None:
        self._queued -= 1
        if isinstance(entry, int):
            self._begun.discard(entry)
        else:
            self._kept -= 1

    def _list(self, lane: Lane) -> None:
        if lane.is_listed or not lane.waiting or not lane.has_room:
            return
        lane.is_listed = True
        listed = self._listed.get(lane.recipe)
        if listed is None:
            self._listed[lane.recipe] = deque((lane,))
            self._turns.append(lane.recipe)
        else:
            listed.append(lane)

    def _forget_if_empty(self, lane: Lane) -> None:
        # Written out: this is looked at for every run that ends.
        if not (lane.active or lane.pending or lane.waiting or lane.is_listed or lane.resting):
            self._lanes.pop((lane.recipe, lane.key), None)


def number_of(entry: Waiting) -> int:
    """Return the number of a queued run."""
    return entry if isinstance(entry, int) else entry.seq
