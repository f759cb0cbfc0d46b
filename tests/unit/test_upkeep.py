"""The housekeeping of a daemon: what is due is done, and a failure stops nothing."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from rouage.catalog.discovery import discover
from rouage.durable.port import RunContext, RunFilter, RunOutcome
from rouage.durable.sqlite.copies import folder_of, list_backups
from rouage.recipes.checker import check
from rouage.settings import Retention, Settings
from rouage.upkeep import FIRST_SECONDS, PAUSE_SECONDS, Upkeep
from tests.unit.durable.conftest import Harness

DAY = 86_400


async def nothing(context: RunContext, definition: bytes) -> RunOutcome:
    return RunOutcome(state="succeeded")


async def eventually(question: Callable[[], Any]) -> None:
    async with asyncio.timeout(30.0):
        while not question():
            await asyncio.sleep(0.002)


class Housekeeping:
    """An engine with its upkeep, and a clock that is told the time."""

    def __init__(self, folder: Path) -> None:
        self.harness = Harness("sqlite", folder)
        self.clock = self.harness.clock
        self.journal = self.harness.path

    async def start(self, **limits: Any) -> Upkeep:
        self.engine = await self.harness.open(nothing)
        settings = Settings(
            workspace=self.journal.parent.parent,
            retention=Retention(**{"age_seconds": None, "size_bytes": None, **limits}),
        )
        self.upkeep = Upkeep(self.engine, settings, discover(entry_points=()), clock=self.clock)
        return self.upkeep

    async def send(self, *keys: str) -> None:
        for key in keys:
            await self.harness.send(self.engine, key, mode="parallel")
        await self.engine.wait_idle()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Housekeeping]:
    house = Housekeeping(tmp_path)
    yield house
    for engine in house.harness.engines:
        await engine.close(0.0)


@pytest.fixture
def working() -> Callable[[Upkeep], Awaitable[asyncio.Task[None]]]:
    async def start(upkeep: Upkeep) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(upkeep.work())
        for _ in range(5):  # until it sleeps
            await asyncio.sleep(0)
        return task

    return start


FORM = """\
name: Bookings
{keep}when:
  - form.submitted:
      title: Bookings
      inputs:
        email: {{type: email, label: Address}}
        people: {{type: number, label: People}}
    id: form
do:
  - text.render: {{template: "For ${{{{ event.fields.email }}}}"}}
"""


def definition_of(keep: str) -> bytes:
    text = FORM.format(keep=keep).encode()
    found = check(text, file="bookings.yaml", catalog=discover(entry_points=()))
    assert found.recipe is not None, found.problems
    return found.recipe.definition


async def booked(house: Housekeeping, key: str) -> str:
    engine: Any = house.engine
    event = house.harness.event(
        key, {"fields": {"email": "ana@exemple.fr", "people": 4}}, source="bookings/form"
    )
    digest = sha256(await engine.last_definition("bookings")).hexdigest()
    verdict = replace(house.harness.matched("bookings", mode="parallel"), definition=digest)
    answer = await engine.accept(event, [verdict])
    await engine.wait_idle()
    return str(answer.runs[0])


async def test_declared_personal_values_are_blanked_after_thirty_days(house: Housekeeping) -> None:
    upkeep = await house.start()
    engine: Any = house.engine
    await engine.put_definition("bookings", definition_of(""))
    run_id = await booked(house, "a")
    house.clock.advance(29 * DAY)
    await upkeep.look()
    assert (await engine.get_run(run_id)).blanked is None
    house.clock.advance(2 * DAY)
    await upkeep.look()
    run = await engine.get_run(run_id)
    assert run.blanked == "personal"
    assert run.event_data == {"fields": {"email": "‹erased›", "people": 4}}


async def test_the_newest_version_of_a_recipe_says_what_is_kept(house: Housekeeping) -> None:
    upkeep = await house.start(personal_seconds=None)
    engine: Any = house.engine
    await engine.put_definition("bookings", definition_of("keep: {for: 2d}\n"))
    old = await booked(house, "a")
    await engine.put_definition(
        "bookings", definition_of("keep: {for: 60d, personal: 5d, traces: full}\n")
    )
    house.clock.advance(6 * DAY)
    new = await booked(house, "b")
    await upkeep.look()
    assert (await engine.get_run(old)).blanked == "personal"
    assert (await engine.get_run(new)).blanked is None
    house.clock.advance(56 * DAY)
    await upkeep.look()
    assert await engine.get_run(old) is None
    assert (await engine.get_run(new)).blanked == "personal"


async def test_a_backup_is_made_once_a_day(house: Housekeeping) -> None:
    upkeep = await house.start(runs=100)
    await upkeep.look()
    await upkeep.look()
    house.clock.advance(DAY - 1)
    await upkeep.look()
    assert [backup.cause for backup in list_backups(house.journal)] == ["daily"]
    house.clock.advance(2)
    await upkeep.look()
    newest, first = list_backups(house.journal)
    assert newest.taken - first.taken == timedelta(days=1, seconds=1)
    assert upkeep.done.backup == newest


async def test_a_clock_that_went_back_does_not_stop_the_backups(house: Housekeeping) -> None:
    upkeep = await house.start(runs=100)
    await upkeep.look()
    house.clock.jump(-400 * DAY)
    await upkeep.look()
    assert len(list_backups(house.journal)) == 2


async def test_the_past_is_kept_within_its_bounds(house: Housekeeping) -> None:
    upkeep = await house.start(runs=2)
    await house.send(*"abcde")
    await upkeep.look()
    assert upkeep.done.purged is not None
    assert upkeep.done.purged.runs == 3
    assert (await house.engine.stats())["succeeded"] == 2


async def test_a_backup_that_fails_does_not_keep_the_purge_from_its_work(
    house: Housekeeping, caplog: pytest.LogCaptureFixture
) -> None:
    upkeep = await house.start(runs=1)
    await house.send(*"abc")
    folder_of(house.journal).write_text("a file where the folder should be")
    await upkeep.look()
    assert upkeep.done.problem is not None
    assert "no backup could be made" in caplog.text
    assert (await house.engine.stats())["succeeded"] == 1
    folder_of(house.journal).unlink()
    await upkeep.look()
    assert upkeep.done.problem is None
    assert len(list_backups(house.journal)) == 1


async def test_it_looks_after_the_start_then_by_the_hour_and_when_asked(
    house: Housekeeping, working: Callable[..., Any]
) -> None:
    upkeep = await house.start(runs=1)
    task = await working(upkeep)
    await house.send("a", "b")
    assert list_backups(house.journal) == ()
    house.clock.advance(FIRST_SECONDS)
    await eventually(lambda: upkeep.done.purged is not None and upkeep.done.purged.runs == 1)
    await house.send("c")
    await asyncio.sleep(0)
    first = upkeep.done.purged_at
    async with asyncio.timeout(30.0):
        while upkeep.done.purged_at == first:
            # Again, if the first look was not over yet and slept after the clock had moved.
            house.clock.advance(PAUSE_SECONDS)
            await asyncio.sleep(0.02)
    await house.send("d")
    house.clock.advance(1)
    upkeep.ask()
    second = upkeep.done.purged_at
    await eventually(lambda: upkeep.done.purged_at != second)
    assert (await house.engine.stats())["succeeded"] == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_stop_during_a_backup_does_not_wait_for_its_end(
    house: Housekeeping, working: Callable[..., Any]
) -> None:
    upkeep = await house.start(runs=1)
    await house.engine.put_items("x", {bytes([n]): chr(65 + n) * 900_000 for n in range(40)})
    task = await working(upkeep)
    house.clock.advance(FIRST_SECONDS)
    await eventually(lambda: folder_of(house.journal).exists())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: list(folder_of(house.journal).iterdir()) == [])


async def test_private_folders_go_with_their_runs(house: Housekeeping) -> None:
    upkeep = await house.start(runs=100)
    await house.send("kept", "empty")
    page = await house.engine.list_runs(RunFilter())
    kept, empty = [run.id for run in page.runs]
    scratch = house.journal.parent / "scratch"
    for name in (kept, empty, "forgotten", "young"):
        (scratch / name).mkdir(parents=True)
    for name in (kept, "forgotten", "young"):
        (scratch / name / "draft.txt").write_text("x")
    for name in (kept, empty, "forgotten"):
        os.utime(scratch / name, (0, 0))
    await upkeep.look()
    assert sorted(one.name for one in scratch.iterdir()) == sorted([kept, "young"])
