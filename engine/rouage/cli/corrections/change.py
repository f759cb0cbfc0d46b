"""Write what a proposal changes into the text of a recipe; all else stays as it was written."""

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rouage.analysis.editing.snippets import yaml_text
from rouage.analysis.fixing import apply_edits
from rouage.cli.session import Session
from rouage.flow.corrections.rows import Change
from rouage.problem import Edit, Range
from rouage.recipes.document import Node, Positions
from rouage.recipes.reader import read


def changed_text(source: bytes, change: Change) -> bytes | None:
    """Return *source* with *change* made, comments and layout kept; None when it does not fit."""
    document = read(source)
    expected = _expected(document.data, change)
    if expected is None:
        return None
    for edit in _edits(document.positions, change):
        after = apply_edits(source, [edit])
        # Whatever the layout was: the file must say what is proposed, and nothing else anew.
        if after is not None and read(after).data == expected:
            return after
    return None


def check_recipe(session: Session, path: Path, source: bytes) -> None:
    """Refuse a recipe that would not be accepted.

    Raises:
        RecipeError: it is not right.
    """
    from rouage.cli.rehearsing import work_of
    from rouage.errors import RecipeError
    from rouage.recipes.checker import check

    work = work_of(session, path)
    checked = check(source, file=path.name, catalog=work.catalog, input_values=work.inputs)
    if checked.recipe is None:
        raise RecipeError(list(checked.problems))


def _expected(data: Any, change: Change) -> Any:
    """Return what the file has to say then; None when it does not say what it should now."""
    whole = copy.deepcopy(data)
    *above, last = change.path
    place = whole
    for part in above:
        place = _child(place, part)
    if not isinstance(place, dict) or place.get(last) != change.before:
        return None
    place[str(last)] = change.after
    return whole


def _child(data: Any, part: str | int) -> Any:
    if isinstance(data, list):
        return data[part] if isinstance(part, int) and part < len(data) else None
    return data.get(part) if isinstance(data, Mapping) else None


def _edits(positions: Positions, change: Change) -> Iterator[Edit]:
    """Yield the ways to write it, the one that changes least first."""
    if change.before is None:
        yield from _entry(positions, change)
        return
    node = positions.node(change.path)
    if node is None:
        return
    if node.style in {"|", ">"}:
        yield from _stretch(positions, change, change.before)
    place = positions.value(change.path)
    yield Edit(range=place, text=_scalar(change.after, node.style, _is_flow(positions, change)))


def _scalar(text: str, style: str | None, is_flow: bool) -> str:
    """Return *text* between the quotes that its owner used, or without if it needs none."""
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if style is not None:
        return json.dumps(text, ensure_ascii=False)
    return yaml_text(text, is_flow=is_flow)


def _stretch(positions: Positions, change: Change, before: str) -> Iterator[Edit]:
    """Return the edit of what differs alone, in a text that stands below its key."""
    after, start = change.after, 0
    most = min(len(before), len(after))
    while start < most and before[start] == after[start]:
        start += 1
    end = 0
    while end < most - start and before[-1 - end] == after[-1 - end]:
        end += 1
    if start == len(before) or "\n" in after[start : len(after) - end]:
        return
    gone = len(before) - end - start
    place = positions.locate(change.path, before, start, max(1, gone))
    if not gone:
        place = Range(start=place.start, end=place.start)
    yield Edit(range=place, text=after[start : len(after) - end])


def _entry(positions: Positions, change: Change) -> Iterator[Edit]:
    """Return the edit that adds an entry to a mapping: before the others, or on its line."""
    node = positions.node(change.path[:-1])
    if node is None or not isinstance(node.entries, dict):
        return
    is_flow = _is_brace(positions, node)
    written = f"{yaml_text(str(change.path[-1]), is_flow=is_flow)}: "
    written += yaml_text(change.after, is_flow=is_flow)
    if not node.entries:
        yield Edit(range=positions.value(change.path[:-1]), text=f"{{{written}}}")
        return
    first = next(iter(node.entries))
    place = positions.key((*change.path[:-1], first)).start
    separator = ", " if is_flow else "\n" + " " * (place.column - 1)
    yield Edit(range=Range(start=place, end=place), text=written + separator)


def _is_flow(positions: Positions, change: Change) -> bool:
    """Say whether the value stands between braces or brackets."""
    above = (positions.node(change.path[:size]) for size in range(len(change.path)))
    return any(node is not None and _is_brace(positions, node) for node in above)


def _is_brace(positions: Positions, node: Node) -> bool:
    line = positions.lines[node.start.line]
    return line[node.start.column : node.start.column + 1] in {"{", "["}
