"""The connector `shell`: real programs, their limits, and the end of their children."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from rouage.errors import StepError, StepTimeout
from rouage.sdk.testing import run_action
from rouage_connectors.shell import connector

PYTHON = sys.executable


async def _run(context, *command, **more):
    return await run_action(connector, "shell.run", {"command": list(command), **more}, context)


async def test_a_program_gives_its_code_and_output(context_for):
    result = await _run(
        context_for(),
        PYTHON,
        "-c",
        "import sys; print('é' + sys.stdin.read()); print('no', file=sys.stderr); sys.exit(3)",
        stdin="ù",
        env={"PYTHONIOENCODING": "utf-8"},
        on_code="return",
    )
    assert result == {"code": 3, "stdout": "éù\n", "stderr": "no\n", "truncated": False}


async def test_a_code_other_than_zero_is_a_failure_with_its_last_words(context_for):
    with pytest.raises(StepError, match="code 1: it broke"):
        await _run(context_for(), PYTHON, "-c", "raise SystemExit('first\\nit broke')")


async def test_nothing_is_expanded(context_for):
    result = await _run(context_for(), "printf", "%s|", "*", "$HOME", "~", "`id`", "a b", "@/etc")
    assert result["stdout"] == "*|$HOME|~|`id`|a b|@/etc|"


async def test_the_environment_is_empty_but_for_what_is_listed(context_for, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_DAEMON", "x")
    context = context_for()
    result = await _run(context, "env", env={"COLOUR": "blue"})
    variables = dict(line.split("=", 1) for line in result["stdout"].splitlines())
    assert variables.pop("PATH").startswith("/usr/local/bin")
    home = str(context.scratch())
    assert variables == {"LANG": "C.UTF-8", "HOME": home, "COLOUR": "blue"}


async def test_a_program_runs_in_the_folder_it_is_given(context_for, folders):
    (folders.workspace / "photos").mkdir()
    result = await _run(context_for(), "pwd", folder="photos")
    assert result["stdout"].strip() == str(folders.workspace / "photos")
    with pytest.raises(StepError, match="outside the folders"):
        await _run(context_for(), "pwd", folder="/etc")


async def test_a_program_has_no_new_privileges_and_a_session_of_its_own(context_for):
    code = "import os; print(open('/proc/self/status').read(), os.getsid(0) == os.getpid())"
    result = await _run(context_for(), PYTHON, "-c", code)
    assert "NoNewPrivs:\t1" in result["stdout"]
    assert result["stdout"].strip().endswith("True")


async def test_limits_hold(context_for):
    code = (
        "import resource as r; print(r.getrlimit(r.RLIMIT_DATA)[0], r.getrlimit(r.RLIMIT_CORE)[0])"
    )
    result = await _run(context_for(), PYTHON, "-c", code, memory=512)
    assert result["stdout"].split() == [str(512 << 20), "0"]
    greedy = "x = bytearray(600 << 20)"
    result = await _run(context_for(), PYTHON, "-c", greedy, memory=128, on_code="return")
    assert result["code"] != 0


async def test_a_slow_program_is_stopped_with_all_its_children(context_for, folders):
    marker = folders.workspace / "pids"
    code = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        f"open({str(marker)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(300)\n"
    )
    start = time.monotonic()
    with pytest.raises(StepTimeout, match=r"stopped after 5 s"):
        await _run(context_for(), PYTHON, "-c", code, timeout="5s")
    assert time.monotonic() - start < 60
    for pid in marker.read_text().split():
        await _until(lambda pid=pid: not _is_alive(int(pid)))


async def test_children_left_behind_end_with_the_program(context_for, folders):
    code = "import subprocess; print(subprocess.Popen(['sleep', '300']).pid)"
    result = await _run(context_for(), PYTHON, "-c", code)
    await _until(lambda: not _is_alive(int(result["stdout"])))


async def test_a_cancelled_step_leaves_no_program(context_for, folders):
    marker = folders.workspace / "pid"
    code = f"import os, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(300)"
    task = asyncio.ensure_future(_run(context_for(), PYTHON, "-c", code))
    await _until(lambda: marker.exists() and marker.read_text())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _is_alive(int(marker.read_text()))


async def test_a_flood_of_output_is_cut(context_for):
    code = "import sys; sys.stdout.write('x' * (5 << 20)); sys.stderr.write('done')"
    result = await _run(context_for(), PYTHON, "-c", code)
    assert (len(result["stdout"]), result["stderr"]) == (1 << 20, "done")
    assert result["truncated"] is True


async def test_output_that_is_not_text_is_decoded_leniently(context_for):
    result = await _run(context_for(), "printf", "\\351t\\351")
    assert result["stdout"] == "\ufffdt\ufffd"


async def test_a_program_that_reads_nothing_is_fine(context_for):
    assert (await _run(context_for(), "true", stdin="x" * (1 << 20)))["code"] == 0


@pytest.mark.parametrize(
    "command",
    [
        ["sh", "-c", "id"],
        ["/bin/bash", "-lc", "id"],
        ["env", "sh", "-c", "id"],
        ["bash", "--norc", "-c", "id"],
    ],
)
async def test_shell_code_as_an_argument_is_refused(context_for, command):
    with pytest.raises(StepError, match="data could become commands"):
        await _run(context_for(), *command)


@pytest.mark.parametrize("command", [[], [""], ["bin/x"], ["no-such-program"], ["evil.bat"]])
async def test_a_program_that_cannot_be_named_is_refused(context_for, command):
    with pytest.raises(StepError):
        await _run(context_for(), *command)


async def test_a_script_file_may_be_run_by_a_shell(context_for, folders):
    script = folders.workspace / "hello.sh"
    script.write_text('echo "hello $1"\n')
    result = await _run(context_for(), "sh", str(script), "Zoé; id")
    assert result["stdout"] == "hello Zoé; id\n"


@pytest.mark.parametrize("templates", [{"/command": "${{ x }}"}, {"/command/0": "${{ x }}"}])
async def test_a_program_from_an_expression_is_refused(context_for, templates):
    with pytest.raises(StepError, match="comes from an expression"):
        await _run(context_for(templates=templates), "true")


async def test_an_argument_from_outside_never_becomes_an_option(context_for):
    context = context_for(templates={"/command/1": "${{ event.name }}"})
    with pytest.raises(StepError, match="take it for an option"):
        await _run(context, "echo", "-rf")
    assert (await _run(context, "echo", "-rf", allow_dash=True))["stdout"] == "-rf\n"
    behind = context_for(templates={"/command/2": "${{ event.name }}"})
    assert (await _run(behind, "echo", "--", "-rf"))["stdout"] == "-- -rf\n"
    literal = context_for(templates={"/command/1": "--name=${{ event.name }}"})
    assert (await _run(literal, "echo", "--name=x"))["stdout"] == "--name=x\n"


async def test_nul_and_odd_variables_are_refused(context_for):
    with pytest.raises(StepError, match="NUL"):
        await _run(context_for(), "echo", "a\0b")
    with pytest.raises(StepError, match="not a name"):
        await _run(context_for(), "echo", env={"A=B": "x"})


async def test_an_undecodable_name_reaches_the_program_as_it_is(context_for, folders):
    name = os.fsdecode(b"\xe9.txt")
    (folders.workspace / name).write_text("content")
    result = await _run(context_for(), "cat", "--", f"{folders.workspace}/{name}")
    assert result["stdout"] == "content"


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def _until(holds, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)
