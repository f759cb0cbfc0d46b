"""Values of Home Assistant that hold templates, as texts with `${{ }}`."""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from rouage.analysis.importing.foreign import duration_of, is_sound, literal
from rouage.records import dataclass

PROGRAM: Final = "Home Assistant"
_HOLE: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_CLOCK: Final = re.compile(r"(?:(\d+) days?, )?(\d{1,3}):([0-5]?\d)(?::([0-5]?\d(?:\.\d+)?))?")
# What our expressions have under another name. What has none stays, and is refused by the check.
_SAME: Final = (
    (re.compile(r"\btrigger\.(?:json|data)\b"), "event.body"),
    (re.compile(r"\btrigger\.query\b"), "event.query"),
    (re.compile(r"\btrigger\.payload_json\b"), "event.payload"),
    (re.compile(r"\btrigger\.(payload|topic)\b"), r"event.\1"),
    (re.compile(r"\btrigger\.now\b"), "now()"),
    (re.compile(r"\brepeat\.item\b"), "item"),
    (re.compile(r"\brepeat\.index\b"), "index"),
    (re.compile(r"\bnow\(\)\.strftime\(([^()]*)\)"), r"(now() | date(\1))"),
    (re.compile(r"\bnow\(\)\.hour\b"), "(now() | date('%H') | int)"),
    (re.compile(r"\bnow\(\)\.minute\b"), "(now() | date('%M') | int)"),
    (re.compile(r"\bnow\(\)\.(?:isoweekday\(\))"), "(now() | weekday)"),
    (re.compile(r"\|\s*(int|float)\s*\(\s*[^()]*\)"), r"| \1"),
    (re.compile(r"\|\s*float\b"), "| number"),
    (re.compile(r"\|\s*tojson\b|\|\s*to_json\b"), "| json"),
    (re.compile(r"\|\s*count\b"), "| length"),
)
_UNKNOWN: Final = re.compile(
    r"\b(?:states?|state_attr|is_state|is_state_attr|expand|device_attr|area_\w+|this|secrets|trigger)\b"
    r"(?!\.id\b)"
)
_TEXTS: Final = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(slots=True)
class Names:
    """The names that templates of one automation may use: its variables, a script's fields."""

    variables: set[str] = field(default_factory=set)
    inputs: set[str] = field(default_factory=set)


def value_of(value: Any, names: Names) -> Any:
    """Return *value* with its templates translated; None where one could not be.

    Only a template that is lost gives None: what is None itself must not be asked for.
    """
    if isinstance(value, str):
        return text_of(value, names)
    if isinstance(value, Mapping):
        made = {str(name): value_of(one, names) for name, one in value.items() if one is not None}
        return None if None in made.values() else made
    if isinstance(value, list):
        items = [value_of(one, names) for one in value if one is not None]
        return None if any(one is None for one in items) else items
    return value


def text_of(text: str, names: Names) -> str | None:
    """Return a text with its templates as `${{ }}`, or None."""
    if "{%" in text or text.startswith(("!secret ", "!input ")):
        return None
    parts, end = [], 0
    for found in _HOLE.finditer(text):
        expression = expression_of(found[1], names)
        if expression is None:
            return None
        parts += [literal(text[end : found.start()]), f"${{{{ {expression} }}}}"]
        end = found.end()
    return "".join([*parts, literal(text[end:])])


def expression_of(source: str, names: Names) -> str | None:
    """Return the expression of a template in our language, or None where there is none."""
    expression = " ".join(source.split())
    for pattern, ours in _SAME:
        expression = pattern.sub(ours, expression)
    # What stands in quotes is data: a word there is no name.
    outside = _TEXTS.sub("", expression)
    if _UNKNOWN.search(outside):
        return None
    for known, root in ((names.variables, "vars"), (names.inputs, "inputs")):
        for name in known:
            expression = _renamed(expression, name, f"{root}.{name}")
    return expression if is_sound(f"${{{{ {expression} }}}}") else None


def _renamed(expression: str, name: str, ours: str) -> str:
    """Put *ours* where *name* stands as a name: not in quotes, not as a field or a filter."""
    pattern = re.compile(rf"(?<![\w.])(?<!\| ){re.escape(name)}(?![\w(])")
    pieces, end = [], 0
    for quoted in _TEXTS.finditer(expression):
        pieces += [pattern.sub(ours, expression[end : quoted.start()]), quoted[0]]
        end = quoted.end()
    return "".join([*pieces, pattern.sub(ours, expression[end:])])


def condition_of(text: str, names: Names) -> str | None:
    """Return a template that stands for a condition as a bare expression, or None."""
    found = _HOLE.fullmatch(text.strip())
    return None if found is None or "{%" in text else expression_of(found[1], names)


def duration_text(value: Any) -> str | None:
    """Return a delay of Home Assistant, such as `00:05:00` or `{minutes: 5}`, as ours."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return duration_of(float(value))
    if isinstance(value, str):
        return _clock_duration(value)
    if not isinstance(value, Mapping):
        return None
    sizes = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1, "milliseconds": 0.001}
    total = 0.0
    for name, count in value.items():
        size = sizes.get(name)
        if size is None or not _is_count(count):
            return None
        total += size * float(count)
    return duration_of(total)


def _is_count(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and 0 <= float(value) < 1e9
    except (TypeError, ValueError):
        return False


def _clock_duration(text: str) -> str | None:
    if _is_count(text):
        return duration_of(float(text))
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    days, hours, minutes, seconds = (float(one or 0) for one in found.groups())
    return duration_of(days * 86_400 + hours * 3_600 + minutes * 60 + seconds)


def time_text(value: Any) -> str | None:
    """Return a time of day as `HH:MM`, or None for what is none (an entity, a template)."""
    found = _CLOCK.fullmatch(str(value).strip())
    if found is None or found[1] or int(found[2]) > 23:
        return None
    seconds = int(float(found[4] or 0))
    text = f"{int(found[2]):02d}:{int(found[3]):02d}"
    return text if not seconds else f"{text}:{seconds:02d}"
