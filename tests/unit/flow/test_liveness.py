"""Triggers that are put to the test: restarted, sent the slow way, told to the owner."""

from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.flow.liveness import Liveness
from rouage.flow.notices import Notice, Notices
from rouage.language import Text
from rouage.model.recipe import Alive, Throttle
from rouage.sdk.trigger import Trigger
from tests.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = 86_400.0


class Probed(Trigger[Any]):
    """A trigger whose probe arrives, or does not."""

    def __init__(self) -> None:
        self.answer: Any = True
        self.asked = 0

    async def probe(self) -> bool | None:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return bool(self.answer)


class Journal:
    """What came before, and since when the recipe is known."""

    def __init__(self, accepted: datetime) -> None:
        self.accepted = accepted
        self.times: list[datetime] = []

    async def list_definitions(self, recipe: str) -> Any:
        return [SimpleNamespace(accepted=self.accepted)]

    async def find_events(
        self, *, source: str, limit: int, since: Any = None, until: Any = None
    ) -> Any:
        """Return the newest first, as the journal does."""
        times = [
            time
            for time in self.times
            if (since is None or time >= since) and (until is None or time < until)
        ]
        return [SimpleNamespace(event=SimpleNamespace(time=time)) for time in times[:limit]]


class World:
    def __init__(self, alive: Alive | None, accepted: datetime = NOW) -> None:
        self.clock = ManualClock(NOW)
        self.restarts: list[bool] = []
        self.trigger = Probed()
        recipe = SimpleNamespace(id="mails")
        self.ear: Any = SimpleNamespace(
            plan=SimpleNamespace(recipe=recipe, timezone=ZoneInfo("Europe/Paris")),
            trigger=SimpleNamespace(source="mails/t", use=SimpleNamespace(id="t", alive=alive)),
            instance=self.trigger,
            state="listening",
            reason=None,
            news=None,
            proof=None,
            is_wait=False,
            is_cautious=False,
            is_silenced=False,
        )
        self.ears = [self.ear]
        self.journal = Journal(accepted)
        self.notices = Notices(self.clock, start=self.start, tell=self.tell)
        self.liveness = Liveness(
            self,
            reader=self.journal,
            notices=self.notices,
            clock=self.clock,  # type: ignore[arg-type] # a small one
        )

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        work.close()

    async def tell(self, notice: Notice) -> None:
        raise AssertionError

    async def restart(self, ear: Any) -> None:
        self.restarts.append(ear.is_cautious)

    async def pass_by(self, seconds: float, step: float = 5.0) -> None:
        """Look as often as the daemon does, for so long."""
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            await self.liveness.look()

    @property
    def open(self) -> list[str]:
        return [one.key for one in self.notices.open]


async def test_a_probe_that_arrives_is_noted_and_repeated():
    world = World(Alive(probe_seconds=3600))
    await world.pass_by(60)
    assert world.trigger.asked == 1
    assert world.ear.proof["arrived"] is True
    await world.pass_by(3600)
    assert world.trigger.asked == 2
    assert world.restarts == []
    assert world.open == []


async def test_a_deaf_trigger_is_restarted_then_falls_back_then_is_told():
    world = World(Alive(probe_seconds=3600))
    world.trigger.answer = False
    await world.pass_by(40)
    assert world.restarts == [False]
    assert world.open == []
    await world.pass_by(70)
    assert world.restarts == [False, True]
    assert (world.ear.state, world.open) == ("degraded", [])
    await world.pass_by(130)
    assert world.open == ["probe:mails/t"]
    world.trigger.answer = True
    await world.pass_by(3600)
    assert world.open == []


async def test_a_probe_that_raises_or_hangs_has_failed():
    world = World(Alive(probe_seconds=3600))
    world.trigger.answer = OSError("cut")
    await world.pass_by(40)
    assert world.restarts == [False]


async def test_a_trigger_that_cannot_be_probed_is_left_alone():
    world = World(Alive(probe_seconds=60))
    world.ear.instance = Trigger(None, None)  # type: ignore[arg-type] # never listens
    await world.pass_by(300)
    assert world.restarts == []
    assert world.ear.proof["arrived"] is None


async def test_an_error_that_lasts_is_told_and_its_end_is_noted():
    world = World(None)
    world.ear.state, world.ear.reason = "error", Text("no line", "pas de ligne")
    await world.pass_by(100)
    assert world.open == []
    await world.pass_by(60)
    assert world.open == ["trigger:mails/t"]
    assert "pas de ligne" in world.notices.open[0].text.fr
    world.ear.state = "listening"
    await world.pass_by(10)
    assert world.open == []


def expecting(count: int = 1, days: float = 7) -> Alive:
    return Alive(expect=Throttle(count=count, per_seconds=days * DAY))


async def test_silence_is_told_and_a_sign_ends_it():
    world = World(expecting(), accepted=NOW - timedelta(days=30))
    world.journal.times = [NOW - timedelta(days=8)]
    await world.pass_by(590)
    assert world.open == []  # what was missed while it was stopped comes first
    await world.pass_by(30)
    assert world.open == ["silence:mails/t"]
    assert "7 jours" in world.notices.open[0].text.fr
    assert world.ear.news is not None
    world.ear.news.append(world.clock.now())
    await world.pass_by(10)
    assert world.open == []


async def test_a_new_recipe_is_given_its_time():
    world = World(expecting())
    await world.pass_by(6 * DAY, step=3600)
    assert world.open == []
    await world.pass_by(2 * DAY, step=3600)
    assert world.open == ["silence:mails/t"]


async def test_several_can_be_expected():
    world = World(expecting(count=3), accepted=NOW - timedelta(days=30))
    world.journal.times = [NOW - timedelta(days=day) for day in (1, 2)]
    await world.pass_by(700)
    assert world.open == ["silence:mails/t"]


async def test_a_trigger_that_is_gone_is_forgotten_with_what_was_told():
    world = World(None)
    world.ear.state = "error"
    await world.pass_by(200)
    assert world.open == ["trigger:mails/t"]
    world.ears = []
    await world.pass_by(5)
    assert world.open == []


def workdays(days: int, step: timedelta = timedelta(hours=1)) -> list[datetime]:
    """Return what came between nine and five on the working days before now, newest first."""
    first = NOW - timedelta(days=days)
    times = (first + step * number for number in range(int(days * timedelta(days=1) / step)))
    return sorted(time for time in times if time.weekday() < 5 and 9 <= time.hour < 17)[::-1]


async def test_a_silence_that_is_unusual_is_told_with_the_reason():
    world = World(Alive())
    world.journal.times = workdays(30)  # the longest silence is a week-end: 65 hours
    await world.pass_by(5 * DAY, step=3600)
    assert world.open == []
    await world.pass_by(12 * 3600, step=3600)
    assert world.open == ["silence:mails/t"]
    told = world.notices.open[0].text
    assert "within 8 days" in told.en
    assert "depuis le 2026-02-27 17:00" in told.fr
    world.ear.news.append(world.clock.now())
    await world.pass_by(10)
    assert world.open == []


async def test_a_busy_trigger_is_remembered_beyond_its_last_thousand_events():
    world = World(Alive(probe_seconds=DAY))
    world.journal.times = workdays(20, timedelta(minutes=2))
    assert len(world.journal.times) > 3_000
    await world.pass_by(10 * DAY, step=3600)
    assert world.open == ["silence:mails/t"]


@pytest.mark.parametrize("days", [0, 13])
async def test_nothing_is_said_before_enough_is_known(days: int):
    world = World(Alive())
    world.journal.times = workdays(days)
    await world.pass_by(60 * DAY, step=3600)
    assert world.open == []


async def test_who_writes_what_to_expect_is_asked_for_that_alone():
    world = World(Alive(), accepted=NOW - timedelta(days=30))
    world.journal.times = workdays(30)
    await world.pass_by(10 * DAY, step=3600)
    assert world.open == ["silence:mails/t"]
    world.ear.trigger.use.alive = expecting(days=30)
    await world.pass_by(10)
    assert world.open == []
    world.ear.trigger.use.alive = None
    await world.pass_by(10)
    assert world.ear.news is None
