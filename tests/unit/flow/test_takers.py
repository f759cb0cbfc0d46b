"""What actions took away is known for a while, so that a trigger can say who took it."""

from pathlib import Path

from rouage.flow.trail import WrittenFiles


class Ticker:
    """Seconds that a test sets."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def traces(ticker: Ticker, **more: int) -> WrittenFiles:
    written = WrittenFiles(ticker, **more)
    written.is_needed = True
    return written


def test_a_file_that_an_action_moved_or_deleted_is_known_as_taken(tmp_path: Path) -> None:
    ticker, path = Ticker(), tmp_path / "a.txt"
    written = traces(ticker)
    path.write_text("a")
    written.note(str(path), ("first", "sorter"))
    assert written.takers_of(str(path)) == ()
    path.unlink()
    written.note(str(path), ("first", "sorter"))
    assert written.takers_of(str(path)) == ("first", "sorter")
    assert written.trail_of({"file": {"path": str(path), "size": 1, "modified": "x"}}) == ()
    ticker.seconds = 601.0
    assert written.takers_of(str(path)) == ()


def test_a_folder_known_by_another_way_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    written = traces(Ticker())
    written.note(str(tmp_path / "link/a.txt"), ("sorter",))
    assert written.takers_of(str(tmp_path / "real/a.txt")) == ("sorter",)


def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    written = traces(Ticker(), most=10)
    for number in range(30):
        written.note(str(tmp_path / str(number)), ("sorter",))
    known = [written.takers_of(str(tmp_path / str(number))) for number in range(30)]
    assert known == [()] * 20 + [("sorter",)] * 10
