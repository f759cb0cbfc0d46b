"""The schedule triggers: fire once, never early, and by the policy after an absence."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rouage.errors import JournalError, Overloaded, StepError
from rouage.sdk.testing import ManualClock, MemoryItems, RecordingEmit, Surroundings
from rouage_connectors.schedule import connector
from rouage_connectors.schedule.missed import read_policy
from rouage_connectors.schedule.ticking import LAST

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)


class Moody(RecordingEmit):
    """Takes events, except when it has errors to raise first."""

    def __init__(self, items, errors=()):
        super().__init__(items)
        self.errors = list(errors)

    async def __call__(self, data, **more):
        if self.errors:
            raise self.errors.pop(0)
        return await super().__call__(data, **more)


class Watched:
    def __init__(self, clock, emit, trigger, reports, items):
        self.clock = clock
        self.emit = emit
        self.trigger = trigger
        self.reports = reports
        self.items = items

    @property
    def dues(self):
        return [event.data["due"] for event in self.emit.events]

    @property
    def times(self):
        return [event.time.strftime("%H:%M:%S") for event in self.emit.events]


@contextlib.asynccontextmanager
async def scheduled(tmp_path, word, parameters, *, items=None, missed=None, now=START, errors=()):
    items = items if items is not None else MemoryItems()
    clock = ManualClock(now)
    surroundings = Surroundings(
        workspace=tmp_path, items=items, clock=clock, timezone=PARIS, missed=missed
    )
    context = surroundings.context()
    reports = []
    context.report = lambda state, reason: reports.append((state, reason))
    spec = connector.triggers[f"schedule.{word}"]
    trigger = spec.listen(spec.parameters.build(parameters), context)
    emit = Moody(items, errors)
    task = asyncio.ensure_future(trigger.listen(emit))
    for _ in range(20):
        await asyncio.sleep(0)
    if task.done():
        await task
    try:
        yield Watched(clock, emit, trigger, reports, items)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_cron_fires_at_its_minutes_in_the_zone_of_the_recipe(tmp_path):
    async with scheduled(tmp_path, "cron", {"expression": "*/20 10 * * *"}) as schedule:
        await schedule.clock.advance(3600)
        assert schedule.dues == ["2026-01-15T10:20:00+01:00", "2026-01-15T10:40:00+01:00"]
        assert schedule.emit.events[0].data["late"] == 0
        assert schedule.emit.events[0].key == "2026-01-15T09:20:00+00:00"
        status = schedule.trigger.status()
        assert status["next"] == "2026-01-16T10:00:00+01:00"
        assert status["last"] == "2026-01-15T10:40:00+01:00"


async def test_the_zone_of_the_trigger_wins(tmp_path):
    parameters = {"expression": "0 6 * * *", "timezone": "America/New_York"}
    async with scheduled(tmp_path, "cron", parameters) as schedule:
        await schedule.clock.advance(3 * 3600)
        assert schedule.dues == ["2026-01-15T06:00:00-05:00"]
    with pytest.raises(StepError, match="Mars/Phobos"):
        async with scheduled(tmp_path, "cron", {**parameters, "timezone": "Mars/Phobos"}):
            pass


async def test_every_counts_from_its_first_activation_and_survives_a_restart(tmp_path):
    async with scheduled(tmp_path, "every", {"interval": "90m"}) as schedule:
        await schedule.clock.advance(3 * 3600)
        assert schedule.times == ["10:30:00", "12:00:00"]
        items = schedule.items
    later = START + timedelta(hours=3, minutes=10)
    async with scheduled(
        tmp_path, "every", {"interval": "90m"}, items=items, now=later
    ) as schedule:
        await schedule.clock.advance(3600 * 1.5)
        assert schedule.times == ["13:30:00"]


async def test_every_can_start_at_a_time_of_day_or_at_a_date(tmp_path):
    async with scheduled(tmp_path, "every", {"interval": "1d", "start": "11:00"}) as schedule:
        await schedule.clock.advance(86_400)
        assert schedule.dues == ["2026-01-15T11:00:00+01:00"]
    parameters = {"interval": "10s", "start": "2026-01-15 10:00:05"}
    async with scheduled(tmp_path, "every", parameters) as schedule:
        await schedule.clock.advance(30)
        assert schedule.times == ["09:00:05", "09:00:15", "09:00:25"]


async def test_at_fires_at_its_times_and_at_a_date_once(tmp_path):
    async with scheduled(tmp_path, "at", {"time": ["10h05", "10:10"]}) as schedule:
        await schedule.clock.advance(900)
        assert schedule.times == ["09:05:00", "09:10:00"]
    async with scheduled(tmp_path, "at", {"time": "2026-01-15 10:30"}) as schedule:
        await schedule.clock.advance(86_400)
        assert schedule.dues == ["2026-01-15T10:30:00+01:00"]
        assert schedule.reports[-1][0] == "waiting"
        assert schedule.trigger.status()["next"] is None


async def test_at_reads_an_interval_in_words(tmp_path):
    async with scheduled(tmp_path, "at", {"time": "toutes les 7 minutes"}) as schedule:
        await schedule.clock.advance(900)
        assert schedule.times == ["09:07:00", "09:14:00"]


async def test_a_moment_that_is_past_at_the_first_activation_is_not_made_up_for(tmp_path):
    async with scheduled(tmp_path, "at", {"time": "2025-01-15 10:30"}) as schedule:
        await schedule.clock.advance(100)
        assert schedule.dues == []
        assert schedule.reports[0][0] == "waiting"


async def after_an_absence(tmp_path, seconds, missed, *, interval="10m"):
    """Return what fires at once when a schedule comes back after *seconds*, and its trigger."""
    async with scheduled(tmp_path, "every", {"interval": interval}) as schedule:
        items = schedule.items
    now = START + timedelta(seconds=seconds)
    async with scheduled(
        tmp_path, "every", {"interval": interval}, items=items, missed=missed, now=now
    ) as schedule:
        await settle()
        return schedule.times, schedule.trigger.status()["dropped"]


async def test_after_an_absence_the_last_missed_tick_runs(tmp_path):
    assert await after_an_absence(tmp_path, 3601, None) == (["10:00:00"], 5)
    assert await after_an_absence(tmp_path, 3601, "last") == (["10:00:00"], 5)


async def test_an_old_missed_tick_does_not_run_beyond_its_age(tmp_path):
    policy = {"policy": "last", "max_age": "5m"}
    assert await after_an_absence(tmp_path, 3900, policy) == (["10:00:00"], 5)
    assert await after_an_absence(tmp_path, 3901, policy) == ([], 6)


async def test_all_missed_ticks_run_in_order_within_their_bounds(tmp_path):
    times, dropped = await after_an_absence(tmp_path, 3601, "all")
    assert times == ["09:10:00", "09:20:00", "09:30:00", "09:40:00", "09:50:00", "10:00:00"]
    assert dropped == 0
    policy = {"policy": "all", "max": 2}
    assert await after_an_absence(tmp_path, 3601, policy) == (["09:50:00", "10:00:00"], 4)
    policy = {"policy": "all", "max_age": "15m"}
    assert await after_an_absence(tmp_path, 3601, policy) == (["09:50:00", "10:00:00"], 4)


async def test_skipped_ticks_do_not_run_unless_they_are_almost_now(tmp_path):
    assert await after_an_absence(tmp_path, 3601, "skip") == (["10:00:00"], 5)
    assert await after_an_absence(tmp_path, 3700, "skip") == ([], 6)


async def test_a_long_absence_is_handled_quickly(tmp_path):
    times, dropped = await after_an_absence(tmp_path, 10 * 365 * 86_400, None, interval="1m")
    assert len(times) == 1
    assert dropped == 1000


async def test_an_edited_schedule_has_missed_nothing(tmp_path):
    async with scheduled(tmp_path, "cron", {"expression": "0 3 * * *"}) as schedule:
        items = schedule.items
    later = START + timedelta(days=3)
    async with scheduled(
        tmp_path, "cron", {"expression": "*/5 * * * *"}, items=items, now=later
    ) as schedule:
        await settle()
        assert schedule.dues == []


async def test_the_tick_is_stored_with_its_event(tmp_path):
    async with scheduled(tmp_path, "every", {"interval": "10s"}) as schedule:
        await schedule.clock.advance(25)
        assert schedule.items.values[LAST]["due"] == "2026-01-15T09:00:20+00:00"


async def test_a_restart_right_after_a_tick_does_not_repeat_it(tmp_path):
    async with scheduled(tmp_path, "every", {"interval": "10s"}) as schedule:
        await schedule.clock.advance(10)
        assert len(schedule.dues) == 1
        items, now = schedule.items, schedule.clock.now()
    async with scheduled(tmp_path, "every", {"interval": "10s"}, items=items, now=now) as schedule:
        await schedule.clock.advance(9.999)
        assert schedule.dues == []
        await schedule.clock.advance(0.001)
        assert schedule.times == ["09:00:20"]


async def test_a_clock_that_goes_back_repeats_nothing_and_waits_no_longer(tmp_path):
    async with scheduled(tmp_path, "every", {"interval": "10m"}) as schedule:
        await schedule.clock.advance(1300)
        assert schedule.times == ["09:10:00", "09:20:00"]
        schedule.clock._now -= timedelta(minutes=15)
        await schedule.clock.advance(900)
        assert schedule.times == ["09:10:00", "09:20:00"]
        await schedule.clock.advance(600)
        assert schedule.times == ["09:10:00", "09:20:00", "09:30:00"]


async def test_a_clock_that_jumps_forward_follows_the_policy(tmp_path, caplog):
    async with scheduled(tmp_path, "every", {"interval": "10m"}) as schedule:
        await schedule.clock.advance(601)
        schedule.clock._now += timedelta(hours=2)
        await schedule.clock.advance(31)
        assert schedule.times == ["09:10:00", "11:10:00"]
        assert schedule.trigger.status()["dropped"] == 11
        assert "jumped" in caplog.text


async def test_ticks_that_pile_up_for_a_moment_all_run(tmp_path):
    async with scheduled(tmp_path, "every", {"interval": "1s"}) as schedule:
        await schedule.clock.advance(5.5)
        schedule.clock._now += timedelta(seconds=4)
        await schedule.clock.advance(1)
        assert len(schedule.dues) == 10


@pytest.mark.parametrize(
    "error", [Overloaded("full", retry_after_seconds=3), JournalError("disk full")]
)
async def test_a_tick_that_cannot_be_kept_is_tried_again(tmp_path, error):
    async with scheduled(tmp_path, "every", {"interval": "1m"}, errors=[error, error]) as schedule:
        await schedule.clock.advance(90)
        assert schedule.times == ["09:01:00"]
        assert schedule.emit.events[0].data["late"] >= 6
        assert schedule.reports[-1] == ("listening", None)


async def test_jitter_is_fixed_for_the_recipe(tmp_path):
    parameters = {"expression": "0 11 * * *", "jitter": "10m"}
    dues = []
    for _ in range(2):
        async with scheduled(tmp_path, "cron", parameters) as schedule:
            await schedule.clock.advance(2 * 3600)
            dues.append(schedule.dues)
    assert dues[0] == dues[1]
    assert "2026-01-15T11:00:00+01:00" < dues[0][0] < "2026-01-15T11:10:00+01:00"


@pytest.mark.parametrize(
    "written",
    ["never", 3, {"policy": "some"}, {"max": 0, "policy": "all"}, {"policy": "all", "max": True},
     {"max_age": "soon"}, {"policy": "last", "other": 1}],
)  # fmt: skip
def test_an_unknown_policy_is_refused(written):
    with pytest.raises(StepError) as caught:
        read_policy(written)
    assert "max_age" in caught.value.render("fr")


@pytest.mark.parametrize(
    ("word", "parameters", "is_good"),
    [
        ("cron", {"expression": "0 9 * * 1-5"}, True),
        ("cron", {"expression": "0 9 * *"}, False),
        ("cron", {"expression": "0 9 * * *", "timezone": "Paris"}, False),
        ("every", {"interval": "90m"}, True),
        ("every", {"interval": "90m", "start": "08:00"}, True),
        ("every", {"interval": "90m", "start": "soon"}, False),
        ("every", {"interval": "90m", "timezone": "../etc/passwd"}, False),
        ("at", {"time": "le premier lundi du mois à midi"}, True),
        ("at", {"time": "à 8"}, False),
    ],
)
def test_parameters_are_checked_when_the_recipe_is_loaded(word, parameters, is_good):
    spec = connector.triggers[f"schedule.{word}"]
    fault = spec.listen.check(spec.parameters.build(parameters))
    assert (fault is None) == is_good


def test_an_interval_below_a_second_is_refused():
    spec = connector.triggers["schedule.every"]
    with pytest.raises(StepError):
        spec.parameters.build({"interval": "100ms"})
