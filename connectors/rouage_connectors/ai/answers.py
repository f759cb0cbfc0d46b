"""Answers bound by a JSON Schema: which schemas are fit for that, and whether an answer fits."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.sdk import JSON, StepError, Text
from rouage.sdk.files import shown

_MOST_NODES: Final = 1_000
_DEEPEST: Final = 20
_LONGEST_TOLD: Final = 200
_FENCE: Final = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?```\s*", re.DOTALL | re.IGNORECASE)
# References may lead anywhere, and patterns are programs that may never end (security S-19).
_REFUSED: Final = frozenset({"$ref", "$dynamicRef", "$id", "pattern", "patternProperties"})
_NAMED: Final = frozenset({"properties", "$defs", "dependentSchemas"})
_PLAIN: Final = frozenset({"enum", "const", "default", "examples", "required"})

_BAD_SCHEMA: Final = Text(
    "`schema` is not a JSON Schema: {reason}", "`schema` n’est pas un schéma JSON : {reason}"
)
_WORD: Final = Text(
    "`schema` may not use “{word}” here", "`schema` ne peut pas employer « {word} » ici"
)
_LARGE: Final = Text("`schema` is too large or too deep", "`schema` est trop grand ou trop profond")


class Unfit(ValueError):  # noqa: N818 - what is wrong with an answer
    """The answer is not what the schema asks for; the argument says why, in English."""


def check_schema(schema: Any) -> Mapping[str, JSON]:
    """Return *schema* if answers can be bound by it.

    Raises:
        StepError: it is none, or one that is not safe to apply.
    """
    from jsonschema import Draft202012Validator, SchemaError

    if not isinstance(schema, dict):
        raise StepError(_BAD_SCHEMA, reason=shown(str(schema)[:40]))
    for count, (node, depth) in enumerate(_nodes(schema, 0)):
        if count > _MOST_NODES or depth > _DEEPEST:
            raise StepError(_LARGE)
        for word in sorted(_REFUSED & node.keys()):
            raise StepError(_WORD, word=word)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise StepError(_BAD_SCHEMA, reason=shown(error.message[:_LONGEST_TOLD])) from None
    return schema


def _nodes(schema: Any, depth: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield *schema* and the schemas in it, each with its depth."""
    if isinstance(schema, list):
        for item in schema:
            yield from _nodes(item, depth)
    if not isinstance(schema, dict):
        return
    yield schema, depth
    if depth > _DEEPEST:
        return
    for word, value in schema.items():
        if word in _NAMED and isinstance(value, dict):
            yield from _nodes([*value.values()], depth + 1)
        elif word not in _PLAIN:
            yield from _nodes(value, depth + 1)


def read_answer(text: str, schema: Mapping[str, JSON]) -> JSON:
    """Return the JSON value that the answer *text* holds, if it follows *schema*.

    Raises:
        Unfit: it does not; the words can be given to the model for another try.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    fenced = _FENCE.fullmatch(text)
    try:
        value: JSON = json.loads(fenced[1] if fenced else text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unfit("it is not JSON") from None
    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is not None:
        place = "/".join(map(str, error.absolute_path)) or "the value"
        raise Unfit(f"{place}: {error.message}"[:_LONGEST_TOLD])
    return value


def _refuse(word: str) -> None:
    raise ValueError(word)


def sample_of(schema: Mapping[str, Any]) -> JSON:
    """Return a value of the shape of *schema*, for a rehearsal."""
    for word in ("const", "default"):
        if word in schema:
            found: JSON = schema[word]
            return found
    for word in ("examples", "enum"):
        if schema.get(word):
            first: JSON = schema[word][0]
            return first
    kind = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        properties: Mapping[str, Any] = schema.get("properties") or {}
        return {
            name: sample_of(part) if isinstance(part, dict) else None
            for name, part in properties.items()
        }
    samples: Mapping[Any, JSON] = {"string": "…", "number": 0, "integer": 0, "boolean": False}
    return [] if kind == "array" else samples.get(kind)
