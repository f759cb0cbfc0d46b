"""A stored event shown to two versions: what was known then is used, and only effects count."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.catalog.catalog import Catalog
from rouage.durable.sqlite.stored import StoredEvent
from rouage.model.event import Event
from rouage.model.run import RunRecord, StepRecord
from rouage.recipes.checker import check
from rouage.rehearsal.differing import EventDifference
from rouage.rehearsal.replaying import Replay, Tally, replay
from rouage.rehearsal.scene import Surround
from tests.unit.rehearsal.conftest import MORNING, Canary

Show = Callable[..., Any]
WHEN = "name: R\nwhen: [{webhook.received: {path: orders}}]\n"


@pytest.fixture
def show(catalog: Catalog, canary: Canary, tmp_path: Path) -> Show:
    """Return what shows events of one recipe to two texts of it, and gives the tally."""

    def load(text: str) -> Any:
        checked = check(text.encode(), file="r.yaml", catalog=catalog, recipe_id="r")
        assert checked.recipe is not None, [(p.code, p.facts) for p in checked.problems]
        return checked.recipe

    async def play(old: str, new: str, *past: StoredEvent) -> Tally:
        surround = Surround(
            catalog=catalog, workspace=tmp_path, timezone=ZoneInfo("Europe/Paris"), language="en"
        )
        shown, tally = Replay(load(WHEN + old), load(WHEN + new), surround), Tally()
        async for _ in replay(past, shown, tally):
            pass
        await shown.close()
        assert canary.sang == [] or all("none" in one for one in canary.sang)
        return tally

    return play


def event(number: int, data: Any, *steps: StepRecord, outcome: str = "matched") -> StoredEvent:
    made = Event(
        id=f"{number:026d}", source="r/trigger_1", time=MORNING, data=data, key=f"{number}"
    )
    run = RunRecord(
        id="a" * 26, recipe="r", state="succeeded", event=made.id, definition="", steps=steps,
        created=MORNING + timedelta(seconds=1),
    )  # fmt: skip
    return StoredEvent(event=made, outcome=outcome, run=run if outcome == "matched" else None)


def done(path: str, action: str, parameters: Any, result: Any) -> StepRecord:
    return StepRecord(path=path, state="done", action=action, parameters=parameters, result=result)


ONE = {"query": {"n": 1}}
WRITE = 'do: [{files.write: {path: "files/${{ event.query.n }}.txt", text: "%s"}}]\n'


async def test_a_changed_value_is_one_changed_effect(show: Show) -> None:
    tally = await show(WRITE % "a", WRITE % "b", event(1, ONE), event(2, ONE))
    assert (tally.same, tally.differs, tally.unknown) == (0, 2, 0)
    (effect,) = tally.differences[0].effects
    assert (effect.change, effect.names) == ("changed", ("text",))


async def test_the_same_meaning_is_the_same_for_every_event(show: Show) -> None:
    past = [event(number, {"query": {"n": number}}) for number in range(120)]
    tally = await show(WRITE % "a", "# a comment\n" + WRITE % "a", *past)
    assert (tally.same, tally.differs) == (120, 0)


async def test_what_was_read_then_is_found_by_what_the_step_is_given(show: Show) -> None:
    old = (
        "do:\n  - {id: sheet, files.read: {path: files/a.txt}}\n"
        '  - canary.irreversible: {text: "${{ steps.sheet.text }}"}\n'
    )
    # The step has another place and another name: what it is given is the same.
    new = "do:\n  - canary.local: {}\n" + old.removeprefix("do:\n").replace("sheet", "page")
    read = done("do.0", "files.read", {"path": "files/a.txt"}, {"text": "then"})
    tally = await show(old, new, event(1, {}, read))
    assert (tally.differs, tally.unknown) == (1, 0)
    (effect,) = tally.differences[0].effects
    assert (effect.change, effect.effect.action) == ("added", "canary.local")


async def test_what_nobody_asked_then_is_unknown_and_not_guessed(show: Show) -> None:
    old = "do: [{id: sheet, files.read: {path: files/a.txt}}, {canary.local: {}}]\n"
    read = done("do.0", "files.read", {"path": "files/a.txt"}, {"text": "then"})
    tally = await show(old, old.replace("a.txt", "b.txt"), event(1, {}, read))
    assert (tally.same, tally.differs, tally.unknown) == (0, 0, 1)
    assert tally.open_steps == {"sheet": 1}


async def test_an_event_that_would_start_nothing_any_more_is_told(show: Show) -> None:
    tally = await show(WRITE % "a", "if: event.query.n == '7'\n" + WRITE % "a", event(1, ONE))
    found: EventDifference = tally.differences[0]
    assert found.states == ("succeeded", "not_triggered")
    assert [one.change for one in found.effects] == ["removed"]


async def test_what_other_events_decided_about_is_left_out(show: Show) -> None:
    tally = await show(WRITE % "a", WRITE % "b", event(1, ONE, outcome="duplicate"))
    assert (tally.replayed, tally.left_out) == (0, 1)


async def test_nothing_is_said_about_an_event_whose_values_are_gone(show: Show) -> None:
    gone = replace(event(1, ONE), blanked="personal")
    tally = await show(WRITE % "a", WRITE % "b", gone)
    assert (tally.replayed, tally.blanked, tally.left_out) == (0, 1, 0)


async def test_an_approval_is_answered_as_it_was(show: Show) -> None:
    old = (
        "do:\n  - {id: sure, timeout: 1d, approve: {ask: 'Really?'}}\n"
        "  - if: steps.sure.approved\n    canary.irreversible: {text: old}\n"
    )
    said = done("do.0", "approve", None, {"approved": False, "by": "lea", "fields": {}})
    tally = await show(old, old.replace("text: old", "text: new"), event(1, {}, said))
    assert (tally.same, tally.differs) == (1, 0), "she had said no"
