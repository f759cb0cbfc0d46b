"""What is installed: look-up of triggers and actions by id."""

import copy
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from rouage.catalog.similar import nearest
from rouage.errors import CatalogError, RouageError
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.channel import Channel
from rouage.sdk.connector import ActionSpec, Connector, TriggerSpec

if TYPE_CHECKING:
    from rouage.catalog.validation import RecipeValidator

S = TypeVar("S", ActionSpec, TriggerSpec)

_TWICE: Final = Text(
    "“{id}” is offered by two connectors: {first} and {second}",
    "« {id} » est offert par deux connecteurs : {first} et {second}",
)
_REMOVE_ONE: Final = Text("uninstall one of the two packages", "désinstallez l’un des deux paquets")


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A connector that could not be used: its name, where it comes from, and why."""

    name: str
    origin: str
    error: RouageError


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """A connector, where it comes from, and how it was found.

    What discovery found can be imported again from `origin` (`module` or `module:attribute`);
    a connector that was given as an object has its name there.
    """

    connector: Connector
    origin: str
    found: Literal["given", "bundled", "entry point"] = "given"


class Catalog:
    """The connectors of this installation, and their triggers and actions by id.

    Raises:
        CatalogError: two connectors offer the same id.
    """

    def __init__(
        self, connectors: Iterable[Connector | Installed], *, broken: Iterable[Broken] = ()
    ) -> None:
        self.connectors: dict[str, Connector] = {}
        self.actions: dict[str, ActionSpec] = {}
        self.triggers: dict[str, TriggerSpec] = {}
        self.broken = tuple(broken)
        self.installed = tuple(
            entry if isinstance(entry, Installed) else _unnamed(entry) for entry in connectors
        )
        self._origins: dict[str, str] = {}
        for entry in self.installed:
            self._add(entry)

    def nearest_action(self, word: str) -> str | None:
        """Return the action that *word* most likely stands for, or None."""
        return nearest(word, self.actions)

    def nearest_trigger(self, word: str) -> str | None:
        """Return the trigger that *word* most likely stands for, or None."""
        return nearest(word, self.triggers)

    def with_actions(self, replaced: Callable[[ActionSpec, Installed], ActionSpec]) -> "Catalog":
        """Return the same catalog with each action as *replaced* gives it."""
        other = copy.copy(self)
        other.actions = {
            id_: replaced(self.actions[id_], entry)
            for entry in self.installed
            for id_ in entry.connector.actions
        }
        return other

    def find_broken(self, id_: str) -> Broken | None:
        """Return the broken connector that would offer the action or trigger *id_*, or None."""
        name = id_.partition(".")[0]
        return next((broken for broken in self.broken if broken.name == name), None)

    @property
    def channels(self) -> dict[str, Channel]:
        """Return the ways to ask people, by the word that `via` names them with."""
        found: dict[str, Channel] = {}
        for entry in self.installed:
            for kind, channel in entry.connector.channels.items():
                found.setdefault(kind, channel)
        return found

    @cached_property
    def validator(self) -> "RecipeValidator":
        """Return the validator of recipes for what is installed, made once."""
        # Imported here because the schema is a reading of the catalog.
        from rouage.catalog.validation import RecipeValidator

        return RecipeValidator(self)

    def _add(self, installed: Installed) -> None:
        connector, origin = installed.connector, installed.origin
        self._merge(self.actions, connector.actions, origin)
        self._merge(self.triggers, connector.triggers, origin)
        # Two connectors may share a name as long as their ids differ: both are listed.
        key = connector.name if connector.name not in self.connectors else origin
        self.connectors[key] = connector

    def _merge(self, known: dict[str, S], added: Mapping[str, S], origin: str) -> None:
        for id_, spec in added.items():
            if id_ in known:
                raise CatalogError(
                    _TWICE, hint=_REMOVE_ONE, id=id_, first=self._origins[id_], second=origin
                )
            known[id_] = spec
        self._origins |= dict.fromkeys(added, origin)


def _unnamed(connector: Connector) -> Installed:
    return Installed(connector=connector, origin=connector.name)
