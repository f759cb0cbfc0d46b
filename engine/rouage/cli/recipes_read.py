"""The recipes of the workspace, read with the connectors that they name and no others.

To load a connector that no recipe uses costs a command more than the rest of its work.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from rouage.catalog.catalog import Catalog
from rouage.cli.recipe_files import read_source, recipes_in
from rouage.cli.session import Session
from rouage.errors import UsageError

if TYPE_CHECKING:
    from rouage.recipes.folder import RecipeFolder

# What looks like a trigger or an action: `files.move:`. One that is none only costs time.
_CONNECTOR: Final = re.compile(rb"\b([a-z][a-z0-9_]*)\.[a-z0-9_]+[\"']?:")


def connectors_named(sources: Iterable[bytes]) -> Catalog | None:
    """Return the connectors that the texts of recipes name; None where all are needed to tell."""
    from rouage.catalog.discovery import discover_some

    named = {word for source in sources for word in _CONNECTOR.findall(source)}
    return discover_some(sorted(word.decode() for word in named))


def read_recipes(session: Session) -> "tuple[RecipeFolder, Catalog]":
    """Return the folder of recipes, looked through once, and the catalog that served to read it.

    A file that is not right may have its last good version in the journal, which may name
    other connectors: then the catalog holds all of them.
    """
    from rouage.catalog.discovery import discover

    try:
        catalog = connectors_named(read_source(one) for one in recipes_in(session.places.recipes))
    except (UsageError, OSError):
        catalog = None
    if catalog is not None:
        folder = _scanned(session, catalog)
        if all(one.recipe is not None for one in folder.files):
            return folder, catalog
    catalog = discover()
    return _scanned(session, catalog), catalog


def _scanned(session: Session, catalog: Catalog) -> "RecipeFolder":
    from rouage.recipes.folder import RecipeFolder

    folder = RecipeFolder(session.places.recipes, catalog, input_values=session.settings.inputs)
    folder.scan(0.0)
    return folder
