"""The verdict after the kills: what the outside logs say, held against journal and disk."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from rouage.durable.port import Reader, RunFilter
from rouage.durable.sqlite import open_reader
from rouage.model.run import FINAL_STATES, RunRecord
from tests.bench.journal import all_runs
from tests.bench.workspace import Workspace
from tests.crash.dropper import content_of
from tests.crash.findings import Findings
from tests.crash.mixed import check_mixed
from tests.crash.snapshot import Snapshots, recorded

PROGRAM_EVERY = 20
"""Every so many orders also run a program, which appends their id to a file of its own."""


def read_acknowledged(path: Path, findings: Findings) -> dict[str, str]:
    """Return the event id of every acknowledged order."""
    events: dict[str, str] = {}
    renamed = []
    for line in path.read_text().splitlines():
        order, event = line.split(" ")
        if events.setdefault(order, event) != event:
            renamed.append(line)
    findings.add("orders_accepted_as_two_events", renamed)
    return events


def check_orders(
    acknowledged: Mapping[str, str],
    runs: Mapping[str, list[RunRecord]],
    lines: Path,
    found: Findings,
) -> None:
    """Hold the acknowledged orders against their runs and the lines they appended."""
    counts = Counter(line.split(b" ", 1)[0].decode() for line in lines.read_bytes().splitlines())
    started = {order: runs.get(event, []) for order, event in acknowledged.items()}
    found.add("acknowledged_events_lost", (order for order, its in started.items() if not its))
    found.add("events_with_two_runs", (order for order, its in started.items() if len(its) > 1))
    known = set(acknowledged.values())
    found.add("runs_nobody_ordered", (event for event in runs if event not in known))
    found.add("lines_twice", (order for order, count in counts.items() if count > 1))
    found.add("lines_torn_or_foreign", (word for word in counts if word not in acknowledged))
    found.add(
        "succeeded_without_their_line",
        (
            order
            for order, its in started.items()
            if its and its[0].state == "succeeded" and counts[order] != 1
        ),
    )


def check_programs(
    acknowledged: Mapping[str, str],
    runs: Mapping[str, list[RunRecord]],
    lines: Path,
    found: Findings,
) -> None:
    """Make sure that what may not be repeated happened at most once, and that doubt is shown."""
    counts = Counter(lines.read_text().split() if lines.exists() else ())
    found.add("programs_run_twice", (order for order, count in counts.items() if count > 1))
    wanted = [order for order in acknowledged if int(order[2:]) % PROGRAM_EVERY == 0]
    states = {order: [run.state for run in runs.get(acknowledged[order], [])] for order in wanted}
    found.add(
        "programs_not_run_and_no_doubt_shown",
        (order for order in wanted if not counts[order] and states[order] == ["succeeded"]),
    )
    found.add("programs_nobody_ordered", set(counts) - set(wanted))


def check_doubts(runs: Iterable[RunRecord], snapshots: Snapshots, found: Findings) -> None:
    """Make sure that a run needs a human only because a kill met its step under way."""
    found.add(
        "doubts_without_cause",
        (
            run.id
            for run in runs
            if run.state == "needs_attention" and run.id not in snapshots.started
        ),
    )


def check_states(runs: Iterable[RunRecord], found: Findings) -> Counter[str]:
    """Make sure that every run ended, or visibly needs a human; return how many of each.

    A run is cancelled here only by a refusal, which the mixed load checks.
    """
    states: Counter[str] = Counter()
    failed: list[str] = []
    stuck: list[str] = []
    for run in runs:
        states[run.state] += 1
        if run.state in {"needs_attention", "succeeded", "cancelled"}:
            continue
        place = failed if run.state in FINAL_STATES else stuck
        place.append(f"{run.recipe} {run.id} {run.state} {run.error or run.reason}")
    found.add("runs_failed", failed)
    found.add("runs_that_never_ended", stuck)
    return states


def check_files(dropped: list[str], workspace: Workspace, waiting: int, found: Findings) -> None:
    """Make sure that each dropped file was moved, whole, once; *waiting* may not be yet."""
    moved = {path.name: path.read_bytes() for path in workspace.path("sorted").iterdir()}
    left = [path.name for path in workspace.path("inbox").iterdir()]
    known = set(dropped)
    lost = [name for name in dropped if name not in moved and name not in left]
    found.add("files_lost", lost)
    found.add("files_not_moved", left[waiting:])
    found.add("files_in_both_places", set(moved) & set(left))
    found.add("files_under_another_name", (name for name in moved if name not in known))
    found.add(
        "files_changed",
        (name for name in dropped if name in moved and moved[name] != content_of(name)),
    )


async def check_file_events(reader: Reader, source: str, found: Findings) -> int:
    """Make sure that no file was reported twice; return the number of events."""
    records = await reader.find_events(source=source, limit=1_000_000)
    paths: Counter[str] = Counter()
    for record in records:
        data: Any = record.event.data
        paths[data["file"]["path"]] += 1
    found.add("files_reported_twice", (path for path, count in paths.items() if count > 1))
    return len(records)


async def check_results(reader: Reader, snapshots: Snapshots, found: Findings) -> int:
    """Make sure that no result recorded at a kill is different now; return how many there were."""
    again, missing, looked = [], [], 0
    for run_id, before in snapshots.recorded.items():
        run = await reader.get_run(run_id)
        if run is None:
            missing.append(run_id)
            continue
        now = {step.path: recorded(step) for step in run.steps}
        looked += len(before)
        again += [f"{run_id} {path}" for path, was in before.items() if now.get(path) != was]
    found.add("open_runs_lost", missing)
    found.add("recorded_steps_run_again", again)
    return looked


def read_stamps(lines: Path) -> dict[str, str]:
    """Return the last word of each line, by its first."""
    words = (line.split(" ") for line in lines.read_text().splitlines())
    return {found[0]: found[-1] for found in words}


async def check_stamps(
    reader: Reader, runs: Iterable[RunRecord], stamps: Mapping[str, str], found: Findings
) -> None:
    """Make sure that the stamp a run recorded first is the one its line carries."""
    wrong = []
    for run in runs:
        whole = await reader.get_run(run.id)
        assert whole is not None
        data: Any = whole.event_data
        result: Any = next((step.result for step in whole.steps if step.path == "do.0"), None)
        order = data["body"]["id"]
        if order in stamps and (result is None or result["stamp"] != stamps[order]):
            wrong.append(f"{run.id} {order}")
    found.add("first_step_computed_twice", wrong)


def check_database(journal: Path, found: Findings) -> None:
    """Ask SQLite whether the file is whole."""
    connection = apsw.Connection(str(journal), flags=apsw.SQLITE_OPEN_READONLY)
    answers = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    connection.close()
    found.add("database_damaged", (answer for answer in answers if answer != "ok"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Logs:
    """What the processes outside wrote down for themselves."""

    acknowledged: Path
    dropped: Path
    mixed: Path
    answers: Path


def verify(workspace: Workspace, logs: Logs, snapshots: Snapshots) -> dict[str, Any]:
    """Return the whole verdict; the daemon must have been stopped."""
    found, reader = Findings(), open_reader(workspace.journal)
    lines, names = workspace.path("lines", "lines.txt"), logs.dropped.read_text().splitlines()
    events = read_acknowledged(logs.acknowledged, found)
    orders, files, mixed, others = asyncio.run(_runs(reader))
    by_event = _by_event(orders)
    mixed_facts = check_mixed(
        workspace, read_acknowledged(logs.mixed, found), logs.answers, _by_event(mixed), found
    )
    check_orders(events, by_event, lines, found)
    check_programs(events, by_event, workspace.path("lines", "program.txt"), found)
    every = [*orders, *files, *mixed, *others]
    check_doubts(every, snapshots, found)
    states = check_states(every, found)
    waiting = sum(run.state == "needs_attention" for run in files)
    check_files(names, workspace, waiting, found)
    interrupted = [run for run in orders if run.id in snapshots.recorded]
    facts = asyncio.run(_deep(reader, snapshots, interrupted, read_stamps(lines), found))
    check_database(workspace.journal, found)
    return {
        "acknowledged_orders": len(events),
        "dropped_files": len(names),
        **mixed_facts,
        "runs": dict(states),
        **facts,
        "violations": found.counts,
        "examples": found.examples,
        "is_clean": found.is_clean,
    }


def _by_event(runs: Iterable[RunRecord]) -> dict[str, list[RunRecord]]:
    found: dict[str, list[RunRecord]] = {}
    for run in runs:
        found.setdefault(run.event, []).append(run)
    return found


async def _runs(reader: Reader) -> tuple[list[RunRecord], ...]:
    """Return the runs of the orders, of the files, of the mixed orders, and all others."""
    known = [
        [run async for run in all_runs(reader, RunFilter(recipe=recipe))]
        for recipe in ("commandes", "arrivees", "dossiers")
    ]
    others = [
        run
        for recipe in ("archive", "prevenu", "horloge")
        async for run in all_runs(reader, RunFilter(recipe=recipe))
    ]
    return (*known, others)


async def _deep(
    reader: Reader,
    snapshots: Snapshots,
    interrupted: list[RunRecord],
    stamps: Mapping[str, str],
    found: Findings,
) -> dict[str, int]:
    """Run the checks that look into single events and runs."""
    await check_stamps(reader, interrupted, stamps, found)
    return {
        "file_events": await check_file_events(reader, "arrivees/trigger_1", found),
        "recorded_results_compared": await check_results(reader, snapshots, found),
        "runs_found_open_by_a_kill": snapshots.open_runs,
        "runs_found_with_a_step_in_doubt": len(snapshots.started),
    }
