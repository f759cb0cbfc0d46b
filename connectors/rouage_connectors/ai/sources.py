"""Where each field comes from, and how sure it is: the document, rules, the model (N-18).

How sure a model is of itself is worth little. What it says is looked for in the text instead:
a figure that stands there is worth more than one that does not.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from rouage.sdk import JSON
from rouage.sdk.records import dataclass
from rouage_connectors.ai.reading import dates_in, folded, numbers_in, read_value, values_after

Source = Literal["document", "rules", "model"]

_DOCUMENT: Final = 1.0
_RULE: Final = 0.9
_GUESSED: Final = 0.6
_SEVERAL: Final = 0.5
_SEEN: Final = 0.8
_UNSEEN: Final = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The value of one field, where it comes from, and how sure it is, from 0 to 1."""

    value: JSON
    source: Source
    confidence: float


def properties_of(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the fields that *schema* asks for; none where the answer is no object."""
    given = schema.get("properties")
    if not isinstance(given, dict):
        return {}
    return {name: part if isinstance(part, dict) else {} for name, part in given.items()}


def from_document(
    known: Mapping[str, JSON], schema: Mapping[str, Any], *, is_guessed: bool
) -> dict[str, Found]:
    """Return the fields that a document says itself; a text guesses them only."""
    source: Source = "rules" if is_guessed else "document"
    confidence = _GUESSED if is_guessed else _DOCUMENT
    found = {}
    for name, part in properties_of(schema).items():
        value = _fitting(known.get(name), part)
        if value is not None:
            found[name] = Found(value=value, source=source, confidence=confidence)
    return found


def _fitting(value: JSON, schema: Mapping[str, Any]) -> JSON:
    """Return *value* as *schema* wants it; None when it is not of that kind."""
    from jsonschema import Draft202012Validator

    if value is None or Draft202012Validator(schema).is_valid(value):
        return value
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        read = read_value(str(value), schema)
        return read if read is not None and Draft202012Validator(schema).is_valid(read) else None
    return None


def from_rules(
    rules: Mapping[str, Sequence[str]], text: str, schema: Mapping[str, Any]
) -> dict[str, Found]:
    """Return the fields whose labels stand in *text*; several values are less sure than one."""
    found: dict[str, Found] = {}
    for name, part in properties_of(schema).items():
        values = values_after(rules.get(name, ()), text, part)
        fitting = [value for value in values if _fitting(value, part) == value]
        if fitting:
            confidence = _RULE if len(fitting) == 1 else _SEVERAL
            found[name] = Found(value=fitting[0], source="rules", confidence=confidence)
    return found


def from_model(data: JSON, text: str) -> dict[str, Found]:
    """Return what a model found, each field as sure as the text bears it out."""
    if not isinstance(data, dict):
        return {}
    seen = _Seen(text)
    return {
        name: Found(value=value, source="model", confidence=seen.confidence_of(value))
        for name, value in data.items()
        if value is not None
    }


class _Seen:
    """What stands in a text, to compare with."""

    def __init__(self, text: str) -> None:
        self._words = " ".join(folded(text).split())
        self._numbers = {*numbers_in(text)}
        self._dates = {one.isoformat() for one in dates_in(text)}

    def confidence_of(self, value: JSON) -> float:
        """Return the least of what is in *value*."""
        inner = [*value.values()] if isinstance(value, dict) else value
        if isinstance(inner, list):
            return min(map(self.confidence_of, inner), default=_SEEN)
        return _SEEN if value is None or self._stands(value) else _UNSEEN

    def _stands(self, value: JSON) -> bool:
        if isinstance(value, bool):
            return False  # a judgement, which no text says word for word
        if isinstance(value, int | float):
            return float(value) in self._numbers
        words = " ".join(folded(str(value)).split())
        return value in self._dates or (bool(words) and words in self._words)


def surest(one: Mapping[str, Found], other: Mapping[str, Found]) -> dict[str, Found]:
    """Return the surer of two answers for each field; two that agree bear each other out."""
    chosen = {**other, **one}
    for name in one.keys() & other.keys():
        first, second = one[name], other[name]
        best = first if first.confidence >= second.confidence else second
        if first.value == second.value and first.source != second.source:
            confidence = max(best.confidence, _RULE)
            best = Found(value=best.value, source=best.source, confidence=confidence)
        chosen[name] = best
    return chosen


def rest_of(schema: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return *schema* for the fields *names* alone."""
    if not properties_of(schema):
        return dict(schema)
    properties = {name: part for name, part in schema["properties"].items() if name in names}
    rest = {**schema, "properties": properties}
    if isinstance(schema.get("required"), list):
        rest["required"] = [name for name in schema["required"] if name in names]
    return rest


def told(found: Mapping[str, Found], schema: Mapping[str, Any], least: float) -> dict[str, JSON]:
    """Return where each field comes from, and which are not sure enough."""
    names = [*properties_of(schema)]
    fields: dict[str, JSON] = {}
    unsure: list[JSON] = []
    for name in names:
        one = found.get(name)
        source, confidence = (one.source, one.confidence) if one else (None, 0.0)
        fields[name] = {"source": source, "confidence": confidence}
        if one is None or confidence < least:
            unsure.append(name)
    return {"fields": fields, "unsure": unsure, "is_sure": not unsure}
