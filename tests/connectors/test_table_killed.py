"""Tables whose writer is killed: each row is there once, and the file is never half."""

import asyncio
import random
import subprocess
import sys

import pytest

from rouage.safety.paths import Folders
from rouage.sdk.testing import make_context, run_action
from rouage_connectors.table import connector

WRITER = """
import asyncio, sys
from pathlib import Path
from rouage.safety.paths import Folders
from rouage.sdk.testing import make_context, run_action
from rouage_connectors.table import connector

async def write(folder, name, first):
    files = Folders(workspace=folder / "workspace", home=folder)
    for number in range(first, first + 10_000):
        print(number, flush=True)
        parameters = {"file": name, "key": "n", "row": {"n": number, "text": "x"}}
        context = make_context(folder, key=f"key-{number}", files=files)
        await run_action(connector, "table.upsert", parameters, context)

asyncio.run(write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


def _killed(folder, name, first, moments):
    """Have rows written by a process, kill it, and return the number of the row it was at."""
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    command = [sys.executable, "-c", WRITER, str(folder), name, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for _ in range(moments.randint(2, 8)):
            last = process.stdout.readline()
        # Somewhere within the row that was announced: the moment is left to the machine.
        for _ in range(moments.randint(0, 200_000)):
            pass
        process.kill()
        rest = process.stdout.read().split()
    return int(rest[-1] if rest else last)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["t.csv", "t.xlsx", "t.db"])
def test_a_killed_writer_leaves_whole_tables_and_no_row_twice(tmp_path, name):
    moments, first = random.Random(7), 0  # noqa: S311 - not for secrets
    (tmp_path / "workspace").mkdir()

    async def run(action, step, /, **parameters):
        files = Folders(workspace=tmp_path / "workspace", home=tmp_path)
        context = make_context(tmp_path, key=step, files=files)
        return await run_action(connector, f"table.{action}", {"file": name, **parameters}, context)

    for _ in range(4):
        last = _killed(tmp_path, name, first, moments)
        row = {"n": last, "text": "x"}
        again = asyncio.run(run("upsert", f"key-{last}", key="n", row=row))
        assert (again["outcome"], again["row_number"]) == ("added", last + 1)
        found = asyncio.run(run("find", "look", limit=10_000))
        assert [one["n"] for one in found["rows"]] == list(range(last + 1))
        first = last + 1
    left = [one.name for one in (tmp_path / "workspace").iterdir() if one.name != ".rouage"]
    assert set(left) <= {name, f"{name}-journal"}
