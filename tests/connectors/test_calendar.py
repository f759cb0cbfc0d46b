"""The connector `calendar`: entries come due once, at the time the calendar says last."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rouage.catalog.discovery import discover
from rouage.errors import StepError
from rouage.sdk.testing import (
    ManualClock,
    MemoryItems,
    RecordingEmit,
    Surroundings,
    make_context,
    run_action,
)
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers
from rouage_connectors.calendar import connector
from tests.connectors.polled import Site

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def vevent(uid, start, *lines, summary="Visite"):
    head = ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"SUMMARY:{summary}")
    return "\r\n".join((*head, start, *lines, "END:VEVENT"))


def ics(*events, lines=()):
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//", *lines)
    return "\r\n".join((*head, *events, "END:VCALENDAR", ""))


def at(hour, day=2, month=3):
    return f"DTSTART;TZID=Europe/Paris:2026{month:02}{day:02}T{hour:02}0000"


class Followed:
    """The trigger, listening, with a clock that the test moves."""

    def __init__(self, tmp_path, parameters, items, now, missed):
        self.items = items if items is not None else MemoryItems()
        self.clock = ManualClock(now)
        self.emit = RecordingEmit(self.items)
        self.reports, self.reads = [], 0
        around = Surroundings(
            workspace=tmp_path,
            items=self.items,
            clock=self.clock,
            timezone=PARIS,
            connector=connector,
            missed=missed,
        )
        context = around.context()
        context.report = lambda state, reason: self.reports.append((state, reason))

        async def consult(action, given):
            try:
                return await around.consult(action, given)
            finally:
                self.reads += 1

        context.consult = consult
        spec = connector.triggers["calendar.event"]
        source = {} if "url" in parameters else {"file": str(tmp_path / "workspace" / "a.ics")}
        self.trigger = spec.listen(spec.parameters.build({**source, **parameters}), context)
        self.task = None

    @property
    def told(self):
        return [
            (one.data["kind"], one.data["entry"]["summary"], one.data["due"])
            for one in self.emit.events
        ]

    @property
    def dues(self):
        return [due for _, _, due in self.told]

    async def until(self, condition):
        deadline = time.monotonic() + 30
        while not condition():
            assert not self.task.done(), self.task.exception()
            assert time.monotonic() < deadline, "this never came to be"
            await asyncio.sleep(0.002)

    async def advance(self, seconds):
        """Let time pass, and what it wakes do its work; a nap may begin at the very end."""
        for part in (seconds, 31, 31):
            await self.clock.advance(part)
            for _ in range(10):
                await asyncio.sleep(0.001)

    async def read_again(self):
        """Let half minutes pass until the calendar was read once more."""
        reads = self.reads
        deadline = time.monotonic() + 30
        while self.reads == reads:
            assert time.monotonic() < deadline, "it is not read again"
            await self.advance(1)
        await self.advance(1)


@contextlib.asynccontextmanager
async def followed(tmp_path, parameters, *, items=None, now=START, missed=None):
    (tmp_path / "workspace").mkdir(exist_ok=True)
    calendar = Followed(tmp_path, parameters, items, now, missed)
    calendar.task = asyncio.ensure_future(calendar.trigger.listen(calendar.emit))
    await calendar.until(lambda: calendar.reads)
    await calendar.advance(0.5)
    try:
        yield calendar
    finally:
        calendar.task.cancel()
        await asyncio.wait([calendar.task])


def write(tmp_path, *events, lines=()):
    folder = tmp_path / "workspace"
    folder.mkdir(exist_ok=True)
    (folder / "a.ics").write_text(ics(*events, lines=lines), encoding="utf-8", newline="")


async def test_an_entry_is_due_before_its_start_once(tmp_path):
    write(tmp_path, vevent("1", at(11, day=1), summary="Mariage"))
    async with followed(tmp_path, {"before": "1h"}) as calendar:
        assert calendar.trigger.status() == {"next": "2026-03-01T10:00:00+01:00", "entries": 1}
        await calendar.advance(3300)
        assert calendar.told == []
        await calendar.advance(300)
        assert calendar.told == [("due", "Mariage", "2026-03-01T10:00:00+01:00")]
        await calendar.advance(3 * 3600)
        assert len(calendar.told) == 1


async def test_after_counts_from_the_end(tmp_path):
    write(tmp_path, vevent("1", at(9, day=1), "DURATION:PT30M"))
    async with followed(tmp_path, {"after": "15m", "of": "end"}) as calendar:
        await calendar.advance(46 * 60)
        assert calendar.dues == ["2026-03-01T09:45:00+01:00"]


async def test_a_weekly_series_keeps_its_wall_time_across_the_clock_change(tmp_path):
    write(tmp_path, vevent("1", at(9, day=23), "RRULE:FREQ=WEEKLY"))
    now = datetime(2026, 3, 23, 7, 59, tzinfo=UTC)
    async with followed(tmp_path, {}, now=now) as calendar:
        for _ in range(8):
            await calendar.advance(86_400)
        assert calendar.dues == [
            "2026-03-23T09:00:00+01:00",
            "2026-03-30T09:00:00+02:00",
        ]
        recurrences = {one.data["entry"]["recurrence"] for one in calendar.emit.events}
        assert recurrences == {"2026-03-23T08:00:00+00:00", "2026-03-30T07:00:00+00:00"}


async def test_a_moved_entry_is_due_at_its_new_time_and_a_cancelled_one_never(tmp_path):
    write(tmp_path, vevent("1", at(10, day=1)), vevent("2", at(11, day=1)))
    async with followed(tmp_path, {}) as calendar:
        moved = vevent("1", at(12, day=1), "SEQUENCE:1")
        write(tmp_path, moved, vevent("2", at(11, day=1), "STATUS:CANCELLED", "SEQUENCE:1"))
        await calendar.read_again()
        await calendar.advance(5 * 3600)
        assert calendar.dues == ["2026-03-01T12:00:00+01:00"]


async def test_an_entry_that_fired_does_not_fire_again_when_its_text_changes(tmp_path):
    write(tmp_path, vevent("1", at(12, day=1)))
    async with followed(tmp_path, {"before": "2h"}) as calendar:
        await calendar.advance(3600 + 60)
        write(tmp_path, vevent("1", at(12, day=1), "SEQUENCE:3", summary="Visite bis"))
        await calendar.read_again()
        await calendar.advance(600)
        assert len(calendar.told) == 1


async def test_an_entry_moved_nearer_than_its_notice_is_told_late_rather_than_never(tmp_path):
    write(tmp_path, vevent("1", at(18, day=1)))
    async with followed(tmp_path, {"before": "1h"}) as calendar:
        await calendar.advance(2 * 3600)
        write(tmp_path, vevent("1", "DTSTART:20260301T103000Z", "SEQUENCE:1"))
        await calendar.read_again()
        assert calendar.dues == ["2026-03-01T10:30:00+01:00"]
        assert calendar.emit.events[0].data["late"] > 1000


async def test_what_came_due_while_the_daemon_was_down_is_made_up_for_within_a_day(tmp_path):
    write(tmp_path, vevent("1", at(12, day=1)), vevent("2", at(12, day=2)))
    async with followed(tmp_path, {}) as calendar:
        items = calendar.items
    later = START + timedelta(hours=40)
    async with followed(tmp_path, {}, items=items, now=later) as calendar:
        assert calendar.dues == ["2026-03-02T12:00:00+01:00"]
        items = calendar.items
    write(tmp_path, vevent("3", at(12, day=3)))
    skip = {"policy": "skip"}
    last = START + timedelta(hours=60)
    async with followed(tmp_path, {}, items=items, now=last, missed=skip) as calendar:
        assert calendar.told == []


async def test_what_lies_in_the_past_at_the_first_activation_is_left(tmp_path):
    write(tmp_path, vevent("1", at(8, day=1)), vevent("2", at(10, day=1)))
    async with followed(tmp_path, {"before": "2h"}) as calendar:
        await calendar.advance(6 * 3600)
        assert calendar.told == []


async def test_whole_days_begin_when_the_owner_says(tmp_path):
    write(tmp_path, vevent("1", "DTSTART;VALUE=DATE:20260301", summary="Salon"))
    async with followed(tmp_path, {"all_day_at": "09:30"}) as calendar:
        await calendar.advance(1860)
        assert calendar.dues == ["2026-03-01T09:30:00+01:00"]
        entry = calendar.emit.events[0].data["entry"]
        assert entry["all_day"]
        assert entry["end"] == "2026-03-02T00:00:00+01:00"


async def test_added_changed_and_cancelled_entries_are_told_once_each(tmp_path):
    series = vevent("s", at(9, day=2), "RRULE:FREQ=DAILY")
    write(tmp_path, vevent("1", at(10)), series)
    on = {"on": ["added", "changed", "cancelled"]}
    async with followed(tmp_path, on) as calendar:
        await calendar.advance(2 * 86_400)
        assert calendar.told == [], "a series that goes on is no news"
        known = vevent("1", at(10)), series
        write(tmp_path, *known, vevent("2", at(10, day=9), summary="Devis"))
        await calendar.read_again()
        write(tmp_path, *known, vevent("2", at(11, day=9), summary="Devis"))
        await calendar.read_again()
        items = calendar.items
    later = calendar.clock.now()
    write(tmp_path, *known)
    async with followed(tmp_path, on, items=items, now=later) as calendar:
        told = [("cancelled", "Devis", None)]
        assert calendar.told == told
    both = [value for value in items.values.values() if isinstance(value, dict)]
    assert any("until" in value for value in both)


async def test_a_calendar_at_an_address_is_read_again_and_trouble_is_shown(tmp_path):
    async with Site() as site:
        site.body = ics(vevent("1", at(12, day=1))).encode()
        async with followed(tmp_path, site.parameters) as calendar:
            await calendar.until(lambda: calendar.trigger.status()["entries"])
            site.body = b"<html>login</html>"
            await calendar.read_again()
            await calendar.until(lambda: any(state == "degraded" for state, _ in calendar.reports))
            reason = next(reason for state, reason in calendar.reports if state == "degraded")
            assert "no ICS calendar" in reason.en
            assert calendar.trigger.status()["entries"] == 1, "the last good one stays"


async def read(tmp_path, text, **more):
    span = {"start": "2026-03-01", "end": "2026-04-01", **more}
    context = make_context(tmp_path, timezone=PARIS)
    return await run_action(connector, "calendar.read", {"content": text, **span}, context)


async def test_a_calendar_is_read_with_its_series_zones_and_exceptions(tmp_path):
    series = vevent(
        "s", at(9), "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Paris:20260309T090000"
    )
    moved = vevent("s", at(15, day=17), "RECURRENCE-ID;TZID=Europe/Paris:20260316T090000")
    floating = vevent("f", "DTSTART:20260305T080000")
    read_ = await read(
        tmp_path, ics(series, moved, floating, lines=("X-WR-TIMEZONE:America/New_York",))
    )
    starts = [(entry["uid"], entry["start"]) for entry in read_["entries"]]
    assert starts == [
        ("s", "2026-03-02T09:00:00+01:00"),
        ("f", "2026-03-05T14:00:00+01:00"),
        ("s", "2026-03-17T15:00:00+01:00"),
        ("s", "2026-03-23T09:00:00+01:00"),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        vevent("1", at(9), "RRULE:FREQ=SECONDLY"),
        vevent("1", at(9), "RRULE:FREQ=MINUTELY;INTERVAL=5"),
        vevent("1", "DTSTART:not a date"),
        vevent("1", "X-NOTHING:1"),
        vevent("1", at(9), "RRULE:FREQ=NEVER"),
        vevent("1", at(9), "RDATE:" + ",".join(["20260303T080000Z"] * 6000)),
    ],
    ids=["secondly", "minutely", "no date", "no start", "no pace", "many dates"],
)
async def test_a_hostile_or_broken_entry_does_not_hide_the_others(tmp_path, bad):
    found = await read(tmp_path, ics(bad, vevent("2", at(10))))
    assert [entry["uid"] for entry in found["entries"]] == ["2"]


@pytest.mark.parametrize("text", ["", "hello", "<html>", "BEGIN:VEVENT\r\nEND:VEVENT", "\x00" * 50])
async def test_what_is_no_calendar_is_refused(tmp_path, text):
    with pytest.raises(StepError) as caught:
        await read(tmp_path, text)
    assert "ICS" in caught.value.render("fr") or "illisible" in caught.value.render("fr")


async def test_a_span_must_be_one(tmp_path):
    for wrong in ({"start": "soon"}, {"end": "2025-01-01"}, {"end": "2099-01-01"}):
        with pytest.raises(StepError):
            await read(tmp_path, ics(), **wrong)


async def test_the_reading_happens_in_a_process_of_its_own(tmp_path):
    catalog, workers = discover(), Workers(places=1)
    try:
        away = isolate(catalog, workers.run).actions["calendar.read"]
        given = {"content": ics(vevent("1", at(9))), "start": "2026-03-01"}
        context = make_context(tmp_path, timezone=PARIS)
        found = await away.run(away.parameters.build(given), context)
        assert found["count"] == 1
        assert workers.status()["idle"] == 1
    finally:
        await workers.close()


def test_a_source_is_named_once_and_one_side_only():
    spec = connector.triggers["calendar.event"]
    for wrong in (
        {},
        {"file": "a", "url": "https://x"},
        {"file": "a", "before": "1h", "after": "1h"},
    ):
        assert spec.listen.check(spec.parameters.build(wrong)) is not None
    assert spec.listen.check(spec.parameters.build({"file": "a"})) is None
