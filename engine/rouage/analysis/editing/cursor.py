"""What stands at the cursor: a key, a value, a place where something may begin, or nothing."""

from typing import Final, Literal

from rouage.analysis.editing.flow_text import FlowText
from rouage.analysis.editing.sketch import Node, Sketch, colon_after_key
from rouage.recipes.document import Path
from rouage.records import dataclass

Role = Literal["key", "value", "nothing"]

_INDENT: Final = " \t\u00a0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """The cursor in a recipe; `start` and `end` are the columns of what it touches.

    For a key, *path* is that of the mapping (or list) it belongs to, and `used` holds the other
    keys there. For a value it is the path of the value; `text` is the value up to the cursor,
    and `rest` what follows. `column` is where a new key would stand.
    """

    role: Role
    path: Path = ()
    line: int = 0
    start: int = 0
    end: int = 0
    prefix: str = ""
    word: str = ""
    used: frozenset[str] = frozenset()
    has_colon: bool = False
    is_flow: bool = False
    column: int = 0
    text: str = ""
    rest: str = ""
    is_quoted: bool = False


NOWHERE: Final = Spot(role="nothing")


def spot_at(sketch: Sketch, line: int, column: int) -> Spot:
    """Return what stands at *line* and *column*, counted from 0 in code points."""
    if not 0 <= line < len(sketch.lines):
        return NOWHERE
    written = sketch.lines[line]
    column = max(0, min(column, len(written)))
    owner = sketch.owner.get(line)
    if owner is not None:
        return _in_text(sketch, owner, line, column)
    nodes = sketch.on_line.get(line, [])
    keyed = nodes[-1] if nodes and nodes[-1].key is not None else None
    if keyed is not None and column > keyed.end:
        return _in_value(sketch, keyed, line, column)
    if keyed is not None and column >= keyed.column:
        return _on_key(keyed, line, column, written)
    return _on_word(sketch, nodes, line, column)


def _on_key(node: Node, line: int, column: int, written: str) -> Spot:
    parent = node.parent
    others = [] if parent is None else [one for one in parent.children if one is not node]
    return Spot(
        role="key",
        path=() if parent is None else parent.path,
        line=line,
        start=node.column,
        end=node.end,
        prefix=written[node.column : column],
        word=node.key or "",
        used=frozenset(one.key for one in others if one.key is not None),
        has_colon=True,
        column=node.column,
    )


def _on_word(sketch: Sketch, nodes: list[Node], line: int, column: int) -> Spot:
    """Return the spot of a word without a colon, or of a place where nothing stands yet."""
    written = sketch.lines[line]
    indent = len(written) - len(written.lstrip(_INDENT))
    bare = written.strip(_INDENT)
    if bare.startswith("#") or " #" in written[:column]:
        return NOWHERE
    item = nodes[-1] if nodes else None
    if item is not None:
        if column <= item.column:
            return NOWHERE
        start = item.text_column if item.text else column
        if item.style != "plain":
            return _in_value(sketch, item, line, column)
        return _word(item, sketch, line, column, start)
    if not bare:
        parent = sketch.parent_at(line, column)
        return _word(_enterable(parent), sketch, line, column, column)
    return _word(sketch.parent_at(line, indent), sketch, line, column, indent)


def _enterable(node: Node) -> Node:
    """Return the nearest node that can hold something more: not one with a value of its own."""
    while node.text and node.parent is not None:
        node = node.parent
    return node


def _word(parent: Node, sketch: Sketch, line: int, column: int, start: int) -> Spot:
    written = sketch.lines[line]
    if column < start:
        return NOWHERE
    end = len(written.rstrip()) if written[start:].strip() else column
    after = written[start:end].find(":")
    word = written[start:end] if after < 0 else written[start : start + after]
    return Spot(
        role="key",
        path=parent.path,
        line=line,
        start=start,
        end=max(column, start + len(word)),
        prefix=written[start:column],
        word=word,
        used=frozenset(parent.keys),
        has_colon=after >= 0 or colon_after_key(written, start) is not None,
        column=start,
        text=written[start:column],
        rest=written[column:end],
    )


def _in_value(sketch: Sketch, node: Node, line: int, column: int) -> Spot:
    written = sketch.lines[line]
    start = node.text_column if node.text or node.style != "plain" else column
    if node.style == "flow":
        return _in_flow(sketch, node, line, column)
    if node.style == "block" or (not node.text and written[node.end + 1 : column].strip()):
        return NOWHERE
    if node.text and node.style == "plain" and column > start + len(node.text):
        comment = written.find(" #", start)
        if 0 <= comment < column:
            return NOWHERE
    start = min(start, column)
    text = written[start:column]
    rest = written[column:] if node.style == "quoted" else _before_comment(written, column)
    is_quoted = node.style == "quoted"
    return Spot(
        role="value",
        path=node.path,
        line=line,
        start=start,
        end=column + len(rest.rstrip()),
        prefix=text,
        word=text + rest.rstrip(),
        text=text,
        rest=rest,
        is_quoted=is_quoted,
        column=node.column,
    )


def _before_comment(written: str, column: int) -> str:
    comment = written.find(" #", max(0, column - 1))
    return written[column:] if comment < 0 else written[column : max(column, comment)]


def _in_text(sketch: Sketch, node: Node, line: int, column: int) -> Spot:
    """Return the spot inside a text of several lines."""
    if node.style == "flow":
        return _in_flow(sketch, node, line, column)
    first = node.line + 1 if node.style == "block" else node.text_line
    begun = "" if node.style == "block" else sketch.lines[first][node.text_column :] + "\n"
    first += node.style != "block"
    before = begun + "".join(one + "\n" for one in sketch.lines[first:line])
    written = sketch.lines[line]
    return Spot(
        role="value",
        path=node.path,
        line=line,
        start=column,
        end=column,
        text=before + written[:column],
        rest=written[column:],
        is_quoted=True,
        column=node.column,
    )


def _in_flow(sketch: Sketch, node: Node, line: int, column: int) -> Spot:
    before = node.text_line
    offset = column - node.text_column
    if line > before:
        lines = [sketch.lines[before][node.text_column :], *sketch.lines[before + 1 : line]]
        offset = sum(len(one) + 1 for one in lines) + column
    found = FlowText(node.text, offset).spot
    if found is None:
        return NOWHERE
    text = node.text
    # A token never goes beyond its line, but for what is quoted over several lines.
    begun = max(found.start, text.rfind("\n", 0, offset) + 1)
    ended = text.find("\n", offset, found.end)
    ended = found.end if ended < 0 else ended
    start = column - (offset - begun)
    return Spot(
        role=found.role,
        path=(*node.path, *found.path),
        line=line,
        start=start,
        end=column + ended - offset,
        prefix=text[begun:offset],
        word=text[begun:ended],
        used=frozenset(found.used),
        has_colon=found.has_colon,
        is_flow=True,
        column=start,
        text=text[found.start : offset],
        rest=text[offset:ended],
        is_quoted=text[found.start : found.start + 1] in {'"', "'"},
    )
