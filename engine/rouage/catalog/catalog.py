"""What is installed: look-up of triggers and actions by id."""

import copy
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from rouage.catalog.later import ALL, Changed, Named
from rouage.catalog.similar import nearest
from rouage.errors import CatalogError, RouageError
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.channel import Channel
from rouage.sdk.connector import ActionSpec, Connector, TriggerSpec

if TYPE_CHECKING:
    from rouage.catalog.validation import RecipeValidator

S = TypeVar("S", ActionSpec, TriggerSpec)
Load = Callable[[], Iterable["Installed"]]

logger = logging.getLogger(__name__)

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

    *later* says how to load connectors that are loaded when something names them, by name: the
    ids and the channel of each begin with it, and no other connector has it.

    Raises:
        CatalogError: two connectors offer the same id.
    """

    def __init__(
        self,
        connectors: Iterable[Connector | Installed],
        *,
        broken: Iterable[Broken] = (),
        later: Mapping[str, Load] | None = None,
    ) -> None:
        self._connectors: dict[str, Connector] = {}
        self._actions: dict[str, ActionSpec] = {}
        self._triggers: dict[str, TriggerSpec] = {}
        self._channels: dict[str, Channel] = {}
        self._installed: list[Installed] = []
        self._owners: dict[str, Installed] = {}
        self._broken = list(broken)
        self._later = dict(later or {})
        self._lock = threading.RLock()
        self._part: Catalog | None = None
        for entry in connectors:
            self._add(entry if isinstance(entry, Installed) else _unnamed(entry))
        self.actions: Mapping[str, ActionSpec] = self._actions
        self.triggers: Mapping[str, TriggerSpec] = self._triggers
        self.channels: Mapping[str, Channel] = self._channels
        if self._later:
            self.actions = Named(self._actions, self._load)
            self.triggers = Named(self._triggers, self._load)
            self.channels = Named(self._channels, self._load)

    @property
    def connectors(self) -> Mapping[str, Connector]:
        """Return all connectors by name."""
        self._load(ALL)
        return self._connectors

    @property
    def installed(self) -> tuple[Installed, ...]:
        """Return all connectors with where they come from."""
        self._load(ALL)
        return tuple(self._installed)

    @property
    def broken(self) -> tuple[Broken, ...]:
        """Return what was to be loaded so far and could not be."""
        return tuple(self._broken)

    @property
    def loaded(self) -> "Catalog":
        """Return what is loaded so far; itself where nothing is left to load."""
        with self._lock:
            if not self._later:
                return self
            if self._part is None or len(self._part.installed) != len(self._installed):
                self._part = Catalog(self._installed)
            return self._part

    def nearest_action(self, word: str) -> str | None:
        """Return the action that *word* most likely stands for, or None."""
        return nearest(word, self.actions)

    def nearest_trigger(self, word: str) -> str | None:
        """Return the trigger that *word* most likely stands for, or None."""
        return nearest(word, self.triggers)

    def with_actions(self, replaced: Callable[[ActionSpec, Installed], ActionSpec]) -> "Catalog":
        """Return the same catalog with each action as *replaced* gives it."""

        def change(spec: ActionSpec) -> ActionSpec:
            return replaced(spec, self._owners[spec.id])

        other = copy.copy(self)
        other.actions = (
            Changed(self.actions, change)
            if self._later
            else {id_: change(spec) for id_, spec in self.actions.items()}
        )
        return other

    def find_broken(self, id_: str) -> Broken | None:
        """Return the broken connector that would offer the action or trigger *id_*, or None."""
        name = id_.partition(".")[0]
        self._load(name)
        return next((broken for broken in self.broken if broken.name == name), None)

    def is_foreign(self, id_: str) -> bool:
        """Say whether the known action or trigger *id_* comes from an installed package."""
        return self._owners[id_].found == "entry point"

    @cached_property
    def validator(self) -> "RecipeValidator":
        """Return the validator of recipes for what is installed, made once."""
        # Imported here because the schema is a reading of the catalog.
        from rouage.catalog.validation import RecipeValidator

        return RecipeValidator(self)

    def _load(self, name: str) -> None:
        """Load the connector *name*, if it is one of those to be loaded later, or `ALL`."""
        with self._lock:
            for one in sorted(self._later) if name == ALL else (name,):
                if one not in self._later:
                    continue
                load = self._later.pop(one)
                try:
                    for installed in load():
                        self._add(installed)
                except CatalogError as error:
                    logger.warning("%s", error)
                    origin = str(error.facts.get("origin", one))
                    self._broken.append(Broken(name=one, origin=origin, error=error))

    def _add(self, installed: Installed) -> None:
        connector, origin = installed.connector, installed.origin
        self._merge(self._actions, connector.actions, installed)
        self._merge(self._triggers, connector.triggers, installed)
        for kind, channel in connector.channels.items():
            self._channels.setdefault(kind, channel)
        # Two connectors may share a name as long as their ids differ: both are listed.
        key = connector.name if connector.name not in self._connectors else origin
        self._connectors[key] = connector
        self._installed.append(installed)

    def _merge(self, known: dict[str, S], added: Mapping[str, S], owner: Installed) -> None:
        for id_, spec in added.items():
            if id_ in known:
                first, second = self._owners[id_].origin, owner.origin
                raise CatalogError(_TWICE, hint=_REMOVE_ONE, id=id_, first=first, second=second)
            known[id_] = spec
        self._owners |= dict.fromkeys(added, owner)


def _unnamed(connector: Connector) -> Installed:
    return Installed(connector=connector, origin=connector.name)
