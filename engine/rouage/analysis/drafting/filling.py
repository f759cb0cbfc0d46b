"""A recipe of the gallery with the answers of its user: the text is patched, nothing else moves."""

import re
from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.drafting.writing import SCHEMA_LINE
from rouage.analysis.editing.snippets import yaml_text
from rouage.recipes.document import Node, Path, Positions, split_lines
from rouage.recipes.reader import read
from rouage.sdk.json import JSON

_MODEL_LINE: Final = re.compile(r"#[ \t]*yaml-language-server:")
_ROUAGE: Final = "rouage: 1"

Patch = tuple[int, int, int, int, str]
"""0-based start line, start column, end line, end column, and what comes there."""


class UnfillableError(ValueError):
    """Report a template whose text cannot be patched: its answers would be lost."""


def fill(source: bytes, values: Mapping[str, JSON], *, name: str | None = None) -> str:
    """Return the template *source* with *values* as the defaults of its inputs.

    Raises:
        UnfillableError: the result would not say what was answered.
    """
    text = source.decode("utf-8-sig").replace("\r\n", "\n")
    document = read(text.encode())
    if not isinstance(document.data, Mapping):
        raise UnfillableError
    positions = document.positions
    patches = [_answer(positions, one, value) for one, value in values.items()]
    if name is not None:
        patches.append(_replacement(positions, ("name",), yaml_text(name)))
    filled = _headed(_patched(text, patches), document.data)
    if not _says(filled, values, name):
        raise UnfillableError
    return filled


def _answer(positions: Positions, name: str, value: JSON) -> Patch:
    declared = positions.node(("inputs", name))
    if declared is None or not isinstance(declared.entries, dict):
        raise UnfillableError
    is_flow = _is_flow(positions, declared)
    shown = yaml_text(value, is_flow=True)
    if "default" in declared.entries:
        return _replacement(positions, ("inputs", name, "default"), shown)
    if is_flow:
        place = declared.end.line, declared.end.column - 1
        return (*place, *place, f", default: {shown}")
    first = next(iter(declared.entries.values()))[0]
    margin = " " * first.column
    return (first.line, 0, first.line, 0, f"{margin}default: {shown}\n")


def _is_flow(positions: Positions, node: Node) -> bool:
    lines = positions.lines
    return lines[node.start.line][node.start.column : node.start.column + 1] == "{"


def _replacement(positions: Positions, path: Path, text: str) -> Patch:
    place = positions.value(path)
    start, end = place.start, place.end
    return (start.line - 1, start.column - 1, end.line - 1, end.column - 1, text)


def _patched(text: str, patches: list[Patch]) -> str:
    starts = [0]
    for written in split_lines(text):
        starts.append(starts[-1] + len(written) + 1)
    for line, column, end_line, end_column, new in sorted(patches, reverse=True):
        first, last = starts[line] + column, starts[end_line] + end_column
        text = text[:first] + new + text[last:]
    return text


def _headed(text: str, data: Mapping[str, Any]) -> str:
    """Return *text* with the line that editors look for, and the version of the format."""
    if not _MODEL_LINE.match(text):
        text = f"{SCHEMA_LINE}\n{text}"
    if "rouage" in data:
        return text
    # Before the first word, after the comments above it.
    return re.sub(r"^(?=[A-Za-z\"'$])", f"{_ROUAGE}\n", text, count=1, flags=re.MULTILINE)


def _says(text: str, values: Mapping[str, JSON], name: str | None) -> bool:
    document = read(text.encode())
    data: Any = document.data
    if not isinstance(data, Mapping) or not document.is_complete:
        return False
    inputs = data.get("inputs")
    found: Mapping[str, Any] = inputs if isinstance(inputs, Mapping) else {}
    said = {one: found[one].get("default") for one in values if isinstance(found.get(one), Mapping)}
    return said == dict(values) and name in {None, data.get("name")}
