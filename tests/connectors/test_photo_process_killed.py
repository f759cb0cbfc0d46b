"""Making photos ready, cut off in the middle: nothing is made twice, and no process stays."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rouage.sdk.testing import make_context, run_action
from rouage_connectors.photo import connector
from rouage_connectors.photo.darkroom import BadPhoto, Darkroom
from tests.connectors import photos

COUNT = 24
WISHES = {"photos": "in", "folder": "out", "longest": 1_000, "watermark": "Zoé"}
SECONDS = 60

WORKER = """
import asyncio, json, sys
from pathlib import Path
from rouage.sdk.testing import make_context, run_action
from rouage_connectors.photo import connector

context = make_context(Path(sys.argv[1]), key="the step")
asyncio.run(run_action(connector, "photo.process", json.loads(sys.argv[2]), context))
"""


def _eventually(is_so, what):
    until = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < until, what
        time.sleep(0.002)


def _helpers(pid):
    """Return the processes that read photos for *pid*; threads of it started them."""
    tasks = Path(f"/proc/{pid}/task")
    return [
        int(word) for task in tasks.iterdir() for word in (task / "children").read_text().split()
    ]


def _is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _state(folder):
    return {
        path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.glob("*.jpg")
    }


@pytest.mark.slow
def test_a_killed_step_goes_on_where_it_was_and_makes_no_photo_twice(tmp_path):
    workspace = tmp_path / "workspace"
    data = photos.bytes_of(photos.scene(2_000, 1_500), quality=90)
    (workspace / "in").mkdir(parents=True)
    for number in range(COUNT):
        (workspace / f"in/{number:02}.jpg").write_bytes(data)
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    command = [sys.executable, "-c", WORKER, str(tmp_path), json.dumps(WISHES)]
    with subprocess.Popen(command, env=environment) as process:
        _eventually(lambda: len(_state(workspace / "out")) >= 5, "no photo is made")
        helpers = _helpers(process.pid)
        process.kill()
    assert helpers
    _eventually(lambda: not any(map(_is_alive, helpers)), "a process has stayed")
    finished = _state(workspace / "out")
    assert 5 <= len(finished) < COUNT, "it was cut off in the middle"

    context = make_context(tmp_path, key="the step")
    result = asyncio.run(run_action(connector, "photo.process", WISHES, context))
    assert (result["count"], result["failed"]) == (COUNT, [])
    after = _state(workspace / "out")
    assert {name: after[name] for name in finished} == finished
    assert sorted(path.name for path in (workspace / "out").iterdir()) == [
        f"{number:02}.jpg" for number in range(COUNT)
    ]


def test_a_process_that_is_lost_is_replaced(tmp_path):
    path = photos.write(tmp_path / "a.jpg")
    with Darkroom() as room, path.open("rb") as file:
        before = set(_helpers(os.getpid()))
        assert room.ask({"do": "read"}, file)["width"] == 640
        (started,) = set(_helpers(os.getpid())) - before
        os.kill(started, signal.SIGKILL)
        _eventually(lambda: not _is_alive(started), "it lives on")
        assert room.ask({"do": "read"}, file)["width"] == 640
    _eventually(lambda: set(_helpers(os.getpid())) <= before, "a process has stayed")


def test_a_photo_that_ends_every_process_is_given_up(tmp_path):
    path = photos.write(tmp_path / "a.jpg")
    with Darkroom() as room, path.open("rb") as file:
        # Words that are none stand for a decoder that crashes: the process is lost over them.
        with pytest.raises(BadPhoto) as caught:
            room.ask({"do": "nothing that it knows"}, file)
        assert caught.value.said["fr"].startswith("la photo a arrêté")
        assert room.ask({"do": "read"}, file)["width"] == 640


def test_at_most_two_processes_read_photos(tmp_path):
    path = photos.write(tmp_path / "a.jpg")
    before, seen = set(_helpers(os.getpid())), set()

    def look(_):
        with path.open("rb") as file:
            room.ask({"do": "measure"}, file)
            seen.update(set(_helpers(os.getpid())) - before)

    with Darkroom() as room:
        assert len(list(room.map(look, range(20)))) == 20
    assert 1 <= len(seen) <= 2


def test_a_full_disk_is_not_taken_for_a_bad_photo(tmp_path):
    path = photos.write(tmp_path / "a.jpg")
    task = {"do": "thumbnail", "longest": 64, "form": "jpeg"}
    with Darkroom() as room, path.open("rb") as file, Path("/dev/full").open("r+b") as full:
        with pytest.raises(OSError, match="No space left"):
            room.ask(task, file, full)
