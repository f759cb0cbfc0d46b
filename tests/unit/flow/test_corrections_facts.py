"""What a run knew: its event, its inputs, the results of its steps; look-ups and nothing more."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rouage.flow.corrections.facts import facts_of, look_up
from rouage.model.run import RunRecord, StepRecord

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECIPE: dict[str, Any] = {
    "inputs": {"who": {"type": "text", "default": "EDF"}, "year": {"type": "text"}, "odd": 3},
    "do": [{"invoice.read": {}, "id": "read"}, {"log.write": {}}, "odd"],
}


def step(path: str, result: Any) -> StepRecord:
    return StepRecord(path=path, state="done", action="x", attempts=1, result=result)


@pytest.fixture
def facts() -> dict[str, Any]:
    run = RunRecord(
        id="r",
        recipe="r",
        event="e",
        source="r/t",
        state="succeeded",
        definition="d",
        created=NOON,
        event_data={"file": {"name": "a.pdf", "size": 3}, "inputs": {"year": "2026"}},
        steps=(step("do.0", {"supplier": "EDF SA"}), step("do.1", None)),
    )
    return facts_of(run, RECIPE)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (" event.file.name ", "a.pdf"),
        ("inputs.year", "2026"),
        ("inputs.who", "EDF"),
        ("steps.read.supplier", "EDF SA"),
        ("steps.read.other", None),
        ("steps.other.supplier", None),
        ("event.file.size", None),  # how a number is written is not known here
        ("event", None),
        ("event.file.name | upper", None),
        ("name", None),
    ],
)
def test_a_plain_look_up_gives_what_was_recorded(facts, source: str, text: str | None):
    assert look_up(facts, source) == text


def test_a_run_whose_data_was_blanked_knows_nothing():
    run = RunRecord(
        id="r",
        recipe="r",
        event="e",
        source="r/t",
        state="succeeded",
        definition="d",
        created=NOON,
    )
    assert look_up(facts_of(run, {}), "event.file.name") is None
