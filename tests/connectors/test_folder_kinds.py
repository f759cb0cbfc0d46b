"""What counts as new and as complete in `folder.file`, beyond the plain case."""

import asyncio
import io
import os
import zipfile
from types import SimpleNamespace

import pytest

from rouage_connectors.folder import connector
from rouage_connectors.folder.brake import MOST_IN_WINDOW
from rouage_connectors.folder.conflicts import is_conflict_copy
from rouage_connectors.folder.whole import is_elsewhere, is_whole
from tests.connectors.inbox import Inbox, eventually

JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x01" * 9
    + b"\xff\xe1\x00\x08" + b"\xff\xd8\xff\xd9" + b"xx"  # a preview with an end of its own
    + b"\xff\xda\x00\x04\x01\x02" + b"picture" * 50 + b"\xff\xd9"
)  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60 + b"\x00\x00\x00\x00IEND\xaeB`\x82"
PDF = b"%PDF-1.7\n" + b"x" * 6000 + b"\nstartxref\n12\n%%EOF\n"
WEB_PDF = (
    b"%PDF-1.4\n1 0 obj <</Linearized 1 /L 8960 /H [1 2]>>\n%%EOF\n" + b"y" * 8900 + b"%%EOF\n"
)


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        written.writestr("word/document.xml", "<w/>" * 200)
        written.writestr("empty.txt", "")
    return stream.getvalue()


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Inbox(folder, tmp_path)


def judge(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with path.open("rb") as stream:
        return is_whole(stream.fileno(), os.fsencode(path), len(content))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("a.pdf", WEB_PDF),
        ("a.jpg", JPEG),
        ("A.JPEG", JPEG),
        ("a.png", PNG),
        ("a.zip", archive()),
        ("a.docx", archive()),
        ("a.xlsx", archive()),
    ],
)
def test_a_document_is_whole_with_its_end_only(tmp_path, name, content):
    assert judge(tmp_path, name, content)
    assert judge(tmp_path, name, content + b"\0" * 100), "programs add bytes after the end"
    for length in (20, len(content) // 2, len(content) - 8):
        assert not judge(tmp_path, name, content[:length]), length
    assert not judge(tmp_path, name, content[:-8] + b"\0" * 100), "only its space is there"
    assert not judge(tmp_path, name, b"\0" * 5000)


def test_other_content_than_the_name_says_is_not_judged(tmp_path):
    for name in ("a.pdf", "a.jpg", "a.png", "a.zip", "a.docx"):
        assert judge(tmp_path, name, b"<html>not found</html>")
    for name in ("a.txt", "pdf", "a.csv", "a."):
        assert judge(tmp_path, name, PDF[:200])


def test_a_photo_that_carries_a_film_after_its_end_is_whole(tmp_path):
    assert judge(tmp_path, "a.jpg", JPEG + b"film" * 600_000)
    assert not judge(tmp_path, "a.jpg", JPEG[:-2] + b"film" * 600_000)
    assert judge(tmp_path, "a.zip", b"#!program\n" + archive())


async def test_a_document_without_its_end_waits_for_it_and_says_so(inbox):
    async with inbox.watched():
        (inbox.path / "scan.pdf").write_bytes(PDF[:3000])
        await eventually(lambda: inbox.trigger.status()["waiting"])
        (waiting,) = inbox.trigger.status()["waiting"]
        assert "its end is missing" in waiting["reason"]["en"]
        assert "its end is missing" in inbox.why("scan.pdf")
        with (inbox.path / "scan.pdf").open("ab") as stream:
            stream.write(PDF[3000:])
        await inbox.gets("scan.pdf")
        assert inbox.files[0]["size"] == len(PDF)
    async with inbox.watched(whole="off"):
        (inbox.path / "half.pdf").write_bytes(PDF[:3000])
        await inbox.gets("scan.pdf", "half.pdf")


@pytest.mark.parametrize(
    "name",
    [
        "facture.sync-conflict-20260302-091400-ABCDEFG.pdf",
        "facture (Zoé's conflicted copy 2026-03-02).pdf",
        "facture (Copie en conflit de Zoé 2026-03-02).pdf",
        "facture (conflicted copy 2026-03-02 091400).pdf",
        "facture_conflict-20260302-091400.pdf",
        "facture (SFConflict zoe@example.org 2026-03-02-09-14-00).pdf",
        "facture_portable_Mar-02-091400-2026_Conflict.pdf",
        "facture.Conflict.pdf",
        "facture [Conflict].pdf",
    ],
)
def test_the_copies_of_synchronisations_are_known(name):
    assert is_conflict_copy(name)


@pytest.mark.parametrize(
    "name", ["facture.pdf", "conflict.pdf", "gestion des conflits.pdf", "conflit (2).pdf"]
)
def test_other_names_are_no_conflict_copies(name):
    assert not is_conflict_copy(name)


async def test_a_conflict_copy_is_marked(inbox):
    async with inbox.watched():
        (inbox.path / "a.sync-conflict-20260302-091400-ABCDEFG.txt").write_text("theirs")
        (inbox.path / "a.txt").write_text("ours")
        await eventually(lambda: len(inbox.files) == 2)
    assert {file["conflict"] for file in inbox.files if file["name"] == "a.txt"} == {False}
    assert sum(file["conflict"] for file in inbox.files) == 1


async def test_each_content_counts_once_under_any_name(inbox):
    async with inbox.watched(once_per="content", hash_max="0"):
        (inbox.path / "a.txt").write_text("same")
        await inbox.gets("a.txt")
        (inbox.path / "b.txt").write_text("same")
        await inbox.is_state("b.txt", "known")
        assert "content that was taken before" in inbox.why("b.txt")
        (inbox.path / "a.txt").write_text("other")
        await inbox.gets("a.txt", "a.txt")
    async with inbox.watched(once_per="content"):
        (inbox.path / "c.txt").write_text("same")
        await inbox.is_state("c.txt", "known")
        (inbox.path / "d.txt").write_text("new")
        await inbox.gets("a.txt", "a.txt", "d.txt")
    inbox.path = inbox.path.with_name("elsewhere")
    inbox.path.mkdir()
    async with inbox.watched(once_per="content"):
        (inbox.path / "e.txt").write_text("same")
        await inbox.is_state("e.txt", "known")


async def test_each_name_counts_once_whatever_its_content(inbox):
    async with inbox.watched(once_per="name"):
        (inbox.path / "a.txt").write_text("first")
        await inbox.gets("a.txt")
        (inbox.path / "a.txt").write_text("second")
        await inbox.is_state("a.txt", "repeated")
        assert "each name once" in inbox.why("a.txt")
        (inbox.path / "a.txt").unlink()
        await inbox.is_state("a.txt", "taken")
    async with inbox.watched(once_per="name"):
        (inbox.path / "a.txt").write_text("third")
        await inbox.is_state("a.txt", "repeated")
        (inbox.path / "b.txt").write_text("first")
        await inbox.gets("a.txt", "b.txt")


async def test_every_version_has_a_copy_of_its_own(inbox):
    async with inbox.watched(versions="all"):
        for number in range(5):
            (inbox.path / "a.txt").write_text(f"version {number}")
            await eventually(lambda seen=number + 1: len(inbox.files) == seen)
    contents = []
    for file in inbox.files:
        assert file["path"] != file["original"] == str(inbox.path / "a.txt")
        assert (file["name"], file["folder"]) == ("a.txt", str(inbox.path))
        assert file["path"].startswith(str(inbox.workspace / ".rouage/received/"))
        assert file["path"].endswith("/a.txt"), "what is made of it is named after it"
        assert os.stat(file["path"]).st_mode & 0o777 == 0o600
        with open(file["path"]) as stream:
            contents.append(stream.read())
    assert contents == [f"version {number}" for number in range(5)]


async def test_links_are_left_alone_unless_they_are_asked_for(inbox, tmp_path):
    outside, allowed = tmp_path / "outside", tmp_path / "allowed"
    outside.mkdir()
    allowed.mkdir()
    (outside / "secret.txt").write_text("secret")
    (allowed / "shared.txt").write_text("shared")
    async with inbox.watched():
        (inbox.path / "real.txt").write_text("real")
        (inbox.path / "link.txt").symlink_to(inbox.path / "real.txt")
        await inbox.gets("real.txt")
        assert "`follow_symlinks` is off" in inbox.why("link.txt")
    async with inbox.watched(
        follow_symlinks=True, links_to=[str(allowed)], recursive=True, once_per="name"
    ):
        (inbox.path / "out.txt").symlink_to(outside / "secret.txt")
        (inbox.path / "away").symlink_to(outside)
        (inbox.path / "round").symlink_to(inbox.path)
        (inbox.path / "in.txt").symlink_to(allowed / "shared.txt")
        await eventually(lambda: len(inbox.files) == 3)
        await inbox.is_calm()
        assert sorted(inbox.names) == ["in.txt", "link.txt", "real.txt"]
        assert {file["path"] for file in inbox.files if file["name"] == "in.txt"} == {
            str(allowed / "shared.txt")
        }
        assert "leads outside" in inbox.why("out.txt")
    async with inbox.watched(follow_symlinks=True, links_to=[str(allowed)], recursive=True):
        (inbox.path / "there").symlink_to(allowed)
        await eventually(lambda: "shared.txt" in inbox.names, seconds=20)
        assert "secret.txt" not in inbox.names


async def test_a_file_that_makes_event_after_event_pauses_the_trigger(inbox):
    async with inbox.watched(settle="10ms"):
        for number in range(MOST_IN_WINDOW):
            (inbox.path / "log.txt").write_text(str(number))
            await eventually(lambda seen=number + 1: len(inbox.files) == seen)
        (inbox.path / "log.txt").write_text("once more")
        await eventually(lambda: inbox.reports[-1][0] == "degraded")
        assert "log.txt made more than 20 events" in inbox.reports[-1][1].en
        assert inbox.trigger.status()["brakes"] == 1
        (inbox.path / "other.txt").write_text("waits too")
        await asyncio.sleep(0.3)
        assert len(inbox.files) == MOST_IN_WINDOW
    async with inbox.watched():
        await eventually(lambda: len(inbox.files) == MOST_IN_WINDOW + 2)
        assert sorted(inbox.names)[-1] == "other.txt"


async def test_files_that_were_there_first_are_processed_on_demand(inbox):
    for number in range(3):
        (inbox.path / f"{number}.txt").write_text(str(number))
    async with inbox.watched():
        assert inbox.trigger.status()["baseline"] == 3
        assert "--existing" in inbox.why("1.txt")
        assert await inbox.trigger.take_existing() == 3
        await inbox.gets("0.txt", "1.txt", "2.txt")
        assert await inbox.trigger.take_existing() == 0
    async with inbox.watched():
        await inbox.gets("0.txt", "1.txt", "2.txt")


async def test_a_marker_that_is_missing_is_named(inbox):
    async with inbox.watched(ready_when="marker"):
        (inbox.path / "a.txt").write_text("a")
        await eventually(lambda: inbox.trigger.status()["waiting"])
        assert "a.txt.ok" in inbox.why("a.txt")


async def test_an_event_counts_while_its_file_is_the_version_it_told_of(inbox):
    overtaken = connector.triggers["folder.file"].listen.overtaken
    path = inbox.path / "a.txt"
    async with inbox.watched():
        path.write_text("first")
        await inbox.gets("a.txt")
    (event,) = inbox.emit.events
    assert await overtaken(event.data, event.key) is None
    os.utime(path)
    assert await overtaken(event.data, event.key) is None, "the content decides"
    path.write_text("FIRST")
    assert (await overtaken(event.data, event.key)).en.startswith("superseded")
    path.write_text("second")
    assert (await overtaken(event.data, event.key)).en.startswith("superseded")
    path.unlink()
    assert (await overtaken(event.data, event.key)).en.startswith("vanished")
    assert await overtaken(event.data, "a key of another kind") is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"st_flags": 0x4000_0000}, True),
        ({"st_flags": 0x8000}, False),
        ({"st_file_attributes": 0x40_0020}, True),
        ({"st_file_attributes": 0x1020}, True),
        ({"st_file_attributes": 0x20}, False),
        ({}, False),
    ],
)
def test_what_a_cloud_service_has_not_brought_is_told(facts, expected):
    assert is_elsewhere(SimpleNamespace(**facts)) is expected


def test_a_file_on_this_disk_is_here(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    assert not is_elsewhere((tmp_path / "a.pdf").stat())
