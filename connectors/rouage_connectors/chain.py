"""Recipes that follow other recipes: emitted events, ends of runs, troubles, silence."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

from rouage.sdk import (
    JSON,
    Chain,
    ChainEvent,
    Connector,
    Duration,
    Emit,
    RunNews,
    StepError,
    Text,
    Trigger,
    param,
    params,
)

connector = Connector(
    "chain",
    title=Text("Chain", "Enchaînement"),
    about=Text(
        "Recipes that follow what other recipes, or the engine itself, do.",
        "Des recettes qui suivent ce que font d’autres recettes, ou le moteur lui-même.",
    ),
)

State = Literal["succeeded", "failed", "cancelled", "skipped"]
Kind = Literal[
    "started",
    "trigger_failed",
    "run_failed",
    "needs_attention",
    "approval_waiting",
    "approval_reminder",
    "approval_escalated",
    "notice",
]

_BEGAN: Final = b"began"
_SINCE: Final = b"since"
_OVERLAP: Final = timedelta(seconds=30)
"""Ends are read again from so long before the last known one: clocks are set back a little."""
_RUN_KINDS: Final = {
    "run_failed": "failed",
    "needs_attention": "needs_attention",
    "approval_waiting": "approval_waiting",
}
_ANY: Final = "*"
_LONGEST_NAP_SECONDS: Final = 30.0
_TEXT: Final[dict[str, JSON]] = {"type": "string"}
_TEXT_OR_NOTHING: Final[dict[str, JSON]] = {"type": ["string", "null"]}

_NO_CHAIN: Final = Text(
    "there are no other recipes to follow here", "il n’y a pas d’autre recette à suivre ici"
)


@params
class Named:
    """Which event."""

    name: str = param(
        Text("Name of the event, as in `emit`.", "Nom de l’événement, comme dans `emit`."),
        pattern="^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$",
        examples=["order_paid"],
    )


@params
class Finished:
    """Which runs."""

    recipe: str | list[str] = param(
        Text(
            "The recipe, several, or * for all others.",
            "La recette, plusieurs, ou * pour toutes les autres.",
        ),
        examples=["invoices", ["invoices", "parcels"]],
    )
    states: list[State] = param(
        Text("How it must have ended.", "Comment elle doit s’être terminée."),
        default=["succeeded", "failed", "cancelled"],
    )


@params
class Told:
    """What the engine tells."""

    on: list[Kind] = param(
        Text("What is worth an event.", "Ce qui vaut un événement."),
        examples=[["run_failed", "trigger_failed"]],
    )


@params
class Quiet:
    """Whose silence, and how long."""

    of: str = param(
        Text(
            "A recipe, or one of its triggers: recipe/trigger.",
            "Une recette, ou un de ses déclencheurs : recette/déclencheur.",
        ),
        examples=["orders", "orders/trigger_1"],
    )
    for_: Duration = param(
        Text("How long nothing must have come.", "Combien de temps rien ne doit être venu."),
        minimum=1,
        examples=["2d"],
    )


def _hub(trigger: Trigger[Named] | Trigger[Finished] | Trigger[Told] | Trigger[Quiet]) -> Chain:
    if trigger.context.chain is None:
        raise StepError(_NO_CHAIN)
    return trigger.context.chain


@connector.trigger(
    "event",
    title=Text("Event of a recipe", "Événement d’une recette"),
    about=Text(
        "Another recipe emits an event with `emit`.",
        "Une autre recette émet un événement avec `emit`.",
    ),
    event={
        "type": "object",
        "properties": {"name": _TEXT, "data": {}, "recipe": _TEXT_OR_NOTHING},
        "required": ["name", "data", "recipe"],
    },
    sample={"name": "order_paid", "data": {"number": 1042, "total": 120}, "recipe": "orders"},
    example={"name": "order_paid"},
    describe=Text("a recipe emits “{name}”", "une recette émet « {name} »"),
)
class EventTrigger(Trigger[Named]):
    """Listen to what `emit` publishes; an event is on disk before the emitting step goes on."""

    async def listen(self, emit: Emit) -> None:
        """Hand on every event of this name until cancelled."""

        async def deliver(event: ChainEvent) -> None:
            recipe = event.trail[-1] if event.trail else None
            data: JSON = {"name": event.name, "data": event.data, "recipe": recipe}
            await emit(data, key=event.key, trail=event.trail)

        with _hub(self).listen(self.params.name, deliver):
            await asyncio.get_running_loop().create_future()


@connector.trigger(
    "recipe_finished",
    title=Text("Recipe finished", "Recette terminée"),
    about=Text("A run of another recipe ended.", "Une exécution d’une autre recette a pris fin."),
    event={
        "type": "object",
        "properties": {
            "run": _TEXT,
            "recipe": _TEXT,
            "state": {"enum": ["succeeded", "failed", "cancelled", "skipped"]},
            "outputs": {},
            "error": {},
            "reason": {},
            "ended": {"type": "string", "format": "date-time"},
        },
        "required": ["run", "recipe", "state", "outputs", "error", "reason", "ended"],
    },
    sample={
        "run": "w2o4mbe3xk7yq5ztp6nrs2abcd",
        "recipe": "invoices",
        "state": "succeeded",
        "outputs": {"total": 120},
        "error": None,
        "reason": None,
        "ended": "2026-03-02T09:00:00+01:00",
    },
    example={"recipe": "invoices", "states": ["failed"]},
    describe=Text("a run of {recipe} ends", "une exécution de {recipe} se termine"),
)
class FinishedTrigger(Trigger[Finished]):
    """Follow the ends of runs; after a crash, those that nobody heard of are read back."""

    async def listen(self, emit: Emit) -> None:
        """Emit an event for every end until cancelled."""
        given, own = self.params.recipe, self.context.recipe_id
        names = frozenset([given] if isinstance(given, str) else given)
        recipes = None if _ANY in names else names

        async def tell(news: RunNews) -> None:
            if recipes is not None or news.recipe != own:
                await emit(_end(news, self), key=news.key, time=news.time, trail=news.trail)

        await _follow(self, recipes, frozenset(self.params.states), tell)


def _end(news: RunNews, trigger: FinishedTrigger) -> JSON:
    return {
        "run": news.run,
        "recipe": news.recipe,
        "state": news.state,
        "outputs": news.outputs,
        "error": news.error,
        "reason": news.reason,
        "ended": news.time.astimezone(trigger.context.timezone).isoformat(),
    }


@connector.trigger(
    "engine",
    title=Text("The engine tells", "Le moteur signale"),
    about=Text(
        "The engine started, a trigger or a run failed, a run waits for somebody.",
        "Le moteur a démarré, un déclencheur ou une exécution a échoué, quelqu’un est attendu.",
    ),
    event={
        "type": "object",
        "properties": {
            "kind": {"enum": list(get_args(Kind))},
            "recipe": _TEXT_OR_NOTHING,
            "run": _TEXT_OR_NOTHING,
            "trigger": _TEXT_OR_NOTHING,
            "step": _TEXT_OR_NOTHING,
            "ask": {},
            "error": {},
            "reason": {},
        },
        "required": ["kind", "recipe", "run"],
    },
    sample={
        "kind": "run_failed",
        "recipe": "invoices",
        "run": "w2o4mbe3xk7yq5ztp6nrs2abcd",
        "trigger": None,
        "step": None,
        "error": {"kind": "StepError", "message": {"en": "no such file", "fr": "fichier absent"}},
        "reason": None,
        "ask": None,
    },
    example={"on": ["run_failed", "trigger_failed"]},
    describe=Text("the engine tells of {on}", "le moteur signale : {on}"),
)
class EngineTrigger(Trigger[Told]):
    """Tell of troubles; never of one that this recipe has itself, or caused."""

    async def listen(self, emit: Emit) -> None:
        """Emit an event for everything that is told until cancelled."""
        kinds, own = frozenset(self.params.on), self.context.recipe_id
        states = frozenset(_RUN_KINDS[kind] for kind in kinds if kind in _RUN_KINDS)

        async def deliver(event: ChainEvent) -> None:
            if own not in event.trail:
                await emit(_told(event.name, event.data), key=event.key, trail=event.trail)

        async def tell(news: RunNews) -> None:
            if own not in news.trail:
                await emit(_trouble(news), key=news.key, time=news.time, trail=news.trail)

        with _hub(self).watch(kinds, deliver):
            if states:
                await _follow(self, None, states, tell)
            await asyncio.get_running_loop().create_future()


def _told(kind: str, facts: JSON) -> JSON:
    """Return the event of what the engine told: the names that every kind has, and its facts."""
    names = ("recipe", "run", "trigger", "step", "ask", "error", "reason")
    given = facts if isinstance(facts, dict) else {}
    known = {"step": given.get("path"), **given}
    return {"kind": kind, **{name: known.get(name) for name in names}}


def _trouble(news: RunNews) -> JSON:
    kind = next(kind for kind, state in _RUN_KINDS.items() if state == news.state)
    asked = news.question if isinstance(news.question, dict) else {}
    facts: JSON = {
        "recipe": news.recipe,
        "run": news.run,
        "step": news.path,
        "ask": asked.get("ask"),
        "error": news.error,
        "reason": news.reason,
    }
    return _told(kind, facts)


async def _began(trigger: FinishedTrigger | EngineTrigger | Trigger[Quiet]) -> datetime:
    """Return when the recipe was first put to work."""
    items, now = trigger.context.items, trigger.context.since or trigger.context.clock.now()
    known = (await items.load()).get(_BEGAN)
    if isinstance(known, str):
        return datetime.fromisoformat(known)
    await items.put({_BEGAN: now.isoformat()})
    return now


async def _follow(
    trigger: FinishedTrigger | EngineTrigger,
    recipes: frozenset[str] | None,
    states: frozenset[str],
    tell: Callable[[RunNews], Coroutine[Any, Any, None]],
) -> None:
    """Have *tell* called for every news, from the last known instant on."""
    items = trigger.context.items
    began = await _began(trigger)
    known = (await items.load()).get(_SINCE)
    since = datetime.fromisoformat(known) if isinstance(known, str) else began
    start = max(began, since - _OVERLAP)
    async for portion in _hub(trigger).follow(recipes, states, since=start):
        async with asyncio.TaskGroup() as tasks:
            for news in portion:
                tasks.create_task(tell(news))
        latest = max(since, *[news.time for news in portion])
        if latest > since:
            since = latest
            await items.put({_SINCE: since.isoformat()})


@connector.trigger(
    "silence",
    title=Text("Silence", "Silence"),
    about=Text(
        "Nothing came from a recipe or a trigger for a while.",
        "Rien n’est venu d’une recette ou d’un déclencheur depuis un moment.",
    ),
    event={
        "type": "object",
        "properties": {
            "of": _TEXT,
            "last": {"type": ["string", "null"], "format": "date-time"},
            "since": {"type": "string", "format": "date-time"},
        },
        "required": ["of", "last", "since"],
    },
    sample={
        "of": "orders",
        "last": "2026-02-28T17:12:00+01:00",
        "since": "2026-02-28T17:12:00+01:00",
    },
    example={"of": "orders", "for": "2d"},
    describe=Text("nothing from {of} for {for}", "rien de {of} pendant {for}"),
)
class SilenceTrigger(Trigger[Quiet]):
    """Say once, for each silence, that it has lasted long enough."""

    async def listen(self, emit: Emit) -> None:
        """Look at the clock until cancelled."""
        clock = self.context.clock
        began = await _began(self)
        while True:
            last = await _hub(self).last_sign(self.params.of)
            since = began if last is None else max(last, began)
            left = (since + timedelta(seconds=self.params.for_) - clock.now()).total_seconds()
            if left <= 0:
                await emit(self._event(last, since), key=since.isoformat())
                left = _LONGEST_NAP_SECONDS
            await clock.sleep(min(left, _LONGEST_NAP_SECONDS))

    def _event(self, last: datetime | None, since: datetime) -> JSON:
        zone = self.context.timezone
        return {
            "of": self.params.of,
            "last": None if last is None else last.astimezone(zone).isoformat(),
            "since": since.astimezone(zone).isoformat(),
        }
