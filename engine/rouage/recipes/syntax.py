"""Why YAML could not be parsed, found by looking at the line again.

The two parsers word and place their errors differently, so nothing here reads their text:
the marks say where to look, and the line itself says what is wrong.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from rouage.problem import Edit, Problem
from rouage.recipes.document import Marks, Node, split_lines, to_range
from rouage.recipes.tabs import tab_problem
from rouage.records import dataclass

_KEY: Final = r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'#][^:#]*?)"
_VALUE: Final = re.compile(rf"^\s*(?:- +)*(?:{_KEY} ?: +)?")
_ESCAPE: Final = re.compile(
    r"\\(?:[0abtnvfre \"/\\N_LP\t]|$|x[0-9a-fA-F]{2}"
    r"|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}"
    r"|U00(?:0(?!0[dD][89a-fA-F])[0-9a-fA-F]|10)[0-9a-fA-F]{4})"
)
_IMPOSSIBLE: Final = re.compile(r"\\U(?!00(?:0[0-9a-fA-F]|10))[0-9a-fA-F]{8}")
_TIGHT_COLON: Final = re.compile(r"[{,]\s*([\w.-]+:)[\[{,}]")
_SECOND_COLON: Final = re.compile(r":(?= |$)")
_RESERVED: Final = frozenset("@`%*&!|>")
_FLOW: Final = frozenset("[]{},")
_QUOTES: Final = frozenset("\"'")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fault:
    """Where the parser gave up (0-based), and where the thing it was reading began."""

    lines: Sequence[str]
    line: int
    context: tuple[int, int] | None
    last_quoted: tuple[int, int, int] | None = None

    @property
    def written(self) -> str:
        return self.lines[self.line]

    def above(self) -> int | None:
        """Return the number of the line above that holds something, or None."""
        for number in range(self.line - 1, -1, -1):
            text = self.lines[number].strip()
            if text and not text.startswith("#"):
                return number
        return None


def explain(error: BaseException, text: str, last_quoted: Marks | None = None) -> Problem:
    """Return the problem that a parser's *error* stands for.

    *last_quoted* are the marks of the last text between quotes that was read before it.
    """
    lines = split_lines(text)
    fault = _fault(error, lines, last_quoted)
    for detect in _DETECTORS:
        problem = detect(fault)
        if problem is not None:
            return problem
    return _at(fault, "RG101", fault.line, *_extent(fault.written))


def bad_escape(lines: Sequence[str], line: int, column: int) -> Problem | None:
    """Return the problem of an impossible escape in the quoted text that starts here, or None."""
    return _bad_quote(_Fault(lines=lines, line=line, context=(line, column)))


def find_tight_colon(root: Node | None, lines: Sequence[str]) -> Problem | None:
    """Return the problem of the first `{path:[in]}`, which only the Python parser takes."""
    for line, column in sorted(_plain_key_ends(root, lines)):
        if lines[line][column + 1 : column + 2] in _FLOW and lines[line][column] == ":":
            start = max(map(lines[line][:column].rfind, "{,[ ")) + 1
            return _at(
                _Fault(lines=lines, line=line, context=None), "RG130", line, start, column + 1
            )
    return None


def _plain_key_ends(root: Node | None, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    pending = [root] if root is not None else []
    while pending:
        entries = pending.pop().entries
        if isinstance(entries, list):
            pending += entries
        for _, end, child in entries.values() if isinstance(entries, dict) else ():
            pending.append(child)
            line = lines[end.line] if end.line < len(lines) else ""
            if 0 < end.column < len(line) - 1 and line[end.column - 1] not in _QUOTES:
                yield end.line, end.column


def _fault(error: BaseException, lines: list[str], last_quoted: Marks | None) -> _Fault:
    mark: Any = getattr(error, "problem_mark", None)
    context: Any = getattr(error, "context_mark", None)
    line = min(mark.line, len(lines) - 1) if mark is not None else 0
    while line > 0 and not lines[line].strip():
        line -= 1
    place = None
    if context is not None and context.line < len(lines):
        place = (context.line, context.column)
    swallowed = None
    if last_quoted is not None and last_quoted[0] < last_quoted[2] == line:
        swallowed = last_quoted[:3]
    return _Fault(lines=lines, line=line, context=place, last_quoted=swallowed)


def _at(fault: _Fault, code: str, line: int, start: int, end: int, **more: Any) -> Problem:
    edits = more.pop("edits", ())
    written = fault.lines[line][start:end]
    return Problem(
        code=code,
        range=to_range((line, start, line, max(end, start + 1))),
        facts={"written": written[:60], **more},
        edits=edits,
    )


def _extent(written: str) -> tuple[int, int]:
    start = len(written) - len(written.lstrip())
    return start, max(start + 1, len(written.rstrip()))


def _value_start(written: str) -> int:
    match = _VALUE.match(written)
    return match.end() if match else 0


# -- the traps, the most telling first -----------------------------------------------------


def _bad_quote(fault: _Fault) -> Problem | None:
    """Find an escape that means nothing, or a quote that is never closed."""
    if fault.context is None:
        return None
    line, column = fault.context
    quote = fault.lines[line][column : column + 1]
    if quote not in _QUOTES:
        return None
    while line < len(fault.lines):
        found = _scan_quoted(fault.lines[line], column + 1, quote)
        if isinstance(found, tuple):
            return _at(fault, "RG122", line, *found)
        if found is not None:
            return None
        line, column = line + 1, -1
    start_line, start = fault.context
    return _at(fault, "RG121", start_line, start, len(fault.lines[start_line].rstrip()))


def _scan_quoted(written: str, column: int, quote: str) -> tuple[int, int] | int | None:
    """Return the place of a bad escape, the column after the closing quote, or None."""
    while column < len(written):
        letter = written[column]
        if letter == "\\" and quote == '"':
            match = _ESCAPE.match(written, column)
            if match is None:
                return column, min(column + 2, len(written))
            column = max(match.end(), column + 1)
        elif letter == quote:
            if quote == "'" and written.startswith("''", column):
                column += 2
                continue
            return column + 1
        else:
            column += 1
    return None


def _swallowed_lines(fault: _Fault) -> Problem | None:
    """Find a quote that was closed by the opening quote of a later line."""
    if fault.last_quoted is None:
        return None
    line, column, _ = fault.last_quoted
    return _at(fault, "RG121", line, column, len(fault.lines[line].rstrip()))


def _unmarked_escape(fault: _Fault) -> Problem | None:
    """Find an impossible code point, for which one parser gives no place at all."""
    for number, written in enumerate(fault.lines if fault.line == 0 else ()):
        match = _IMPOSSIBLE.search(written)
        if match is not None and '"' in written[: match.start()]:
            return _at(fault, "RG122", number, match.start(), match.start() + 2)
    return None


def _tab(fault: _Fault) -> Problem | None:
    written = fault.written
    for column, letter in enumerate(written):
        if letter in _QUOTES or letter == "#":
            return None
        if letter == "\t":
            return tab_problem(fault.line, column, fault.lines)
    return None


def _double_braces(fault: _Fault) -> Problem | None:
    written = fault.written
    start = _value_start(written)
    if not written.startswith("{{", start):
        return None
    end = written.find("}}", start)
    stop = end + 2 if end >= 0 else len(written.rstrip())
    insert = Edit(range=to_range((fault.line, start, fault.line, start)), text="$")
    return _at(fault, "RG108", fault.line, start, stop, edits=(insert,))


def _expression_in_flow(fault: _Fault) -> Problem | None:
    """Find `[${{ x }}]`: inside brackets an expression needs quotes."""
    depth, quote = 0, ""
    written = fault.written
    for column, letter in enumerate(written):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        elif written.startswith("${{", column) and depth:
            end = written.find("}}", column)
            stop = end + 2 if end >= 0 else len(written.rstrip())
            place = to_range((fault.line, column, fault.line, stop))
            quote = "'" if '"' in written[column:stop] else '"'
            edit = Edit(range=place, text=f"{quote}{written[column:stop]}{quote}")
            edits = (edit,) if end >= 0 and written[column:stop].count(quote) == 0 else ()
            return _at(fault, "RG124", fault.line, column, stop, edits=edits)
        elif letter in "[{":
            depth += 1
        elif letter in "]}":
            depth -= 1
    return None


def _reserved_start(fault: _Fault) -> Problem | None:
    written = fault.written
    start = _value_start(written)
    first = written[start : start + 1]
    if first not in _RESERVED or not first:
        return None
    return _needs_quotes(fault, "RG120", start, character=first)


def _bracket_then_text(fault: _Fault) -> Problem | None:
    """Find `[URGENT] bonjour`: a text that starts like a list."""
    written = fault.written
    start = _value_start(written)
    first = written[start : start + 1]
    closing = {"[": "]", "{": "}"}.get(first)
    if closing is None or written.startswith("{{", start):
        return None
    rest = written[start:].partition(closing)[2].strip()
    if not rest or rest[0] in ",]}#:":
        return None
    return _needs_quotes(fault, "RG120", start, character=first)


def _text_after_quote(fault: _Fault) -> Problem | None:
    """Find `if: "a" in event.tags`: a text that starts with a quote and goes on after it."""
    written = fault.written
    start = _value_start(written)
    quote = written[start : start + 1]
    if quote not in _QUOTES or not quote:
        return None
    end = _scan_quoted(written, start + 1, quote)
    if not isinstance(end, int):
        return None
    rest = written[end:].strip()
    if not rest or rest.startswith(("#", ":")):
        return None
    return _needs_quotes(fault, "RG123", start)


def _needs_quotes(fault: _Fault, code: str, start: int, **facts: Any) -> Problem:
    end = max(start + 1, len(fault.written.rstrip()))
    place = to_range((fault.line, start, fault.line, end))
    quoted = "'" + fault.written[start:end].replace("'", "''") + "'"
    edit = Edit(range=place, text=quoted)
    return _at(fault, code, fault.line, start, end, edits=(edit,), **facts)


def _open_bracket(fault: _Fault) -> Problem | None:
    if fault.context is None:
        return None
    line, column = fault.context
    if fault.lines[line][column : column + 1] not in {"[", "{"}:
        return None
    return _at(fault, "RG125", line, column, column + 1)


def _second_colon(fault: _Fault) -> Problem | None:
    written = fault.written
    start = _value_start(written)
    if not start or not written[:start].rstrip().endswith(":"):
        return None
    match = _SECOND_COLON.search(written, start)
    if match is None or written[start] in "\"'[{":
        return None
    quoted = _needs_quotes(fault, "RG119", start)
    place = to_range((fault.line, match.start(), fault.line, match.start() + 1))
    return Problem(code="RG119", range=place, facts=quoted.facts, edits=quoted.edits)


def _missing_colon(fault: _Fault) -> Problem | None:
    """Find a word that stands alone where a key should be: `name Factures`."""
    candidates: list[int | None] = [fault.line, fault.above()]
    if fault.context is not None:
        candidates.insert(0, fault.context[0])
    for number in candidates:
        if number is None:
            continue
        text = str(fault.lines[number]).strip().removeprefix("- ").strip()
        if text and ":" not in text and text[0] not in "-#\"'[{|>":
            return _at(fault, "RG129", number, *_extent(str(fault.lines[number])))
    return None


def _tight_colon(fault: _Fault) -> Problem | None:
    """Find `{path:[in]}`: between braces too, a colon wants a space after it."""
    match = _TIGHT_COLON.search(fault.written)
    if match is None:
        return None
    return _at(fault, "RG130", fault.line, match.start(1), match.end(1))


def _indentation(fault: _Fault) -> Problem | None:
    above = fault.above()
    text = fault.written.strip()
    if above is None or not (text.startswith("- ") or ":" in text):
        return None
    return _at(fault, "RG126", fault.line, *_extent(fault.written))


_DETECTORS: Final[tuple[Callable[[_Fault], Problem | None], ...]] = (
    _bad_quote,
    _swallowed_lines,
    _unmarked_escape,
    _tab,
    _double_braces,
    _expression_in_flow,
    _reserved_start,
    _bracket_then_text,
    _text_after_quote,
    _second_colon,
    _tight_colon,
    _missing_colon,
    _open_bracket,
    _indentation,
)
