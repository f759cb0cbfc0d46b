"""When the schedules of a recipe fire next, told by the code that fires them (triggers C-13)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.catalog.catalog import Catalog
from rouage.errors import StepError
from rouage.expressions import compile_template, reveal
from rouage.language import Language, Text
from rouage.model.recipe import Recipe
from rouage.model.secret import Secret
from rouage.records import dataclass
from rouage.sdk.business import Business
from rouage.sdk.connector import TriggerSpec
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Reading

MOST_INSTANTS: Final = 1_000

_WEEKDAYS: Final = (
    Text("Monday", "lundi"),
    Text("Tuesday", "mardi"),
    Text("Wednesday", "mercredi"),
    Text("Thursday", "jeudi"),
    Text("Friday", "vendredi"),
    Text("Saturday", "samedi"),
    Text("Sunday", "dimanche"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What one schedule will do: its trigger in the recipe, the zone it goes by, its instants."""

    trigger: str | None
    zone: str
    instants: list[datetime]
    reading: Reading | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of each schedule: the first *most* instants after *after*."""

    after: datetime
    most: int
    business: Business

    def put(
        self, spec: TriggerSpec, values: Mapping[str, Any], *, recipe_id: str, zone: ZoneInfo
    ) -> Preview | None:
        """Return what a schedule answers; None of a trigger that is none."""
        built = spec.parameters.build(values)
        refusal = spec.listen.check(built)
        if refusal is not None:
            raise StepError(refusal)
        instants = spec.listen.preview(
            built,
            recipe_id=recipe_id,
            timezone=zone,
            after=self.after,
            most=self.most,
            business=self.business,
        )
        if instants is None:
            return None
        reading = spec.listen.read_back(built, recipe_id=recipe_id)
        named = _zone_in(spec, values) or zone.key
        return Preview(trigger=None, zone=named, instants=instants, reading=reading)


def schedules_of(
    catalog: Catalog,
    recipe: Recipe,
    asked: Question,
    *,
    zone: ZoneInfo,
    inputs: Mapping[str, JSON] | None = None,
) -> list[Preview]:
    """Return what the schedules of *recipe* answer; none if it has none.

    *zone* counts where the recipe names none; *inputs* are their defaults, unless given.
    """
    own = zone if recipe.timezone is None else ZoneInfo(recipe.timezone)
    found: list[Preview] = []
    for use in recipe.triggers:
        spec = catalog.triggers[use.uses]
        values = _values(use.parameters, recipe, inputs)
        preview = asked.put(spec, values, recipe_id=recipe.id, zone=own)
        if preview is not None:
            found.append(replace(preview, trigger=use.id))
    return found


def rows_of(found: Sequence[Preview], most: int, language: Language) -> list[dict[str, Any]]:
    """Return the first *most* instants of all previews as JSON data, in order."""
    # Several schedules of one recipe may name the same instant: each one fires.
    rows = sorted(
        ((instant, preview) for preview in found for instant in preview.instants),
        key=lambda row: (row[0], row[1].trigger or ""),
    )
    return [_row(instant, preview, language) for instant, preview in rows[:most]]


def _values(
    parameters: Mapping[str, Any], recipe: Recipe, inputs: Mapping[str, JSON] | None
) -> dict[str, Any]:
    """Return the *parameters* of a trigger with inputs and constants put in."""
    defaults = {
        name: one.get("default") if isinstance(one, Mapping) else None
        for name, one in recipe.inputs.items()
    }
    scope = {
        "inputs": defaults if inputs is None else dict(inputs),
        "vars": dict(recipe.variables),
        "recipe": {"id": recipe.id, "name": recipe.name},
        "secrets": _NoSecrets(),
    }
    clear = reveal(compile_template(dict(parameters)).render(scope))
    return clear if isinstance(clear, dict) else {}


class _NoSecrets(dict[str, Secret]):
    """Every secret, empty: instants do not depend on them."""

    def __missing__(self, name: str) -> Secret:
        return Secret("", name=name)

    def __contains__(self, _: object) -> bool:
        return True


def _zone_in(spec: TriggerSpec, values: Mapping[str, Any]) -> str | None:
    declared = spec.parameters.specs
    named = (values[name] for name in values if declared[name].format == "timezone")
    return next((zone for zone in named if isinstance(zone, str)), None)


def _row(instant: datetime, preview: Preview, language: Language) -> dict[str, Any]:
    zone, trigger, reading = ZoneInfo(preview.zone), preview.trigger, preview.reading
    local = instant.astimezone(zone)
    row = {
        "utc": instant.astimezone(UTC).isoformat(),
        "local": local.isoformat(),
        "weekday": _WEEKDAYS[local.weekday()].render(language),
        "zone": zone.key,
        "offset": _offset(local),
        "clock_change": _change_on(local, zone),
        "meaning": None if reading is None else reading.sentence.render(language),
        "cron": None if reading is None else reading.canonical,
    }
    return row if trigger is None else {**row, "trigger": trigger}


def _offset(local: datetime) -> str:
    return local.isoformat()[-6:]


def _change_on(local: datetime, zone: ZoneInfo) -> dict[str, str] | None:
    """Return the offsets at both ends of the local day, if the clock is changed in between."""
    first = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    try:
        last = (first.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    except OverflowError:
        return None
    # A change at midnight itself belongs to the day that it begins.
    before, after = _offset_at(first, -1), _offset_at(last, -1)
    return None if before == after else {"before": before, "after": after}


def _offset_at(local: datetime, seconds: int) -> str:
    instant = local.astimezone(UTC) + timedelta(seconds=seconds)
    return _offset(instant.astimezone(local.tzinfo))
