"""Keys that one event may have, and what goes into its commit: `accept` with extras (N-8)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from rouage.durable.port import (
    Accepted,
    Claim,
    Duplicate,
    RunContext,
    RunOutcome,
    StepSpec,
    WaitSpec,
    Wake,
    held_by,
)
from rouage.errors import JournalError, Overloaded
from rouage.model.event import Verdict

INVOICE = Claim(scope="all", key="ACME/2026-031")


async def nothing(context: RunContext, definition: bytes) -> RunOutcome:
    return RunOutcome(state="succeeded")


async def claim(harness: Any, engine: Any, key: str, what: Claim = INVOICE, **options: Any) -> Any:
    verdict = options.pop("verdict", None) or harness.matched(mode="parallel")
    return await engine.accept(harness.event(key), [verdict], claim=what, **options)


async def verdict_of(engine: Any, event_id: str) -> Any:
    found = await engine.find_events(limit=1000)
    return next(one for one in found if one.event.id == event_id).verdicts[0]


async def test_the_second_event_with_a_key_starts_nothing_and_names_the_first(
    harness: Any,
) -> None:
    engine = await harness.open(nothing)
    first = await claim(harness, engine, "scan")
    second = await claim(harness, engine, "mail")
    assert len(first.runs) == 1
    assert second == Accepted(event_id=second.event_id)
    verdict = await verdict_of(engine, second.event_id)
    assert (verdict.outcome, verdict.error["first"]) == ("duplicate", first.event_id)
    assert verdict.error["kind"] == "SeenBeforeError"
    assert "ACME/2026-031" in verdict.error["message"]["fr"]
    found = await engine.find_claim("all", "ACME/2026-031")
    assert (found.event, found.state, found.expires) == (first.event_id, "claimed", None)
    await engine.wait_idle()


async def test_a_key_of_another_scope_is_another_key(harness: Any) -> None:
    engine = await harness.open(nothing)
    for scope in ("all", "orders/hook"):
        answer = await claim(harness, engine, scope, Claim(scope=scope, key="é\udce9"))
        assert len(answer.runs) == 1
        assert (await engine.find_claim(scope, "é\udce9")).key == "é\udce9"
    assert await engine.find_claim("orders/other", "é\udce9") is None
    await engine.wait_idle()


async def test_of_many_at_once_one_gets_the_key(harness: Any) -> None:
    engine = await harness.open(nothing)
    answers = await asyncio.gather(*[claim(harness, engine, str(number)) for number in range(200)])
    (winner,) = [answer for answer in answers if answer.runs]
    for found in await engine.find_events(limit=1000):
        (verdict,) = found.verdicts
        if found.event.id == winner.event_id:
            assert verdict.outcome == "matched"
        else:
            assert verdict.error["first"] == winner.event_id
    await engine.wait_idle()


async def test_a_key_is_still_taken_after_a_restart(harness: Any) -> None:
    engine = await harness.open(nothing)
    await claim(harness, engine, "a")
    engine = await harness.restart(nothing)
    assert (await claim(harness, engine, "b")).runs == ()
    await engine.wait_idle()


async def test_an_expired_key_is_taken_over(harness: Any) -> None:
    engine = await harness.open(nothing)

    def hour() -> Claim:
        until = harness.clock.now() + timedelta(hours=1)
        return Claim(scope="orders/hook", key="k", expires=until)

    await claim(harness, engine, "a", hour())
    harness.clock.advance(3599)
    assert (await claim(harness, engine, "b", hour())).runs == ()
    harness.clock.advance(1)
    answer = await claim(harness, engine, "c", hour())
    assert len(answer.runs) == 1
    found = await engine.find_claim("orders/hook", "k")
    assert found.event == answer.event_id
    assert found.expires == harness.clock.now() + timedelta(hours=1)
    await engine.wait_idle()


async def test_the_event_delivered_again_is_a_duplicate_and_takes_no_key(harness: Any) -> None:
    engine = await harness.open(nothing)
    first = await claim(harness, engine, "a")
    assert await claim(harness, engine, "a") == Duplicate(first_id=first.event_id)
    other = Claim(scope="all", key="other")
    assert await claim(harness, engine, "a", other) == Duplicate(first_id=first.event_id)
    assert await engine.find_claim("all", "other") is None
    again, new = await asyncio.gather(
        claim(harness, engine, "a", other), claim(harness, engine, "b", other)
    )
    assert isinstance(again, Duplicate)
    assert len(new.runs) == 1
    assert (await engine.find_claim("all", "other")).event == new.event_id
    await engine.wait_idle()


async def test_a_key_is_free_again_when_the_commit_of_its_event_fails(memory_harness: Any) -> None:
    engine = await memory_harness.open(nothing)
    journal = engine._journal
    first = asyncio.create_task(claim(memory_harness, engine, "a"))
    second = asyncio.create_task(claim(memory_harness, engine, "b"))
    await asyncio.sleep(0)
    journal.break_down()
    with pytest.raises(JournalError):
        await first
    journal.mend()
    assert len((await second).runs) == 1
    found = await engine.find_claim("all", INVOICE.key)
    assert found.event == (await second).event_id
    await engine.wait_idle()


async def test_an_event_that_starts_nothing_leaves_the_key_to_the_next(harness: Any) -> None:
    engine = await harness.open(nothing)
    refused = Verdict(recipe="orders", outcome="refused")
    await claim(harness, engine, "a", verdict=refused)
    with pytest.raises(JournalError):
        await engine.accept(harness.event("b", data=b"x"), [harness.matched()], claim=INVOICE)
    assert await engine.find_claim("all", INVOICE.key) is None
    assert len((await claim(harness, engine, "c")).runs) == 1
    await engine.wait_idle()


async def test_an_event_for_which_there_was_no_room_leaves_the_key_to_the_next(
    harness: Any,
) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        await gate.wait()
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    await harness.send(engine, "open", mode="single")
    await harness.send(engine, "queued", key="q")
    with pytest.raises(Overloaded):
        await claim(harness, engine, "full", verdict=harness.matched(queue_limit=0, key="q"))
    skipped = await claim(harness, engine, "a", verdict=harness.matched(mode="single"))
    assert skipped.runs == ()
    assert await engine.find_claim("all", INVOICE.key) is None
    gate.set()
    await engine.wait_idle()
    assert len((await claim(harness, engine, "b")).runs) == 1
    await engine.wait_idle()


async def test_a_sender_that_gives_up_does_not_keep_the_key_from_others(harness: Any) -> None:
    engine = await harness.open(nothing)
    tasks = [asyncio.create_task(claim(harness, engine, str(number))) for number in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    last = await claim(harness, engine, "last")
    assert last.runs == ()
    started = [one for one in answers[1:] if isinstance(one, Accepted) and one.runs]
    assert len(started) <= 1
    await engine.wait_idle()
    assert (await engine.stats())["succeeded"] == 1


# held


async def test_what_is_gathered_goes_in_the_commit_of_its_event(harness: Any) -> None:
    engine = await harness.open(nothing)
    waits = Verdict(recipe="orders", outcome="held")
    event = harness.event("a")
    await engine.accept(event, [waits], items={b"i": 1}, held={b"one": {"n": 1}, b"two": 2})
    assert await engine.load_items("orders/hook") == {b"i": 1}
    assert await engine.load_items(held_by("orders/hook")) == {b"one": {"n": 1}, b"two": 2}
    # A second delivery gathers nothing, whatever else it remembers.
    again = await engine.accept(
        harness.event("a"), [waits], items={b"i": 2}, held={b"one": None, b"three": 3}
    )
    assert again == Duplicate(first_id=event.id)
    assert await engine.load_items("orders/hook") == {b"i": 2}
    assert await engine.load_items(held_by("orders/hook")) == {b"one": {"n": 1}, b"two": 2}
    await engine.accept(harness.event("b"), [harness.matched()], held={b"one": None, b"two": None})
    assert await engine.load_items(held_by("orders/hook")) == {}
    await engine.wait_idle()


async def test_an_event_that_came_before_under_its_key_gathers_nothing(harness: Any) -> None:
    engine = await harness.open(nothing)
    waits = Verdict(recipe="orders", outcome="held")
    await claim(harness, engine, "a", verdict=waits, held={b"a": 1})
    second = await claim(harness, engine, "b", verdict=waits, held={b"b": 1})
    assert (await verdict_of(engine, second.event_id)).outcome == "duplicate"
    assert await engine.load_items(held_by("orders/hook")) == {b"a": 1}


async def test_what_is_gathered_must_be_json(harness: Any) -> None:
    engine = await harness.open(nothing)
    waits = Verdict(recipe="orders", outcome="held")
    with pytest.raises(JournalError):
        await engine.accept(harness.event("a"), [waits], held={b"a": {1, 2}})
    assert (await engine.stats())["events"] == 0


# wakes

PARCEL = WaitSpec(kind="event", name="orders/parcel", action="wait", question={"if": None})


class Waiter:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        signals = await context.wait_signal("do.0", PARCEL, deadline=None)

        async def tell(_: Any) -> Any:
            return [signal.payload for signal in signals]

        spec = StepSpec(action="wait", effect="none")
        self.heard.append(await context.step("do.0", spec, tell))
        return RunOutcome(state="succeeded", outputs={"heard": len(signals)})


def wakes(runs: Any, payload: Any) -> list[Wake]:
    return [Wake(run=run, path="do.0", name="orders/parcel", payload=payload) for run in runs]


@pytest.mark.parametrize("restarts", [False, True])
async def test_an_event_wakes_the_runs_that_wait_for_it(
    harness: Any, eventually: Any, restarts: bool
) -> None:
    waiter = Waiter()
    engine = await harness.open(waiter.execute)
    runs = [(await harness.send(engine, str(n), mode="parallel")).runs[0] for n in range(3)]
    await engine.wait_idle()
    if restarts:
        engine = await harness.restart(waiter.execute)
    held = Verdict(recipe="orders", outcome="held")
    event = harness.event("p", data={"parcel": 7}, source="orders/parcel")
    await engine.accept(event, [held], wakes=wakes(runs, event.data))
    # The second delivery, and another event, come too late.
    again = harness.event("p", data={"parcel": 8}, source="orders/parcel")
    await engine.accept(again, [held], wakes=wakes(runs, again.data))
    await eventually(lambda: len(waiter.heard) == 3)
    await engine.wait_idle()
    assert waiter.heard == [[{"parcel": 7}]] * 3
    for run in runs:
        (signal,) = await engine.list_signals(run)
        assert (signal.author, signal.payload) == ("orders/parcel", {"parcel": 7})
        assert (await engine.get_run(run)).outputs == {"heard": 1}


async def test_a_run_that_is_over_or_unknown_is_not_woken(harness: Any) -> None:
    engine = await harness.open(nothing)
    run = (await harness.send(engine, "a")).runs[0]
    await engine.wait_idle()
    event = harness.event("p")
    answer = await engine.accept(event, [], wakes=wakes([run, "nowhere"], {"n": 1}))
    assert answer == Accepted(event_id=event.id)
    assert await engine.list_signals(run) == ()


async def test_an_answer_that_is_not_json_wakes_nobody_and_is_not_accepted(harness: Any) -> None:
    waiter = Waiter()
    engine = await harness.open(waiter.execute)
    run = (await harness.send(engine, "a")).runs[0]
    await engine.wait_idle()
    with pytest.raises(JournalError):
        await engine.accept(harness.event("p"), [], wakes=wakes([run], {1, 2}))
    assert (await engine.stats())["events"] == 1
    assert (await engine.get_run(run)).state == "waiting"


async def test_a_bad_event_takes_no_key_and_no_neighbour_with_it(sqlite_harness: Any) -> None:
    harness = sqlite_harness
    engine = await harness.open(nothing)
    waits = Verdict(recipe="orders", outcome="held")
    bad = harness.matched(mode="parallel", maximum=2**70)
    keys = [Claim(scope="all", key=name) for name in ("a", "b", "c")]
    answers = await asyncio.gather(
        claim(harness, engine, "a", keys[0], held={b"a": 1}),
        claim(harness, engine, "b", keys[1], verdict=bad, held={b"b": 1}),
        claim(harness, engine, "c", keys[2], verdict=waits, held={b"c": 1}),
        return_exceptions=True,
    )
    assert isinstance(answers[1], JournalError)
    assert await engine.find_claim("all", "b") is None
    for name, answer in (("a", answers[0]), ("c", answers[2])):
        assert (await engine.find_claim("all", name)).event == answer.event_id
    assert await engine.load_items(held_by("orders/hook")) == {b"a": 1, b"c": 1}
    assert len((await claim(harness, engine, "again", keys[1])).runs) == 1
    await engine.wait_idle()
