"""What every kind of table can do; the actions know no more of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from rouage.sdk import JSON
from rouage.sdk.records import dataclass
from rouage_connectors.table.columns import Columns, fold


class Rows(Protocol):
    """The rows below the names of the columns, numbered from 1."""

    @property
    def columns(self) -> Columns:
        """Return the columns."""
        ...

    def read(self) -> Iterator[Sequence[JSON]]:
        """Yield the cells of each row: numbers, ISO dates, texts, or None where empty."""
        ...

    def add(self, cells: Mapping[int, JSON]) -> int:
        """Add a row at the end, its cells by position, and return its number."""
        ...

    def change(self, number: int, cells: Mapping[int, JSON]) -> bool:
        """Give the row *number* other cells; return whether any is different now."""
        ...

    def remove(self, numbers: Collection[int]) -> None:
        """Take rows out; the numbers are those before the call."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """How a table that does not exist yet is made, and what may be written as it is.

    `adds_only` says that the edit looks at no row that is there.
    """

    columns: tuple[str, ...] = ()
    sheet: str | None = None
    raw: tuple[str, ...] = ()
    separator: str = ";"
    encoding: str = "utf-8-sig"
    decimal: str = "auto"
    adds_only: bool = False

    def is_raw(self, name: str) -> bool:
        """Say whether the texts of the column *name* are written as they are."""
        return bool(self.raw) and fold(name) in {fold(one) for one in self.raw}
