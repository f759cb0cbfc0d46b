"""Blanking a person in a journal file: everywhere, for good, and never under an open run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rouage.durable.erasure import Sought
from rouage.durable.port import Attempt, RunContext, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine, open_reader
from rouage.durable.sqlite.erasing import Erasing, Found
from rouage.durable.sqlite.opening import open_for_writing
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
