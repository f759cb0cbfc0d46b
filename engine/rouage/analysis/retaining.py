"""What the recipes of a journal say about their past, and where they have personal values."""

from collections.abc import Iterable, Mapping
from typing import Final

from rouage.analysis.personal import personal_event, personal_fields, personal_inputs
from rouage.catalog.catalog import Catalog
from rouage.durable.keeping import Keeping, Paths, Places
from rouage.durable.port import Reader
from rouage.model.recipe import Keep, Recipe, TriggerUse
from rouage.recipes.definition import parse
from rouage.records import dataclass
from rouage.rerun import steps_of

_NOTHING: Final = Keep()


@dataclass(frozen=True, slots=True)
class _Said:
    """What one version says."""

    keep: Keep
    places: Places


class Retaining:
    """Reads the versions of recipes, each once; what a recipe says last counts for all its runs."""

    def __init__(self, reader: Reader, catalog: Catalog) -> None:
        self._reader = reader
        self._catalog = catalog
        self._said: dict[str, _Said] = {}

    async def keeping(self) -> Keeping:
        """Return what is to be kept, by all versions that are in the journal."""
        versions = await self._reader.list_versions()
        said = {digest: await self._read(digest) for _, digest in versions}
        self._said = said
        newest = {recipe: said[digest].keep for recipe, digest in reversed(versions)}
        places = {digest: one.places for digest, one in said.items() if one.places}
        return Keeping(
            recipes={recipe: keep for recipe, keep in newest.items() if keep != _NOTHING},
            places=places,
            personal=frozenset(recipe for recipe, digest in versions if digest in places),
        )

    async def _read(self, digest: str) -> _Said:
        known = self._said.get(digest)
        definition = await self._reader.get_definition(digest) if known is None else None
        if definition is None:
            return known or _Said(_NOTHING, Places())
        try:
            recipe = parse(definition)
        except (KeyError, TypeError, ValueError):
            # Of another version of Rouage: its runs are kept as all others are.
            return _Said(_NOTHING, Places())
        return _Said(recipe.keep, places_in(recipe, self._catalog))


def places_in(recipe: Recipe, catalog: Catalog) -> Places:
    """Return where the events and steps of *recipe* have personal values."""
    actions = {
        step.uses: catalog.actions[step.uses]
        for step in steps_of(recipe)
        if step.uses in catalog.actions
    }
    inputs = tuple(f"inputs.{name}" for name, _ in personal_inputs(recipe.inputs))
    return Places(
        events=_known(
            {
                f"{recipe.id}/{use.id}": [*inputs, *_of_trigger(use, catalog)]
                for use in recipe.triggers
            }
        ),
        inputs=inputs,
        parameters=_known(
            {name: _paths(action.parameters.schema) for name, action in actions.items()}
        ),
        results=_known({name: _paths(action.result) for name, action in actions.items()}),
    )


def _of_trigger(use: TriggerUse, catalog: Catalog) -> list[str]:
    trigger = catalog.triggers.get(use.uses)
    event = None if trigger is None else trigger.event
    paths = [path for path, _ in personal_event(use.parameters, event)]
    # A batch is one event, whose items are the data of those that were gathered.
    return paths if use.batch is None else [*paths, *(f"items.{path}" for path in paths)]


def _paths(schema: object) -> list[str]:
    return [path for path, _ in personal_fields(schema)]


def _known(found: Mapping[str, Iterable[str]]) -> dict[str, Paths]:
    return {name: tuple(dict.fromkeys(paths)) for name, paths in found.items() if paths}
