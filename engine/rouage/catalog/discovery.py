"""Find the connectors: the bundled ones by listing their package, others by entry points.

A connector that cannot be imported is reported and skipped, never fatal; two connectors that
offer the same id are refused, since nobody could say which one a recipe means.
"""

import logging
import pkgutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal

from rouage.catalog.catalog import Broken, Catalog, Installed
from rouage.errors import CatalogError, RouageError
from rouage.language import Text
from rouage.sdk.connector import Connector

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

logger = logging.getLogger(__name__)

BUNDLED: Final = "rouage_connectors"
GROUP: Final = "rouage.connectors"
_Found = Literal["bundled", "entry point"]

_NO_IMPORT: Final = Text(
    "the connector “{name}” ({origin}) cannot be loaded: {cause}",
    "le connecteur « {name} » ({origin}) ne peut pas être chargé : {cause}",
)
_REINSTALL: Final = Text(
    "reinstall or update the package that offers it",
    "réinstallez ou mettez à jour le paquet qui l’offre",
)
_NO_CONNECTOR: Final = Text(
    "“{origin}” offers no connector", "« {origin} » n’offre aucun connecteur"
)


def discover(
    *, bundled: str | None = BUNDLED, entry_points: "Iterable[EntryPoint] | None" = None
) -> Catalog:
    """Return the catalog of what is installed.

    Raises:
        CatalogError: two connectors offer the same id.
    """
    found: list[Installed] = []
    broken: list[Broken] = []
    for name, target, how in _wanted(bundled, entry_points):
        try:
            found += _installed(name, target, how)
        except CatalogError as error:
            logger.warning("%s", error)
            broken.append(Broken(name=name, origin=target, error=error))
    return Catalog(found, broken=broken)


def discover_on_demand(*, entry_points: "Sequence[EntryPoint] | None" = None) -> Catalog:
    """Return the catalog of what is installed, for a program that lives long and uses little.

    A bundled connector is loaded when something names it, and what is broken of it is known
    then. Those of installed packages are loaded at once: their names do not tell their ids.

    Raises:
        CatalogError: two connectors offer the same id.
    """
    foreign = discover(bundled=None, entry_points=entry_points)
    bundled = dict(_bundled_modules(BUNDLED))
    if any(entry.connector.name in bundled for entry in foreign.installed):
        # It may offer an id that a bundled connector offers: this is told at once.
        return discover(entry_points=entry_points)
    later = {name: partial(_installed, name, target, "bundled") for name, target in bundled.items()}
    return Catalog(foreign.installed, broken=foreign.broken, later=later)


def _installed(name: str, target: str, how: _Found) -> list[Installed]:
    return [Installed(connector=one, origin=target, found=how) for one in _load(name, target)]


def _wanted(
    bundled: str | None, entry_points: "Iterable[EntryPoint] | None"
) -> Iterator[tuple[str, str, _Found]]:
    """Yield (name, target, how it was found) of everything that should hold connectors."""
    if bundled is not None:
        for name, target in _bundled_modules(bundled):
            yield name, target, "bundled"
    for point in _points() if entry_points is None else entry_points:
        yield point.name, point.value, "entry point"


def _points() -> "Iterable[EntryPoint]":
    # Loaded only when it is asked for: it is slow, and `discover_some` does without.
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def discover_some(names: Collection[str], *, bundled: str = BUNDLED) -> Catalog | None:
    """Return a catalog of the bundled connectors called *names* alone, which is quick.

    None when one of them is not bundled or is broken: only `discover` knows more then.
    """
    targets = dict(_bundled_modules(bundled))
    if not targets.keys() >= set(names):
        return None
    found: list[Installed] = []
    for name in names:
        try:
            found += _installed(name, targets[name], "bundled")
        except CatalogError:
            return None
    return Catalog(found)


def _bundled_modules(package: str) -> Iterator[tuple[str, str]]:
    try:
        paths = import_module(package).__path__
    except ImportError:
        return
    for module in sorted(pkgutil.iter_modules(paths), key=lambda one: one.name):
        if not module.name.startswith("_"):
            yield module.name, f"{package}.{module.name}"


def _load(name: str, target: str) -> list[Connector]:
    """Import *target* (`module` or `module:attribute`) and return the connectors it holds."""
    module, _, attribute = target.partition(":")
    try:
        loaded: object = import_module(module)
        for part in attribute.split(".") if attribute else ():
            loaded = getattr(loaded, part)
    except (Exception, SystemExit) as error:  # foreign code: the border of one connector
        raise CatalogError(
            _NO_IMPORT, hint=_REINSTALL, name=name, origin=target, cause=_cause(error)
        ) from error
    return _connectors_in(loaded, target)


def _connectors_in(loaded: object, target: str) -> list[Connector]:
    if isinstance(loaded, Connector):
        return [loaded]
    values = vars(loaded).values() if hasattr(loaded, "__dict__") else ()
    own = {id(value): value for value in values if isinstance(value, Connector)}
    if not own:
        raise CatalogError(_NO_CONNECTOR, origin=target)
    return list(own.values())


def _cause(error: BaseException) -> Text | str:
    if isinstance(error, RouageError):
        return Text(error.render("en"), error.render("fr"))
    if isinstance(error, ModuleNotFoundError) and error.name:
        return Text(f"the module {error.name} is missing", f"il manque le module {error.name}")
    return f"{type(error).__name__}: {error}"
