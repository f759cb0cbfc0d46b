"""Blanking a person in a journal file: everywhere, for good, and never under an open run."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from rouage.durable.erasure import Found, Sought
from rouage.durable.memory import memory_engine
from rouage.durable.port import Attempt, RunContext, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine, open_reader
from rouage.durable.sqlite.erasing import Erasing
from rouage.durable.sqlite.opening import open_for_writing
from rouage.errors import JournalError
from rouage.model.event import Admission, Event, Verdict
from rouage.sdk.json import JSON

ALICE = "alice@exemple.fr"
LARGE = "x" * 100_000
NOW = datetime(2026, 9, 14, 8, 30, tzinfo=UTC)


async def execute(context: RunContext, definition: bytes) -> RunOutcome:
    data = context.event.data
    assert isinstance(data, dict)

    async def call(attempt: Attempt) -> JSON:
        return {"text": f"Bonjour {data['name']}", "long": LARGE + str(data["name"])}

    spec = StepSpec(action="text.render", effect="none", parameters={"to": data["email"]})
    await context.step("do.0", spec, call)
    if data.get("waits"):
        await context.sleep_until("do.1", datetime.now(UTC) + timedelta(days=400))
    return RunOutcome(state="succeeded", outputs={"greeted": data["name"]})


@pytest.fixture
async def journal(tmp_path: Path) -> Path:
    """Return a journal with three people, one of whom a run still waits for."""
    path = tmp_path / "journal.db"
    engine = open_engine(path)
    await engine.open(execute)
    digest = await engine.put_definition("greet", b"{}")
    people: list[JSON] = [
        {"email": ALICE, "name": "Alice Martin"},
        {"email": "malice@exemple.fr", "name": "Malice Petit"},
        {"email": "zoe@exemple.fr", "name": "Zoé Roux", "waits": True},
    ]
    for number, data in enumerate(people):
        assert isinstance(data, dict)
        event = Event(
            id=f"{number:026d}", source="greet/t", time=NOW, data=data, key=f"m {data['email']}"
        )
        admission = Admission(mode="parallel")
        verdict = Verdict(
            recipe="greet",
            outcome="matched",
            definition=digest,
            admission=admission,
            conditions=({"expression": "event.email", "value": data["email"], "values": {}},),
        )
        await engine.accept(event, [verdict])
    await engine.wait_idle()
    await engine.close()
    return path


def forget(path: Path, *names: str) -> Found:
    connection = open_for_writing(path)
    try:
        erasing = Erasing(connection, Sought(names))
        found = erasing.search()
        erasing.write()
    finally:
        connection.close()
    return found


def bytes_of(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))


async def test_a_person_is_blanked_with_the_run_and_its_large_values(journal: Path) -> None:
    found = forget(journal, ALICE)
    assert (len(found.events), len(found.runs), found.open_runs) == (1, 1, [])
    left = bytes_of(journal)
    assert b"Alice Martin" not in left
    assert ALICE.encode() not in left.replace(b"malice@exemple.fr", b"")
    assert b"Malice Petit" in left
    reader = open_reader(journal)
    try:
        (blanked,) = [
            one for one in await reader.find_events(source="greet/t") if one.event.id.endswith("00")
        ]
        run = await reader.get_run(blanked.runs[0].id)
    finally:
        reader.close()
    assert run is not None
    assert run.state == "succeeded"
    assert run.event_data == {"email": "‹erased›", "name": "‹erased›"}
    assert run.steps[0].result == {"text": "‹erased›", "long": "‹erased›"}
    assert run.outputs == {"greeted": "‹erased›"}
    assert [one["expression"] for one in run.conditions if isinstance(one, dict)] == ["event.email"]


async def test_nothing_is_taken_from_under_a_run_that_is_not_over(journal: Path) -> None:
    found = forget(journal, "zoe@exemple.fr")
    assert len(found.open_runs) == 1
    assert found.events == set()
    assert "Zoé Roux".encode() in bytes_of(journal)
    engine = open_engine(journal)
    await engine.open(execute)
    waits = await engine.list_waits()
    await engine.close()
    assert [one.kind for one in waits] == ["timer"]


async def test_to_forget_twice_finds_nothing_the_second_time(journal: Path) -> None:
    assert forget(journal, ALICE).rows
    again = forget(journal, ALICE)
    assert again.rows == {}


async def test_a_run_that_was_blanked_says_so(journal: Path) -> None:
    forget(journal, ALICE)
    reader = open_reader(journal)
    try:
        events = await reader.find_events(source="greet/t")
    finally:
        reader.close()
    told = {one.event.id[-1]: (one.blanked, one.runs[0].blanked) for one in events}
    assert told == {"0": ("person", "person"), "1": (None, None), "2": (None, None)}


# While an engine works.


async def nothing_else(found: Found) -> None:
    """Find nothing beside the journal."""


async def test_an_engine_at_work_forgets_as_well(journal: Path) -> None:
    engine = open_engine(journal)
    await engine.open(execute)
    try:
        found = await engine.erase(Sought([ALICE]), nothing_else)
        assert (len(found.events), len(found.runs), found.open_runs) == (1, 1, [])
        assert found.is_scrubbed
        assert found.rows == {"event": 2, "run": 1, "step": 2, "match": 1}
        left = bytes_of(journal)
        assert b"Alice Martin" not in left
        assert ALICE.encode() not in left.replace(b"malice@exemple.fr", b"")
        assert b"Malice Petit" in left
        (run_id,) = found.runs.values()
        run = await engine.get_run(run_id)
        assert run is not None
        assert (run.blanked, run.outputs) == ("person", {"greeted": "‹erased›"})
        open_run = await engine.erase(Sought(["zoe@exemple.fr"]), nothing_else)
        assert len(open_run.open_runs) == 1
        assert (await engine.erase(Sought([ALICE]), nothing_else)).rows == {}
    finally:
        await engine.close()


async def test_what_waits_in_a_batch_is_left_to_the_engine_and_told(journal: Path) -> None:
    engine = open_engine(journal)
    await engine.open(execute)
    await engine.put_items("greet/t#held", {b"a": {"email": ALICE}})
    found = await engine.erase(Sought([ALICE]), nothing_else)
    assert found.waiting == ["greet/t"]
    assert await engine.load_items("greet/t#held") == {b"a": {"email": ALICE}}
    await engine.close()
    assert forget(journal, ALICE).waiting == []
    reader = open_reader(journal)
    try:
        assert await reader.load_items("greet/t#held") == {b"a": {"email": "‹erased›"}}
    finally:
        reader.close()


async def test_an_event_that_comes_meanwhile_is_found_too(journal: Path) -> None:
    engine = open_engine(journal)
    await engine.open(execute)
    late = Event(id="9" * 26, source="greet/t", time=NOW, data={"email": ALICE}, key="late")

    async def before(found: Found) -> None:
        await engine.accept(late, [])

    found = await engine.erase(Sought([ALICE]), before)
    assert len(found.events) == 2
    record = await engine.get_event(late.id)
    assert record is not None
    assert record.event.data == {"email": "‹erased›"}
    await engine.close()


async def test_a_journal_in_memory_is_forgotten_by_ending() -> None:
    engine = memory_engine()
    with pytest.raises(JournalError, match="in memory"):
        await engine.erase(Sought([ALICE]), nothing_else)
    await engine.close()


ERASE = """
import asyncio, os, pathlib, sys
from rouage.durable.erasure import Sought
from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite import open_engine

async def before(found):
    pass

async def main():
    points = Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))
    engine = open_engine(pathlib.Path(sys.argv[1]), failpoints=points)
    found = await engine.erase(Sought(["alice@exemple.fr"]), before)
    print(found.is_scrubbed)
    await engine.close()

asyncio.run(main())
"""


def erase_apart(path: Path, failpoint: str = "") -> tuple[int, str]:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", ERASE, str(path)],
        env={**os.environ, "PYTHONPATH": str(root / "engine"), "ROUAGE_FAILPOINT": failpoint},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode, done.stdout.strip()


async def quiet(context: RunContext, definition: bytes) -> RunOutcome:
    """Do what names nobody: only the event tells whose it is."""

    async def call(attempt: Attempt) -> JSON:
        return {"street": "12 rue des Lilas"}

    for number in range(100):
        await context.step(f"do.{number}", StepSpec(action="test.do", effect="none"), call)
    return RunOutcome(state="succeeded")


@pytest.mark.crash
@pytest.mark.parametrize("point", ["mid_erasing", "between_erasures"])
async def test_who_is_killed_in_the_middle_finishes_the_next_time(
    tmp_path: Path, point: str
) -> None:
    path = tmp_path / "journal.db"
    engine = open_engine(path)
    await engine.open(quiet)
    digest = await engine.put_definition("greet", b"{}")
    admission = Admission(mode="parallel")
    verdict = Verdict(recipe="greet", outcome="matched", definition=digest, admission=admission)
    for number in range(3):
        event = Event(
            id=f"{number:026d}",
            source="greet/t",
            time=NOW,
            data={"email": ALICE, "n": number},
            key=f"m{number}",
        )
        await engine.accept(event, [verdict])
    await engine.wait_idle()
    await engine.close()
    for count in (1, 2):
        assert erase_apart(path, f"{point}:{count}")[0] != 0
        connection = apsw.Connection(str(path))
        assert connection.pragma("integrity_check") == "ok"
        connection.close()
    assert erase_apart(path) == (0, "True")
    left = bytes_of(path)
    assert b"Lilas" not in left
    assert ALICE.encode() not in left
