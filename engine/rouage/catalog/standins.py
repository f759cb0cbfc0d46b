"""What stands in for the result of an action that was not called: made from its declaration."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.sdk.connector import ActionSpec
from rouage.sdk.json import JSON

_TARGETS: Final = ("target", "path", "file", "source")
"""The parameters that tell which file a result is about, the likeliest first."""
_LARGEST_DEPTH: Final = 6


def stand_in(spec: ActionSpec, given: Mapping[str, Any]) -> JSON:
    """Return a result of the declared shape; *given* are the values of the parameters.

    What a result repeats of the parameters is taken over; everything else is a plain sample:
    the first example or allowed value, else an empty one. A text that nobody knows stands
    between `‹` and `›`.
    """
    return _made("", spec.result, given, 0)


def _made(name: str, shape: Any, given: Mapping[str, Any], depth: int) -> JSON:
    declared: Mapping[str, Any] = shape if isinstance(shape, Mapping) else {}
    for key in ("const", "default"):
        if key in declared:
            known: JSON = declared[key]
            return known
    for key in ("examples", "enum"):
        choices = declared.get(key)
        if isinstance(choices, list) and choices:
            first: JSON = choices[0]
            return first
    kind = declared.get("type")
    if isinstance(kind, list):
        kind = "null" if "null" in kind else kind[0]
    return _of_kind(name, kind, declared, given, depth)


def _of_kind(
    name: str, kind: Any, declared: Mapping[str, Any], given: Mapping[str, Any], depth: int
) -> JSON:
    if kind == "object" or "properties" in declared:
        return _object(declared, given, depth)
    if depth == 1 and name in given and _fits(given[name], kind):
        repeated: JSON = given[name]
        return repeated
    if kind in {"integer", "number"}:
        least = declared.get("minimum", 0)
        return least if isinstance(least, int | float) else 0
    plain: Mapping[Any, JSON] = {"boolean": False, "array": [], "null": None}
    if kind in plain:
        return plain[kind]
    if kind != "string" and kind is not None:
        return None
    path = _path(given) if name == "path" or declared.get("format") == "path" else None
    return f"‹{name or 'text'}›" if path is None else path


def _object(declared: Mapping[str, Any], given: Mapping[str, Any], depth: int) -> JSON:
    properties = declared.get("properties")
    if not isinstance(properties, Mapping) or depth >= _LARGEST_DEPTH:
        return {}
    return {name: _made(name, shape, given, depth + 1) for name, shape in properties.items()}


def _fits(value: Any, kind: Any) -> bool:
    kinds: Mapping[Any, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "array": list,
    }
    wanted = kinds.get(kind)
    if wanted is None:
        return kind is None and value is not None
    return isinstance(value, wanted) and (kind == "boolean" or not isinstance(value, bool))


def _path(given: Mapping[str, Any]) -> str | None:
    """Return the file that an action was to make or use, as far as its parameters tell."""
    for name in _TARGETS:
        value = given.get(name)
        if isinstance(value, str) and value:
            source = given.get("source") or given.get("path")
            if value.endswith("/") and isinstance(source, str) and name != "source":
                return value + source.rstrip("/").rpartition("/")[2]
            return value
    return None
