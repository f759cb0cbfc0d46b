"""The past stays within bounds, and nothing that is needed goes (security P-18, R19, R2)."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.port import (
    Accepted,
    Attempt,
    Duplicate,
    RunContext,
    RunFilter,
    RunOutcome,
    StepSpec,
)
from rouage.durable.sqlite.forgetting import unused_blobs, used_bytes
from rouage.durable.sqlite.journal import SqliteJournal
from rouage.durable.sqlite.retention import Purge
from rouage.durable.values import to_microseconds
from rouage.model.event import Verdict
from rouage.settings.retention import Retention, read_retention, read_size
from tests.unit.durable.conftest import DEFINITION

DAY = 86_400
ALL = Retention(age_seconds=None, runs=None, size_bytes=None)
LOCAL = StepSpec(action="test.local", effect="local", idempotent="yes")
LARGE = 100_000


def keep(**limits: Any) -> Retention:
    return Retention(**{"age_seconds": None, "runs": None, "size_bytes": None, **limits})


async def one_step(context: RunContext, definition: bytes) -> RunOutcome:
    async def act(attempt: Attempt) -> Any:
        if "large" not in context.event.key:
            return {"n": 1}
        return ("x" if context.event.data["n"] == 1 else str(context.event.data["n"])) * LARGE

    await context.step("do.0", LOCAL, act)
    if "waits" in context.event.key:
        await context.sleep_until("do.1", context.started.replace(year=2040))
    return RunOutcome(state="succeeded")


async def sent(harness: Any, engine: Any, *keys: str) -> dict[str, str]:
    """Send events, and return the ids of their runs."""
    answers = [await harness.send(engine, key, mode="parallel") for key in keys]
    await engine.wait_idle()
    return {key: answer.runs[0] for key, answer in zip(keys, answers, strict=True)}


async def known(engine: Any) -> set[str]:
    page = await engine.list_runs(RunFilter(), limit=1000)
    return {run.id for run in page.runs}


async def test_runs_are_forgotten_by_age_and_the_others_stay(harness: Any) -> None:
    engine = await harness.open(one_step)
    old = await sent(harness, engine, "a", "b")
    harness.clock.advance(60 * DAY)
    young = await sent(harness, engine, "c", "d")
    harness.clock.advance(31 * DAY)
    purged = await engine.purge(keep(age_seconds=90 * DAY))
    assert (purged.runs, purged.events, purged.keys) == (2, 2, 0 if harness.kind == "sqlite" else 2)
    assert await known(engine) == set(young.values())
    assert await engine.get_run(old["a"]) is None
    run = await engine.get_run(young["c"])
    assert run.steps[0].result == {"n": 1}
    assert len(await engine.find_events()) == 2


async def test_runs_are_forgotten_by_number_the_oldest_first(harness: Any) -> None:
    engine = await harness.open(one_step)
    runs = await sent(harness, engine, *"abcdef")
    purged = await engine.purge(keep(runs=2))
    assert purged.runs == 4
    assert await known(engine) == {runs["e"], runs["f"]}
    again = await engine.purge(keep(runs=2))
    assert again.runs == again.events == 0


async def test_an_unfinished_run_is_never_forgotten(harness: Any) -> None:
    engine = await harness.open(one_step)
    runs = await sent(harness, engine, "waits", "b", "c")
    harness.clock.advance(400 * DAY)
    await engine.purge(keep(age_seconds=DAY, runs=1))
    assert await known(engine) == {runs["waits"], runs["c"]}
    engine = await harness.restart(one_step)
    run = await engine.get_run(runs["waits"])
    assert (run.state, run.steps[0].result) == ("waiting", {"n": 1})
    harness.clock.advance(15 * 365 * DAY)
    await engine.wait_idle()


async def test_the_key_of_an_event_is_known_for_thirty_days(harness: Any) -> None:
    engine = await harness.open(one_step)
    first = await harness.send(engine, "a", mode="parallel")
    await sent(harness, engine, "b", "c")
    purged = await engine.purge(keep(runs=1))
    assert (purged.runs, purged.events, purged.keys) == (2, 2, 0)
    again = await harness.send(engine, "a", mode="parallel")
    assert again == Duplicate(first_id=first.event_id)
    harness.clock.advance(29 * DAY)
    assert (await engine.purge(keep(runs=1))).keys == 0
    assert isinstance(await harness.send(engine, "a", mode="parallel"), Duplicate)
    harness.clock.advance(2 * DAY)
    assert (await engine.purge(keep(runs=1))).keys == 2
    assert isinstance(await harness.send(engine, "a", mode="parallel"), Accepted)
    await engine.wait_idle()


async def test_an_event_without_verdicts_waits_for_them_however_old(harness: Any) -> None:
    engine = await harness.open(one_step)
    event = harness.event("unmatched")
    await engine.accept(event)
    await sent(harness, engine, "a", "b")
    harness.clock.advance(100 * DAY)
    await engine.purge(keep(age_seconds=DAY, runs=1))
    assert [known.id for known in await engine.unmatched()] == [event.id]
    (run,) = await engine.record_matches(event.id, [harness.matched(mode="parallel")])
    await engine.wait_idle()
    assert (await engine.get_run(run)).event_data == {"n": 1}


async def test_events_that_started_nothing_are_forgotten_too(harness: Any) -> None:
    engine = await harness.open(one_step)
    rejected = Verdict(recipe="orders", outcome="rejected")
    for key in "abc":
        await engine.accept(harness.event(key), [rejected])
    await sent(harness, engine, "d")
    harness.clock.advance(100 * DAY)
    purged = await engine.purge(keep(age_seconds=90 * DAY))
    # The newest run and event stay, because numbers are counted from them.
    assert (purged.runs, purged.events) == (0, 3)
    assert len(await engine.find_events()) == 1


async def test_a_finished_run_that_an_open_replay_came_from_stays(harness: Any) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if context.recorded("replay") is not None:
            await context.sleep_until("do.1", context.started.replace(year=2040))
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    runs = await sent(harness, engine, "a", "b", "c")
    replay = await engine.replay(runs["a"], keep=[], definition=None, author="zoe")
    await engine.wait_idle()
    gate.set()
    await engine.purge(keep(runs=1))
    assert {runs["a"], replay} <= await known(engine)
    assert runs["b"] not in await known(engine)
    assert (await engine.get_run(replay)).event_data == {"n": 1}


async def test_no_limit_forgets_nothing(harness: Any) -> None:
    engine = await harness.open(one_step)
    runs = await sent(harness, engine, *"abc")
    harness.clock.advance(10_000 * DAY)
    purged = await engine.purge(ALL)
    assert (purged.runs, purged.events) == (0, 0)
    assert await known(engine) == set(runs.values())


# The file.


def count(path: Path, table: str) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(connection.execute(f'SELECT count(*) FROM "{table}"').get)  # noqa: S608
    finally:
        connection.close()


async def test_every_row_of_a_run_goes_with_it(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(one_step)
    await sent(sqlite_harness, engine, *[f"k{number}" for number in range(40)])
    sqlite_harness.clock.advance(100 * DAY)
    await sent(sqlite_harness, engine, "last")
    await engine.purge(keep(age_seconds=DAY))
    tables = ("event", "match", "run", "step", "effect", "signal", "waiter")
    counts = {table: count(sqlite_harness.path, table) for table in tables}
    assert counts == {
        "event": 1, "match": 1, "run": 1, "step": 1, "effect": 0, "signal": 0, "waiter": 0,
    }  # fmt: skip
    assert await engine.get_definition(sqlite_harness.matched().definition) is not None


async def test_numbers_are_not_given_again_after_a_purge(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(one_step)
    await sent(sqlite_harness, engine, *"abc")
    sqlite_harness.clock.advance(100 * DAY)
    await engine.purge(keep(age_seconds=DAY))
    engine = await sqlite_harness.restart(one_step)
    await sent(sqlite_harness, engine, "d")
    connection = apsw.Connection(str(sqlite_harness.path), flags=apsw.SQLITE_OPEN_READONLY)
    assert [seq for (seq,) in connection.execute("SELECT seq FROM run")] == [3, 4]
    connection.close()


async def test_large_values_go_with_their_last_use(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(one_step)
    runs = await sent(sqlite_harness, engine, "large 1", "large 2", "c")
    assert count(sqlite_harness.path, "blob") == 1
    purged = await engine.purge(keep(runs=2))
    assert (purged.runs, purged.blobs) == (1, 0)
    run = await engine.get_run(runs["large 2"])
    assert run.steps[0].result == "x" * LARGE
    purged = await engine.purge(keep(runs=1))
    assert (purged.runs, purged.blobs) == (1, 1)
    assert count(sqlite_harness.path, "blob") == 0


class Interrupted(Purge):
    """A purge during which something happens, after the unused values are known."""

    meanwhile: Callable[[], Awaitable[Any]]

    async def _ask(self, question: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        answer = await super()._ask(question, *arguments, **options)
        if question is unused_blobs:
            assert len(answer) == 1
            await self.meanwhile()
        return answer


async def test_a_large_value_that_comes_back_during_the_purge_stays(sqlite_harness: Any) -> None:
    journal = SqliteJournal(sqlite_harness.path)
    engine = EmbeddedEngine(journal, clock=sqlite_harness.clock)
    sqlite_harness.engines.append(engine)
    await engine.put_definition("orders", DEFINITION)
    await engine.open(one_step)
    await sent(sqlite_harness, engine, "large 1", "b", "c")
    purge = Interrupted(sqlite_harness.path, journal._writer, journal.do, retention=keep(runs=1))
    purge.meanwhile = lambda: sent(sqlite_harness, engine, "large 2")
    purged = await purge.run(to_microseconds(sqlite_harness.clock.now()))
    assert (purged.runs, purged.blobs) == (2, 0)
    assert await asyncio.to_thread(missing_blobs, sqlite_harness.path) == []
    # The value is found again when its new run goes, too.
    await sent(sqlite_harness, engine, "d")
    assert (await engine.purge(keep(runs=1))).blobs == 1


def missing_blobs(path: Path) -> list[str]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    query = (
        "SELECT path FROM step WHERE typeof(result) = 'blob'"
        " AND NOT EXISTS (SELECT 1 FROM blob WHERE hash = result)"
    )
    try:
        return [path for (path,) in connection.execute(query)]
    finally:
        connection.close()


async def test_the_size_is_kept_and_space_is_given_back(
    sqlite_harness: Any, eventually: Callable[..., Any]
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def act(attempt: Attempt) -> Any:
            return context.event.key * 100_000

        await context.step("do.0", LOCAL, act)
        return RunOutcome(state="succeeded")

    engine = await sqlite_harness.open(execute)
    runs = await sent(sqlite_harness, engine, *[f"k{number:02}" for number in range(40)])
    path = sqlite_harness.path
    await eventually(lambda: path.stat().st_size > 12_000_000)
    purged = await engine.purge(keep(size_bytes=4_000_000))
    assert purged.freed_bytes > 7_000_000
    assert purged.blobs == purged.runs
    # Only as much as had to go, and the oldest.
    assert await known(engine) == set(list(runs.values())[purged.runs :])
    assert 4_000_000 - 700_000 < await asyncio.to_thread(used, path) <= 4_000_000
    await eventually(lambda: path.stat().st_size < 4_500_000)


def used(path: Path) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return used_bytes(connection)
    finally:
        connection.close()


async def test_values_that_a_crash_left_without_use_are_found_once_a_day(
    sqlite_harness: Any,
) -> None:
    engine = await sqlite_harness.open(one_step)
    await sent(sqlite_harness, engine, "a")
    other = apsw.Connection(str(sqlite_harness.path))
    other.set_busy_timeout(2_000)
    other.execute("INSERT INTO blob VALUES (?, ?)", (b"\1" * 32, b"left"))
    assert [digest for digest, _ in unused_blobs(other)] == [b"\1" * 32]
    assert (await engine.purge(ALL)).blobs == 1
    other.execute("INSERT INTO blob VALUES (?, ?)", (b"\2" * 32, b"left"))
    other.close()
    assert (await engine.purge(ALL)).blobs == 0
    sqlite_harness.clock.advance(DAY + 1)
    assert (await engine.purge(ALL)).blobs == 1


async def test_expired_keys_of_the_ledger_go_but_for_those_of_open_runs(
    sqlite_harness: Any,
) -> None:
    engine = await sqlite_harness.open(one_step)
    runs = await sent(sqlite_harness, engine, "waits", "b")
    other = apsw.Connection(str(sqlite_harness.path))
    other.set_busy_timeout(2_000)
    (number,) = (
        seq for (seq,) in other.execute("SELECT seq FROM run WHERE id = ?", (runs["waits"],))
    )
    insert = "INSERT INTO claim VALUES ('step', ?, NULL, ?, 'do.0', 'started', NULL, ?)"
    for row in (("expired", None, 5), ("of an open run", number, 5), ("for ever", None, None)):
        other.execute(insert, row)
    assert (await engine.purge(ALL)).claims == 1
    left = {key for (key,) in other.execute("SELECT key FROM claim")}
    other.close()
    assert left == {"of an open run", "for ever"}


async def test_senders_do_not_wait_for_a_purge(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(one_step)
    for start in range(0, 3_000, 250):
        keys = [f"k{number}" for number in range(start, start + 250)]
        await asyncio.gather(*(sqlite_harness.send(engine, key, mode="parallel") for key in keys))
    await engine.wait_idle()
    purging = asyncio.ensure_future(engine.purge(keep(runs=1)))
    sent_while = 0
    while not purging.done():
        await sqlite_harness.send(engine, f"new {sent_while}", mode="parallel")
        sent_while += 1
    # What came meanwhile may have taken the place of those that are kept.
    assert (await purging).runs >= 2_999 - sent_while
    # It works in portions, and lets the senders in between.
    assert sent_while > 3


async def test_a_purge_that_is_cut_off_by_the_end_says_so(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(one_step)
    for start in range(0, 1_000, 250):
        keys = [f"k{number}" for number in range(start, start + 250)]
        await asyncio.gather(*(sqlite_harness.send(engine, key, mode="parallel") for key in keys))
    await engine.wait_idle()
    purging = asyncio.ensure_future(engine.purge(keep(runs=1)))
    while not purging.done() and (await engine.stats())["succeeded"] == 1_000:
        await asyncio.sleep(0)
    assert await engine.close()
    outcome = (await asyncio.gather(purging, return_exceptions=True))[0]
    assert isinstance(outcome, asyncio.CancelledError | Exception)
    again = await sqlite_harness.open(one_step)
    left = (await again.stats())["succeeded"]
    assert 1 < left < 1_000
    assert (await again.purge(keep(runs=1))).runs == left - 1


PURGE = """
import asyncio, os, pathlib, sys
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import RunOutcome
from rouage.durable.sqlite import open_engine
from rouage.settings.retention import Retention

async def main():
    points = Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))
    engine = open_engine(pathlib.Path(sys.argv[1]), failpoints=points)
    print((await engine.purge(Retention(age_seconds=None, runs=1, size_bytes=None))).runs)
    await engine.close()
asyncio.run(main())
"""


def purge_apart(path: Path, failpoint: str = "") -> tuple[int, str]:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", PURGE, str(path)],
        env={**os.environ, "PYTHONPATH": str(root / "engine"), "ROUAGE_FAILPOINT": failpoint},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode, done.stdout.strip()


async def test_a_kill_during_a_purge_leaves_whole_runs(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(one_step)
    await sent(sqlite_harness, engine, "waits", *[f"k{number}" for number in range(300)])
    await engine.close()
    path, left = sqlite_harness.path, 301
    for count in (1, 2, 3):
        code, _ = purge_apart(path, f"mid_purge:{count}")
        assert code != 0
        assert orphans(path) == []
        assert (left := count_runs_left(path, left)) > 1
    code, said = purge_apart(path)
    assert (code, said) == (0, str(left - 2))
    engine = await sqlite_harness.open(one_step)
    stats = await engine.stats()
    assert (stats["succeeded"], stats["waiting"]) == (1, 1)


def count_runs_left(path: Path, most: int) -> int:
    left = count(path, "run")
    assert left <= most
    return left


def orphans(path: Path) -> list[Any]:
    """Return rows that lack what they belong to, and faults of the file."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    queries = (
        "SELECT run, path FROM step WHERE run NOT IN (SELECT seq FROM run)",
        "SELECT seq FROM run WHERE event NOT IN (SELECT seq FROM event WHERE matched = 1)",
        'SELECT event FROM "match" WHERE event NOT IN (SELECT seq FROM event WHERE matched = 1)',
        "SELECT seq FROM event WHERE matched = 1 AND seq NOT IN (SELECT event FROM run)",
        "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    )
    try:
        return [row for query in queries for row in connection.execute(query)]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, Retention()),
        ({"age": "30d"}, Retention(age_seconds=30 * DAY)),
        ({"age": "unlimited", "runs": 5, "size": "500MB"},
         Retention(age_seconds=None, runs=5, size_bytes=500_000_000)),
        ({"runs": "unlimited", "size": "1 TB"}, Retention(runs=None, size_bytes=10**12)),
    ],
)  # fmt: skip
def test_the_setting_says_what_is_kept(given: Any, read: Retention) -> None:
    assert read_retention(given) == read


@pytest.mark.parametrize(
    "given",
    ["90d", {"age": 90}, {"age": "0d"}, {"runs": 0}, {"runs": True}, {"size": "2"}, {"days": "9d"},
     {"age": "90d "}, {"size": "-1GB"}, {"age": None}, []],
)  # fmt: skip
def test_a_setting_that_does_not_fit_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"retention|age|runs|size"):
        read_retention(given)
    with pytest.raises(ValueError, match="size"):
        read_size(given)
