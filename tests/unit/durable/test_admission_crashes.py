"""Killed while events and steps compete for places and keys (durability section 8, R5, R13)."""

import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import apsw
import pytest

from rouage.durable.port import EventRecord, RunFilter
from rouage.durable.sqlite import open_reader
from rouage.model.run import FINAL_STATES, RunRecord

ROOT = Path(__file__).parents[3]
EVENTS = 60
LAST_KINDS = ("restart", "latest")
POINTS = (
    "before_accept_commit",
    "inside_accept_commit",
    "after_accept_commit",
    "between_matches_and_first_step",
    "after_start_commit",
    "after_effect",
    "record_queued",
    "between_record_and_claim",
    "final_state_written",
    "waiter_recorded",
    "timer_firing",
    "cancel_recorded",
)


def live(folder: Path, *, events: int, failpoint: str = "") -> int:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("contender.py")), str(folder), str(events)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "engine"), "ROUAGE_FAILPOINT": failpoint},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


class Outcome:
    """All that is on record after the last process ended in peace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.effects = [line.split() for line in lines(folder / "effects")]

    async def read(self) -> None:
        reader = open_reader(self.folder / "journal.db")
        try:
            self.events = await reader.find_events(limit=10_000)
            page = await reader.list_runs(RunFilter(), limit=10_000)
            self.runs: dict[str, RunRecord] = {}
            for run in page.runs:
                found = await reader.get_run(run.id)
                assert found is not None
                self.runs[run.id] = found
        finally:
            reader.close()
        connection = apsw.Connection(str(self.folder / "journal.db"))
        assert connection.pragma("integrity_check") == "ok"
        self.claims = {
            (scope, key): (state, event, run)
            for scope, key, state, event, run in connection.execute(
                "SELECT scope, claim.key, claim.state, event.id, run.id FROM claim LEFT JOIN event"
                " ON event.seq = claim.event LEFT JOIN run ON run.seq = claim.run"
            )
        }
        connection.close()

    def of_kind(self, kind: str) -> list[EventRecord]:
        """Return the events of one kind, oldest first."""
        return [one for one in reversed(self.events) if one.event.key.split("/")[0] == kind]


def check_acknowledged(outcome: Outcome) -> None:
    known = {one.event.id: one for one in outcome.events}
    for event in lines(outcome.folder / "acknowledged"):
        assert known[event].verdicts
    states = Counter(run.state for run in outcome.runs.values())
    assert set(states) <= FINAL_STATES | {"needs_attention"}, states


def check_modes(outcome: Outcome) -> None:
    for one in outcome.of_kind("single"):
        (verdict,) = one.verdicts
        assert verdict.outcome == ("matched" if one.runs else "skipped")
        if not one.runs:
            assert outcome.runs[verdict.error["run"]].state == "succeeded"  # type: ignore[index,call-overload]
    for kind in LAST_KINDS:
        events = outcome.of_kind(kind)
        runs = [one.runs[0] for one in events]
        assert runs[-1].state == "succeeded", (kind, [run.state for run in runs])
        later = {run.id: number for number, run in enumerate(runs)}
        for number, run in enumerate(runs):
            if run.state != "succeeded":
                assert run.state == {"restart": "cancelled", "latest": "skipped"}[kind]
                assert later[run.reason["run"]] > number  # type: ignore[index,call-overload]


def check_event_claims(outcome: Outcome) -> None:
    by_document: dict[str, list[EventRecord]] = defaultdict(list)
    for one in outcome.of_kind("claimed"):
        by_document[one.event.key.split("/")[1]].append(one)
    for document, events in by_document.items():
        (winner,) = [one for one in events if one.runs]
        assert outcome.claims["all", document] == ("claimed", winner.event.id, None)
        for one in events:
            if one is not winner:
                assert one.verdicts[0].error["first"] == winner.event.id  # type: ignore[index,call-overload]


def check_step_claims(outcome: Outcome) -> None:
    runs = [(one.event.key.split("/")[1], one.runs[0]) for one in outcome.of_kind("once")]
    for name, path in (("file", "do.0"), ("mail", "do.1")):
        results: dict[str, set[str]] = defaultdict(set)
        for document, run in runs:
            for step in outcome.runs[run.id].steps:
                if step.path == path and step.state == "done":
                    results[document].add(str(step.result))
        effects = [effect for effect in outcome.effects if effect[0] == name]
        for document, found in results.items():
            assert len(found) == 1, found
            assert outcome.claims["step", f"{name}/{document}"][0] == "done"
        for document in {effect[1] for effect in effects}:
            keys = [effect[2] for effect in effects if effect[1] == document]
            assert len(set(keys)) == 1
            if name == "mail":
                assert len(keys) == 1
                check_doubt(outcome, document, is_done=document in results, runs=runs)


def check_doubt(outcome: Outcome, document: str, *, is_done: bool, runs: Any) -> None:
    """See that a mail of which nobody knows is shown, and stops all who would send it again."""
    state, _, holder = outcome.claims["step", f"mail/{document}"]
    assert state == ("done" if is_done else "started")
    if not is_done:
        assert outcome.runs[str(holder)].state == "needs_attention"
        mine = [outcome.runs[run.id].state for name, run in runs if name == document]
        assert set(mine) == {"needs_attention"}


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_gives_no_place_and_no_key_twice(tmp_path: Path, point: str) -> None:
    deaths = 0
    for count in (1, 4):
        deaths += live(tmp_path, events=EVENTS, failpoint=f"{point}:{count}") != 0
    # A start that is killed leaves as much to do as it found.
    live(tmp_path, events=0, failpoint="during_recovery")
    assert live(tmp_path, events=30) == 0
    assert deaths > 0, "the point was never reached"
    outcome = Outcome(tmp_path)
    await outcome.read()
    check_acknowledged(outcome)
    check_modes(outcome)
    check_event_claims(outcome)
    check_step_claims(outcome)
