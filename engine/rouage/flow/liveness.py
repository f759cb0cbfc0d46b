"""Does each trigger still work? Probes down the real path, alarms on silence (features N-4).

A trigger that fails its probe is restarted, then told to take the slow way, then the owner is
told. One that says itself that it is in trouble gets some time to recover first.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final, Protocol

from rouage.clock import Clock
from rouage.durable.port import Reader
from rouage.flow.ear import Ear
from rouage.flow.habits import WINDOW, Habit
from rouage.flow.notices import Notices
from rouage.language import Text
from rouage.model.recipe import Throttle
from rouage.records import dataclass
from rouage.sdk.trigger import Trigger

logger = logging.getLogger(__name__)

PERIOD_SECONDS: Final = 5.0
PROBE_SECONDS: Final = 60.0
"""A probe that has not come back by then has failed."""
_FIRST_PROBE_SECONDS: Final = 30.0
_AGAIN_SECONDS: Final = 30.0
_TROUBLE_SECONDS: Final = 120.0
_GRACE_SECONDS: Final = 600.0
"""After a start, what was missed comes first: no silence is told before."""
_AT_ONCE: Final = 16
_MOST_EXPECTED: Final = 1_000
_PAGE: Final = 500
_MOST_PAGES: Final = 40
"""So far back a habit is looked for in the journal, 500 events at a time, once after a start."""

_SICK: Final = Text(
    "the trigger {trigger} of the recipe {recipe} does not work: {reason}",
    "le déclencheur {trigger} de la recette {recipe} ne marche pas : {reason}",
)
_DEAF: Final = Text(
    "the trigger {trigger} of the recipe {recipe} was tried {count} times and did not notice; it "
    "was restarted and goes the slow way",
    "le déclencheur {trigger} de la recette {recipe} a été mis à l’épreuve {count} fois sans "
    "réagir ; il a été relancé et passe par la voie lente",
)
_DEAF_STATE: Final = Text(
    "it did not notice what was sent to it as a test",
    "il n’a pas remarqué ce qui lui a été envoyé comme épreuve",
)
_SILENT: Final = Text(
    "less than {count} came in {days} for the trigger {trigger} of the recipe {recipe}; the last "
    "one came on {last}",
    "il est venu moins de {count} événement(s) en {days} pour le déclencheur {trigger} de la "
    "recette {recipe} ; le dernier est du {last}",
)
_NEVER: Final = Text(
    "nothing came in {days} for the trigger {trigger} of the recipe {recipe}",
    "rien n’est venu en {days} pour le déclencheur {trigger} de la recette {recipe}",
)
_UNUSUAL: Final = Text(
    "nothing came since {last} for the trigger {trigger} of the recipe {recipe}; as it usually "
    "comes, that was to be expected within {patience}",
    "rien n’est venu depuis le {last} pour le déclencheur {trigger} de la recette {recipe} ; "
    "d’habitude, il en vient au moins un tous les {patience}",
)
_UNKNOWN: Final = Text("no reason is known", "aucune raison n’est connue")


class Ears(Protocol):
    """The triggers that listen, and the way to start one anew."""

    @property
    def ears(self) -> Sequence[Ear]:
        """Return every trigger that listens now."""
        ...

    async def restart(self, ear: Ear) -> None:
        """Have a trigger begin again."""
        ...


@dataclass(slots=True)
class _Pulse:
    """What is remembered of one trigger."""

    trouble_since: float | None = None
    probe_due: float | None = None
    failures: int = 0
    expected_from: datetime | None = None
    news: "deque[datetime]" = field(default_factory=deque)
    habit: Habit | None = None


class Liveness:
    """Look at every trigger, again and again."""

    def __init__(self, ears: Ears, *, reader: Reader, notices: Notices, clock: Clock) -> None:
        self._ears = ears
        self._reader = reader
        self._notices = notices
        self._clock = clock
        self._started = clock.monotonic_seconds()
        self._pulses: dict[str, _Pulse] = {}

    async def work(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(PERIOD_SECONDS)

    async def look(self) -> None:
        """Look at every trigger once."""
        ears = [ear for ear in self._ears.ears if not ear.is_wait]
        known = {ear.trigger.source for ear in ears}
        for source in self._pulses.keys() - known:
            self._forget(source)
        due = []
        for ear in ears:
            pulse = self._pulses.setdefault(ear.trigger.source, _Pulse())
            self._look_at_state(ear, pulse)
            await self._look_at_silence(ear, pulse)
            if self._is_due(ear, pulse):
                due.append((ear, pulse))
        for start in range(0, len(due), _AT_ONCE):
            await asyncio.gather(*[self._probe(*one) for one in due[start : start + _AT_ONCE]])

    def _forget(self, source: str) -> None:
        """Forget a trigger that is no more, and what was told of it."""
        del self._pulses[source]
        for kind in ("trigger", "probe", "silence"):
            self._notices.solve(f"{kind}:{source}")

    # -- what it says itself -----------------------------------------------------------------

    def _look_at_state(self, ear: Ear, pulse: _Pulse) -> None:
        key = f"trigger:{ear.trigger.source}"
        if ear.state != "error":
            pulse.trouble_since = None
            self._notices.solve(key)
            return
        now = self._clock.monotonic_seconds()
        if pulse.trouble_since is None:
            pulse.trouble_since = now
        if now - pulse.trouble_since >= _TROUBLE_SECONDS and pulse.failures == 0:
            self._raise(ear, "trigger", _SICK.fill(**_names(ear), reason=ear.reason or _UNKNOWN))

    def _raise(self, ear: Ear, kind: str, text: Text) -> None:
        recipe, key = ear.plan.recipe.id, f"{kind}:{ear.trigger.source}"
        self._notices.raise_(key, f"{kind}_failed", text, recipe=recipe)

    # -- what is sent to it ------------------------------------------------------------------

    def _is_due(self, ear: Ear, pulse: _Pulse) -> bool:
        alive, now = ear.trigger.use.alive, self._clock.monotonic_seconds()
        if alive is None or alive.probe_seconds is None:
            pulse.probe_due = None
            return False
        if pulse.probe_due is None:
            pulse.probe_due = now + min(alive.probe_seconds, _FIRST_PROBE_SECONDS)
        return now >= pulse.probe_due

    async def _probe(self, ear: Ear, pulse: _Pulse) -> None:
        arrived = await self._ask(ear)
        alive, now = ear.trigger.use.alive, self._clock.monotonic_seconds()
        every = alive.probe_seconds if alive and alive.probe_seconds else PROBE_SECONDS
        pulse.probe_due = now + every
        ear.proof = {"time": self._clock.now().isoformat(), "arrived": arrived}
        if arrived is None or ear.is_silenced:
            return
        if arrived:
            pulse.failures = 0
            self._notices.solve(f"probe:{ear.trigger.source}")
            return
        pulse.failures += 1
        pulse.probe_due = now + min(every, _AGAIN_SECONDS * 2 ** min(pulse.failures, 10))
        await self._treat(ear, pulse)

    async def _ask(self, ear: Ear) -> bool | None:
        """Return whether the probe arrived; None when this trigger cannot be probed."""
        instance = ear.instance
        if instance is None or type(instance).probe is Trigger.probe:
            return None
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await instance.probe()
        except TimeoutError:
            return False
        except Exception as error:  # noqa: BLE001 - the border around a trigger
            logger.warning("the probe of %s failed: %s", ear.trigger.source, error)
            return False

    async def _treat(self, ear: Ear, pulse: _Pulse) -> None:
        """Restart, then fall back, then tell the owner."""
        logger.warning("%s did not notice its probe (%s)", ear.trigger.source, pulse.failures)
        ear.is_cautious = ear.is_cautious or pulse.failures > 1
        if pulse.failures > 2:
            self._raise(ear, "probe", _DEAF.fill(**_names(ear), count=pulse.failures))
        await self._ears.restart(ear)
        if pulse.failures > 1:
            ear.state, ear.reason = "degraded", _DEAF_STATE

    # -- what should come by itself ----------------------------------------------------------

    async def _look_at_silence(self, ear: Ear, pulse: _Pulse) -> None:
        alive, key = ear.trigger.use.alive, f"silence:{ear.trigger.source}"
        expect = None if alive is None else alive.expect
        if expect is None:
            pulse.expected_from = None
        if alive is None or expect is not None:
            pulse.habit = None
        if alive is None:
            ear.news = None
            self._notices.solve(key)
        elif expect is None:
            await self._look_at_habit(ear, pulse, key)
        else:
            await self._look_at_rate(ear, pulse, expect, key)

    @property
    def _is_catching_up(self) -> bool:
        return self._clock.monotonic_seconds() - self._started < _GRACE_SECONDS

    async def _look_at_rate(self, ear: Ear, pulse: _Pulse, expect: Throttle, key: str) -> None:
        if ear.news is None or ear.news is not pulse.news or pulse.expected_from is None:
            await self._begin_to_expect(ear, pulse, expect)
        if self._is_catching_up:
            return
        start = self._clock.now() - timedelta(seconds=expect.per_seconds)
        came = sum(1 for time in pulse.news if time >= start)
        if came >= min(expect.count, _MOST_EXPECTED):
            self._notices.solve(key)
        elif pulse.expected_from is not None and pulse.expected_from < start:
            self._raise(ear, "silence", _silence(ear, pulse, expect))

    async def _look_at_habit(self, ear: Ear, pulse: _Pulse, key: str) -> None:
        """Tell of a silence that is unusual, by what was seen so far."""
        if pulse.habit is None or ear.news is None or ear.news is not pulse.news:
            ear.news = pulse.news = deque(maxlen=_MOST_EXPECTED)
            pulse.habit = Habit(await self._recall(ear.trigger.source))
        habit, now = pulse.habit, self._clock.now()
        habit.note(*[min(time, now) for time in pulse.news])
        pulse.news.clear()
        if self._is_catching_up:
            return
        last, patience = habit.last, habit.patience
        if last is None or patience is None or now - last <= patience:
            self._notices.solve(key)
            return
        facts = {"last": _told(ear, last), "patience": _span(_roughly(patience))}
        self._raise(ear, "silence", _UNUSUAL.fill(**_names(ear), **facts))

    async def _recall(self, source: str) -> list[datetime]:
        """Return when events of *source* came, as far back as habits are learned from."""
        times: list[datetime] = []
        now = self._clock.now()
        since, until = now - WINDOW, None
        for _ in range(_MOST_PAGES):
            past = await self._reader.find_events(
                source=source, since=since, until=until, limit=_PAGE
            )
            # A time that a sender claims may lie in the future: it would hide every silence.
            times += [min(one.event.time, now) for one in past]
            if len(past) < _PAGE:
                break
            until = min(times)
        return times

    async def _begin_to_expect(self, ear: Ear, pulse: _Pulse, expect: Throttle) -> None:
        """Learn from the journal what came before, and since when anything is expected."""
        most = min(expect.count, _MOST_EXPECTED)
        source = ear.trigger.source
        versions = await self._reader.list_definitions(ear.plan.recipe.id)
        past = await self._reader.find_events(source=source, limit=most)
        news = deque([one.event.time for one in reversed(past)], maxlen=most)
        ear.news = pulse.news = news
        now = self._clock.now()
        pulse.expected_from = min([now, *[one.accepted for one in versions]])


def _silence(ear: Ear, pulse: _Pulse, expect: Throttle) -> Text:
    span = _span(expect.per_seconds)
    if not pulse.news:
        return _NEVER.fill(**_names(ear), days=span)
    last = _told(ear, pulse.news[-1])
    return _SILENT.fill(**_names(ear), days=span, count=expect.count, last=last)


def _span(seconds: float) -> Text:
    hours = seconds / 3600
    if hours >= 48:
        return Text(f"{hours / 24:g} days", f"{hours / 24:g} jours")
    return Text(f"{hours:g} hours", f"{hours:g} heures")


def _roughly(silence: timedelta) -> float:
    """Return the seconds of *silence*, in whole hours or days: it was learned, not set."""
    unit = timedelta(days=1) if silence >= timedelta(days=2) else timedelta(hours=1)
    return round(silence / unit) * unit.total_seconds()


def _told(ear: Ear, time: datetime) -> str:
    return f"{time.astimezone(ear.plan.timezone):%Y-%m-%d %H:%M}"


def _names(ear: Ear) -> dict[str, object]:
    return {"recipe": ear.plan.recipe.id, "trigger": ear.trigger.use.id}
