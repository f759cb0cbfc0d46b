"""What the actions do to the rows of any table; none knows which kind it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rouage.sdk import JSON, StepError, Text
from rouage.sdk.files import shown
from rouage_connectors.table.rows import Rows
from rouage_connectors.table.where import NO_RESULT, Key, Now, Where, key_of, no_result

Told = dict[str, JSON]
Edit = Callable[[Rows], Told]
"""Change the rows and tell what was done; `changed` is 0 when nothing was."""

_MANY_WITH_KEY: Final = Text(
    "several rows of {file} have the same key: {key}",
    "plusieurs lignes de {file} ont la même clé : {key}",
)
_MANY_HINT: Final = Text(
    "keep one of them, or add a column to `key`",
    "gardez l’une d’elles, ou ajoutez une colonne à `key`",
)
_EMPTY_KEY: Final = Text(
    "the key column “{column}” is empty in `row`", "la colonne clé « {column} » est vide dans `row`"
)


def appending(rows: Sequence[Mapping[str, JSON]]) -> Edit:
    """Return the edit that adds *rows* at the end."""

    def edit(table: Rows) -> Told:
        number = 0
        for row in rows:
            number = table.add(table.columns.placed(row))
        return {"row_number": number, "changed": len(rows)}

    return edit


def updating(where: Mapping[str, JSON], cells: Mapping[str, JSON], now: Now) -> Edit:
    """Return the edit that gives other *cells* to the rows that *where* means."""

    def edit(table: Rows) -> Told:
        placed = table.columns.placed(cells, "set")
        numbers = _meant(table, where, now)
        changed = sum(table.change(number, placed) for number in numbers)
        return {"matched": len(numbers), "changed": changed}

    return edit


def deleting(where: Mapping[str, JSON], now: Now) -> Edit:
    """Return the edit that takes out the rows that *where* means."""

    def edit(table: Rows) -> Told:
        numbers = _meant(table, where, now)
        table.remove(numbers)
        return {"matched": len(numbers), "changed": len(numbers)}

    return edit


def upserting(key: Sequence[str], row: Mapping[str, JSON], file: str) -> Edit:
    """Return the edit that changes the row with the *key* of *row*, or adds it."""

    def edit(table: Rows) -> Told:
        placed = table.columns.placed(row)
        positions = table.columns.positions(key, "key")
        wanted = [placed.get(position) for position in positions]
        for position, value in zip(positions, wanted, strict=True):
            if value is None or value == "":
                raise StepError(_EMPTY_KEY, column=shown(table.columns.names[position]))
        number = _number_with(table, positions, [key_of(value) for value in wanted], file)
        if number is None:
            return {"row_number": table.add(placed), "outcome": "added", "changed": 1}
        changed = table.change(number, placed)
        outcome = "updated" if changed else "unchanged"
        return {"row_number": number, "outcome": outcome, "changed": int(changed)}

    return edit


def _meant(table: Rows, where: Mapping[str, JSON], now: Now) -> list[int]:
    conditions = Where(where, table.columns, now)
    return [number for number, row in enumerate(table.read(), 1) if conditions.holds(row)]


def _number_with(
    table: Rows, positions: Sequence[int], wanted: Sequence[Key], file: str
) -> int | None:
    found: int | None = None
    for number, row in enumerate(table.read(), 1):
        for position, key in zip(positions, wanted, strict=True):
            if row[position] is NO_RESULT:
                raise no_result(table.columns.names[position])
            if key_of(row[position]) != key:
                break
        else:
            if found is not None:
                shown_key = ", ".join(str(value) for _, value in wanted)
                raise StepError(
                    _MANY_WITH_KEY, hint=_MANY_HINT, file=shown(file), key=shown(shown_key[:120])
                )
            found = number
    return found
