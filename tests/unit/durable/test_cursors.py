"""A cursor and the event it passed are one commit, wherever the process dies (R10, R11)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

ROOT = Path(__file__).parents[3]
ENTRIES = 6
POINTS = (
    "not_yet_accepted",
    "before_accept_commit",
    "inside_accept_commit",
    "cursor_moved",
    "after_accept_commit",
)


def poll(journal: Path, failpoint: str = "") -> int:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("poller.py")), str(journal), str(ENTRIES)],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "engine"),
            "ROUAGE_FAILPOINT": failpoint,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode


def on_disk(journal: Path) -> tuple[list[str], int]:
    """Return the keys of the events, and the cursor."""
    connection = apsw.Connection(str(journal), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        keys = [key for (key,) in connection.execute("SELECT key FROM event ORDER BY seq")]
        cursor = connection.execute("SELECT value FROM trigger_item").get
        return keys, int(cursor or 0)
    finally:
        connection.close()


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_neither_skips_nor_repeats_an_entry(tmp_path: Path, point: str) -> None:
    journal = tmp_path / "journal.db"
    for count in (1, 3):
        assert poll(journal, f"{point}:{count}") != 0
        keys, cursor = on_disk(journal)
        assert keys == [f"n{number}" for number in range(1, cursor + 1)]
    assert cursor < ENTRIES
    assert poll(journal) == 0
    every = [f"n{number}" for number in range(1, ENTRIES + 1)]
    assert on_disk(journal) == (every, ENTRIES)
    noted = (tmp_path / "effects").read_text().split()
    assert list(dict.fromkeys(noted)) == every
