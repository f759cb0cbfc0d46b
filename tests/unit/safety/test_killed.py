"""Effects under `kill -9`: nothing is lost, nothing is done twice."""

import asyncio
import os
import random
import signal
import subprocess
import sys

import pytest

from rouage.safety.moving import move
from rouage.safety.paths import Folders

APPENDING = """
import asyncio, sys
from pathlib import Path
from rouage.safety.paths import Folders

async def main(workspace, first):
    folders = Folders(workspace=Path(workspace))
    async def one(number):
        await folders.append("log.txt", f"line {number}\\n".encode(), key=f"key-{number}")
        print(number, flush=True)
    numbers = iter(range(int(first), 1_000_000))
    async def worker():
        for number in numbers:
            await one(number)
    await asyncio.gather(*(worker() for _ in range(16)))

asyncio.run(main(*sys.argv[1:]))
"""

MOVING_TOGETHER = """
import asyncio, sys
from pathlib import Path
from rouage.safety.paths import Folders
from rouage.safety.moving import moving

workspace = Path(sys.argv[1])
(workspace / "in").mkdir(exist_ok=True)

async def main():
    folders = Folders(workspace=workspace)
    numbers = iter(range(int(sys.argv[2]), 100_000))
    async def worker():
        for number in numbers:
            source = f"in/{number}.txt"
            (workspace / source).write_text(str(number))
            print("start", number, flush=True)
            key = f"key-{number}"
            await folders.together(
                moving(folders, source, "out/x.txt", on_conflict="rename", key=key)
            )
    await asyncio.gather(*(worker() for _ in range(16)))

asyncio.run(main())
"""

MOVING = """
import sys
from pathlib import Path
from rouage.safety.paths import Folders
from rouage.safety.moving import move

workspace = Path(sys.argv[1])
folders = Folders(workspace=workspace)
for number in range(int(sys.argv[2]), 100_000):
    (workspace / "in").mkdir(exist_ok=True)
    (workspace / f"in/{number}.txt").write_text(str(number))
    print("start", number, flush=True)
    move(folders, f"in/{number}.txt", "out/x.txt", on_conflict="rename", key=f"key-{number}")
    print("done", number, flush=True)
"""


def _run_and_kill(code, workspace, first, seconds):
    """Kill the program *seconds* after its first word, and return all its words."""
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(workspace), str(first)],
        stdout=subprocess.PIPE,
        env=environment,
        bufsize=0,  # what `readline` took beyond its line, `communicate` would not see
    )
    assert child.stdout is not None
    began = child.stdout.readline()
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(child.pid, signal.SIGKILL)
    output, _ = child.communicate()
    return (began + output).decode().splitlines()


@pytest.mark.parametrize("seed", range(3))
def test_killed_appends_are_there_once_after_their_repetition(workspace, seed):
    chance = random.Random(seed)  # noqa: S311 - only the instant of the kill
    said = _run_and_kill(APPENDING, workspace, 0, chance.random() / 2)
    acknowledged = {int(line) for line in said if line.strip().isdigit()}
    assert acknowledged
    last = max(acknowledged) + 64
    folders = Folders(workspace=workspace)

    async def repeat():
        # Every step that may have been under way is called again with its key, and many that
        # were long recorded.
        await asyncio.gather(
            *(
                folders.append("log.txt", f"line {number}\n".encode(), key=f"key-{number}")
                for number in range(max(0, last - 2_000), last)
            )
        )

    asyncio.run(repeat())
    lines = (workspace / "log.txt").read_text().splitlines()
    assert sorted(lines) == sorted(f"line {number}" for number in range(last))


@pytest.mark.parametrize("code", [MOVING, MOVING_TOGETHER], ids=["alone", "together"])
@pytest.mark.parametrize("seed", range(3))
def test_a_killed_move_is_finished_by_its_repetition(workspace, seed, code):
    chance = random.Random(seed)  # noqa: S311 - only the instant of the kill
    said = _run_and_kill(code, workspace, 0, chance.random() / 4)
    started = [int(line.split()[1]) for line in said if line.startswith("start")]
    folders = Folders(workspace=workspace)
    for number in started:
        move(folders, f"in/{number}.txt", "out/x.txt", on_conflict="rename", key=f"key-{number}")
    moved = sorted(int(path.read_text()) for path in (workspace / "out").iterdir())
    assert moved == started
