"""Values of n8n: texts that begin with `=` hold JavaScript between `{{ }}`."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.analysis.importing.foreign import is_sound, literal

PROGRAM: Final = "n8n"
_HOLE: Final = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_NAMED: Final = re.compile(
    r"""\$(?:node\[(["'])(?P<node>.+?)\1\]|\((["'])(?P<call>.+?)\3\)|items\((["'])(?P<items>.+?)\5\))"""
    r"(?:\.(?:item|first\(\)|last\(\)|all\(\)\[0\]|\[0\]))?(?:\.json)?"
)
_JSON: Final = re.compile(r"\$json\b|\$input\.(?:item|first\(\))\.json\b|items\[0\]\.json\b")
_SAME: Final = (
    (re.compile(r"\$now\.toFormat\((['\"][^'\"]*['\"])\)"), r"(now() | date(\1))"),
    (re.compile(r"\$now\.toISO\(\)|new Date\(\)\.toISOString\(\)"), "(now() | iso)"),
    (re.compile(r"\$now\b|new Date\(\)"), "now()"),
    (re.compile(r"\$today\b"), "today()"),
    (re.compile(r"\$workflow\.name\b"), "recipe.name"),
    (re.compile(r"\$workflow\.id\b"), "recipe.id"),
    (re.compile(r"\$execution\.id\b"), "run.id"),
    (re.compile(r"\.toUpperCase\(\)"), " | upper"),
    (re.compile(r"\.toLowerCase\(\)"), " | lower"),
    (re.compile(r"\.trim\(\)"), " | trim"),
    (re.compile(r"\.toString\(\)"), " ~ ''"),
    (re.compile(r"\.length\b"), " | length"),
    (re.compile(r"==="), "=="),
    (re.compile(r"!=="), "!="),
)
# A word of n8n that has no equivalent; and no file from elsewhere may name a secret of ours.
_FOREIGN: Final = re.compile(r"\$|\bsecrets\b")
_FIELD: Final = re.compile(r"\[(['\"])([A-Za-z_]\w*)\1\]")
_TEXTS: Final = re.compile(r"'[^']*'|\"[^\"]*\"")

# What the result of a node is called here, by the name of the node; None: it has none.
Source = Callable[[str | None], str | None]


def value_of(value: Any, source: Source) -> Any:
    """Return *value* with its expressions translated; None where one could not be."""
    if isinstance(value, str):
        return text_of(value, source)
    if isinstance(value, Mapping):
        made = {str(name): value_of(one, source) for name, one in value.items() if one is not None}
        return None if None in made.values() else made
    if isinstance(value, list):
        items = [value_of(one, source) for one in value if one is not None]
        return None if any(one is None for one in items) else items
    return value


def text_of(text: str, source: Source) -> str | None:
    """Return a text in our words, or None; one that does not begin with `=` is only a text."""
    if not text.startswith("="):
        return literal(text)
    parts, end, text = [], 0, text[1:]
    for found in _HOLE.finditer(text):
        expression = expression_of(found[1], source)
        if expression is None:
            return None
        parts += [literal(text[end : found.start()]), f"${{{{ {expression} }}}}"]
        end = found.end()
    return "".join([*parts, literal(text[end:])])


def expression_of(code: str, source: Source) -> str | None:
    """Return JavaScript that our small language has too, or None."""
    expression = " ".join(code.split())
    lost = False

    def named(found: re.Match[str]) -> str:
        nonlocal lost
        name = source(found["node"] or found["call"] or found["items"])
        lost = lost or name is None
        return name or ""

    def present(found: re.Match[str]) -> str:
        nonlocal lost
        del found
        name = source(None)
        lost = lost or name is None
        return name or ""

    expression = _JSON.sub(present, _NAMED.sub(named, expression))
    expression = _outside_texts(expression)
    if lost or _FOREIGN.search(_TEXTS.sub("", expression)):
        return None
    expression = _FIELD.sub(r".\2", expression)
    return expression if is_sound(f"${{{{ {expression} }}}}") else None


def _outside_texts(expression: str) -> str:
    """Replace what has another name here; formats of dates keep their quotes."""
    for pattern, ours in _SAME:
        expression = pattern.sub(ours, expression)
    return expression


def operand(value: Any, source: Source) -> str | None:
    """Return one side of a comparison as an expression, or None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        return None
    if value.startswith("="):
        found = _HOLE.fullmatch(value[1:].strip())
        return None if found is None else expression_of(found[1], source)
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"
