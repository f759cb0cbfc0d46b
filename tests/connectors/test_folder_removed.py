"""`folder.removed`: a known file that left makes one event, and nothing else does."""

import asyncio
import os

import pytest

from rouage.errors import JournalError, Overloaded
from tests.connectors.inbox import Inbox, eventually


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (folder / name).write_text(name)
    return Inbox(folder, tmp_path, "folder.removed")


async def is_quiet(inbox):
    await inbox.is_calm()
    await eventually(lambda: not inbox.trigger.status()["leaving"])


async def test_a_file_that_was_deleted_or_moved_away_makes_one_event(inbox, tmp_path):
    async with inbox.watched():
        facts = (inbox.path / "a.txt").stat()
        (inbox.path / "a.txt").unlink()
        (inbox.path / "b.txt").rename(tmp_path / "elsewhere.txt")
        await inbox.gets("a.txt", "b.txt")
        gone = {file["name"]: file for file in inbox.files}["a.txt"]
        assert (gone["path"], gone["size"]) == (str(inbox.path / "a.txt"), facts.st_size)
        assert "sha256" not in gone
        assert [event.data["by_recipe"] for event in inbox.emit.events] == [False, False]
        await inbox.is_state("a.txt", "left")
        assert " left on " in inbox.why("a.txt")
        assert "when it leaves" in inbox.why("c.txt")
        (inbox.path / "a.txt").write_text("back")
        await eventually(lambda: inbox.row("a.txt").state != "left")
        (inbox.path / "a.txt").unlink()
        await inbox.gets("a.txt", "b.txt", "a.txt")


async def test_files_that_left_while_nobody_watched_are_told(inbox):
    async with inbox.watched():
        pass
    for name in ("a.txt", "b.txt", "c.txt"):
        (inbox.path / name).unlink()
    async with inbox.watched():
        await inbox.gets("a.txt", "b.txt", "c.txt")
    async with inbox.watched():
        await is_quiet(inbox)
        assert len(inbox.files) == 3


async def test_a_file_that_is_saved_anew_or_renamed_has_not_left(inbox):
    async with inbox.watched(settle="200ms"):
        for _ in range(3):
            (inbox.path / "a.txt").rename(inbox.path / "a.txt~")
            await asyncio.sleep(0.02)
            (inbox.path / "a.txt").write_text("edited")
            (inbox.path / "a.txt~").unlink()
        (inbox.path / "b.txt").rename(inbox.path / "renamed.txt")
        await is_quiet(inbox)
        assert inbox.files == []
        (inbox.path / "renamed.txt").rename(inbox.path / ".hidden")
        await inbox.gets("renamed.txt")


async def test_what_a_recipe_took_is_told_only_when_asked_for(inbox):
    inbox.traces.takers = {"a.txt": ("sorter",), "b.txt": ("sorter",)}
    async with inbox.watched():
        (inbox.path / "a.txt").unlink()
        (inbox.path / "c.txt").unlink()
        await inbox.gets("c.txt")
        await inbox.is_state("a.txt", "taken")
        assert "by_recipes" in inbox.why("a.txt")
    async with inbox.watched(by_recipes=True):
        (inbox.path / "b.txt").unlink()
        await inbox.gets("c.txt", "b.txt")
        assert inbox.emit.events[-1].data["by_recipe"]
        assert inbox.emit.events[-1].trail == ("sorter",)


@pytest.mark.parametrize(
    "error", [Overloaded("full", retry_after_seconds=0.1), JournalError("disk full")]
)
async def test_a_departure_that_cannot_be_kept_now_is_kept_later(inbox, error):
    inbox.emit.errors = [error]
    async with inbox.watched():
        (inbox.path / "a.txt").unlink()
        await inbox.gets("a.txt")


async def test_only_names_that_match_count_and_sub_folders_when_asked_for(inbox, tmp_path):
    (inbox.path / "sub").mkdir()
    (inbox.path / "sub/d.txt").write_text("d")
    (inbox.path / "e.pdf").write_text("e")
    async with inbox.watched(match="*.txt", recursive=True):
        (inbox.path / "e.pdf").unlink()
        (inbox.path / "sub").rename(tmp_path / "away")
        await inbox.gets("d.txt")
        assert "does not match" in inbox.why("e.pdf")


async def test_a_folder_that_cannot_be_read_has_lost_nothing(inbox):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (inbox.path / "sub").mkdir()
    (inbox.path / "sub/d.txt").write_text("d")
    async with inbox.watched(recursive=True):
        pass
    (inbox.path / "sub").chmod(0)
    try:
        async with inbox.watched(recursive=True):
            assert inbox.reports[0][0] == "degraded"
            await is_quiet(inbox)
            assert inbox.files == []
    finally:
        (inbox.path / "sub").chmod(0o700)


async def test_two_thousand_files_that_leave_at_once_make_one_event_each(inbox):
    for number in range(2000):
        (inbox.path / f"{number}.txt").write_bytes(b"%d" % number)
    async with inbox.watched():
        for number in range(2000):
            (inbox.path / f"{number}.txt").unlink()
        await eventually(lambda: len(inbox.files) >= 2000, seconds=30)
        await is_quiet(inbox)
        assert len(inbox.names) == len(set(inbox.names)) == 2000
