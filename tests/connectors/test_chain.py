"""The triggers of `chain`, on the real hub and the memory engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rouage.durable.memory import memory_engine
from rouage.durable.memory.rows import MemoryRows
from rouage.durable.port import RunOutcome
from rouage.errors import Overloaded, RetryableError, StepError
from rouage.flow.chain import Hub
from rouage.language import Text
from rouage.model.event import Admission, Event, Verdict
from rouage.model.ids import new_event_id
from rouage.sdk.testing import ManualClock, RecordingEmit, Surroundings
from rouage_connectors.chain import connector


class World:
    """An engine whose runs end as their event says, and the hub that hears of them."""

    def __init__(self, folder: Any) -> None:
        self.clock = ManualClock()
        self.rows = MemoryRows()
        self.engine = memory_engine(self.rows, clock=self.clock)
        self.hub = Hub(self.clock)
        self.hub.reader = self.engine
        self.engine.on_change = self.hub.note_run
        self.surroundings = Surroundings(workspace=folder, clock=self.clock, chain=self.hub)
        self.emit = RecordingEmit(self.surroundings.items)
        self._count = 0

    async def open(self) -> None:
        async def execute(context: Any, _: bytes) -> RunOutcome:
            return RunOutcome(state=context.event.data, outputs={"a": 1})

        self.digest = await self.engine.put_definition("any", b"{}")
        await self.engine.open(execute)

    async def end(self, recipe: str, state: str = "succeeded", trail: tuple[str, ...] = ()) -> str:
        """Have a run of *recipe* come to its end, and return its id."""
        self._count += 1
        now = self.clock.now()
        event = Event(
            id=new_event_id(now),
            source=f"{recipe}/x",
            time=now,
            data=state,
            key=str(self._count),
            trail=trail,
        )
        parallel = Admission(mode="parallel")
        verdict = Verdict(
            recipe=recipe, outcome="matched", definition=self.digest, admission=parallel
        )
        answer = await self.engine.accept(event, (verdict,))
        await self.engine.wait_idle()
        return answer.runs[0]

    @asynccontextmanager
    async def listening(self, trigger: str, parameters: Any) -> AsyncIterator[RecordingEmit]:
        spec = connector.triggers[trigger]
        listener = spec.listen(spec.parameters.build(parameters), self.surroundings.context())
        task = asyncio.ensure_future(listener.listen(self.emit))
        await self.settle()
        assert not task.done(), task.exception()
        try:
            yield self.emit
        finally:
            await self.settle()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled(), task.exception()

    async def settle(self) -> None:
        for _ in range(200):
            await asyncio.sleep(0)


@pytest.fixture
async def world(tmp_path):
    made = World(tmp_path)
    await made.open()
    yield made
    await made.engine.close(1)


async def test_an_event_is_handed_on_with_its_key_and_its_trail(world):
    async with world.listening("chain.event", {"name": "order_paid"}) as emit:
        heard = await world.hub.publish("order_paid", {"n": 1}, "key", ("a", "b"))
        assert heard == 1
        assert await world.hub.publish("other", None, "k", ()) == 0
    (event,) = emit.events
    assert event.data == {"name": "order_paid", "data": {"n": 1}, "recipe": "b"}
    assert (event.key, event.trail) == ("key", ("a", "b"))
    assert await world.hub.publish("order_paid", None, "k", ()) == 0, "nobody listens any more"


async def test_publishing_again_with_the_same_key_is_one_event(world):
    async with world.listening("chain.event", {"name": "a"}) as emit:
        for _ in range(2):
            assert await world.hub.publish("a", None, "key", ()) == 1
    assert len(emit.events) == 1


async def test_a_listener_that_cannot_take_it_makes_the_emitter_try_again(world):
    async def refuse(*_: Any, **__: Any) -> Any:
        raise Overloaded(Text("the queue is full", "la file est pleine"))

    spec = connector.triggers["chain.event"]
    listener = spec.listen(spec.parameters.build({"name": "a"}), world.surroundings.context())
    task = asyncio.ensure_future(listener.listen(refuse))
    async with world.listening("chain.event", {"name": "a"}) as emit:
        with pytest.raises(RetryableError) as caught:
            await world.hub.publish("a", None, "key", ())
        assert "the queue is full" in caught.value.render("en")
        assert "la file est pleine" in caught.value.render("fr")
    assert len(emit.events) == 1, "the others have it all the same"
    task.cancel()
    await asyncio.wait([task])


async def test_ends_of_the_chosen_recipes_in_the_chosen_states_are_told(world):
    parameters = {"recipe": ["a", "b"], "states": ["succeeded"]}
    async with world.listening("chain.recipe_finished", parameters) as emit:
        first = await world.end("a", trail=("z",))
        await world.end("a", "failed")
        await world.end("c")
        second = await world.end("b")
        await world.settle()
    assert [event.key for event in emit.events] == [first, second]
    assert emit.events[0].data["outputs"] == {"a": 1}
    assert [event.trail for event in emit.events] == [("z", "a"), ("b",)]


async def test_a_star_means_all_other_recipes(world):
    async with world.listening("chain.recipe_finished", {"recipe": "*"}) as emit:
        await world.end("test")
        await world.end("a")
        await world.settle()
    assert [event.data["recipe"] for event in emit.events] == ["a"]


async def test_what_ended_before_the_first_activation_is_not_told(world):
    await world.end("a")
    await world.clock.advance(120)
    async with world.listening("chain.recipe_finished", {"recipe": "a"}) as emit:
        pass
    assert emit.events == []


async def test_ends_in_the_time_without_a_listener_are_told_once(world):
    async with world.listening("chain.recipe_finished", {"recipe": "a"}) as emit:
        await world.end("a")
    await world.clock.advance(3600)
    missed = [await world.end("a"), await world.end("a", "failed")]
    await world.clock.advance(3600)
    for _ in range(2):
        async with world.listening("chain.recipe_finished", {"recipe": "a"}):
            pass
    assert [event.key for event in emit.events[1:]] == missed


async def test_too_many_ends_at_once_are_read_from_the_journal(world):
    spec = connector.triggers["chain.recipe_finished"]
    async with world.listening("chain.recipe_finished", {"recipe": "a"}) as emit:
        (news,) = world.hub._followers
        news._most = 3
        runs = await asyncio.gather(*[world.end("a") for _ in range(50)])
        await world.settle()
        assert news._hints == type(news._hints)()
    assert {event.key for event in emit.events} == set(runs)
    assert spec.event["properties"]["state"]["enum"]


async def test_failures_of_others_are_told_and_never_ones_own(world):
    async with world.listening("chain.engine", {"on": ["run_failed"]}) as emit:
        run = await world.end("a", "failed")
        await world.end("test", "failed")
        await world.end("b", "failed", trail=("test",))
        await world.end("a")
        await world.settle()
    (event,) = emit.events
    assert (event.data["kind"], event.data["run"]) == ("run_failed", run)


@pytest.mark.parametrize(
    ("trigger", "parameters"),
    [
        ("chain.engine", {"on": ["run_failed"]}),
        ("chain.recipe_finished", {"recipe": "a", "states": ["failed"]}),
    ],
)
async def test_what_ended_before_its_first_turn_is_told(world, trigger, parameters):
    await world.end("a", "failed")
    await world.clock.advance(1)
    world.surroundings.since = world.clock.now()
    await world.clock.advance(1)
    run = await world.end("a", "failed")
    await world.clock.advance(1)
    async with world.listening(trigger, parameters) as emit:
        pass
    assert [event.data["run"] for event in emit.events] == [run]


async def test_what_the_engine_announces_is_told_to_those_who_asked(world):
    async with world.listening("chain.engine", {"on": ["trigger_failed"]}) as emit:
        await world.hub.announce("trigger_failed", {"recipe": "a", "trigger": "a/b"}, trail=("a",))
        await world.hub.announce("trigger_failed", {"recipe": "test"}, trail=("test",))
        await world.hub.announce("started", {})
    (event,) = emit.events
    assert (event.data["kind"], event.data["trigger"]) == ("trigger_failed", "a/b")


async def test_a_silence_is_told_once_until_something_comes_again(world):
    async def pass_hours(count: int) -> None:
        for _ in range(count * 120):
            await world.clock.advance(30)
            await world.settle()

    async with world.listening("chain.silence", {"of": "a", "for": "2h"}) as emit:
        await pass_hours(1)
        await world.end("a")
        await pass_hours(1)
        assert emit.events == []
        await pass_hours(3)
        assert len(emit.events) == 1
        await world.end("a")
        await pass_hours(3)
        assert len(emit.events) == 2
        assert emit.events[0].data["last"] < emit.events[1].data["last"]


async def test_silence_of_one_that_never_spoke_counts_from_the_activation(world):
    async with world.listening("chain.silence", {"of": "a/trigger_1", "for": "1m"}) as emit:
        for _ in range(4):
            await world.clock.advance(30)
            await world.settle()
    (event,) = emit.events
    assert event.data["last"] is None


async def test_without_other_recipes_it_says_so(tmp_path):
    spec = connector.triggers["chain.event"]
    alone = spec.listen(
        spec.parameters.build({"name": "a"}), Surroundings(workspace=tmp_path).context()
    )
    with pytest.raises(StepError):
        await alone.listen(RecordingEmit())
