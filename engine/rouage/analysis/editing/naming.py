"""Expressions as they are being written: what is asked for at the cursor, and what it means."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from rouage.analysis.editing.scopes import Scope
from rouage.expressions.shapes import Shape, elements_of, field_of
from rouage.expressions.template import CLOSING, OPENING, closing_of
from rouage.records import dataclass

Wanted = Literal["name", "field", "filter", "operator", "nothing"]

_TAIL: Final = 400
_WORD: Final = re.compile(r"\w*$")
_FIELD: Final = re.compile(r"([^\W\d]\w*(?:\.\w+|\[[^\[\]]{1,80}\])*)\s*\.(\w*)$")
_FILTER: Final = re.compile(r"(?<!\|)\|\s*(\w*)$")
_OPERAND_END: Final = re.compile(r"[\w)\]'\"]$")
_STEP: Final = re.compile(r"\.(\w+)|\[([^\[\]]*)\]")
_RESERVED: Final = re.compile(r"(?:^|\W)(?:and|or|not|in|is|if|else|like)$")
_CHAIN: Final = re.compile(r"[^\W\d]\w*(?:\.\w+|\[(?:\d+|'[^']*'|\"[^\"]*\")\])*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is being written: a part of an expression, and the letters of it so far.

    `owner` is the name before the point, for a field.
    """

    wanted: Wanted
    prefix: str = ""
    owner: str = ""


NOTHING: Final = Asked(wanted="nothing")


def open_expression(text: str, *, is_bare: bool) -> str | None:
    """Return the part of an expression before the cursor; None if none is open there.

    *text* is the value up to the cursor. A bare one is an expression from its start.
    """
    opening = text.rfind(OPENING)
    if opening >= 0 and not text[:opening].endswith("$"):
        start = opening + len(OPENING)
        return text[start:] if closing_of(text, start) < 0 and CLOSING not in text[start:] else None
    if not is_bare or OPENING in text:
        return None
    return text[1:] if text[:1] in {'"', "'"} and not _is_whole_text(text) else text


def _is_whole_text(text: str) -> bool:
    """Say whether a text in quotes is closed, and thus a literal of the expression itself."""
    return text[0] in text[1:]


def asked_at(left: str) -> Asked:
    """Return what is being written at the end of *left*, the source before the cursor."""
    if _is_in_quotes(left):
        return NOTHING
    tail = left[-_TAIL:]
    found = _FILTER.search(tail)
    if found is not None:
        return Asked(wanted="filter", prefix=found[1])
    found = _FIELD.search(tail)
    if found is not None:
        return Asked(wanted="field", prefix=found[2], owner=found[1])
    word = _WORD.search(tail)
    prefix = "" if word is None else word[0]
    before = tail[: len(tail) - len(prefix)]
    if prefix[:1].isdigit() or before.endswith("."):
        return NOTHING
    is_apart = before != before.rstrip()
    bare = before.rstrip()
    if _OPERAND_END.search(bare) and not _RESERVED.search(bare):
        return Asked(wanted="operator", prefix=prefix) if is_apart else NOTHING
    return Asked(wanted="name", prefix=prefix)


def _is_in_quotes(left: str) -> bool:
    quote, at = "", 0
    while at < len(left):
        letter = left[at]
        if quote and letter == "\\":
            at += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        at += 1
    return bool(quote)


def steps_of(chain: str) -> list[str | int]:
    """Return the names in a chain such as `event.items[0].name`."""
    root = re.match(r"\w+", chain)
    steps: list[str | int] = [] if root is None else [root[0]]
    for found in _STEP.finditer(chain):
        inner = found[2]
        if inner is None:
            steps.append(found[1])
        else:
            steps.append(int(inner) if inner.isdigit() else inner.strip("\"'"))
    return steps


def shape_of(chain: str, scope: Scope) -> Shape | None:
    """Return what is known of *chain*; None when it names nothing."""
    steps = steps_of(chain)
    if not steps or str(steps[0]) not in scope:
        return None
    shape: Shape | None = scope[str(steps[0])]
    for step in steps[1:]:
        if shape is None:
            return None
        shape = elements_of(shape) if isinstance(step, int) else field_of(shape, step)
    return shape


def chain_at(source: str, offset: int) -> tuple[str, int, int] | None:
    """Return the chain of names at *offset*, up to the name that it touches; and its place."""
    for found in _CHAIN.finditer(source):
        if found.start() <= offset <= found.end():
            end = offset
            while end < found.end() and (source[end].isalnum() or source[end] == "_"):
                end += 1
            return source[found.start() : end], found.start(), end
    return None


def sample_of(chain: str, sample: Any) -> Any:
    """Return what `event.…` is in the *sample* of a trigger, or None."""
    steps = steps_of(chain)
    if steps[:1] != ["event"]:
        return None
    for step in steps[1:]:
        if isinstance(sample, Mapping) and isinstance(step, str):
            sample = sample.get(step)
        elif isinstance(sample, list) and isinstance(step, int) and step < len(sample):
            sample = sample[step]
        else:
            return None
    return sample
