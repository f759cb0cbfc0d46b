"""Events in: acknowledged when on disk, once, all or nothing (R1-R3, R13)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rouage.durable.port import Accepted, Duplicate, RunContext, RunFilter, RunOutcome
from rouage.errors import JournalError, Overloaded
from rouage.model.event import Verdict
from rouage.model.ids import run_id


async def nothing(context: RunContext, definition: bytes) -> RunOutcome:
    return RunOutcome(state="succeeded")


async def test_an_event_starts_the_run_of_its_recipe(harness: Any, three_steps: Any) -> None:
    engine = await harness.open(three_steps(harness.recorder))
    event = harness.event()
    answer = await engine.accept(event, [harness.matched()])
    assert answer == Accepted(event_id=event.id, runs=(run_id(event.id, "orders"),))
    await engine.wait_idle()
    run = await engine.get_run(answer.runs[0])
    assert run is not None
    assert (run.state, run.recipe, run.event, run.source) == (
        "succeeded",
        "orders",
        event.id,
        "orders/hook",
    )
    assert run.outputs == {"ok": True}
    assert run.event_data == {"n": 1}
    assert run.conditions[0]["expression"] == "event.n > 0"
    assert [(step.path, step.state, step.result) for step in run.steps] == [
        (f"do.{n}", "done", {"name": f"do.{n}"}) for n in range(3)
    ]
    assert harness.recorder.effects == ["do.0#1", "do.1#1", "do.2#1"]


async def test_the_same_key_is_one_event(harness: Any, three_steps: Any) -> None:
    engine = await harness.open(three_steps(harness.recorder))
    first = await harness.send(engine)
    again = await harness.send(engine)
    assert again == Duplicate(first_id=first.event_id)
    both = await asyncio.gather(harness.send(engine, "other"), harness.send(engine, "other"))
    assert {type(answer) for answer in both} == {Accepted, Duplicate}
    await engine.wait_idle()
    assert len(harness.recorder.effects) == 6
    assert (await engine.stats())["events"] == 2


async def test_the_same_key_of_another_trigger_is_another_event(harness: Any) -> None:
    engine = await harness.open(nothing)
    await engine.accept(harness.event(source="orders/a"), ())
    answer = await engine.accept(harness.event(source="orders/b"), ())
    assert isinstance(answer, Accepted)


async def test_a_duplicate_gives_its_place_back(harness: Any) -> None:
    engine = await harness.open(nothing)
    for _ in range(3):
        await harness.send(engine)
    await engine.wait_idle()
    answer = await harness.send(engine, "new")
    await engine.wait_idle()
    assert (await engine.get_run(answer.runs[0])).state == "succeeded"


async def test_items_are_written_with_the_event_even_for_a_duplicate(harness: Any) -> None:
    engine = await harness.open(nothing)
    await engine.accept(harness.event(), (), items={b"a": {"size": 1}, b"\xff": 2})
    await engine.accept(harness.event(), (), items={b"a": None, b"b": [1]})
    assert await engine.load_items("orders/hook") == {b"\xff": 2, b"b": [1]}
    await engine.put_items("orders/hook", {b"b": None, b"c": "x"})
    assert await engine.load_items("orders/hook") == {b"\xff": 2, b"c": "x"}
    assert await engine.load_items("orders/other") == {}


async def test_verdicts_may_come_later_and_twice(harness: Any, three_steps: Any) -> None:
    engine = await harness.open(three_steps(harness.recorder))
    event = harness.event()
    assert await engine.accept(event) == Accepted(event_id=event.id)
    assert await engine.unmatched() == (event,)
    runs = await engine.record_matches(event.id, [harness.matched()])
    assert runs == (run_id(event.id, "orders"),)
    assert await engine.record_matches(event.id, [harness.matched()]) == runs
    assert await engine.unmatched() == ()
    await engine.wait_idle()
    assert harness.recorder.effects == ["do.0#1", "do.1#1", "do.2#1"]


async def test_matching_an_unknown_event_is_refused(harness: Any) -> None:
    engine = await harness.open(nothing)
    with pytest.raises(JournalError, match="no event"):
        await engine.record_matches("nowhere", [harness.matched()])


async def test_a_refusal_is_kept_with_its_values(harness: Any) -> None:
    engine = await harness.open(nothing)
    path = "/home/zoé/Factures/a\udce9.pdf"
    verdict = Verdict(
        recipe="orders",
        outcome="refused",
        definition="d" * 64,
        conditions=({"expression": "event.file.size > 0", "value": False},),
    )
    event = harness.event(data={"file": {"path": path}}, key=path)
    await engine.accept(event, [verdict])
    (found,) = await engine.find_events(subject=path)
    assert found.event == event
    assert found.verdicts == (verdict,)
    assert found.runs == ()
    assert await engine.find_events(subject="/nowhere") == ()
    (found,) = await engine.find_events(source="orders/hook")
    assert found.event.key == path


async def test_a_full_queue_refuses_and_writes_nothing(harness: Any) -> None:
    gate = asyncio.Event()

    async def wait(context: RunContext, definition: bytes) -> RunOutcome:
        await gate.wait()
        return RunOutcome(state="succeeded")

    engine = await harness.open(wait)
    for number in range(3):
        await harness.send(engine, str(number), queue_limit=2)
    with pytest.raises(Overloaded):
        await harness.send(engine, "one too many", queue_limit=2)
    # What was accepted before is known all the same, and what comes with it is remembered.
    again = await engine.accept(
        harness.event("0"), [harness.matched(queue_limit=2)], items={b"seen": 1}
    )
    assert isinstance(again, Duplicate)
    assert await engine.load_items("orders/hook") == {b"seen": 1}
    gate.set()
    await engine.wait_idle()
    stats = await engine.stats()
    assert (stats["events"], stats["succeeded"]) == (3, 3)
    await harness.send(engine, "one too many", queue_limit=2)
    await engine.wait_idle()


async def test_an_event_that_is_not_json_is_refused_and_takes_no_place(harness: Any) -> None:
    engine = await harness.open(nothing)
    for bad in (
        engine.accept(harness.event(data={"x": b"y"}), [harness.matched()]),
        engine.accept(harness.event(), [harness.matched()], items={b"a": float("nan")}),
    ):
        with pytest.raises(JournalError):
            await bad
    await engine.wait_idle()
    answer = await harness.send(engine)
    await engine.wait_idle()
    assert (await engine.get_run(answer.runs[0])).state == "succeeded"
    assert (await engine.stats())["events"] == 1


async def test_one_full_recipe_refuses_the_event_for_all(harness: Any) -> None:
    gate = asyncio.Event()

    async def wait(context: RunContext, definition: bytes) -> RunOutcome:
        await gate.wait()
        return RunOutcome(state="succeeded")

    engine = await harness.open(wait)
    await harness.send(engine, "a", queue_limit=0)
    both = [harness.matched("other"), harness.matched(queue_limit=0)]
    with pytest.raises(Overloaded):
        await engine.accept(harness.event("b"), both)
    gate.set()
    await engine.wait_idle()
    answer = await engine.accept(harness.event("b"), both)
    assert len(answer.runs) == 2
    await engine.wait_idle()


async def test_the_runs_start_even_if_the_sender_goes_away(
    harness: Any, three_steps: Any, eventually: Callable[..., Any]
) -> None:
    engine = await harness.open(three_steps(harness.recorder))
    sender = asyncio.ensure_future(harness.send(engine))
    await asyncio.sleep(0)
    sender.cancel()
    await eventually(lambda: len(harness.recorder.effects) == 3)
    await engine.wait_idle()


async def test_definitions_are_kept_by_hash_and_newest_by_recipe(harness: Any) -> None:
    engine = await harness.open(nothing)
    old = await engine.put_definition("mails", b"old")
    new = await engine.put_definition("mails", b"new")
    assert await engine.get_definition(old) == b"old"
    assert await engine.last_definition("mails") == b"new"
    assert await engine.put_definition("mails", b"old") == old
    assert await engine.last_definition("mails") == b"old"
    assert await engine.last_definition("nothing") is None
    assert await engine.get_definition("0" * 64) is None
    assert new != old


async def test_nothing_is_accepted_before_opening_and_after_closing(harness: Any) -> None:
    engine = harness.make()
    with pytest.raises(JournalError):
        await harness.send(engine)
    await engine.open(nothing)
    await engine.close()
    with pytest.raises(JournalError):
        await harness.send(engine)


async def test_runs_are_listed_newest_first_in_pages(harness: Any) -> None:
    engine = await harness.open(nothing)
    sent = []
    for number in range(7):
        harness.clock.advance(1)
        answer = await harness.send(engine, str(number), mode="parallel")
        sent.append(answer.runs[0])
    await engine.wait_idle()
    page = await engine.list_runs(RunFilter(), limit=3)
    seen = [run.id for run in page.runs]
    while page.cursor is not None:
        page = await engine.list_runs(RunFilter(), cursor=page.cursor, limit=3)
        seen += [run.id for run in page.runs]
    assert seen == sent[::-1]

    async def ids(**chosen: Any) -> list[str]:
        found = await engine.list_runs(RunFilter(**chosen))
        return [run.id for run in found.runs]

    newest = (await engine.list_runs(RunFilter(), limit=1)).runs[0]
    assert await ids(run_id=sent[2][:8]) == [sent[2]]
    assert await ids(recipe="orders") == sent[::-1]
    assert await ids(recipe="other") == []
    assert await ids(states=frozenset({"failed"})) == []
    assert await ids(states=frozenset({"failed", "succeeded"})) == sent[::-1]
    assert await ids(event=newest.event) == [newest.id]
    assert await ids(since=newest.created) == [newest.id]
    assert await ids(before=newest.created) == sent[:-1][::-1]
