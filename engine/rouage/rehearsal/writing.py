"""Cases as YAML text: what is there stays as it is, a new one comes below it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.errors import RouageError
from rouage.language import Text
from rouage.recipes.reader import read
from rouage.sdk.json import JSON

_PLAIN: Final = re.compile(r"[^\W\d_][\w./+-]*(?: [\w./+()-]+)*")
_KEY: Final = re.compile(r"[^\W\d][\w.-]*(?: [\w.-]+)*")
_TAKEN: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ITEM: Final = re.compile(r"^( *)- ")
_LONGEST_LINE: Final = 80

_UNUSUAL: Final = Text(
    "a case cannot be added to {file}: its list `cases` is not laid out line by line",
    "on ne peut pas ajouter un cas à {file} : sa liste « cases » n’est pas écrite ligne par ligne",
)


class UnusualLayout(RouageError):  # noqa: N818 - a state, told by its name
    """A test file to which nothing can be added without changing what is there."""


def added(source: str, case: Mapping[str, JSON], *, file: str) -> str:
    """Return the text *source* of a test file with *case* as its last one.

    Raises:
        UnusualLayout: that would change what is there.
    """
    before = read(source.encode())
    known = before.data.get("cases") if isinstance(before.data, dict) else None
    node = before.positions.node(("cases", 0))
    found = None
    if node is not None:
        lines = before.positions.lines
        found = next(filter(None, map(_ITEM.match, reversed(lines[: node.start.line + 1]))), None)
    if not isinstance(known, list) or found is None:
        raise UnusualLayout(_UNUSUAL, file=file)
    end = "" if source.endswith("\n") else "\n"
    text = f"{source}{end}\n" + item(case, len(found[1]))
    after = read(text.encode())
    if after.problems or after.data != {**before_data(before.data), "cases": [*known, case]}:
        raise UnusualLayout(_UNUSUAL, file=file)
    return text


def before_data(data: JSON) -> dict[str, JSON]:
    """Return *data* as a mapping."""
    return dict(data) if isinstance(data, dict) else {}


def item(case: Mapping[str, JSON], indent: int) -> str:
    """Return *case* as an entry of a list that is indented by *indent*."""
    lines = list(_mapping(case, indent + 2))
    lines[0] = " " * indent + "- " + lines[0].lstrip()
    return "\n".join(lines) + "\n"


def _mapping(value: Mapping[str, Any], indent: int) -> Iterator[str]:
    for name, inner in value.items():
        key = name if _KEY.fullmatch(name) and name.lower() not in _TAKEN else _quoted(name)
        yield from _entry(" " * indent + key + ":", inner, indent + 2)


def _entry(head: str, value: Any, indent: int) -> Iterator[str]:
    short = _flow(value)
    if short is not None and len(head) + len(short) < _LONGEST_LINE:
        yield f"{head} {short}"
    elif isinstance(value, Mapping):
        yield head
        yield from _mapping(value, indent)
    elif isinstance(value, list):
        yield head
        for one in value:
            yield from _listed(one, indent)
    else:
        yield f"{head} {_scalar(value)}"


def _listed(value: Any, indent: int) -> Iterator[str]:
    short = _flow(value)
    front = " " * indent + "- "
    if short is not None and len(front) + len(short) < _LONGEST_LINE:
        yield front + short
    elif isinstance(value, Mapping) and value:
        first, *rest = _mapping(value, indent + 2)
        yield front + first.lstrip()
        yield from rest
    else:
        # A list inside a list, or a long text: JSON is YAML.
        yield front + json.dumps(value, ensure_ascii=False)


def _flow(value: Any) -> str | None:
    """Return *value* on one line where that reads well: a scalar, or a few of them."""
    if isinstance(value, Mapping):
        inner = [_flow_item(one) for one in value.values()]
        if any(one is None for one in inner):
            return None
        keys = (name if _KEY.fullmatch(name) else _quoted(name) for name in value)
        return "{" + ", ".join(f"{k}: {v}" for k, v in zip(keys, inner, strict=True)) + "}"
    if isinstance(value, list):
        inner = [_flow_item(one) for one in value]
        return None if any(one is None for one in inner) else f"[{', '.join(map(str, inner))}]"
    return _scalar(value)


def _flow_item(value: Any) -> str | None:
    if isinstance(value, Mapping | list):
        return ("{}" if isinstance(value, Mapping) else "[]") if not value else None
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) is not None and value.lower() not in _TAKEN
        return value if is_plain else _quoted(value)
    return json.dumps(value, ensure_ascii=False)


def _quoted(text: str) -> str:
    """Return *text* between quotes; what YAML does not take as it is becomes an escape."""
    return "".join(
        letter if letter.isprintable() else json.dumps(letter)[1:-1]
        for letter in json.dumps(text, ensure_ascii=False)
    )
