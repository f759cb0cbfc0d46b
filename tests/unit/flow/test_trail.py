"""Recipes that start each other in a circle are stopped, and the circle is named."""

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.flow.trail import WrittenFiles, find_loop


def test_a_recipe_may_come_three_times_and_is_stopped_with_the_last_round_named() -> None:
    assert find_loop("a", ("a", "b", "a", "b")) is None
    loop = find_loop("a", ("a", "b", "a", "b", "a", "b"))
    assert loop is not None
    assert "a > b > a" in loop.render("en")
    assert "a > b > a" in loop.render("fr")


def test_a_long_trail_is_stopped_even_without_a_circle() -> None:
    names = tuple(f"r{number}" for number in range(20))
    assert find_loop("z", names[:19]) is None
    loop = find_loop("z", names)
    assert loop is not None
    assert "r19 > z" in loop.render("en")
    assert "20" in loop.render("fr")


def test_a_file_that_the_recipe_wrote_itself_is_stopped_at_once() -> None:
    loop = find_loop("a", ("b", "a"), is_own_file=True)
    assert loop is not None
    assert "a > a" in loop.render("en")


class Ticker:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def needed(ticker: Ticker | None = None, **more: Any) -> WrittenFiles:
    written = WrittenFiles(ticker or Ticker(), **more)
    written.is_needed = True
    return written


def event_of(path: Path) -> dict[str, Any]:
    found = path.stat()
    modified = datetime.fromtimestamp(int(found.st_mtime), UTC).isoformat()
    return {"file": {"path": str(path), "size": found.st_size, "modified": modified}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "a.txt"
    made.write_text("one")
    return made


def test_a_file_has_the_trail_of_the_action_that_left_it_so(path: Path) -> None:
    written = needed()
    assert not written
    written.note(str(path), ("a", "b"))
    assert written.trail_of(event_of(path)) == ("a", "b")
    assert written.trail_of({"file": {"path": "/elsewhere"}}) == ()
    assert written.trail_of({"body": 1}) == ()
    assert written.trail_of(None) == ()


def test_a_file_is_known_whatever_way_leads_to_it(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path.parent)
    written = needed()
    written.note(str(path), ("a",))
    assert written.trail_of(event_of(tmp_path / "link" / path.name)) == ("a",)


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_file_that_somebody_changed_since_has_no_trail(path: Path, change: str) -> None:
    written = needed()
    written.note(str(path), ("a",))
    if change == "size":
        path.write_text("longer")
    else:
        os.utime(path, (1, 1))
    assert written.trail_of(event_of(path)) == ()


def test_nothing_is_noted_while_no_trigger_tells_of_files(path: Path) -> None:
    written = WrittenFiles(Ticker())
    written.note(str(path), ("a",))
    assert not written


def test_what_was_written_is_forgotten_after_ten_minutes(path: Path) -> None:
    ticker = Ticker()
    written = needed(ticker)
    written.note(str(path), ("a",))
    ticker.seconds = 599
    assert written.trail_of(event_of(path)) == ("a",)
    ticker.seconds = 601
    assert written.trail_of(event_of(path)) == ()


def test_a_file_that_is_gone_already_is_not_noted(tmp_path: Path) -> None:
    written = needed()
    written.note(str(tmp_path / "missing"), ("a",))
    written.note("nul\0byte", ("a",))
    assert not written


def test_many_files_from_many_threads_stay_bounded(tmp_path: Path) -> None:
    written = needed(most=30)
    places = [tmp_path / f"{number}.txt" for number in range(40)]
    for place in places:
        place.write_text("x")

    def note() -> None:
        for place in places:
            written.note(str(place), ("a",))

    threads = [threading.Thread(target=note) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    known = [place for place in places if written.trail_of(event_of(place)) == ("a",)]
    assert len(known) == 30
    assert places[-1] in known
