"""What an isolated action does wrong ends its process, says why, and harms nobody else."""

import asyncio
import gc
import logging
import os
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from rouage.catalog.discovery import discover
from rouage.errors import OutcomeUnknown, RetryableError, StepError, StepTimeout
from rouage.sdk.testing import make_context
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers
from rouage.workers.strays import MARK


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def gone(pid, seconds=5.0):
    async with asyncio.timeout(seconds):
        while is_alive(pid):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("action", "kind", "words"),
    [
        ("hang", StepTimeout, "after 0.6 s"),
        ("sleep", StepTimeout, "after 0.6 s"),
        ("spin", StepTimeout, "computed for more than 0.2 s"),
        ("abort", OutcomeUnknown, r"crashed \(SIGABRT\)"),
        ("segfault", OutcomeUnknown, r"crashed \(SIGSEGV\)"),
        ("leave", OutcomeUnknown, "exit code 3"),
        ("leak", OutcomeUnknown, "more than 192 MiB of memory"),
        ("print", OutcomeUnknown, "printed or logged more than 1024 KiB"),
        ("large", StepError, "gave back more than 1 MiB"),
        ("forge", StepError, "gave back more than 1 MiB"),
        ("hang_up", OutcomeUnknown, "cut its connection"),
    ],
)
async def test_it_is_stopped_at_its_limits_and_another_call_still_works(act, action, kind, words):
    before = (await act("hostile.look", text="a"))["pid"]
    with pytest.raises(StepError, match=words) as caught:
        await act(f"hostile.{action}")
    assert type(caught.value) is kind
    assert caught.value.render("fr") != caught.value.render("en")
    assert (await act("hostile.look", text="a"))["rendered"] == "A"
    if action != "large":  # ended by its own words, in good order
        await gone(before)


@pytest.mark.parametrize("odd", ["cycle", "nan", "bytes", "date"])
async def test_a_result_that_is_no_json_is_refused_and_the_process_kept(act, odd, caplog):
    before = (await act("hostile.look"))["pid"]
    with pytest.raises(StepError, match="cannot be recorded"):
        await act("hostile.cycle", text=odd)
    assert (await act("hostile.look"))["pid"] == before


async def test_the_errors_of_authors_arrive_as_they_are(act, caplog):
    with pytest.raises(RetryableError, match="busy there") as busy:
        await act("hostile.fail", text="retry")
    assert busy.value.render("fr") == "occupé there"
    assert busy.value.retry_after_seconds == 7
    with pytest.raises(StepError, match=r"^no$") as refused:
        await act("hostile.fail", text="step")
    assert refused.value.render_hint("fr") == "essayez oui"
    with pytest.raises(StepError, match=r"unexpected way \(SystemExit\)"):
        await act("hostile.fail", text="exit")
    with pytest.raises(StepError, match=r"unexpected way \(ZeroDivisionError\)") as odd:
        await act("hostile.fail", text="secret-detail")
    assert "secret-detail" not in odd.value.render("en")
    assert "secret-detail" in caplog.text, "the log has the details"


async def test_it_sees_its_own_step_and_nothing_of_the_daemon(act, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("API_TOKEN", "a-secret")
    wrote = []
    context = make_context(tmp_path, templates={"/a": "b"}, attempt=3)
    context.wrote = wrote.append
    with (tmp_path / "open").open("w"), caplog.at_level(logging.INFO):
        seen = await act("hostile.look", context, text="zoé")
    assert "API_TOKEN" not in seen["environment"]
    assert set(seen["environment"]) <= {
        *("PATH", "LANG", "HOME", "TZ", "MALLOC_ARENA_MAX", MARK, "LC_CTYPE"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
    # 0 to 2, the connection, and those of its own loop and of the listing.
    assert len(seen["descriptors"]) <= 8
    assert seen["pid"] != os.getpid()
    assert seen["folder"] == "/"
    assert seen["context"] == ["run-of-a-test", "test", "do.0", "test-key"]
    assert (seen["attempt"], seen["zone"], seen["templates"]) == (3, "UTC", {"/a": "b"})
    assert seen["rendered"] == "ZOÉ"
    assert seen["scratch"] == str(tmp_path / "scratch")
    assert seen["niceness"] >= 10
    assert wrote == ["/somewhere/file"]
    assert "looked at zoé" in caplog.text


async def test_files_are_guarded_and_effects_happen_once(act, tmp_path):
    context = make_context(tmp_path, key="k1")
    workspace = tmp_path / "workspace"
    first = await act("hostile.file", context, text="a")
    again = await act("hostile.file", context, text="a")
    assert first == again == {"path": str(workspace / "made.txt")}
    assert (workspace / "lines.txt").read_text() == "line\n"
    assert context.files.intents.find("k1") is not None, "the daemon keeps the notes"
    with pytest.raises(StepError, match="outside the folders"):
        await act("hostile.reach", context, text="/etc/hostname")
    with pytest.raises(StepError, match="under its own key"):
        await act("hostile.reach", context, text="note")
    assert context.files.intents.find("another-key") is None


async def test_too_many_log_lines_are_dropped_and_counted(act, caplog):
    with caplog.at_level(logging.INFO):
        await act("hostile.log", text="hello")
    lines = [record.getMessage() for record in caplog.records if "line" in record.getMessage()]
    assert lines[:5] == [f"line {number} hello" for number in range(5)]
    assert lines[5] == "995 more lines of hostile.log were dropped"
    assert len(lines) == 6


@pytest.mark.parametrize("how", ["stay", "escape"])
async def test_processes_it_leaves_behind_end_with_it(act, tmp_path, how):
    context = make_context(tmp_path)
    if how == "stay":
        pid = (await act("hostile.fork", context, text=how))["pid"]
    else:
        with pytest.raises(StepTimeout):
            await act("hostile.fork", context, text=how)
        pid = int((tmp_path / "scratch" / "pid").read_text())
    await gone(pid)


async def test_a_cancelled_call_ends_its_process(act, workers):
    pid = (await act("hostile.look"))["pid"]
    task = asyncio.ensure_future(act("hostile.hang"))
    while workers.status()["busy"] == 0:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(pid)
    assert workers.status() == {"busy": 0, "idle": 0, "waiting": 0, "places": 2}


async def test_nothing_is_started_before_it_is_needed_and_idle_ones_go(tmp_path, catalog):
    idle = Workers(places=2, idle_seconds=0.05)
    spec = isolate(discover(entry_points=()), idle.run).actions["data.parse"]
    assert idle.status()["idle"] == 0
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "a.json").write_text('{"a": 1}')
    await spec.run(spec.parameters.build({"file": "a.json"}), make_context(tmp_path))
    assert idle.status()["idle"] == 1
    async with asyncio.timeout(5):
        while idle.status()["idle"]:
            await asyncio.sleep(0.01)
    await idle.close()


async def test_a_small_text_is_read_at_once_and_a_large_one_in_a_process(act, workers):
    assert (await act("data.parse", text='{"a": 1}'))["data"] == {"a": 1}
    assert workers.status()["idle"] == 0, "no process for a small text"
    large = '["' + "x" * 20_000 + '"]'
    assert (await act("data.parse", text=large))["data"] == ["x" * 20_000]
    assert workers.status()["idle"] == 1


async def test_a_recipe_that_stumbles_again_and_again_is_made_to_rest(act, tmp_path):
    for _ in range(5):
        with pytest.raises(OutcomeUnknown, match="SIGABRT"):
            await act("hostile.abort")
    with pytest.raises(RetryableError, match="5 times in a row") as resting:
        await act("hostile.abort")
    assert resting.value.retry_after_seconds > 0
    # Another action, and the same one for another recipe, are not its fault.
    await act("hostile.look")
    other = make_context(tmp_path)
    other.recipe_id = "another"
    with pytest.raises(OutcomeUnknown, match="SIGABRT"):
        await act("hostile.abort", other)


async def test_a_recipe_whose_steps_hang_leaves_a_process_for_the_others(act, tmp_path):
    order = []

    async def note(name, awaitable):
        with suppress(StepError):
            await awaitable
        order.append(name)

    other = make_context(tmp_path)
    other.recipe_id = "another"
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(note(f"hang {number}", act("hostile.hang")))
        group.create_task(note("look", act("hostile.look", other)))
    assert order.index("look") < order.index("hang 1")


async def test_no_room_for_another_process_is_a_passing_reason(act, workers, monkeypatch):
    await act("data.parse", text="[" + " " * 20_000 + "1]")  # what must be open is open
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    gc.collect()  # what nobody holds any more is closed now, not in between
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        with pytest.raises(RetryableError, match="no process could be started") as caught:
            await act("hostile.look")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.retry_after_seconds == 5.0
    assert (await act("hostile.look", text="b"))["rendered"] == "B"


async def test_an_action_may_ask_to_run_beside_the_others(act):
    assert (await act("hostile.free"))["pid"] == os.getpid()


_DAEMON = """
import asyncio, sys
from importlib.metadata import EntryPoint
from pathlib import Path
from rouage.catalog.discovery import GROUP, discover
from rouage.sdk.testing import make_context
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers

async def main():
    point = EntryPoint("hostile", "tests.hostile.connector:connector", GROUP)
    actions = isolate(discover(bundled=None, entry_points=[point]), Workers().run).actions
    context, look = make_context(Path(sys.argv[1])), actions["hostile.look"]
    print((await look.run(look.parameters.build({}), context))["pid"], flush=True)
    compute = actions["hostile.compute"]
    await compute.run(compute.parameters.build({"number": 60}), context)

asyncio.run(main())
"""


async def test_a_process_ends_with_a_daemon_that_was_killed(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(  # noqa: ASYNC220 - it stands for a daemon elsewhere
        [sys.executable, "-c", _DAEMON, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as daemon:
        try:
            pid = int(daemon.stdout.readline())
            async with asyncio.timeout(10):
                start = ticks(pid)
                while ticks(pid) < start + 10:  # it computes, so it does not see its end coming
                    await asyncio.sleep(0.01)
        finally:
            daemon.kill()
    await gone(pid)


def ticks(pid):
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
