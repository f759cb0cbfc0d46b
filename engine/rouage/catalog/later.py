"""Connectors that are loaded when something names them: most installations use a few of many."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

V = TypeVar("V")

ALL: Final = "*"


class Named(Mapping[str, V]):
    """What the connectors offer by name; a look loads the connector, a walk loads all of them.

    *known* holds what the loaded ones offer, *load* is called with the name of a connector, or
    with `ALL`, and adds to it. Names are `connector.word`, or just that of the connector.
    """

    def __init__(self, known: dict[str, V], load: Callable[[str], None]) -> None:
        self._known = known
        self._load = load

    def __getitem__(self, name: str) -> V:
        if name not in self._known:
            self._load(name.partition(".")[0])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        self._load(ALL)
        return iter(list(self._known))

    def __len__(self) -> int:
        self._load(ALL)
        return len(self._known)


class Changed(Mapping[str, V]):
    """The values of *given*, each as *change* gives it, made when it is asked for."""

    def __init__(self, given: Mapping[str, V], change: Callable[[V], V]) -> None:
        self._given = given
        self._change = change
        self._made: dict[str, V] = {}

    def __getitem__(self, name: str) -> V:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._change(self._given[name])
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)
