"""What a key is completed to: its colon, and below it all that it cannot do without."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.editing.flow_text import resolved
from rouage.analysis.editing.places import Places, choices_of, is_choice, required_of, types_of
from rouage.catalog.words import EXPRESSION_PATTERN, Shape

_INDICATORS: Final = frozenset("-?:,[]{}#&*!|>'\"%@` ")
_DURATION: Final = re.compile(r"\d+[a-z]{1,2}")
_WORDS: Final = frozenset({"yes", "no", "on", "off", "oui", "non", "y", "n"})
_DEEPEST: Final = 4
_LONGEST_PLACE: Final = 60
_PLACE: Final = re.compile(r"(?<!\\)\$(?:\d+|\{\d+(?::((?:\\.|[^}])*)|\|((?:\\.|[^|])*)\|)?\})")


def yaml_text(value: Any, *, is_flow: bool = False) -> str:
    """Return *value* as a recipe would write it."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value if _is_plain(value, is_flow) else json.dumps(value, ensure_ascii=False)


def _is_plain(value: str, is_flow: bool) -> bool:
    """Say whether *value* needs no quotes, for us and for other readers of YAML."""
    if value.lower() in _WORDS or not isinstance(resolved(value), str):
        return False
    if value[0] in _INDICATORS or value[-1] in " :" or ": " in value or " #" in value:
        return False
    if is_flow and set(value) & set(",[]{}"):
        return False
    if not value.isprintable():
        return False
    return not value[0].isdigit() or _DURATION.fullmatch(value) is not None


def escaped(text: str) -> str:
    """Return *text* as it must be written in a snippet to stay what it is."""
    return re.sub(r"([\\$}])", r"\\\1", text)


def without_places(snippet: str) -> str:
    """Return *snippet* for an editor that knows none: the places are empty or hold an example."""

    def fill(found: re.Match[str]) -> str:
        choices = found[2]
        return found[1] or (choices.split(",")[0] if choices else "")

    return re.sub(r"\\([\\$}])", r"\1", _PLACE.sub(fill, snippet))


class SnippetWriter:
    """Writes the snippet of one key; places to fill in are numbered as they come."""

    def __init__(
        self, places: Places, *, indent: int, is_flow: bool, examples: Mapping[str, Any]
    ) -> None:
        self._places = places
        self._indent = indent
        self._is_flow = is_flow
        self._examples = examples
        self._count = 0

    def entry(self, key: str, shape: Shape) -> str:
        """Return `key:` and what belongs below it."""
        return yaml_text(key) + ":" + self._value(shape, self._indent, 0)

    def _value(self, shape: Shape, indent: int, depth: int) -> str:
        """Return the value after a colon: on the same line, or on those below."""
        types = types_of(shape)
        required = required_of(shape)
        if is_choice(shape):
            return " " + self._place(shape)
        if "object" in types and (required or not self._is_scalar(types)):
            return self._mapping(shape, required, indent + 2, depth)
        if "array" in types and not self._is_scalar(types):
            return self._list(shape, indent + 2, depth)
        return " " + self._place(shape)

    def _is_scalar(self, types: Any) -> bool:
        return bool(set(types) & {"string", "number", "integer", "boolean"}) or not types

    def _mapping(self, shape: Shape, required: list[str], indent: int, depth: int) -> str:
        properties = shape.get("properties") or {}
        if self._is_flow or depth > _DEEPEST:
            return " {" + self._next() + "}"
        if not required and not properties and not shape.get("additionalProperties"):
            return " {}"
        if not required:
            return "\n" + " " * indent + self._next()
        return "".join(self._line(name, properties.get(name), indent, depth) for name in required)

    def _line(self, name: str, shape: Any, indent: int, depth: int) -> str:
        inner = self._places.resolve(shape) or {}
        if name in self._examples and "examples" not in inner and depth == 0:
            inner = {**inner, "examples": [self._examples[name]]}
        return f"\n{' ' * indent}{name}:{self._value(inner, indent, depth + 1)}"

    def _list(self, shape: Shape, indent: int, depth: int) -> str:
        if self._is_flow or depth > _DEEPEST:
            return " [" + self._next() + "]"
        items = self._places.resolve(shape.get("items")) or {}
        start = "\n" + " " * indent + "- "
        required = required_of(items)
        if not required or self._places.is_entry(items):
            return start + self._next()
        properties = items.get("properties", {})
        lines = "".join(
            self._line(name, properties.get(name), indent + 2, depth + 1) for name in required
        )
        return start + lines.lstrip()

    def _next(self, example: str = "") -> str:
        self._count += 1
        return f"${{{self._count}:{escaped(example)}}}" if example else f"${self._count}"

    def _place(self, shape: Shape) -> str:
        """Return a place for one value, with what is likely to stand there."""
        types = types_of(shape)
        if "array" in types and "items" not in shape:
            # A list that stands elsewhere, such as that of a loop.
            hole = rf"\${{{{ {self._next()} \}}\}}"
            return f'"{hole}"' if self._is_flow else hole
        choices = choices_of(shape)
        listed = [yaml_text(one, is_flow=self._is_flow) for one in choices]
        if is_choice(shape) and not any(set(one) & set(",|$}\\") for one in listed):
            self._count += 1
            return f"${{{self._count}|{','.join(listed)}|}}"
        default = shape.get("default")
        shown = default if default is not None else next(iter(choices), None)
        text = "" if shown is None else yaml_text(shown, is_flow=self._is_flow)
        if "array" in types and "string" not in (declared_of(shape) or types):
            text = text if isinstance(shown, list) else ""
            return self._next(text) if text else f"[{self._next()}]"
        # An example that names other steps is of no use here.
        return self._next("" if len(text) > _LONGEST_PLACE or "${{" in text else text)


def declared_of(shape: Shape) -> tuple[str, ...]:
    """Return the types of *shape* without the text that stands for an expression."""
    types = tuple(types_of(shape))
    is_hole = shape.get("pattern") == EXPRESSION_PATTERN
    return tuple(one for one in types if not (is_hole and one == "string"))
