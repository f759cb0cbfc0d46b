"""An edited recipe takes the place of the old one without missing an event."""

import asyncio
from typing import Any

TEXT = """\
name: R
vars: {version: %d}
when:
  - chain.event: {name: order}
do:
  - set: {seen: "${{ event.data }}"}
outputs: {seen: "${{ vars.seen }}"}
"""


async def test_what_is_emitted_while_a_listener_is_exchanged_is_not_missed(desk: Any) -> None:
    async with desk.open(text=TEXT % 0):

        async def publish() -> list[int]:
            return [await desk.hub.publish("order", n, str(n), ("a",)) for n in range(60)]

        publishing = asyncio.ensure_future(publish())
        for version in range(1, 6):
            await desk.load(text=TEXT % version)
        assert await publishing == [1] * 60
        await desk.settle()
        assert await desk.seen() == list(range(60))
