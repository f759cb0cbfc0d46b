"""The fixtures for authors of connectors keep the promises of the real thing."""

import asyncio
from datetime import timedelta

import pytest

from rouage.errors import StepError
from rouage.language import Text
from rouage.sdk import (
    Connector,
    Context,
    Duration,
    HookReply,
    HookRequest,
    Trigger,
    param,
    params,
)
from rouage.sdk.testing import (
    ManualClock,
    MemoryHooks,
    MemoryItems,
    RecordingEmit,
    Surroundings,
    collect,
    make_context,
    run_action,
    simulate_action,
)

connector = Connector("sample", about="A connector for tests.")


@params
class Greeting:
    """Whom to greet."""

    name: str = param("The name.")


@connector.action("greet")
async def greet(params: Greeting, context: Context):
    """Greet somebody."""
    return {"text": context.render("Hello ${{ name }}", {"name": params.name})}


@params
class Every:
    """How often."""

    interval: Duration = param("The interval.")


@connector.trigger("pulse")
class Pulse(Trigger[Every]):
    """A pulse."""

    async def listen(self, emit):
        """Emit at each interval."""
        for number in range(1_000):
            await self.context.clock.sleep(self.params.interval)
            await emit({"number": number}, key=str(number), items={b"last": number})


@connector.trigger("broken")
class Broken(Trigger[Every]):
    """A trigger that fails."""

    async def listen(self, emit):
        """Fail."""
        raise StepError("it broke")


async def test_an_action_is_called_as_the_engine_does(tmp_path):
    context = make_context(tmp_path)
    assert await run_action(connector, "sample.greet", {"name": "Zoé"}, context) == {
        "text": "Hello Zoé"
    }
    with pytest.raises(StepError, match="missing"):
        await run_action(connector, "sample.greet", {}, context)
    with pytest.raises(StepError, match="cannot be simulated"):
        await simulate_action(connector, "sample.greet", {"name": "x"}, context)
    with pytest.raises(StepError, match="no HTTP"):
        _ = context.http
    assert context.scratch().is_dir()


async def test_what_a_trigger_emits_is_collected(tmp_path):
    surroundings = Surroundings(workspace=tmp_path)
    events = await collect(connector, "sample.pulse", {"interval": "1ms"}, surroundings, count=3)
    assert [event.data for event in events[:3]] == [{"number": n} for n in range(3)]
    assert surroundings.items.values[b"last"] >= 2


async def test_a_trigger_that_stays_silent_or_fails_is_told(tmp_path):
    surroundings = Surroundings(workspace=tmp_path, clock=ManualClock())
    with pytest.raises(TimeoutError):
        await collect(connector, "sample.pulse", {"interval": "1s"}, surroundings, seconds=0.05)
    with pytest.raises(ExceptionGroup) as caught:
        await collect(connector, "sample.broken", {"interval": "1s"}, surroundings)
    assert caught.group_contains(StepError, match="it broke")


async def test_a_manual_clock_wakes_sleepers_in_order():
    clock = ManualClock()
    start, woken = clock.now(), []

    async def sleeper(seconds):
        await clock.sleep(seconds)
        woken.append((seconds, clock.now() - start))

    async with asyncio.TaskGroup() as group:
        for seconds in (5, 1, 3):
            group.create_task(sleeper(seconds))
        await asyncio.sleep(0)
        await clock.advance(4)
        assert woken == [(1, timedelta(seconds=1)), (3, timedelta(seconds=3))]
        await clock.advance(1)
    assert clock.monotonic_seconds() == 5
    await clock.sleep(0)


async def test_a_key_seen_before_is_a_duplicate():
    items = MemoryItems({b"old": 1})
    emit = RecordingEmit(items)
    first = await emit({"n": 1}, key="a")
    second = await emit({"n": 2}, key="a", items={b"old": None, b"new": 2})
    assert (first.is_duplicate, second.is_duplicate) == (False, True)
    assert first.event_id == second.event_id
    assert await items.load() == {b"new": 2}


async def test_hooks_answer_only_while_they_are_open():
    hooks = MemoryHooks()

    async def answer(request):
        return HookReply(status=200, body=request.path)

    def request(method="POST"):
        return HookRequest(
            method=method, path="a", headers={}, query={}, body=b"", remote="127.0.0.1"
        )

    with hooks.open("a", methods=frozenset({"POST"}), max_body_bytes=1, answer=answer):
        assert hooks.paths == ("a",)
        assert (await hooks.request(request())).body == "a"
        assert (await hooks.request(request("GET"))).status == 405
        with (
            pytest.raises(StepError, match="taken"),
            hooks.open("a", methods=frozenset(), max_body_bytes=1, answer=answer),
        ):
            pass
    assert (await hooks.request(request())).status == 404


def test_texts_of_one_language_are_both():
    assert connector.about == Text("A connector for tests.", "A connector for tests.")
