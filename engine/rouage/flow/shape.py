"""What a trigger's `once`, `throttle`, `batch` and `debounce` make of its events."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from rouage.durable.port import Accepted, Claim, Duplicate, Engine, held_by
from rouage.errors import StepError
from rouage.expressions import Template, compile_template, mask
from rouage.flow.bucket import rule_of
from rouage.flow.gather import Gatherer
from rouage.flow.match import match
from rouage.flow.plan import Plan, Scope, TriggerPlan
from rouage.flow.services import Services
from rouage.flow.throttle import PREFIX, Throttler
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.recipe import TriggerUse
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

_ALL: Final = "all"
_THROTTLED: Final = Text(
    "more than {count} events in {seconds} s", "plus de {count} événements en {seconds} s"
)


def is_shaped(use: TriggerUse) -> bool:
    """Say whether the events of the trigger do not simply start a run each."""
    shapes = (use.once, use.debounce, use.throttle, use.batch)
    return any(shape is not None for shape in shapes)


class ThrottledError(StepError):
    """The trigger gave more events than its `throttle` lets through."""


class Shaping:
    """The shaping of one trigger's events, from its arrival to the journal."""

    def __init__(
        self, plan: Plan, trigger: TriggerPlan, *, engine: Engine, services: Services
    ) -> None:
        self._engine = engine
        self._services = services
        self.gatherer = Gatherer(
            trigger.source,
            None,
            engine=engine,
            clock=services.clock,
            release=self._release,
            is_held=lambda: services.pause_of(plan.recipe.id) is not None,
        )
        self._throttler: Throttler | None = None
        self.change(plan, trigger)

    def change(self, plan: Plan, trigger: TriggerPlan) -> None:
        """Go on under another version of the recipe; what is held stays."""
        use = trigger.use
        self._plan, self._trigger = plan, trigger
        self._once = use.once
        self._once_key = _template(use.once.key if use.once else None)
        by = use.batch.by if use.batch else use.debounce.key if use.debounce else None
        self._by = _template(by)
        self.gatherer.change(rule_of(use))
        throttler = self._throttler
        if use.throttle is None:
            self._throttler = None
        elif throttler is None or throttler.rule != use.throttle:
            self._throttler = Throttler(use.throttle)

    async def load(self) -> None:
        """Go on from what the journal holds."""
        items = await self._engine.load_items(held_by(self._trigger.source))
        if self._throttler is not None:
            self._throttler.load(items)
        held = {key: value for key, value in items.items() if not key.startswith(PREFIX)}
        self.gatherer.load(held)

    async def accept(
        self, event: Event, items: Mapping[bytes, JSON] | None, *, is_own_file: bool
    ) -> Accepted | Duplicate:
        """Commit *event* with what becomes of it.

        Raises:
            JournalError: nothing was accepted.
        """
        gathers = self.gatherer.rule is not None
        verdict = match(
            self._plan,
            self._trigger,
            event,
            self._services,
            part="arrival" if gathers else "whole",
            is_own_file=is_own_file,
        )
        claim, by = None, ""
        if verdict.outcome in {"matched", "held"}:
            try:
                claim, by = self._keys(event)
            except StepError as error:
                verdict = replace(verdict, outcome="failed", error=error.record())
        if verdict.outcome == "held":
            return await self._hold(event, verdict, items, claim, by)
        return await self._pass(event, verdict, items=items, held={}, claim=claim)

    def _keys(self, event: Event) -> tuple[Claim | None, str]:
        """Return the claim of `once`, and the value that tells buckets apart."""
        if self._once is None and self._by is None:
            return None, ""
        scope = self._plan.scope(event, self._trigger.use.id, self._services)
        return self._claim(scope), "" if self._by is None else _key(self._by, scope)

    def _claim(self, scope: Scope) -> Claim | None:
        if self._once is None or self._once_key is None:
            return None
        key = _key(self._once_key, scope)
        if not key:
            # What has no key cannot be told apart: it must not be lost as a copy.
            return None
        return Claim(
            scope=_ALL if self._once.scope == "all" else self._trigger.source,
            key=key,
            expires=_after(self._services.clock.now(), self._once.within_seconds),
        )

    async def _hold(
        self,
        event: Event,
        verdict: Verdict,
        items: Mapping[bytes, JSON] | None,
        claim: Claim | None,
        by: str,
    ) -> Accepted | Duplicate:
        answers: list[Accepted | Duplicate] = []

        async def commit(held: Mapping[bytes, JSON]) -> bool:
            answer = await self._engine.accept(
                event, (verdict,), items=items, held=held, claim=claim
            )
            answers.append(answer)
            return isinstance(answer, Accepted) and await self._is_ours(claim, event)

        await self.gatherer.take(event, by, commit)
        return answers[0]

    async def _is_ours(self, claim: Claim | None, event: Event) -> bool:
        """Say whether the event got the key it asked for."""
        if claim is None:
            return True
        found = await self._engine.find_claim(claim.scope, claim.key)
        return found is None or found.event == event.id

    async def _release(self, event: Event, held: Mapping[bytes, JSON]) -> Accepted | Duplicate:
        """Accept a gathered event; what was held for it goes in the same commit."""
        verdict = match(self._plan, self._trigger, event, self._services, part="release")
        return await self._pass(event, verdict, items=None, held=dict(held), claim=None)

    async def _pass(
        self,
        event: Event,
        verdict: Verdict,
        *,
        items: Mapping[bytes, JSON] | None,
        held: dict[bytes, JSON],
        claim: Claim | None,
    ) -> Accepted | Duplicate:
        """Commit an event that starts a run, if the throttle lets it through."""
        throttler = self._throttler
        if throttler is None or verdict.outcome != "matched":
            return await self._engine.accept(
                event, (verdict,), items=items, held=held or None, claim=claim
            )
        place = throttler.take(self._services.clock.now())
        if place is None:
            rule = throttler.rule
            error = ThrottledError(_THROTTLED, count=rule.count, seconds=f"{rule.per_seconds:g}")
            verdict = replace(verdict, outcome="throttled", error=error.record())
            return await self._engine.accept(event, (verdict,), items=items, held=held or None)
        accepted = False
        try:
            answer = await self._engine.accept(
                event,
                (verdict,),
                items=items,
                held={**held, **throttler.items(place)},
                claim=claim,
            )
            accepted = isinstance(answer, Accepted) and bool(answer.runs)
        finally:
            if not accepted:
                throttler.give_back(place)
        return answer


def _template(source: str | None) -> Template | None:
    return None if source is None else compile_template(source)


def _key(template: Template, scope: Scope) -> str:
    """Return the key as text; nothing at all is no key."""
    value: Any = mask(template.render(scope))
    return "" if value is None else str(value)


def _after(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)
