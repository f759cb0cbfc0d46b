"""A daemon that is killed again and again while files arrive: one run for each file (F-23)."""

import os
import random
import time
from pathlib import Path

import pytest

from tests.bench.journal import stats, wait_idle
from tests.bench.workspace import Daemon, Workspace

RECIPE = """\
name: F
concurrency: {mode: parallel}
when:
  - folder.file: {path: inbox, settle: 100ms}
do:
  - files.move: {source: "${{ event.file.path }}", target: sorted/}
"""


@pytest.mark.slow
def test_every_file_has_one_run_however_often_the_daemon_is_killed(tmp_path: Path) -> None:
    """`ROUAGE_KILLS=50` does it 50 times, with ten files for each."""
    kills = int(os.environ.get("ROUAGE_KILLS", "6"))
    workspace = Workspace.create(tmp_path / "workspace")
    workspace.write_recipe("f", RECIPE)
    inbox, target = workspace.path("inbox"), workspace.path("sorted")
    inbox.mkdir()
    target.mkdir()
    chance = random.Random(7)  # noqa: S311 - moments to be killed at, the same each time
    Daemon(workspace).wait_ready().stop()
    files = kills * 10
    for number in range(kills):
        daemon = Daemon(workspace)
        daemon.wait_ready(60)
        for one in range(10):
            (inbox / f"{number}-{one}.txt").write_text(f"{number}-{one}")
            time.sleep(chance.uniform(0, 0.02))
        time.sleep(chance.uniform(0, 0.4))
        daemon.kill()
    daemon = Daemon(workspace)
    try:
        daemon.wait_ready(60)
        deadline = time.monotonic() + 60
        while len(os.listdir(target)) < files and time.monotonic() < deadline:
            time.sleep(0.05)
        wait_idle(workspace)
        counts = dict(stats(workspace))
    finally:
        daemon.stop()
    assert sorted(os.listdir(target)) == sorted(
        f"{number}-{one}.txt" for number in range(kills) for one in range(10)
    )
    assert counts["succeeded"] == counts["events"] == files, counts
