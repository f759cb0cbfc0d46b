"""A key of `once` without a result belongs to its run, whose end settles it (R5)."""

import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest

from rouage.durable.port import Attempt, RunContext, RunOutcome, StepFailed, StepSpec
from rouage.durable.sqlite.opening import open_for_writing
from rouage.errors import OutcomeUnknown, RetryableError
from rouage.settings.retention import Retention

ROOT = Path(__file__).parents[3]
JOURNALS = Path(__file__).parent / "journals"
KEY = "ACME/31"
MAY_REPEAT: dict[str, Any] = {"effect": "local", "idempotent": "yes"}
MAIL: dict[str, Any] = {"effect": "irreversible", "idempotent": "no"}
DAY = 86_400


class Desk:
    """Runs of one step under one key; the event's key says how the step goes."""

    def __init__(self, **options: Any) -> None:
        self.seen: list[str] = []
        self.options = options

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        name = context.event.key
        if context.cancelled is not None:
            return RunOutcome(state="cancelled")

        async def call(attempt: Attempt) -> Any:
            self.seen.append(name)
            if name == "busy":
                raise RetryableError("busy")
            if name == "unknown":
                raise OutcomeUnknown("cut off")
            return {"row": name}

        once = None if name == "keyless" else KEY
        spec = StepSpec(action="table.append", once=once, **self.options)
        try:
            await context.step("do.0", spec, call)
        except StepFailed as failed:
            return RunOutcome(state="failed", error=failed.error)
        return RunOutcome(state="succeeded")


def in_an_hour(*_: Any) -> float:
    return 3600.0


async def send(harness: Any, engine: Any, name: str) -> str:
    answer = await harness.send(engine, name, mode="parallel")
    await engine.wait_idle()
    return str(answer.runs[0])


async def state_of_key(engine: Any) -> str | None:
    found = await engine.find_claim("step", KEY)
    return None if found is None else str(found.state)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("options", [MAY_REPEAT, MAIL], ids=["may repeat", "may not"])
async def test_a_run_that_ends_before_it_acted_gives_its_key_back(
    harness: Any, options: dict[str, Any], restarts: bool
) -> None:
    desk = Desk(**options, pause=in_an_hour)
    engine = await harness.open(desk.execute)
    run = await send(harness, engine, "busy")
    assert await state_of_key(engine) == "started"
    if restarts:
        engine = await harness.restart(desk.execute)
    assert await engine.cancel(run, "enough") == "cancelled"
    assert await state_of_key(engine) is None


async def test_who_waits_for_a_run_that_is_cancelled_acts_at_once(
    harness: Any, eventually: Any
) -> None:
    desk = Desk(**MAIL, pause=in_an_hour)
    engine = await harness.open(desk.execute)
    first = await send(harness, engine, "busy")
    second = await send(harness, engine, "second")
    assert (await engine.get_run(second)).state == "waiting"
    assert await engine.cancel(first, "enough") == "cancelled"
    # The clock stands still: nothing but the end of the first can have told it.
    await eventually(lambda: "second" in desk.seen)
    await engine.wait_idle()
    assert await state_of_key(engine) == "done"


async def test_a_doubt_outlives_its_run(harness: Any) -> None:
    desk = Desk(**MAIL)
    engine = await harness.open(desk.execute)
    first = await send(harness, engine, "unknown")
    assert await engine.cancel(first, "enough") == "cancelled"
    assert await state_of_key(engine) == "doubtful"
    await send(harness, engine, "keyless")
    await forget(harness, engine, first)
    second = await send(harness, engine, "second")
    run = await engine.get_run(second)
    assert run.state == "needs_attention"
    assert "second" not in desk.seen
    assert KEY in run.reason["message"]["en"]
    assert "?" not in run.reason["message"]["en"] + run.reason["message"]["fr"]
    await engine.resolve(second, "retry", author="zoé")
    await engine.wait_idle()
    found = await engine.find_claim("step", KEY)
    assert (found.state, found.run, found.result) == ("done", second, {"row": "second"})


async def test_a_key_that_was_given_back_is_free_after_its_run_is_forgotten(harness: Any) -> None:
    desk = Desk(**MAIL, pause=in_an_hour)
    engine = await harness.open(desk.execute)
    first = await send(harness, engine, "busy")
    assert await engine.cancel(first, "enough") == "cancelled"
    await send(harness, engine, "keyless")
    await forget(harness, engine, first)
    second = await send(harness, engine, "second")
    assert (await engine.get_run(second)).state == "succeeded"
    assert desk.seen[-1] == "second"


async def test_what_a_human_said_of_a_doubt_is_kept_with_the_key(harness: Any) -> None:
    desk = Desk(**MAIL)
    engine = await harness.open(desk.execute)
    first = await send(harness, engine, "unknown")
    await engine.resolve(first, "done", author="zoé", result={"row": "by hand"})
    await engine.wait_idle()
    found = await engine.find_claim("step", KEY)
    assert (found.state, found.result) == ("done", {"row": "by hand"})
    await send(harness, engine, "keyless")
    await forget(harness, engine, first)
    second = await send(harness, engine, "second")
    (step,) = (await engine.get_run(second)).steps
    assert (step.state, step.result) == ("done", {"row": "by hand"})
    assert "second" not in desk.seen


async def forget(harness: Any, engine: Any, run: str) -> None:
    harness.clock.advance(10 * DAY)
    await engine.purge(Retention(age_seconds=DAY, runs=None, size_bytes=None))
    assert await engine.get_run(run) is None


# Crashes, and journals of before.


def hold(journal: Path, how: str, failpoint: str = "") -> int:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("keyholder.py")), str(journal), how],
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


def keys(journal: Path) -> dict[str, tuple[str, str]]:
    """Return state and run's state of each key of the journal."""
    connection = apsw.Connection(str(journal), flags=apsw.SQLITE_OPEN_READONLY)
    query = "SELECT claim.key, claim.state, run.state FROM claim LEFT JOIN run ON seq = claim.run"
    try:
        return {key: (state, run) for key, state, run in connection.execute(query)}
    finally:
        connection.close()


@pytest.mark.crash
@pytest.mark.parametrize("point", ["cancel_recorded", "record_queued", "final_state_written"])
def test_a_kill_at_the_end_of_a_run_leaves_no_key_behind(tmp_path: Path, point: str) -> None:
    journal = tmp_path / "journal.db"
    assert hold(journal, "busy", point) != 0
    # Its end is not on disk: the key is still its own.
    assert keys(journal)[KEY][0] == "started"
    assert keys(journal)[KEY][1] in {"running", "waiting", "queued"}
    assert hold(journal, "busy") == 0
    assert keys(journal) == {}


@pytest.mark.crash
@pytest.mark.parametrize("point", ["after_start_commit", "after_effect"])
def test_a_kill_in_a_step_that_may_not_be_repeated_leaves_the_doubt(
    tmp_path: Path, point: str
) -> None:
    journal = tmp_path / "journal.db"
    assert hold(journal, "mails", point) != 0
    assert keys(journal)[KEY][0] == "started"
    assert hold(journal, "busy") == 0
    assert keys(journal) == {KEY: ("doubtful", "cancelled")}


def test_the_keys_of_an_older_journal_are_settled(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    journal.write_bytes(gzip.decompress((JOURNALS / "version_3.db.gz").read_bytes()))
    before = keys(journal)
    open_for_writing(journal).close()
    assert {key: state for key, (state, _) in keys(journal).items()} == {
        "acted": "doubtful",
        "by hand": "done",
        "done": "done",
        "doubt": "started",
        "event": "claimed",
        "gone": "doubtful",
        "open": "started",
    }
    assert before["over"][0] == "started"
