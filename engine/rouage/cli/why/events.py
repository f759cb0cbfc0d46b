"""The events that `rouage why` is asked about, as the journal and the triggers know them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.catalog.catalog import Catalog
from rouage.cli.why.subject import Subject
from rouage.durable.port import EventRecord, Reader
from rouage.errors import RouageError
from rouage.flow.pauses import RESUMED
from rouage.model.recipe import Recipe, TriggerUse

_MINUTE: Final = timedelta(minutes=1)
_MOST: Final = 200
_MOST_TICKS: Final = 60
_JUST_BEFORE: Final = timedelta(microseconds=1)

Silent = tuple[str, str, datetime]
"""A recipe, its schedule, and an instant at which it should have fired and did not."""


async def events_about(
    reader: Reader, subject: Subject, recipes: list[Recipe], catalog: Catalog
) -> tuple[list[EventRecord], list[Silent]]:
    """Return the events about *subject*, and the ticks of a minute that never came."""
    silent: list[Silent] = []
    if subject.kind == "minute" and subject.minute is not None:
        events, silent = await _of_minute(reader, subject.minute, recipes, catalog)
    elif subject.kind == "id":
        events = await _of_id(reader, subject.text, recipes, catalog)
    else:
        events = list(await reader.find_events(subject=subject.text))
    return await _with_resumed(reader, _once(events)), silent


def _once(events: list[EventRecord]) -> list[EventRecord]:
    """Return each event once: several ways may lead to the same."""
    return list({one.event.id: one for one in events}.values())


async def _with_resumed(reader: Reader, events: list[EventRecord]) -> list[EventRecord]:
    """Return *events*, each one that a pause held back followed by what became of it."""
    found = []
    for one in events:
        found.append(one)
        if any(verdict.outcome == "paused" for verdict in one.verdicts):
            key = RESUMED + one.event.id
            found += await reader.find_events(source=one.event.source, key=key, limit=1)
    return _once(found)


async def _of_id(
    reader: Reader, given: str, recipes: list[Recipe], catalog: Catalog
) -> list[EventRecord]:
    """Return the events that somebody knows by an id: ours, a message's, a delivery's."""
    own = await reader.get_event(given)
    found = [] if own is None else [own]
    plain = given.strip("<>")
    for subject in (given, plain, f"<{plain}>"):
        found += await reader.find_events(subject=subject, limit=_MOST)
    for recipe, use, listen, parameters in _triggers(recipes, catalog):
        for key in listen.keys(parameters, plain):
            source = f"{recipe.id}/{use.id}"
            events = await reader.find_events(source=source, key=key, limit=_MOST)
            found += [one for one in events if _is_whole(one.event.key, key)]
    return found


def _is_whole(key: str, beginning: str) -> bool:
    """Say whether *beginning* ends where a part of *key* does: `id:1` is not that of `id:12`."""
    rest = key[len(beginning) :]
    return not rest or rest[0] == " " or not beginning[-1].isalnum()


async def _of_minute(
    reader: Reader, minute: datetime, recipes: list[Recipe], catalog: Catalog
) -> tuple[list[EventRecord], list[Silent]]:
    """Return what came in a minute, and what a schedule should have given in it."""
    found = list(await reader.find_events(since=minute, until=minute + _MINUTE, limit=_MOST))
    silent: list[Silent] = []
    for recipe, use, listen, parameters in _triggers(recipes, catalog):
        if not listen.is_schedule():
            continue
        source = f"{recipe.id}/{use.id}"
        for due in _ticks(recipe, listen, parameters, minute):
            # The key of a tick is its instant: it is found however late it came.
            key = due.astimezone(UTC).isoformat()
            ticks = await reader.find_events(source=source, key=key, limit=1)
            found += ticks
            silent += [] if ticks else [(recipe.id, use.id, due)]
    found.sort(key=lambda one: one.event.time)
    return found, silent


def _ticks(recipe: Recipe, listen: Any, parameters: Any, minute: datetime) -> list[datetime]:
    zone = ZoneInfo(recipe.timezone) if recipe.timezone else minute.tzinfo
    try:
        instants = listen.preview(
            parameters,
            recipe_id=recipe.id,
            timezone=zone,
            after=minute - _JUST_BEFORE,
            most=_MOST_TICKS,
        )
    except RouageError:
        return []
    now = datetime.now(UTC)
    end = min(minute + _MINUTE, now)
    return [one for one in instants or () if one < end]


def _triggers(
    recipes: list[Recipe], catalog: Catalog
) -> Iterator[tuple[Recipe, TriggerUse, Any, Any]]:
    """Yield the triggers that are installed, with their parameters filled in."""
    for recipe in recipes:
        for use in recipe.triggers:
            declared = catalog.triggers.get(use.uses)
            if declared is None:
                continue
            try:
                parameters = declared.parameters.build(rendered(recipe, use))
            except RouageError:
                continue
            yield recipe, use, declared.listen, parameters


def rendered(recipe: Recipe, use: TriggerUse) -> Any:
    """Return the parameters of a trigger with inputs and constants filled in."""
    from rouage.expressions import compile_template, reveal

    scope = {
        "inputs": {
            name: declared["default"]
            for name, declared in recipe.inputs.items()
            if isinstance(declared, dict) and "default" in declared
        },
        "vars": dict(recipe.variables),
        "secrets": {},
        "recipe": {"id": recipe.id, "name": recipe.name},
    }
    return reveal(compile_template(dict(use.parameters)).render(scope))
