"""Whether the folder of recipes is as it was, told without listing it."""

import os
import time

import pytest

from rouage.recipes.listing import list_recipes

LONG_AGO = time.time_ns() - 60_000_000_000


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.yaml", "sub/b.yml", "a.test.yaml"):
        (tmp_path / name).write_text("name: A\n")
    for path in (tmp_path / "sub", tmp_path):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return tmp_path


def test_recipes_are_listed_and_nothing_else(folder):
    assert list(list_recipes(folder).files) == ["a.yaml", "sub/b.yml"]


def test_a_folder_at_rest_is_as_it_was(folder):
    assert list_recipes(folder).still_holds()


@pytest.mark.parametrize("name", ["a.yaml", "sub/b.yml"])
def test_a_file_that_is_written_in_place_is_noticed(folder, name):
    listing = list_recipes(folder)
    with (folder / name).open("a") as file:
        file.write("do: []\n")
    assert not listing.still_holds()


@pytest.mark.parametrize("name", ["c.yaml", "sub/c.yaml", "new"])
def test_a_new_name_is_noticed(folder, name):
    listing = list_recipes(folder)
    (folder / name).mkdir() if name == "new" else (folder / name).write_text("name: C\n")
    assert not listing.still_holds()


def test_a_file_or_a_folder_that_is_gone_is_noticed(folder):
    listing = list_recipes(folder)
    (folder / "sub/b.yml").unlink()
    assert not listing.still_holds()
    (folder / "sub").rmdir()
    assert not listing.still_holds()


def test_a_file_of_the_same_size_and_date_in_its_place_is_noticed(folder):
    listing, path = list_recipes(folder), folder / "a.yaml"
    found = path.stat()
    other = folder / "other"
    other.write_text("name: B\n")
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.rename(path)
    os.utime(folder, ns=(LONG_AGO, LONG_AGO))
    assert not listing.still_holds()


def test_a_folder_that_changed_just_now_is_not_trusted(folder):
    now = time.time_ns()
    os.utime(folder, ns=(now, now))
    # Another file may have come within the same tick of the disk's clock.
    assert not list_recipes(folder).still_holds()


def test_a_folder_that_is_missing_is_looked_for_again(tmp_path):
    listing = list_recipes(tmp_path / "none")
    assert listing.files == {}
    assert not listing.still_holds()
