"""Read YAML text into data, positions and problems; never raise, whatever the bytes.

PyYAML gives the events (with libyaml where it is there), everything above them is ours: a
strict resolver, limits that stop bombs at once, and no anchors, tags or duplicate keys.
"""

import codecs
from collections.abc import Callable
from typing import Any, Final

import yaml

from rouage.problem import Problem
from rouage.recipes.builder import Builder, Refusal
from rouage.recipes.characters import clean
from rouage.recipes.document import Document, Positions, to_range
from rouage.recipes.syntax import explain, find_tight_colon
from rouage.recipes.tabs import even_blank_lines, find_tab

MAX_BYTES: Final = 256 * 1024

# What the two parsers raise on hostile input, beside their own errors.
_PARSER_ERRORS: Final = (yaml.YAMLError, ValueError, OverflowError, IndexError, RecursionError)

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read(text: bytes, *, pure: bool = False) -> Document:
    """Return the data, positions and problems of a YAML file.

    *pure* asks for the parser written in Python, which is also used where libyaml is missing.
    """
    if len(text) > MAX_BYTES:
        return _refused(Problem(code="RG103", facts={"limit": MAX_BYTES // 1024}))
    decoded = _decode(text)
    if isinstance(decoded, Problem):
        return _refused(decoded)
    cleaned = clean(decoded)
    builder, failure = _parse(even_blank_lines(cleaned.text), pure=pure)
    positions = Positions(builder.root, decoded)
    problems = (*cleaned.problems, *builder.problems)
    if failure is None and (pure or not yaml.__with_libyaml__):
        failure = find_tight_colon(positions.root, positions.lines)
    if "\t" in decoded:
        # One parser fails at the first tab, the other at what comes of it, or not at all.
        above = None if failure is None else failure.range.start.line - 1
        failure = find_tab(positions, above=above) or failure
    if failure is not None:
        problems = (*problems, failure)
    return Document(
        data=None if failure is not None else builder.data,
        positions=positions,
        problems=tuple(sorted(problems, key=_place)),
        is_complete=failure is None,
        text=decoded,
    )


def _place(problem: Problem) -> tuple[int, int]:
    return problem.range.start.line, problem.range.start.column


def _refused(problem: Problem) -> Document:
    return Document(
        data=None, positions=Positions(None, ""), problems=(problem,), is_complete=False
    )


def _decode(text: bytes) -> str | Problem:
    for mark, encoding in _BOMS:
        if text.startswith(mark):
            return _decode_as(text[len(mark) :], encoding)
    return _decode_as(text, "utf-8")


def _decode_as(text: bytes, encoding: str) -> str | Problem:
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        before = text[: error.start].decode(encoding, errors="replace")
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        return Problem(
            code="RG102",
            range=to_range((line, column, line, column + 1)),
            facts={"byte": f"0x{text[error.start]:02X}", "offset": error.start},
        )


def _parse(text: str, *, pure: bool) -> tuple[Builder, Problem | None]:
    """Feed the parser's events to a builder; return it, and the problem that ended it."""
    builder = Builder(text)
    try:
        next_event, taker_of = _events(text, pure=pure), builder.takers.get
        while (event := next_event()) is not None:
            take = taker_of(type(event))
            if take is not None:
                take(event)
    except Refusal as refusal:
        return builder, refusal.problem
    except _PARSER_ERRORS as error:
        return builder, explain(error, text, builder.last_quoted)
    return builder, None


def _events(text: str, *, pure: bool) -> Callable[[], Any]:
    # BaseLoader adds nothing to the events and neither resolves nor constructs.
    if pure or not yaml.__with_libyaml__:
        return yaml.BaseLoader(text).get_event
    return yaml.CBaseLoader(text).get_event
