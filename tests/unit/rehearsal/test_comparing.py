"""Only what differs is told, and everything that differs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.model.event import Event, Verdict
from rouage.model.run import RunRecord, StepRecord
from rouage.rehearsal.acting import Acted
from rouage.rehearsal.comparing import compare
from rouage.rehearsal.scene import Performance

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVENT = Event(id="e", source="r/t", time=NOW, data={}, key="k")
HOME = Path("/home/zoe/ws")


def mail(path: str, to: str) -> StepRecord:
    given = {"to": to, "attach": [f"{HOME}/a.pdf"]}
    return StepRecord(path=path, state="done", action="mail.send", parameters=given)


STEPS = (
    StepRecord(path="do.0", state="done", action="files.read", result={"text": f"in {HOME}/b"}),
    mail("do.1", "zoe"),
    mail("do.2", "max"),
    StepRecord(path="do.3", state="skipped", action="log.write"),
)
RUN = RunRecord(
    id="x", recipe="r", state="succeeded", event="e", definition="d", created=NOW,
    steps=STEPS, outputs={"n": 3, "list": [1, {"a": 2, "b": 3}]},
)  # fmt: skip
CAME = Performance(
    event=EVENT,
    verdict=Verdict(recipe="r", outcome="matched"),
    run=RUN,
    acted=tuple(
        Acted(recipe="r", run="x", path=path, action="mail.send", effect="outward", how="assumed")
        for path in ("do.1", "do.2")
    ),
)


def places(expect: dict[str, Any], came: Performance = CAME) -> list[str]:
    ids = {"do.0": "note", "do.1": "mail", "do.3": "told"}
    return [one.place for one in compare(expect, came, ids=ids, workspace=HOME)]


@pytest.mark.parametrize(
    "expect",
    [
        {},
        {"state": "succeeded"},
        {"steps": {"note": "done", "told": "skipped", "do.2": {"with": {"to": "max"}}}},
        {"steps": {"nobody": "not_taken", "mail": {"times": 1}}},
        {"steps": {"note": {"result": {"text": "in b"}}, "mail": {"with": {"attach": ["a.pdf"]}}}},
        {"effects": [{"action": "mail.send", "to": "zoe"}, {"action": "mail.send", "to": "max"}]},
        {"effects": [{"action": "mail.send", "count": 2, "attach": ["a.pdf"]}]},
        {"outputs": {"n": 3, "list": [1, {"b": 3}]}},
        {"steps": {"note": {"result": {"text": {"contains": "in"}}}}},
        {"steps": {"note": {"result": {"text": {"matches": "^in .$"}}}}},
    ],
)
def test_what_is_as_expected_makes_no_difference(expect: dict[str, Any]) -> None:
    assert places(expect) == []


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        ({"state": "failed"}, ["state"]),
        ({"steps": {"note": "failed", "told": "done"}}, ["steps.note", "steps.told"]),
        ({"steps": {"nobody": "done"}}, ["steps.nobody"]),
        ({"steps": {"mail": {"times": 2}}}, ["steps.mail.times"]),
        ({"steps": {"mail": "not_taken"}}, ["steps.mail"]),
        ({"effects": []}, ["effects", "effects"]),
        ({"effects": [{"action": "mail.send"}]}, ["effects"]),
        (
            {"effects": [{"action": "mail.send", "to": "max"}, {"action": "mail.send"}]},
            ["effects.0 (mail.send).to"],
        ),
        ({"effects": [{"action": "mail.send", "count": 3}]}, ["effects"]),
        ({"outputs": {"n": 4, "m": 1, "list": [1]}}, ["outputs.n", "outputs.m", "outputs.list"]),
        ({"outputs": {"n": True}}, ["outputs.n"]),
        (
            {"steps": {"note": {"result": {"text": {"contains": "out"}}}}},
            ["steps.note.result.text"],
        ),
        ({"steps": {"note": {"result": {"text": {"matches": "("}}}}}, ["steps.note.result.text"]),
        ({"error": "no"}, ["error"]),
    ],
)
def test_every_difference_is_told(expect: dict[str, Any], expected: list[str]) -> None:
    assert places(expect) == expected


def test_why_it_did_not_start_may_be_said_in_either_language() -> None:
    refused = Verdict(recipe="r", outcome="refused", conditions=({"expression": "a > 1"},))
    came = Performance(event=EVENT, verdict=refused)
    for reason in ("a > 1", "REFUSED", "condition est fausse", "is false: a"):
        assert places({"state": "not_triggered", "reason": reason}, came) == []
    assert places({"state": "succeeded", "reason": "b"}, came) == ["state", "reason"]
