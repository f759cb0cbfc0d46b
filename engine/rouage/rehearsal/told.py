"""The engine's context of one run as the stage lends it: answers first, and time that passes."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from rouage.durable.port import Attempt, RunContext, StepSpec
from rouage.model.event import Event, Verdict
from rouage.records import dataclass
from rouage.rehearsal.acting import Acting
from rouage.rehearsal.answers import as_error
from rouage.sdk.json import JSON


@dataclass(frozen=True, slots=True)
class Told:
    """The engine's context of one run, whose called recipes may have been answered for."""

    inner: RunContext
    acting: Acting
    let_pass: Callable[[str, str, datetime], None]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def step(
        self, path: str, spec: StepSpec, call: Callable[[Attempt], Awaitable[JSON]]
    ) -> JSON:
        """Note what the step is given, by which its answer may be found, and take it."""
        if self.acting.recall is not None:
            self.acting.given[self.inner.run_id, path] = spec.parameters
        return await self.inner.step(path, spec, call)

    async def sleep_until(
        self, path: str, instant: datetime, *, conditions: tuple[JSON, ...] = ()
    ) -> None:
        """Let the time pass at once where that changes nothing, and record it."""
        if self.inner.recorded(path) is None:
            self.let_pass(self.inner.event.source.rpartition("/")[0], path, instant)
        await self.inner.sleep_until(path, instant, conditions=conditions)

    async def call(
        self, path: str, event: Event, verdict: Verdict, *, background: bool
    ) -> Mapping[str, JSON]:
        """Return what was told of the called recipe, or run it."""
        acting = self.acting
        recipe = self.inner.event.source.rpartition("/")[0]
        known = self.inner.recorded(path)
        answer = (
            acting.answers.take(recipe, path, acting.id_of(recipe, path), main=acting.main)
            if known is None
            else None
        )
        if answer is None:
            return await self.inner.call(path, event, verdict, background=background)
        if acting.recall is not None:
            acting.note_call(recipe, self.inner.run_id, path, verdict.recipe, event.data)
        if answer.kind == "value":
            return {"run": "-", "state": "succeeded", "outputs": answer.value, "error": None}
        record: JSON = as_error(answer).record()
        return {"run": "-", "state": "failed", "outputs": None, "error": record}
