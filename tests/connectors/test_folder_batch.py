"""`folder.batch`: a burst of files as one event."""

import asyncio
import os

import pytest

from rouage.errors import JournalError, Overloaded
from tests.connectors.inbox import Inbox, eventually

QUIET = "250ms"


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Inbox(folder, tmp_path, "folder.batch")


def batches(inbox):
    return [sorted(file["name"] for file in event.data["files"]) for event in inbox.emit.events]


async def test_a_burst_makes_one_event_with_all_its_files(inbox):
    async with inbox.watched(quiet=QUIET):
        for number in range(20):
            (inbox.path / f"{number:02}.jpg").write_bytes(b"photo %d" % number)
        await eventually(lambda: inbox.emit.events)
        (event,) = inbox.emit.events
        assert event.data["count"] == len(event.data["files"]) == 20
        assert event.data["size"] == sum(file["size"] for file in event.data["files"])
        assert event.data["folder"] == str(inbox.path)
        assert batches(inbox) == [[f"{number:02}.jpg" for number in range(20)]]
        await inbox.is_state("07.jpg", "claimed")
        assert "made an event" in inbox.why("07.jpg")
        (inbox.path / "late.jpg").write_bytes(b"late")
        await eventually(lambda: len(inbox.emit.events) == 2)
        assert batches(inbox)[1] == ["late.jpg"]
    async with inbox.watched(quiet=QUIET):
        await inbox.is_calm()
        await asyncio.sleep(0.5)
        assert len(inbox.emit.events) == 2


async def test_a_batch_is_never_larger_than_asked_for(inbox):
    async with inbox.watched(quiet="300ms", max=4):
        for number in range(10):
            (inbox.path / f"{number}.txt").write_bytes(b"%d" % number)
        await eventually(lambda: sum(map(len, batches(inbox))) == 10)
        assert max(map(len, batches(inbox))) == 4
        assert len({name for batch in batches(inbox) for name in batch}) == 10


async def test_a_batch_waits_for_a_file_that_is_still_written_but_not_for_ever(inbox):
    async with inbox.watched(quiet=QUIET, max_wait="2s"):
        with (inbox.path / "slow.txt").open("wb") as stream:
            stream.write(b"half")
            stream.flush()
            (inbox.path / "a.txt").write_text("a")
            await asyncio.sleep(0.8)
            assert inbox.emit.events == []
            stream.write(b" and half")
        await eventually(lambda: inbox.emit.events)
        assert batches(inbox) == [["a.txt", "slow.txt"]]
        with (inbox.path / "slow2.txt").open("wb") as stream:
            stream.write(b"half")
            stream.flush()
            (inbox.path / "b.txt").write_text("b")
            await eventually(lambda: len(inbox.emit.events) == 2)
        assert batches(inbox)[1] == ["b.txt"]
        await eventually(lambda: len(inbox.emit.events) == 3)


async def test_what_changes_or_goes_before_the_batch_is_complete_is_told_as_it_is(inbox):
    async with inbox.watched(quiet="800ms"):
        for name in ("a.txt", "b.txt", "c.txt"):
            (inbox.path / name).write_text("first")
        await eventually(lambda: inbox.trigger.status().get("gathered") == 3)
        (inbox.path / "a.txt").unlink()
        (inbox.path / "b.txt").write_text("second version")
        await eventually(lambda: inbox.emit.events)
        await inbox.is_calm()
        files = {file["name"]: file for event in inbox.emit.events for file in event.data["files"]}
        assert set(files) == {"b.txt", "c.txt"}
        assert files["b.txt"]["size"] == len("second version")


async def test_a_batch_that_was_not_told_is_gathered_again_after_a_restart(inbox):
    async with inbox.watched(quiet="1h"):
        (inbox.path / "a.txt").write_text("a")
        await eventually(lambda: inbox.trigger.status().get("gathered") == 1)
        assert "not taken yet" in inbox.why("a.txt")
    async with inbox.watched(quiet=QUIET):
        (inbox.path / "b.txt").write_text("b")
        await eventually(lambda: sum(map(len, batches(inbox))) == 2)


@pytest.mark.parametrize(
    "error", [Overloaded("full", retry_after_seconds=0.1), JournalError("disk full")]
)
async def test_a_batch_that_cannot_be_kept_now_is_kept_later(inbox, error):
    inbox.emit.errors = [error]
    async with inbox.watched(quiet=QUIET, once_per="content"):
        (inbox.path / "a.txt").write_text("a")
        (inbox.path / "b.txt").write_text("b")
        await eventually(lambda: inbox.emit.events)
        assert batches(inbox) == [["a.txt", "b.txt"]]
        (inbox.path / "c.txt").write_text("a")
        await inbox.is_state("c.txt", "known")


async def test_files_that_the_recipe_wrote_itself_are_left_out(inbox):
    inbox.traces.writers = {"own.txt": ("other", "test"), "foreign.txt": ("test", "other")}
    async with inbox.watched(quiet=QUIET):
        for name in ("own.txt", "foreign.txt", "plain.txt"):
            (inbox.path / name).write_text(name)
        await eventually(lambda: inbox.emit.events)
        (event,) = inbox.emit.events
        assert batches(inbox) == [["foreign.txt", "plain.txt"]]
        assert event.trail == ("test", "other")
        await inbox.is_state("own.txt", "own")
        assert "the recipe wrote" in inbox.why("own.txt")


async def test_more_files_than_two_batches_wait_and_all_come(inbox):
    async with inbox.watched(quiet="50ms", max=10):
        for number in range(200):
            (inbox.path / f"{number}.txt").write_bytes(b"%d" % number)
        await eventually(lambda: sum(map(len, batches(inbox))) == 200, seconds=30)
        names = [name for batch in batches(inbox) for name in batch]
        assert len(set(names)) == 200
        assert os.listdir(inbox.path)
