"""What `try` and `test` share: the recipe, and the surroundings it is rehearsed in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rouage.cli.explain.recipe import find_recipe
from rouage.cli.recipe_files import read_source, recipes_in, shown_here
from rouage.cli.session import Session
from rouage.errors import RecipeError, RouageError
from rouage.model.recipe import Recipe
from rouage.model.secret import Secret
from rouage.records import dataclass
from rouage.settings import Settings

if TYPE_CHECKING:
    from rouage.catalog.catalog import Catalog
    from rouage.rehearsal.scene import Surround


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A workspace to rehearse in: its settings, and what is installed."""

    session: Session
    catalog: "Catalog"
    settings: Settings

    @property
    def inputs(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the values that the owner gave to inputs, by recipe."""
        return self.settings.inputs


def work_of(session: Session, path: Path) -> Work:
    """Return the workspace of this call; without one, the folder of *path* plays its part."""
    from rouage.catalog.discovery import discover

    if session.has_workspace():
        settings = session.settings
    else:
        settings = Settings.from_data(None, path.absolute().parent, session.environment)
        settings = replace(settings, language=session.language)
    return Work(session=session, catalog=discover(), settings=settings)


def load_recipe(
    work: Work, path: Path, inputs: Mapping[str, Any], *, known_secrets: Any = None
) -> Recipe:
    """Return the recipe in the file *path*, with *inputs* as the values of its inputs.

    Raises:
        RecipeError: it is not right.
    """
    from rouage.recipes.checker import check, identify

    source = read_source(path)
    identity = identify(source, path.name)
    known = {**work.inputs.get(identity, {}), **inputs}
    checked = check(
        source,
        file=path.name,
        catalog=work.catalog,
        known_secrets=known_secrets,
        input_values={identity: known},
    )
    if checked.recipe is None:
        shown = shown_here(work.session, path)
        raise RecipeError([replace(one, file=shown) for one in checked.problems])
    return checked.recipe


def surround_of(work: Work, *, reads: bool, secrets: Mapping[str, Secret]) -> "Surround":
    """Return what recipes meet when they are rehearsed in this workspace."""
    from rouage.rehearsal.scene import Surround
    from rouage.sdk.business import Business

    settings = work.settings
    known: dict[str, Recipe] = {}

    def recipes() -> Mapping[str, Recipe]:
        if not known:
            known.update(_others(work))
        return known

    return Surround(
        catalog=work.catalog,
        workspace=settings.workspace,
        timezone=settings.zone,
        language=settings.language,
        folders=settings.folders,
        reads=reads,
        secrets=secrets,
        mask=work.session.mask,
        recipes=recipes,
        business=Business(hours=settings.business, zone=settings.zone),
        **(_accounts(settings) if reads else {}),
    )


def _accounts(settings: Settings) -> dict[str, Any]:
    from rouage.secrets import SecretStore
    from rouage.vault import LiveAccounts, LiveSecrets

    secrets = LiveSecrets(SecretStore(settings.places.secrets))
    accounts = LiveAccounts(settings.accounts, secrets)
    return {"accounts": accounts, "accounts_told": lambda: accounts.told}


def _others(work: Work) -> dict[str, Recipe]:
    """Return every recipe of the workspace that is right, by id."""
    folder, found = work.settings.places.recipes, {}
    for path in recipes_in(folder) if folder.is_dir() else ():
        try:
            recipe = load_recipe(work, path, {})
        except RouageError:
            continue
        found[recipe.id] = recipe
    return found


__all__ = ["Work", "find_recipe", "load_recipe", "surround_of", "work_of"]
