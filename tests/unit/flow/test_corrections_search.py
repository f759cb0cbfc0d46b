"""Looking for a file that was moved: by content, near by, within bounds."""

import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from rouage.flow.corrections.search import MOST_READ, Missing, Search, identity_of


def lost(path: Path, content: str, **more: Any) -> Missing:
    options = {"made": 0.0, "rank": 0, "key": path.name} | more
    return Missing(path=str(path), hash=sha256(content.encode()).digest(), **options)


def put(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def find(*missing: Missing, known: frozenset[str] = frozenset(), **more: Any) -> dict[str, str]:
    looking = more.pop("search", None) or Search(hidden=more.pop("hidden", ()))
    return looking.find(missing, places=(), known=known, before=time.time() + 5, **more)


def test_a_file_is_found_in_the_folders_around(tmp_path: Path):
    out = tmp_path / "files" / "out"
    out.mkdir(parents=True)
    for place in ("files/other/deep/a.pdf", "files/a2.pdf", "files/out/below/b.pdf"):
        found = put(tmp_path / place, place)
        assert find(lost(out / "a.pdf", place)) == {"a.pdf": str(found)}


def test_what_is_hidden_linked_elsewhere_or_of_another_kind_is_left_out(tmp_path: Path):
    out = tmp_path / "files" / "out"
    out.mkdir(parents=True)
    put(tmp_path / "files" / ".trash" / "a.pdf", "x")
    put(tmp_path / "files" / "state" / "a.pdf", "x")
    put(tmp_path / "files" / "a.txt", "x")
    elsewhere = put(tmp_path / "elsewhere" / "a.pdf", "x")
    (tmp_path / "files" / "link").symlink_to(elsewhere.parent)
    (tmp_path / "files" / "b.pdf").symlink_to(elsewhere)
    missing = lost(out / "a.pdf", "x")
    assert find(missing, hidden=(tmp_path / "files" / "state",)) == {}
    assert set(find(missing)) == {"a.pdf"}


def test_what_was_there_before_or_belongs_to_a_recipe_is_left_out(tmp_path: Path):
    place = put(tmp_path / "files" / "other" / "a.pdf", "x")
    missing = lost(tmp_path / "files" / "out" / "a.pdf", "x")
    assert find(missing, known=frozenset({str(place)})) == {}
    assert find(lost(tmp_path / "files" / "out" / "a.pdf", "x", made=time.time() + 60)) == {}
    late = Search().find([missing], places=(), known=frozenset(), before=time.time() - 60)
    assert late == {}, "it may still be on its way"
    assert find(missing) == {"a.pdf": str(place)}


def test_nothing_above_the_home_folder_is_looked_at(tmp_path: Path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    put(tmp_path / "beside" / "a.pdf", "x")
    put(home / "other" / "deep" / "a.pdf", "x")
    (home / "out").mkdir()
    assert find(lost(home / "out" / "a.pdf", "x")) == {}
    assert find(lost(home / "a.pdf", "x")) != {}
    found = put(home / "other" / "a.pdf", "y")
    assert find(lost(home / "out" / "a.pdf", "y")) == {"a.pdf": str(found)}


def test_two_files_with_one_content_are_told_apart_by_name_or_number(tmp_path: Path):
    out, new = tmp_path / "out", tmp_path / "new"
    a, b = lost(out / "a.pdf", "x", rank=1), lost(out / "b.pdf", "x", rank=2)
    put(new / "a.pdf", "x")
    put(new / "b.pdf", "x")
    assert find(a, b) == {"a.pdf": str(new / "a.pdf"), "b.pdf": str(new / "b.pdf")}
    other = (new / "a.pdf").rename(new / "c.pdf")
    (new / "b.pdf").rename(new / "d.pdf")
    assert find(a, b) == {}
    known = lost(out / "a.pdf", "x", rank=1, identity=identity_of(str(other)))
    assert find(known, b) == {"a.pdf": str(other)}


class Counted(Search):
    """A search that tells what it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def content_of(self, path: str) -> bytes | None:
        self.read.append(path)
        return super().content_of(path)


def test_a_file_is_read_once_and_what_is_too_much_waits(tmp_path: Path):
    missing = lost(tmp_path / "out" / "a.txt", "x")
    for number in range(MOST_READ + 5):
        put(tmp_path / "new" / f"{number}.txt", str(number))
    looking = Counted()
    assert find(missing, search=looking) == {}
    assert len(looking.read) == MOST_READ
    find(missing, search=looking)
    assert len(looking.read) == len(set(looking.read)) == MOST_READ + 5
    find(missing, search=looking)
    assert len(looking.read) == MOST_READ + 5, "nothing is read twice"


def test_a_folder_or_nothing_has_no_identity(tmp_path: Path):
    assert identity_of(str(tmp_path)) is None
    assert identity_of(str(tmp_path / "missing")) is None
    assert identity_of(str(put(tmp_path / "a", "x") / "below")) is None
