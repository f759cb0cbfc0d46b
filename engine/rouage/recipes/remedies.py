"""Edits that put a recipe right: dashes before entries, parameters that are missing."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from rouage.problem import Edit
from rouage.recipes.document import Path, Positions, to_range

_FILL_IN: Final = "…"


def add_dashes(positions: Positions, path: Path, common: Collection[str]) -> tuple[Edit, ...]:
    """Return the edits that turn the mapping at *path* into a list of entries.

    Each key that is not a *common* one begins an entry.
    """
    node = positions.node(path)
    entries = node.entries if node is not None else None
    if node is None or not isinstance(entries, dict) or not entries:
        return ()
    lines, column = positions.lines, node.start.column
    starts = {start.line for key, (start, _, _) in entries.items() if key not in common}
    if node.start.line not in starts or lines[node.start.line][column : column + 1] == "{":
        return ()
    if lines[node.start.line][:column].strip():
        return ()
    edits = []
    for number in range(node.start.line, positions.value(path).end.line):
        if lines[number].strip():
            text = "- " if number in starts else "  "
            at = min(column, len(lines[number]) - len(lines[number].lstrip(" ")))
            edits.append(Edit(range=to_range((number, at, number, at)), text=text))
    return tuple(edits)


def add_parameters(
    positions: Positions, path: Path, names: Iterable[str], examples: Mapping[str, Any]
) -> tuple[Edit, ...]:
    """Return the edit that adds *names* to the mapping at *path*, with a place to fill in."""
    node = positions.node(path)
    if node is None:
        return ()
    entries, lines = node.entries, positions.lines
    wanted = [f"{name}: {_example(examples.get(name))}" for name in names]
    if isinstance(entries, dict) and lines[node.start.line][node.start.column :][:1] == "{":
        line, column = node.end.line, node.end.column - 1
        joined = ", ".join(wanted)
        text = f", {joined}" if entries else joined
    elif isinstance(entries, dict) and entries:
        end = positions.value(path).end
        line, column = end.line - 1, end.column - 1
        text = "".join(f"\n{' ' * node.start.column}{one}" for one in wanted)
    elif entries is None:
        key = positions.key(path)
        line, column = key.end.line - 1, len(lines[key.end.line - 1].rstrip())
        text = "".join(f"\n{' ' * (key.start.column + 3)}{one}" for one in wanted)
    else:
        return ()
    return (Edit(range=to_range((line, column, line, column)), text=text),)


def _example(value: Any) -> str:
    """Return an example as YAML on one line, if it is a simple one."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value and "\n" not in value:
        return "'" + value.replace("'", "''") + "'"
    return _FILL_IN
