"""Files that come with events: kept under names of ours, readable, and gone with their event."""

import os

import pytest

from rouage.errors import StepError
from rouage.safety.paths import Folders
from rouage.sdk.received import Received, keep_file, label_of, sweep


def received(tmp_path, source="recipe/trigger_1"):
    return Received(tmp_path / ".rouage" / "received", source)


def age(folder):
    os.utime(folder, (1, 1))


def test_each_event_has_a_private_folder_of_its_own(tmp_path):
    mine = received(tmp_path)
    folder = mine.folder("key-1")
    assert folder == mine.folder("key-1")
    assert folder.stat().st_mode & 0o777 == 0o700
    others = {mine.folder("key-2"), received(tmp_path, "other/trigger_1").folder("key-1")}
    assert len({folder, *others}) == 3
    elsewhere = received(tmp_path / "elsewhere").folder("key-1")
    assert elsewhere.name != folder.name, "the name could be worked out from the event"


def test_a_file_is_kept_under_a_name_of_ours(tmp_path):
    folder = received(tmp_path).fresh_folder("key")
    kept = keep_file(folder, 1, [b"ab", memoryview(b"cd")], name="../évil\x00.PDF", kind="a/b")
    assert kept.path == folder / "001.pdf"
    assert kept.path.read_bytes() == b"abcd"
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert (kept.name, kept.size, kept.type) == ("évil.PDF", 4, "a/b")
    assert kept.sha256.startswith("88d4266f")


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
        ("a/../../etc/passwd", "passwd"),
        ("..", ""),
        ("e\u0301te\u0301.txt", "été.txt"),
        ("fac\u202eture\n.exe", "facture.exe"),
        ("x" * 300 + ".pdf", "x" * 200),
    ],
)
def test_a_name_from_outside_is_a_label(given, label):
    assert label_of(given) == label


def test_actions_read_what_came_and_change_nothing(tmp_path):
    kept = keep_file(received(tmp_path).fresh_folder("k"), 1, [b"x"], name="a", kind="b")
    files = Folders(workspace=tmp_path)
    assert files.read_bytes(kept.path, limit=10) == b"x"
    with pytest.raises(StepError, match="read and copied"):
        files.check(kept.path, "write")
    for private in ("", "/.salt", f"/{kept.path.parent.parent.name}", "/../token"):
        with pytest.raises(StepError):
            files.check(f"{tmp_path}/.rouage/received{private}", "read")


async def test_folders_without_an_event_are_removed_and_young_ones_spared(tmp_path):
    mine = received(tmp_path)
    named, gone, young = mine.folder("named"), mine.folder("gone"), mine.folder("young")
    orphan = mine.root / "0123"
    orphan.mkdir()
    for folder in (named, gone, orphan):
        age(folder)
    asked = []

    async def is_kept(source, key):
        asked.append((source, key))
        return key == "named"

    assert await sweep(mine.root, is_kept) == 2
    assert [named.exists(), gone.exists(), orphan.exists(), young.exists()] == [
        True, False, False, True,
    ]  # fmt: skip
    assert set(asked) == {("recipe/trigger_1", "named"), ("recipe/trigger_1", "gone")}
    assert await sweep(tmp_path / "absent", is_kept) == 0


def test_only_folders_of_ours_are_discarded(tmp_path):
    mine = received(tmp_path)
    fresh, other = mine.fresh_folder("key"), tmp_path / "files"
    other.mkdir()
    mine.discard(fresh)
    mine.discard(other)
    assert not fresh.exists()
    assert other.exists()
