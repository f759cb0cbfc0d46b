"""The journal alone against raw SQLite that writes the same rows (durability T1, T2).

    python -m tests.bench.bench_journal                     medians of 3 rounds, model disk
    python -m tests.bench.bench_journal --folder DIR --disk real

The model disk is a memory file system on which every sync takes 2 ms: ratios do not drift with
the disk of the day. It prints one JSON object.
"""

import argparse
import asyncio
import gc
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw

from rouage.clock import SystemClock
from rouage.durable.batch import Batch
from rouage.durable.embedded import EmbeddedEngine
from rouage.durable.port import PROTOCOL, Attempt, RunContext, RunOutcome, StepSpec
from rouage.durable.sqlite.journal import SqliteJournal
from rouage.durable.sqlite.opening import connect, open_for_writing
from rouage.durable.sqlite.statements import write_rows
from rouage.model.event import Admission, Event, Verdict
from rouage.model.ids import new_event_id, run_id

DEFINITION = b'{"id": "orders"}'
DIGEST = sha256(DEFINITION).hexdigest()
PAYLOAD: Any = {
    "body": {"id": "A-1", "total": 12.5, "note": "n" * 150},
    "headers": {"host": "localhost"},
}
RESULT = {
    "text": "Zoe Lefevre (Besancon) 240.0 EUR",
    "path": "files/orders.csv",
    "row_number": 1234,
}
STEPS = 3
SYNC_SECONDS = 0.002


class ModelDisk(apsw.Connection):
    """A connection whose every sync takes 2 ms more; others may run meanwhile."""

    def execute(self, statements: str, *arguments: Any, **options: Any) -> Any:
        cursor = super().execute(statements, *arguments, **options)
        if statements == "COMMIT":
            time.sleep(SYNC_SECONDS)
        return cursor

    def wal_checkpoint(self, *arguments: Any, **options: Any) -> Any:
        time.sleep(2 * SYNC_SECONDS)
        return super().wal_checkpoint(*arguments, **options)


def connect_model(path: Path) -> apsw.Connection:
    return connect(path, ModelDisk)


@contextmanager
def folder_for(options: argparse.Namespace) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        yield Path(folder)


def raw_rate(options: argparse.Namespace, batch_size: int, runs: int) -> float:
    """Return runs per second of plain batches: the event, then each step, one commit each."""
    with folder_for(options) as folder:
        open_for_writing(folder / "raw.db").close()
        connection = options.connect(folder / "raw.db")
        batches = [_raw_batches(start, batch_size) for start in range(0, runs, batch_size)]
        execute = connection.execute
        began = time.perf_counter()
        written = 0
        for group in batches:
            for batch in group:
                execute("BEGIN IMMEDIATE")
                write_rows(execute, connection.changes, [batch])
                execute("COMMIT")
                written += batch.size
            if written > 20_000:
                written = 0
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        seconds = time.perf_counter() - began
        connection.close()
        return len(batches) * batch_size / seconds


def _raw_batches(start: int, count: int) -> list[Batch]:
    now = time.time_ns() // 1000
    payload, result = json.dumps(PAYLOAD), json.dumps(RESULT)
    accept = Batch()
    steps = [Batch() for _ in range(STEPS)]
    for seq in range(start + 1, start + count + 1):
        event = new_event_id(SystemClock().now())
        run = run_id(event, "orders")
        accept.events.append((seq, event, "orders/hook", event, now, now, payload, None, 1, None))
        accept.matches.append((seq, "orders", "matched", DIGEST, None, None, seq))
        accept.runs.append(
            (
                *(seq, run, seq, "orders", DIGEST, PROTOCOL, "running", "parallel"),
                *(None, None, now, now, None, None, None),
            )
        )
        for number, batch in enumerate(steps):
            row = (f"do.{number}", "done", "test.do", 1, '{"n":1}', None, result, None)
            batch.steps.append((seq, *row, now, now, None, None))
        steps[-1].updates[seq] = (seq, "succeeded", None, now, now, None, None, None)
    return [accept, *steps]


class Load:
    """Keep so many runs in flight until all are done."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine
        self._clock = SystemClock()
        self._ended: dict[str, asyncio.Future[None]] = {}
        self._left = 0

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        for path in ("do.0", "do.1", "do.2"):
            spec = StepSpec(action="test.do", effect="local", idempotent="yes", parameters={"n": 1})
            await context.step(path, spec, self._call)
        future = self._ended.pop(context.event.id)
        if not future.done():
            future.set_result(None)
        return RunOutcome(state="succeeded")

    async def _call(self, attempt: Attempt) -> Any:
        return RESULT

    async def run(self, runs: int, concurrent: int) -> float:
        """Return the seconds that *runs* took."""
        self._left = runs
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrent):
                group.create_task(self._send())
        await self._engine.wait_idle()
        return time.perf_counter() - began

    async def _send(self) -> None:
        verdicts = [
            Verdict(
                recipe="orders",
                outcome="matched",
                definition=DIGEST,
                admission=Admission(mode="parallel"),
            )
        ]
        loop = asyncio.get_running_loop()
        while self._left > 0:
            self._left -= 1
            now = self._clock.now()
            name = new_event_id(now)
            event = Event(id=name, source="orders/hook", time=now, data=PAYLOAD, key=name)
            future = self._ended[name] = loop.create_future()
            await self._engine.accept(event, verdicts)
            await future


async def engine_rate(options: argparse.Namespace, concurrent: int, runs: int) -> dict[str, float]:
    """Return runs per second through the engine, and the processor time of one."""
    with folder_for(options) as folder:
        journal = SqliteJournal(folder / "journal.db", connect=options.connect)
        engine = EmbeddedEngine(journal, clock=SystemClock())
        load = Load(engine)
        await engine.open(load.execute)
        await engine.put_definition("orders", DEFINITION)
        await load.run(concurrent * 2, concurrent)
        gc.collect()
        loop_began, all_began = time.thread_time(), time.process_time()
        seconds = await load.run(runs, concurrent)
        loop_ms = (time.thread_time() - loop_began) / runs * 1e3
        all_ms = (time.process_time() - all_began) / runs * 1e3
        stats = await engine.stats()
        assert stats["succeeded"] == runs + concurrent * 2, stats
        await engine.close()
    return {
        "runs_per_second": runs / seconds,
        "loop_ms_per_run": loop_ms,
        "processor_ms_per_run": all_ms,
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return medians over interleaved rounds."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # as the daemon does
    rounds = [one_round(options) for _ in range(options.rounds)]
    figures = {
        name: round(statistics.median([one[name] for one in rounds]), 4) for name in rounds[0]
    }
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {**figures, "rounds": options.rounds, "disk": options.disk, "peak_mb": round(peak_mb, 1)}


def one_round(options: argparse.Namespace) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, concurrent in (("t1", 256), ("t2", 64)):
        raw = raw_rate(options, concurrent, options.runs)
        engine = asyncio.run(engine_rate(options, concurrent, options.runs))
        figures[f"{name}_raw_runs_per_second"] = raw
        figures[f"{name}_ratio"] = engine["runs_per_second"] / raw
        figures |= {f"{name}_{key}": value for key, value in engine.items()}
    return figures


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="T1 and T2 of the journal")
    parser.add_argument("--folder", default="/dev/shm", help="where the files are made")
    parser.add_argument("--disk", choices=("model", "real"), default="model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=10_000)
    options = parser.parse_args(arguments)
    choice: Callable[[Path], apsw.Connection] = (
        connect_model if options.disk == "model" else partial(connect)
    )
    options.connect = choice
    return options


if __name__ == "__main__":
    print(json.dumps(measure(parse(sys.argv[1:]))))
