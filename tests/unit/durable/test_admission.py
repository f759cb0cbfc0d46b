"""Who may start, and who gives way: the modes of R13, on both engines, across restarts."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import apsw
import pytest

from rouage.durable.port import (
    Accepted,
    BlockedRun,
    Duplicate,
    RunContext,
    RunFilter,
    RunOutcome,
    StepSpec,
)
from rouage.errors import OutcomeUnknown
from rouage.model.ids import run_id

LOCAL = StepSpec(action="test.do", effect="local", idempotent="yes")
MAIL = StepSpec(action="test.mail")


class Gates:
    """Runs that work until they are let go, by the key of their event."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.active: set[str] = set()
        self.most = 0
        self._gates: dict[str, asyncio.Event] = {}
        self.is_open = False

    def open(self, key: str) -> None:
        self._gates.setdefault(key, asyncio.Event()).set()

    def open_all(self) -> None:
        self.is_open = True
        for gate in self._gates.values():
            gate.set()

    async def execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        key = context.event.key

        async def work(_: Any) -> Any:
            self.begun.append(key)
            self.active.add(key)
            self.most = max(self.most, len(self.active))
            try:
                if not self.is_open:
                    await self._gates.setdefault(key, asyncio.Event()).wait()
            finally:
                self.active.discard(key)
            return None

        async def tidy(_: Any) -> Any:
            self.ended.append(f"{key} cancelled")

        if context.cancelled is not None:
            await context.step("finally.0", LOCAL, tidy)
            return RunOutcome(state="cancelled")
        await context.step("do.0", LOCAL, work)
        self.ended.append(key)
        return RunOutcome(state="succeeded")


@pytest.fixture
def gates() -> Gates:
    return Gates()


async def verdict_of(engine: Any, event_id: str) -> Any:
    for found in await engine.find_events(limit=1000):
        if found.event.id == event_id:
            return found.verdicts[0]
    raise AssertionError(event_id)


async def states(engine: Any) -> dict[str, str]:
    """Return the state of each run by the key of its event."""
    found = await engine.find_events(limit=1000)
    return {one.event.key: run.state for one in found for run in one.runs}


def is_active(gates: Gates, key: str) -> Any:
    return lambda: key in gates.active


# single


async def test_single_skips_an_event_while_a_run_is_open_and_names_it(
    harness: Any, gates: Gates, eventually: Any
) -> None:
    engine = await harness.open(gates.execute)
    first = await harness.send(engine, "a", mode="single")
    second = await harness.send(engine, "b", mode="single")
    assert second.runs == ()
    verdict = await verdict_of(engine, second.event_id)
    assert (verdict.outcome, verdict.error["run"]) == ("skipped", first.runs[0])
    assert verdict.error["kind"] == "SkippedError"
    assert first.runs[0] in verdict.error["message"]["fr"]
    gates.open("a")
    await engine.wait_idle()
    third = await harness.send(engine, "c", mode="single")
    assert len(third.runs) == 1
    gates.open("c")
    await engine.wait_idle()
    assert gates.begun == ["a", "c"]


async def test_single_minds_only_its_own_key(harness: Any, gates: Gates) -> None:
    engine = await harness.open(gates.execute)
    for key in ("x", "y", None):
        answer = await harness.send(engine, f"of {key}", mode="single", key=key)
        assert len(answer.runs) == 1
    gates.open_all()
    await engine.wait_idle()


async def test_of_many_at_once_single_starts_one(harness: Any, gates: Gates) -> None:
    engine = await harness.open(gates.execute)
    answers = await asyncio.gather(
        *[harness.send(engine, str(number), mode="single") for number in range(300)]
    )
    started = [answer for answer in answers if answer.runs]
    assert len(started) == 1
    for found in await engine.find_events(limit=1000):
        (verdict,) = found.verdicts
        if found.runs:
            assert verdict.outcome == "matched"
        else:
            assert verdict.error["run"] == started[0].runs[0]
    gates.open_all()
    await engine.wait_idle()


async def test_a_duplicate_does_not_make_single_skip_its_neighbour(
    harness: Any, gates: Gates
) -> None:
    gates.open_all()
    engine = await harness.open(gates.execute)
    await harness.send(engine, "old", mode="single")
    await engine.wait_idle()
    again, new = await asyncio.gather(
        harness.send(engine, "old", mode="single"), harness.send(engine, "new", mode="single")
    )
    assert isinstance(again, Duplicate)
    assert len(new.runs) == 1
    await engine.wait_idle()


async def test_a_commit_that_fails_does_not_make_single_skip_for_its_sake(
    memory_harness: Any, gates: Gates
) -> None:
    engine = await memory_harness.open(gates.execute)
    journal = engine._journal
    failing = asyncio.create_task(memory_harness.send(engine, "a", mode="single"))
    await asyncio.sleep(0)
    journal.break_down()
    with pytest.raises(Exception, match="broken"):
        await failing
    journal.mend()
    answer = await memory_harness.send(engine, "b", mode="single")
    assert len(answer.runs) == 1
    gates.open_all()
    await engine.wait_idle()


async def test_single_still_knows_the_open_run_after_a_restart(
    harness: Any, gates: Gates, eventually: Any
) -> None:
    engine = await harness.open(gates.execute)
    first = await harness.send(engine, "a", mode="single")
    await eventually(is_active(gates, "a"))
    engine = await harness.restart(gates.execute)
    second = await harness.send(engine, "b", mode="single")
    verdict = await verdict_of(engine, second.event_id)
    assert verdict.error["run"] == first.runs[0]
    gates.open_all()
    await engine.wait_idle()
    assert len((await harness.send(engine, "c", mode="single")).runs) == 1
    await engine.wait_idle()


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_run_that_needs_attention_is_open_for_single_and_for_no_other_mode(
    harness: Any, eventually: Any, restarts: bool
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def doubtful(_: Any) -> Any:
            raise OutcomeUnknown("cut off")

        if context.event.key == "doubt":
            await context.step("do.0", MAIL, doubtful)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    doubt = (await harness.send(engine, "doubt", mode="single")).runs[0]
    await engine.wait_idle()
    assert (await engine.get_run(doubt)).state == "needs_attention"
    if restarts:
        engine = await harness.restart(execute)
    skipped = await harness.send(engine, "a", mode="single")
    assert (await verdict_of(engine, skipped.event_id)).error["run"] == doubt
    queued = await harness.send(engine, "b", mode="queued")
    await engine.wait_idle()
    assert (await engine.get_run(queued.runs[0])).state == "succeeded"
    assert (await harness.send(engine, "c", mode="single")).runs == ()
    await engine.resolve(doubt, "done", author="zoé")
    await engine.wait_idle()
    assert len((await harness.send(engine, "d", mode="single")).runs) == 1
    await engine.wait_idle()


async def test_a_run_whose_last_steps_are_in_doubt_holds_single_until_it_is_given_up(
    harness: Any,
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def doubtful(_: Any) -> Any:
            raise OutcomeUnknown("cut off")

        if context.event.key == "one":
            await context.step("do.0" if context.cancelled is None else "finally.0", MAIL, doubtful)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    one = (await harness.send(engine, "one", mode="single")).runs[0]
    await engine.wait_idle()
    assert await engine.cancel(one, "enough") == "needs_attention"
    assert (await harness.send(engine, "two", mode="single")).runs == ()
    assert await engine.cancel(one, "give up") == "cancelled"
    assert len((await harness.send(engine, "three", mode="single")).runs) == 1
    await engine.wait_idle()


@pytest.mark.parametrize("state", ["needs_attention", "blocked", "queued"])
async def test_a_cancelled_run_holds_single_no_more(harness: Any, state: str) -> None:
    gate = asyncio.Event()

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def doubtful(_: Any) -> Any:
            raise OutcomeUnknown("cut off")

        if context.cancelled is not None:
            return RunOutcome(state="cancelled")
        if context.event.key == "busy":
            await gate.wait()
        elif context.event.key == "one" and state == "blocked":
            raise BlockedRun({"kind": "missing"})
        elif context.event.key == "one":
            await context.step("do.0", MAIL, doubtful)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute, capacity=1)
    if state == "queued":
        await harness.send(engine, "busy", mode="single", key="other")
    one = (await harness.send(engine, "one", mode="single")).runs[0]
    if state != "queued":
        await engine.wait_idle()
    assert (await engine.get_run(one)).state == state
    assert (await harness.send(engine, "two", mode="single")).runs == ()
    assert await engine.cancel(one, "enough") == "cancelled"
    assert len((await harness.send(engine, "three", mode="single")).runs) == 1
    gate.set()
    await engine.wait_idle()


async def test_single_skips_for_a_run_accepted_under_another_mode(
    harness: Any, gates: Gates
) -> None:
    engine = await harness.open(gates.execute)
    before, after = await asyncio.gather(
        harness.send(engine, "a", mode="queued"), harness.send(engine, "b", mode="single")
    )
    assert after.runs == ()
    assert (await verdict_of(engine, after.event_id)).error["run"] == before.runs[0]
    gates.open_all()
    await engine.wait_idle()


async def test_late_verdicts_are_decided_too_and_may_be_repeated(
    harness: Any, gates: Gates
) -> None:
    engine = await harness.open(gates.execute)
    await harness.send(engine, "a", mode="single")
    event = harness.event("b")
    await engine.accept(event)
    verdict = harness.matched(mode="single")
    assert await engine.record_matches(event.id, [verdict]) == ()
    gates.open_all()
    await engine.wait_idle()
    assert await engine.record_matches(event.id, [verdict]) == ()
    assert (await verdict_of(engine, event.id)).outcome == "skipped"


async def test_one_event_may_be_skipped_by_one_recipe_and_start_another(
    harness: Any, gates: Gates
) -> None:
    engine = await harness.open(gates.execute)
    await harness.send(engine, "a", mode="single")
    event = harness.event("b")
    answer = await engine.accept(
        event, [harness.matched(mode="single"), harness.matched("others", mode="single")]
    )
    assert answer == Accepted(event_id=event.id, runs=(run_id(event.id, "others"),))
    gates.open_all()
    await engine.wait_idle()


# restart


async def test_restart_ends_the_active_run_first(
    harness: Any, gates: Gates, eventually: Any
) -> None:
    engine = await harness.open(gates.execute)
    old = (await harness.send(engine, "old", mode="restart")).runs[0]
    await eventually(is_active(gates, "old"))
    new = (await harness.send(engine, "new", mode="restart")).runs[0]
    await eventually(is_active(gates, "new"))
    assert gates.most == 1
    assert gates.ended == ["old cancelled"]
    gates.open("new")
    await engine.wait_idle()
    run = await engine.get_run(old)
    assert (run.state, run.reason["run"]) == ("cancelled", new)
    assert new in run.reason["message"]["en"]
    assert (await engine.get_run(new)).state == "succeeded"


async def test_restart_cancels_what_waits_in_between(
    harness: Any, gates: Gates, eventually: Any
) -> None:
    engine = await harness.open(gates.execute)
    await harness.send(engine, "0", mode="restart")
    await eventually(is_active(gates, "0"))
    answers = await asyncio.gather(
        *[harness.send(engine, str(number), mode="restart") for number in range(1, 50)]
    )
    await eventually(is_active(gates, "49"))
    gates.open_all()
    await engine.wait_idle()
    assert gates.most == 1
    found = await states(engine)
    assert found.pop("49") == "succeeded"
    assert set(found.values()) == {"cancelled"}
    for earlier, later in itertools.pairwise(answers):
        reason = (await engine.get_run(earlier.runs[0])).reason
        assert reason["run"] == later.runs[0]


async def test_restart_ends_a_run_that_waits(harness: Any, eventually: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if context.cancelled is not None:
            return RunOutcome(state="cancelled")
        if context.event.key == "old":
            await context.sleep_until("do.0", context.started + timedelta(days=1))
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    old = (await harness.send(engine, "old", mode="restart")).runs[0]
    await engine.wait_idle()
    engine = await harness.restart(execute)
    new = (await harness.send(engine, "new", mode="restart")).runs[0]

    async def is_over() -> bool:
        return (await engine.get_run(new)).state == "succeeded"

    await eventually(is_over)
    assert (await engine.get_run(old)).state == "cancelled"


async def test_a_duplicate_restarts_nothing(harness: Any, gates: Gates, eventually: Any) -> None:
    engine = await harness.open(gates.execute)
    await harness.send(engine, "a", mode="restart")
    await eventually(is_active(gates, "a"))
    assert isinstance(await harness.send(engine, "a", mode="restart"), Duplicate)
    gates.open("a")
    await engine.wait_idle()
    assert gates.ended == ["a"]


async def test_restart_leaves_a_doubt_to_the_human(harness: Any, eventually: Any) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        async def doubtful(_: Any) -> Any:
            raise OutcomeUnknown("cut off")

        if context.event.key == "doubt":
            await context.step("do.0", MAIL, doubtful)
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    await harness.send(engine, "doubt", mode="restart")
    await engine.wait_idle()
    await harness.send(engine, "new", mode="restart")
    await engine.wait_idle()
    assert await states(engine) == {"doubt": "needs_attention", "new": "succeeded"}


# latest


async def test_latest_keeps_the_newest_waiting(harness: Any, gates: Gates, eventually: Any) -> None:
    engine = await harness.open(gates.execute)
    await harness.send(engine, "0", mode="latest")
    await eventually(is_active(gates, "0"))
    answers = [await harness.send(engine, str(number), mode="latest") for number in range(1, 4)]
    gates.open_all()
    await engine.wait_idle()
    assert gates.begun == ["0", "3"]
    assert await states(engine) == {
        "0": "succeeded",
        "1": "skipped",
        "2": "skipped",
        "3": "succeeded",
    }
    run = await engine.get_run(answers[0].runs[0])
    assert run.reason["run"] == answers[1].runs[0]
    assert run.reason["kind"] == "ReplacedError"
    assert run.started is None
    assert run.ended is not None


async def test_latest_under_a_flood_executes_the_first_and_the_last(
    harness: Any, gates: Gates
) -> None:
    engine = await harness.open(gates.execute)
    await asyncio.gather(
        *[harness.send(engine, str(number), mode="latest") for number in range(500)]
    )
    gates.open_all()
    await engine.wait_idle()
    assert gates.begun == ["0", "499"]
    assert (await engine.stats())["skipped"] == 498


async def test_a_duplicate_replaces_nobody(harness: Any, gates: Gates, eventually: Any) -> None:
    engine = await harness.open(gates.execute)
    await harness.send(engine, "0", mode="latest")
    await eventually(is_active(gates, "0"))
    await harness.send(engine, "1", mode="latest")
    assert isinstance(await harness.send(engine, "0", mode="latest"), Duplicate)
    gates.open_all()
    await engine.wait_idle()
    assert gates.begun == ["0", "1"]


async def test_what_a_crash_left_to_replace_is_replaced_at_the_start(
    harness: Any, gates: Gates, eventually: Any
) -> None:
    """As if the process had died between the commits: three wait, and none was told."""
    engine = await harness.open(gates.execute)
    engine._succession.follow = lambda run, admission: None
    await harness.send(engine, "0", mode="latest")
    await eventually(is_active(gates, "0"))
    for number in range(1, 4):
        await harness.send(engine, str(number), mode="latest")
    engine = await harness.restart(gates.execute)
    gates.open_all()
    await engine.wait_idle()
    assert gates.begun == ["0", "0", "3"]
    assert (await states(engine)) == {
        "0": "succeeded",
        "1": "skipped",
        "2": "skipped",
        "3": "succeeded",
    }


async def test_a_restart_that_a_crash_cut_off_is_made_good_at_the_start(
    harness: Any, gates: Gates, eventually: Any
) -> None:
    engine = await harness.open(gates.execute)
    engine._succession.follow = lambda run, admission: None
    await harness.send(engine, "0", mode="restart")
    await eventually(is_active(gates, "0"))
    for number in range(1, 3):
        await harness.send(engine, str(number), mode="restart")
    engine = await harness.restart(gates.execute)
    await eventually(is_active(gates, "2"))
    gates.open_all()
    await engine.wait_idle()
    assert await states(engine) == {"0": "cancelled", "1": "cancelled", "2": "succeeded"}
    assert gates.ended == ["0 cancelled", "2"]


@pytest.mark.parametrize(("mode", "fate"), [("restart", "cancelled"), ("latest", "skipped")])
async def test_a_start_does_not_prefer_a_replaced_run_to_the_one_that_began(
    harness: Any, gates: Gates, eventually: Any, mode: str, fate: str
) -> None:
    """As if the process had died while the end of the replaced run was on its way to disk."""
    engine = await harness.open(gates.execute)
    engine._succession._end = lambda *_: None
    await harness.send(engine, "0", mode=mode)
    await eventually(is_active(gates, "0"))
    await harness.send(engine, "1", mode=mode)
    await harness.send(engine, "2", mode=mode)
    gates.open("0")
    await eventually(is_active(gates, "2"))
    engine = await harness.restart(gates.execute)
    gates.open_all()
    await engine.wait_idle()
    assert {"1": fate, "2": "succeeded"}.items() <= (await states(engine)).items()
    assert "1" not in gates.begun


# when_full


async def fill(harness: Any, engine: Any, eventually: Any, gates: Gates, **admission: Any) -> None:
    """Have one run at work and two waiting."""
    await harness.send(engine, "0", queue_limit=2, **admission)
    await eventually(is_active(gates, "0"))
    for number in (1, 2):
        await harness.send(engine, str(number), queue_limit=2, **admission)


async def test_when_full_may_leave_events_out(harness: Any, gates: Gates, eventually: Any) -> None:
    engine = await harness.open(gates.execute)
    await fill(harness, engine, eventually, gates, when_full="skip")
    answer = await harness.send(engine, "3", queue_limit=2, when_full="skip")
    assert answer.runs == ()
    verdict = await verdict_of(engine, answer.event_id)
    assert (verdict.outcome, verdict.error["limit"]) == ("full", 2)
    assert "2 waiting" in verdict.error["message"]["en"]
    gates.open_all()
    await engine.wait_idle()
    assert gates.begun == ["0", "1", "2"]
    assert len((await harness.send(engine, "4", queue_limit=2, when_full="skip")).runs) == 1
    await engine.wait_idle()


async def test_of_many_at_once_as_many_wait_as_there_is_room(harness: Any, gates: Gates) -> None:
    engine = await harness.open(gates.execute)
    answers = await asyncio.gather(
        *[harness.send(engine, str(n), queue_limit=5, when_full="skip") for n in range(200)]
    )
    assert sum(bool(answer.runs) for answer in answers) == 6
    gates.open_all()
    await engine.wait_idle()
    assert gates.begun == ["0", "1", "2", "3", "4", "5"]


async def test_when_full_may_replace_the_oldest(
    harness: Any, gates: Gates, eventually: Any
) -> None:
    engine = await harness.open(gates.execute)
    await fill(harness, engine, eventually, gates, when_full="replace_oldest")
    three = await harness.send(engine, "3", queue_limit=2, when_full="replace_oldest")
    gates.open_all()
    await engine.wait_idle()
    assert gates.begun == ["0", "2", "3"]
    (one,) = (await engine.list_runs(RunFilter(states=frozenset({"skipped"})))).runs
    assert one.reason["run"] == three.runs[0]


async def test_runs_known_by_number_alone_can_be_replaced(
    harness: Any, gates: Gates, eventually: Any
) -> None:
    engine = await harness.open(gates.execute)
    await fill(harness, engine, eventually, gates, when_full="replace_oldest")
    engine = await harness.restart(gates.execute)
    for number in (3, 4):
        await harness.send(engine, str(number), queue_limit=2, when_full="replace_oldest")
    gates.open_all()
    await engine.wait_idle()
    assert gates.begun == ["0", "0", "3", "4"]
    assert (await engine.stats())["skipped"] == 2


async def test_a_caller_learns_that_the_run_it_called_was_replaced(
    harness: Any, gates: Gates, eventually: Any
) -> None:
    outcomes: list[Any] = []

    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if context.event.source != "callers/hook":
            return await gates.execute(context, definition)
        event = harness.event("called", source="orders/call")
        outcomes.append(
            await context.call("do.0", event, harness.matched(mode="latest"), background=False)
        )
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    await harness.send(engine, "0", mode="latest")
    await eventually(is_active(gates, "0"))
    caller = harness.event("c", source="callers/hook")
    await engine.accept(caller, [harness.matched("callers")])

    async def is_called() -> bool:
        return "called" in await states(engine)

    await eventually(is_called)
    await harness.send(engine, "1", mode="latest")
    await eventually(lambda: outcomes)
    assert outcomes[0]["state"] == "skipped"
    gates.open_all()
    await engine.wait_idle()


async def test_a_run_of_another_protocol_is_open_for_single(
    sqlite_harness: Any, gates: Gates, eventually: Any
) -> None:
    engine = await sqlite_harness.open(gates.execute)
    foreign = (await sqlite_harness.send(engine, "a", mode="single")).runs[0]
    await eventually(is_active(gates, "a"))
    await engine.close(0.0)
    connection = apsw.Connection(str(sqlite_harness.path))
    connection.execute("UPDATE run SET protocol = 7")
    connection.close()
    engine = await sqlite_harness.open(gates.execute)
    skipped = await sqlite_harness.send(engine, "b", mode="single")
    assert (await verdict_of(engine, skipped.event_id)).error["run"] == foreign
    assert await engine.cancel(foreign, "enough") == "cancelled"
    gates.open_all()
    assert len((await sqlite_harness.send(engine, "c", mode="single")).runs) == 1
    await engine.wait_idle()
