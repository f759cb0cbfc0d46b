"""The world that runs act on: a connector that notes what it is asked to do."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rouage.sdk import (
    JSON,
    Connector,
    Context,
    Emit,
    RetryableError,
    StepError,
    Trigger,
    param,
    params,
)


@params
class Say:
    """What to say."""

    text: str = param("Text.")
    extra: Any = param("Anything.", default=None)


@params
class Break:
    """How to fail."""

    text: str = param("Message.", default="broken")
    times: int = param("How often before it works.", default=1_000_000)
    passing: bool = param("Whether it may pass.", default=False)


@params
class Use:
    """A file to use."""

    path: str = param("The file.", format="path")


@params
class Linger:
    """How long to take, by the clock of the test."""

    seconds: float = param("Seconds.", default=30.0)


@params
class Nothing:
    """Nothing to say."""


class World:
    """What the actions of the `rec` connector did, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.calls: list[tuple[str, str]] = []
        self.failures: Counter[str] = Counter()
        self.notices: list[tuple[str, Mapping[str, JSON]]] = []
        self.told: dict[str, tuple[str, JSON, tuple[str, ...]]] = {}
        self.busy = 0
        self.most_busy = 0
        self.gate: asyncio.Event | None = None
        self.odd: Any = None

    def note(self, context: Context) -> None:
        self.calls.append((context.recipe_id, context.step))

    def notify(self, kind: str, facts: Mapping[str, JSON]) -> None:
        self.notices.append((kind, facts))

    async def publish(self, name: str, data: JSON, key: str, trail: tuple[str, ...]) -> int:
        self.told[key] = (name, data, trail)
        return 2

    def connector(self) -> Connector:
        connector = Connector("rec", about="Records.")
        self._add_actions(connector)

        @connector.action("linger", effect="local", idempotent=True)
        async def linger(params: Linger, context: Context) -> JSON:
            self.note(context)
            await context.clock.sleep(params.seconds)
            return {}

        @connector.action("odd", effect="local", idempotent=True)
        async def odd(params: Nothing, context: Context) -> Any:
            return self.odd

        @connector.action("use", effect="local", idempotent=True)
        async def use(params: Use, context: Context) -> JSON:
            self.note(context)
            return {"text": (context.workspace / params.path).read_text()}

        @connector.trigger("event", sample={})
        class Silent(Trigger[Nothing]):
            async def listen(self, emit: Emit) -> None:
                await asyncio.Event().wait()

        return connector

    def _add_actions(self, connector: Connector) -> None:
        @connector.action("say", effect="local", idempotent=True)
        async def say(params: Say, context: Context) -> JSON:
            self.note(context)
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
            if self.gate is not None:
                await self.gate.wait()
            self.said.append(params.text)
            self.busy -= 1
            return {"text": params.text, "extra": params.extra}

        @connector.action("mail", effect="irreversible", idempotent=False)
        async def mail(params: Say, context: Context) -> JSON:
            self.note(context)
            self.said.append(params.text)
            return {"text": params.text}

        @connector.action("break", effect="local", idempotent=True)
        async def breaks(params: Break, context: Context) -> JSON:
            self.note(context)
            self.failures[params.text] += 1
            if self.failures[params.text] > params.times:
                return {"after": self.failures[params.text]}
            if params.passing:
                raise RetryableError("{why}", why=params.text)
            raise StepError("{why}", why=params.text)
