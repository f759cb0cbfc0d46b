"""Triggers that fail are restarted in sight, and stop nobody."""

from typing import Any

from rouage.errors import StepError
from rouage.sdk import Connector, Emit, NoParams, Text, Trigger


def failing_connector(tries: list[str]) -> Connector:
    connector = Connector("bad", about="Fails.")

    @connector.trigger("known", sample={})
    class Known(Trigger[NoParams]):
        async def listen(self, emit: Emit) -> None:
            tries.append("known")
            raise StepError(Text("the line is cut", "la ligne est coupée"))

    @connector.trigger("bug", sample={})
    class Bug(Trigger[NoParams]):
        async def listen(self, emit: Emit) -> None:
            tries.append("bug")
            raise ZeroDivisionError

    @connector.trigger("once", sample={})
    class Once(Trigger[NoParams]):
        async def listen(self, emit: Emit) -> None:
            await emit({"n": 1}, key="only")
            again = await emit({"n": 2}, key="only")
            tries.append(f"duplicate {again.is_duplicate}")

    return connector


RECIPE = (
    "name: R\nwhen:\n  - bad.{word}: {{}}\ndo:\n  - log.write: {{message: '${{{{ event.n }}}}'}}\n"
)


async def test_a_failing_trigger_is_shown_restarted_and_isolated(
    site: Any, wait_until: Any
) -> None:
    tries: list[str] = []
    for word in ("known", "bug", "once"):
        site.recipe(word, RECIPE.format(word=word))

    site.extra_connectors = [failing_connector(tries)]
    async with site.running() as daemon:

        async def tried_again() -> bool:
            return tries.count("known") > 1 and tries.count("bug") > 1

        await wait_until(tried_again)
        states = {one["recipe"]: one for one in daemon.status()["triggers"]}
        assert states["known"]["state"] in {"error", "listening"}
        assert states["known"]["restarts"] >= 1
        assert "ZeroDivisionError" in str(states["bug"]["reason"])
        (run,) = await site.ended("once")
        assert run.event_data == {"n": 1}
        assert "duplicate True" in tries


HOOK = """\
name: Orders
when:
  - webhook.received: {path: orders, preset: none, unsigned: true}
    batch: {quiet: 150ms}
    once: ${{ event.body.number }}
do:
  - set: {numbers: "${{ event.items | map('body') | map('number') }}"}
outputs: {numbers: "${{ vars.numbers }}", count: "${{ event.count }}"}
"""


async def test_requests_are_acknowledged_at_once_and_run_as_one(site: Any) -> None:
    site.recipe("orders", HOOK)
    async with site.running():
        for number in (1, 2, 2, 3):
            status, answer = await site.hook("orders", b'{"number": %d}' % number)
            assert (status, set(answer)) == (200, {"id"}) or answer["duplicate"]
        (run,) = await site.ended("orders")
        assert run.outputs == {"numbers": [1, 2, 3], "count": 3}
