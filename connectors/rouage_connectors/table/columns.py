"""Columns are found by their names, whatever the case, the accents and the spaces."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from rouage.sdk import StepError, Text
from rouage.sdk.files import shown
from rouage.sdk.tables import harmless

T = TypeVar("T")
_LISTED: Final = 40

_NO_COLUMN: Final = Text(
    "{file} has no column “{column}”; its columns are: {columns}",
    "{file} n’a pas de colonne « {column} » ; ses colonnes sont : {columns}",
)
_NO_COLUMN_HINT: Final = Text(
    "correct the name in `{place}`, or add the column to the first line of the file",
    "corrigez le nom dans `{place}`, ou ajoutez la colonne à la première ligne du fichier",
)
_TWICE: Final = Text(
    "{file} has two columns named “{column}”", "{file} a deux colonnes nommées « {column} »"
)
_GIVEN_TWICE: Final = Text(
    "`{place}` names the column “{column}” of {file} twice",
    "`{place}` nomme deux fois la colonne « {column} » de {file}",
)


def fold(name: str) -> str:
    """Return *name* without case, accents and doubled spaces."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = (letter for letter in plain if not unicodedata.combining(letter))
    return " ".join("".join(letters).casefold().split())


class Columns:
    """The named columns of the table *file*."""

    def __init__(self, names: Sequence[str], file: str) -> None:
        self.names = [name.strip() for name in names]
        self._file = file
        self._exact: dict[str, list[int]] = {}
        self._folded: dict[str, list[int]] = {}
        for position, name in enumerate(self.names):
            if name:
                self._exact.setdefault(name, []).append(position)
                self._folded.setdefault(fold(name), []).append(position)

    def position(self, name: str, place: str = "row") -> int:
        """Return where the column *name*, which `place` of the step names, lies from 0 on.

        Raises:
            StepError: there is none, or more than one.
        """
        wanted = name.strip()
        found = (
            self._exact.get(wanted)
            or self._exact.get(harmless(wanted))
            or self._folded.get(fold(wanted))
            or self._folded.get(fold(harmless(wanted)))
        )
        if not wanted or not found:
            known = [one for one in self.names if one]
            listed = ", ".join(known[:_LISTED]) + (" …" if len(known) > _LISTED else "")
            raise StepError(
                _NO_COLUMN,
                hint=_NO_COLUMN_HINT,
                file=shown(self._file),
                column=shown(name[:80]),
                columns=shown(listed),
                place=place,
            )
        if len(found) > 1:
            raise StepError(_TWICE, file=shown(self._file), column=shown(name[:80]))
        return found[0]

    def placed(self, cells: Mapping[str, T], place: str = "row") -> dict[int, T]:
        """Return *cells* by the position of their columns.

        Raises:
            StepError: a column is unknown, or named twice.
        """
        found: dict[int, T] = {}
        for name, value in cells.items():
            position = self.position(name, place)
            if position in found:
                facts = {"place": place, "column": self.names[position]}
                raise StepError(_GIVEN_TWICE, file=shown(self._file), **facts)
            found[position] = value
        return found

    def positions(self, names: Iterable[str], place: str) -> list[int]:
        """Return where the columns *names* lie."""
        return [self.position(name, place) for name in names]
