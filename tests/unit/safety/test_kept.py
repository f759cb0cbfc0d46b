"""Contents that are replaced are kept for a while, and known by what they are."""

import os
import time

import pytest

from rouage.safety import kept
from rouage.safety.fingerprint import (
    WHOLE_BYTES,
    Fingerprints,
    as_bytes,
    as_text,
    fingerprint,
    hash_of,
)
from rouage.safety.paths import Folders


@pytest.fixture
def folders(tmp_path):
    return Folders(workspace=tmp_path)


def keep(folders, name, key="key"):
    with folders.place(name, "write") as place:
        found = os.stat(place.name, dir_fd=place.folder)
        return kept.keep(folders, place, found, key)


def test_a_content_is_kept_by_a_second_name_and_survives_its_replacement(folders, tmp_path):
    (tmp_path / "a").write_text("old")
    name = keep(folders, "a")
    path = kept.path_of(folders, name)
    assert path.samefile(tmp_path / "a")
    assert path.parent.stat().st_mode & 0o077 == 0
    (tmp_path / "b").write_text("new")
    (tmp_path / "b").replace(tmp_path / "a")
    assert path.read_text() == "old"
    kept.drop(folders, name)
    assert not path.exists()
    assert not path.parent.exists()


def test_a_repeated_step_keeps_what_is_there_now(folders, tmp_path):
    (tmp_path / "a").write_text("first")
    first = keep(folders, "a")
    (tmp_path / "b").write_text("second")
    (tmp_path / "b").replace(tmp_path / "a")
    assert keep(folders, "a") == first
    assert kept.path_of(folders, first).read_text() == "second"


def test_old_contents_go_and_then_the_oldest_of_too_much(folders, tmp_path, monkeypatch):
    for number in range(4):
        (tmp_path / f"{number}").write_bytes(b"x" * 1_000)
        keep(folders, f"{number}", key=f"key-{number}")
    private = tmp_path / ".rouage"
    assert kept.sweep(private, now=time.time()) == 0
    monkeypatch.setattr(kept, "MOST_KEPT_BYTES", 2_000)
    assert kept.sweep(private, now=time.time()) == 2
    assert kept.sweep(private, now=time.time() + kept.KEPT_SECONDS + 60) == 2
    assert not list((private / "kept").iterdir())


def test_a_content_is_known_whatever_its_name_and_date(folders, tmp_path):
    (tmp_path / "a").write_text("the same")
    (tmp_path / "b").write_text("the same")
    os.utime(tmp_path / "b", (1, 1))
    assert fingerprint(folders, "a") == fingerprint(folders, "b") is not None
    assert fingerprint(folders, "missing") is None
    assert fingerprint(folders, tmp_path) is None
    text = fingerprint(folders, "a")
    assert as_text(as_bytes(text)) == text


def test_a_content_that_changes_without_a_new_size_is_noticed(folders, tmp_path):
    seen = set()
    for letter in "abcdef":
        (tmp_path / "a").write_text(letter)
        seen.add(fingerprint(folders, "a"))
    assert len(seen) == 6


def test_a_large_file_is_known_by_its_size_and_samples(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(WHOLE_BYTES + 1)
    with Folders(workspace=tmp_path).place(path, "read") as place:
        empty = Fingerprints().of(place)
        with path.open("r+b") as file:
            file.seek(WHOLE_BYTES)
            file.write(b"!")
        assert Fingerprints().of(place) != empty
    assert empty.startswith("~")
    assert as_text(as_bytes(empty)) == empty


def test_parts_that_are_left_out_are_as_if_they_were_not_there(tmp_path):
    (tmp_path / "a").write_bytes(b"one two three")
    (tmp_path / "b").write_bytes(b"one three")
    with (tmp_path / "a").open("rb") as long, (tmp_path / "b").open("rb") as short:
        cut = hash_of(long.fileno(), 13, without=((3, 7),))
        assert cut == hash_of(short.fileno(), 9)


def test_in_a_folder_that_others_may_write_to_a_copy_is_kept(folders, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o775)
    (shared / "a").write_text("old")
    os.utime(shared / "a", (1_600_000_000, 1_600_000_000))
    name = keep(folders, "shared/a")
    assert (shared / "a").stat().st_nlink == 1, "it would look like a planted link"
    assert kept.path_of(folders, name).read_text() == "old"
    assert kept.path_of(folders, name).stat().st_mtime == 1_600_000_000
