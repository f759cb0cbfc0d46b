"""The trigger `folder.file`, on real files: each version once, when it is complete."""

import asyncio
import contextlib
import logging
import os
import shutil
import threading
import unicodedata

import pytest

from rouage.errors import JournalError, Overloaded
from rouage_connectors.folder.ledger import ROOT, key_of
from rouage_connectors.folder.watch import _inotify
from tests.connectors.inbox import Inbox, Takes, eventually


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Inbox(folder, tmp_path)


async def test_a_file_that_arrives_makes_one_event(inbox):
    async with inbox.watched():
        (inbox.path / "Facture N°1.PDF").write_bytes(b"hello")
        await inbox.gets("Facture N°1.PDF")
        (file,) = inbox.files
        assert file["path"] == str(inbox.path / "Facture N°1.PDF")
        assert (file["stem"], file["ext"], file["size"]) == ("Facture N°1", "pdf", 5)
        assert file["folder"] == str(inbox.path)
        assert file["modified"].endswith("+00:00")
        assert file["sha256"].startswith("2cf24dba")
        assert inbox.row("Facture N°1.PDF").state == "claimed"
        assert inbox.reports == [("listening", None)]
        assert inbox.why("Facture N°1.PDF").startswith(str(inbox.path / "Facture"))


async def test_two_thousand_files_at_once_make_one_event_each(inbox):
    async with inbox.watched():
        for number in range(2000):
            (inbox.path / f"{number}.txt").write_bytes(b"x%d" % number)
        await eventually(lambda: len(inbox.emit.events) >= 2000, seconds=20)
        await inbox.is_calm()
    assert sorted(inbox.names) == sorted(f"{number}.txt" for number in range(2000))


async def test_files_that_were_there_first_are_noted_and_not_processed(inbox):
    (inbox.path / "old.txt").write_text("old")
    async with inbox.watched():
        (inbox.path / "new.txt").write_text("new")
        await inbox.gets("new.txt")
        assert "already there" in inbox.why("old.txt")
        assert inbox.items.values[ROOT]["baseline"] == 1
        await eventually(lambda: inbox.row("old.txt").sha256 is not None)
        os.utime(inbox.path / "old.txt")
        (inbox.path / "old.txt").write_text("old")
        await inbox.gets("new.txt")
        (inbox.path / "old.txt").write_text("old, and more")
        await inbox.gets("new.txt", "old.txt")


async def test_existing_files_are_processed_when_the_recipe_says_so(inbox):
    (inbox.path / "old.txt").write_text("old")
    async with inbox.watched(existing="process"):
        await inbox.gets("old.txt")
    async with inbox.watched(existing="process"):
        await inbox.gets("old.txt")


async def test_files_that_came_while_nobody_watched_are_processed(inbox):
    async with inbox.watched():
        pass
    (inbox.path / "a.txt").write_text("a")
    async with inbox.watched():
        await inbox.gets("a.txt")
    (inbox.path / "a.txt").write_text("b")
    async with inbox.watched():
        await inbox.gets("a.txt", "a.txt")
    async with inbox.watched():
        await inbox.gets("a.txt", "a.txt")


async def test_the_content_decides(inbox):
    path = inbox.path / "a.txt"
    async with inbox.watched():
        path.write_text("same")
        await inbox.gets("a.txt")
        os.utime(path)
        path.touch()
        path.write_text("same")
        await inbox.gets("a.txt")
        await eventually(lambda: inbox.row("a.txt").state == "same")
        assert "content unchanged" in inbox.why("a.txt")
        (inbox.path / ".new").write_text("same")
        (inbox.path / ".new").replace(path)
        await inbox.gets("a.txt")
        facts = path.stat()
        path.write_text("SAME")
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        await inbox.gets("a.txt", "a.txt")


async def test_above_hash_max_size_and_date_decide(inbox):
    path = inbox.path / "a.txt"
    async with inbox.watched(hash_max="3"):
        path.write_text("large")
        await inbox.gets("a.txt")
        assert inbox.files[0]["sha256"] is None
        assert "not compared" in inbox.why("a.txt")
        path.write_text("large")
        await inbox.gets("a.txt", "a.txt")


async def test_a_large_file_is_hashed_too(inbox):
    async with inbox.watched():
        (inbox.path / "big.bin").write_bytes(b"\0" * (9 << 20))
        (inbox.path / "small.txt").write_text("s")
        await inbox.gets("big.bin", "small.txt")
        assert all(file["sha256"] for file in inbox.files)


async def test_every_way_in_is_noticed(inbox, tmp_path):
    async with inbox.watched():
        outside = tmp_path / "outside.txt"
        outside.write_text("moved")
        outside.rename(inbox.path / "moved.txt")
        outside.write_text("linked")
        os.link(outside, inbox.path / "linked.txt")
        outside.unlink()
        (inbox.path / ".partial.part").write_text("renamed")
        (inbox.path / ".partial.part").rename(inbox.path / "renamed.txt")
        (inbox.path / "given.txt.tmp").write_text("tmp")
        await inbox.gets("moved.txt", "linked.txt", "renamed.txt")
        assert "ignore list (*.tmp)" in inbox.why("given.txt.tmp")
        (inbox.path / "given.txt.tmp").rename(inbox.path / "given.txt")
        await inbox.gets("moved.txt", "linked.txt", "renamed.txt", "given.txt")


async def test_a_file_that_somebody_writes_is_not_taken(inbox):
    async with inbox.watched():
        with (inbox.path / "slow.txt").open("wb") as stream:
            stream.write(b"half")
            stream.flush()
            await asyncio.sleep(0.6)
            assert inbox.names == []
            (waiting,) = inbox.trigger.status()["waiting"]
            assert waiting["file"].endswith("slow.txt")
            assert waiting["reason"]["fr"]
            assert "not taken yet" in inbox.why("slow.txt")
            stream.write(b" and half")
        await inbox.gets("slow.txt")
    assert inbox.files[0]["size"] == 13


async def test_a_file_that_grows_in_pieces_is_taken_whole(inbox):
    async with inbox.watched(settle="300ms"):
        for _ in range(5):
            with (inbox.path / "scan.pdf").open("ab") as stream:
                stream.write(b"page")
            await asyncio.sleep(0.1)
        await inbox.gets("scan.pdf")
    assert inbox.files[0]["size"] == 20


async def test_space_allocated_first_is_not_content(inbox):
    async with inbox.watched():
        with (inbox.path / "copy.bin").open("wb") as stream:
            stream.truncate(100)
            await asyncio.sleep(0.4)
            assert inbox.names == []
            stream.write(b"x" * 100)
        await inbox.gets("copy.bin")
        assert inbox.row("copy.bin").sha256.hex() == inbox.files[0]["sha256"]


async def test_a_file_that_keeps_somebody_waiting_is_pointed_out(inbox, caplog):
    caplog.set_level(logging.WARNING)
    async with inbox.watched(settle_warn="1s"):
        with (inbox.path / "slow.txt").open("wb") as stream:
            stream.write(b"half")
            stream.flush()
            await eventually(lambda: "slow.txt waits since" in caplog.text)
        await inbox.gets("slow.txt")


async def test_empty_files_wait_for_content(inbox):
    async with inbox.watched():
        (inbox.path / "empty.txt").touch()
        await inbox.is_calm()
        assert inbox.names == []
        assert "is empty" in inbox.why("empty.txt")
        (inbox.path / "empty.txt").write_text("x")
        await inbox.gets("empty.txt")
    async with inbox.watched(allow_empty=True):
        (inbox.path / "nothing.txt").touch()
        await inbox.gets("empty.txt", "nothing.txt")


async def test_only_matching_regular_files_count(inbox, tmp_path):
    async with inbox.watched(match=["*.pdf", "scan-?.JPG"]):
        for name in ("a.pdf", "B.PDF", "scan-1.jpg", "scan-10.jpg", "a.pdf.txt", ".x.pdf",
                     "~$a.pdf", "a.pdf~", "a.pdf.crdownload", "Thumbs.db"):  # fmt: skip
            (inbox.path / name).write_text(name)
        (inbox.path / "folder.pdf").mkdir()
        (inbox.path / "link.pdf").symlink_to(inbox.path / "a.pdf")
        os.mkfifo(inbox.path / "pipe.pdf")
        await inbox.gets("a.pdf", "B.PDF", "scan-1.jpg")
        assert "does not match" in inbox.why("a.pdf.txt")
    async with inbox.watched(match="*.pdf", case="sensitive"):
        (inbox.path / "C.PDF").write_text("no")
        (inbox.path / "archive.part1.pdf").write_text("yes")
        await inbox.gets("a.pdf", "B.PDF", "scan-1.jpg", "archive.part1.pdf")


async def test_odd_names_make_one_event_each(inbox):
    names = [b"caf\xe9.txt", b"a\nb.txt", b"x" * 251 + b".txt", "e\u0301te\u0301.txt".encode(),
             "été.txt".encode(), b"'; drop table.txt", b" .txt", "😀.txt".encode()]  # fmt: skip
    async with inbox.watched(match="*.TXT"):
        for name in names:
            with open(os.path.join(os.fsencode(inbox.path), name), "wb") as stream:
                stream.write(name)
        await inbox.gets(*(os.fsdecode(name) for name in names))
        for file in inbox.files:
            assert os.fsencode(file["path"]).rpartition(b"/")[2] in names
        for name in names:
            reason = inbox.why(name)
            assert reason.isprintable()
            reason.encode()
        assert "caf\\xe9.txt" in inbox.why(b"caf\xe9.txt")
    async with inbox.watched(match="été.txt"):
        for name in (names[3], names[4]):
            path = os.path.join(os.fsencode(inbox.path), name)
            with open(path, "wb") as stream:
                stream.write(b"other")
        await eventually(lambda: len(inbox.names) == len(names) + 2)
    assert unicodedata.normalize("NFC", inbox.names[-1]) == "été.txt"


async def test_a_file_dropped_again_after_a_run_took_it_is_new(inbox, tmp_path):
    path, archive = inbox.path / "a.txt", tmp_path / "archive.txt"
    async with inbox.watched():
        path.write_text("same")
        await inbox.gets("a.txt")
        path.rename(archive)
        await eventually(lambda: (inbox.row("a.txt") or 0) and inbox.row("a.txt").state == "taken")
        assert "left shortly after" in inbox.why("a.txt")
        archive.rename(path)
        await inbox.gets("a.txt", "a.txt")


async def test_a_file_that_left_and_comes_back_is_a_restore_unless_it_is_newer(inbox, tmp_path):
    path, aside = inbox.path / "a.txt", tmp_path / "aside.txt"
    inbox.emit.starts_runs = False
    async with inbox.watched():
        path.write_text("same")
        await inbox.gets("a.txt")
        path.rename(aside)
        await eventually(lambda: inbox.row("a.txt").state == "left")
        assert "has been gone since" in inbox.why("a.txt")
        shutil.copy2(aside, path)
        await inbox.gets("a.txt")
        await eventually(lambda: inbox.row("a.txt").state == "restored")
        assert "a restore" in inbox.why("a.txt")
        path.unlink()
        await eventually(lambda: inbox.row("a.txt").state == "left")
        path.write_text("same")
        await inbox.gets("a.txt", "a.txt")


async def test_sub_folders_count_only_when_they_are_asked_for(inbox, tmp_path):
    async with inbox.watched():
        (inbox.path / "sub").mkdir()
        (inbox.path / "sub" / "a.txt").write_text("a")
        await inbox.is_calm()
        assert inbox.names == []
        assert "`recursive` is off" in inbox.why("sub/a.txt")
    async with inbox.watched(recursive=True):
        await inbox.gets("a.txt")
        (inbox.path / "x/y/z").mkdir(parents=True)
        (inbox.path / "x/y/z/deep.txt").write_text("deep")
        (tmp_path / "tree/t").mkdir(parents=True)
        (tmp_path / "tree/t/given.txt").write_text("given")
        (tmp_path / "tree").rename(inbox.path / "tree")
        (inbox.path / "@eaDir").mkdir()
        (inbox.path / "@eaDir/meta.txt").write_text("meta")
        await inbox.gets("a.txt", "deep.txt", "given.txt")


async def test_a_folder_that_changes_places_with_another_is_watched_anew(inbox, tmp_path):
    async with inbox.watched(recursive=True):
        (inbox.path / "sub").mkdir()
        (inbox.path / "sub/1.txt").write_text("1")
        await inbox.gets("1.txt")
        (inbox.path / "sub").rename(tmp_path / "away")
        (inbox.path / "sub").mkdir()
        await asyncio.sleep(0.3)
        (inbox.path / "sub/2.txt").write_text("2")
        (tmp_path / "away/3.txt").write_text("3")
        await inbox.gets("1.txt", "2.txt")
        (inbox.path / "sub").rename(inbox.path / "other")
        await asyncio.sleep(0.3)
        (inbox.path / "other/4.txt").write_text("4")
        await eventually(lambda: "4.txt" in inbox.names)
        assert inbox.files[-1]["path"] == str(inbox.path / "other/4.txt") or (
            str(inbox.path / "other/4.txt") in [file["path"] for file in inbox.files]
        )


async def test_a_missing_folder_is_waited_for(inbox):
    inbox.path.rmdir()
    async with inbox.watched():
        assert inbox.reports[0][0] == "waiting"
        assert str(inbox.path) in inbox.reports[0][1].fr
        inbox.path.mkdir()
        (inbox.path / "first.txt").write_text("1")
        await inbox.gets("first.txt", seconds=12)
        assert inbox.reports[-1] == ("listening", None)


async def test_a_folder_that_was_replaced_is_noticed(inbox, tmp_path):
    async with inbox.watched():
        inbox.path.rename(tmp_path / "renamed")
        inbox.path.mkdir()
        (tmp_path / "renamed" / "old.txt").write_text("old")
        (inbox.path / "new.txt").write_text("new")
        await inbox.gets("new.txt", seconds=12)
        assert inbox.files[0]["path"] == str(inbox.path / "new.txt")
        (inbox.path / "again.txt").write_text("again")
        await inbox.gets("new.txt", "again.txt")


async def test_when_the_kernel_loses_events_the_files_are_found_by_a_scan(inbox):
    async with inbox.watched():
        lock = _inotify().InotifyFD.get_instance()._lock
        with lock:
            for number in range(9000):
                (inbox.path / f"{number}.txt").write_bytes(b"%d" % number)
        await eventually(lambda: len(inbox.emit.events) >= 9000, seconds=30)
        await inbox.is_calm()
    assert len(set(inbox.names)) == len(inbox.names) == 9000


async def test_reading_the_files_makes_no_events(inbox):
    async with inbox.watched():
        (inbox.path / "a.txt").write_text("a")
        await inbox.gets("a.txt")
        for _ in range(1000):
            (inbox.path / "a.txt").read_bytes()
        await inbox.gets("a.txt")


@pytest.mark.parametrize(
    "error", [Overloaded("full", retry_after_seconds=0.2), JournalError("disk full")]
)
async def test_a_file_that_cannot_be_kept_now_is_kept_later(inbox, error):
    inbox.emit.errors = [error]
    async with inbox.watched():
        (inbox.path / "a.txt").write_text("a")
        await inbox.gets("a.txt")


async def test_the_ledger_is_written_with_the_event(inbox):
    class Refusing(Takes):
        async def __call__(self, data, *, key, time=None, items=None):
            assert list(items) == [key_of(os.fsencode(inbox.path / "a.txt"))]
            return await super().__call__(data, key=key, time=time, items=items)

    inbox.emit = Refusing(inbox.items)
    async with inbox.watched():
        (inbox.path / "a.txt").write_text("a")
        await inbox.gets("a.txt")


async def test_a_marker_file_can_say_that_a_file_is_ready(inbox):
    async with inbox.watched(ready_when="marker"):
        (inbox.path / "a.pdf").write_text("a")
        await asyncio.sleep(0.5)
        assert inbox.names == []
        (inbox.path / "a.pdf.ok").touch()
        await inbox.gets("a.pdf")


async def test_polling_sees_what_is_there(inbox):
    (inbox.path / "a.txt").write_text("a")
    async with inbox.watched(watch="poll", existing="process"):
        assert inbox.reports[0][0] == "polling"
        await inbox.gets("a.txt")


async def test_another_path_starts_another_ledger(inbox, tmp_path):
    async with inbox.watched():
        (inbox.path / "a.txt").write_text("a")
        await inbox.gets("a.txt")
    inbox.path = tmp_path / "other"
    inbox.path.mkdir()
    (inbox.path / "b.txt").write_text("b")
    async with inbox.watched():
        (inbox.path / "c.txt").write_text("c")
        await inbox.gets("a.txt", "c.txt")
        assert inbox.row("b.txt").state == "baseline"
    assert len([key for key in inbox.items.values if key.startswith(b"file:")]) == 2


async def test_files_elsewhere_are_not_explained(inbox, tmp_path):
    async with inbox.watched():
        assert inbox.why("never.txt").endswith("was never seen")
    assert inbox.why("../elsewhere.txt") is None
    inbox.items.values.clear()
    assert "not been active" in inbox.why("a.txt")


async def test_a_thousand_folders_at_once_are_all_watched_and_print_nothing(inbox, capfd):
    async with inbox.watched(recursive=True):
        for number in range(300):
            folder = inbox.path / f"d{number}/e/f"
            folder.mkdir(parents=True)
            (folder / f"{number}.txt").write_text(str(number))
        await eventually(lambda: len(inbox.emit.events) >= 300, seconds=20)
        await inbox.is_calm()
    assert len(set(inbox.names)) == len(inbox.names) == 300
    assert len(capfd.readouterr().err) < 10_000


async def test_no_thread_is_added_per_folder(tmp_path):
    before = threading.active_count()
    async with contextlib.AsyncExitStack() as stack:
        for number in range(20):
            folder = tmp_path / f"inbox-{number}"
            folder.mkdir()
            await stack.enter_async_context(Inbox(folder, tmp_path).watched())
        assert threading.active_count() - before <= 1 + min(32, (os.cpu_count() or 1) + 4)
