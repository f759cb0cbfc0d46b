"""Complete keys: top words, actions and triggers, parameters, common keys."""

from collections.abc import Iterator
from typing import Any, Final

from rouage.analysis.editing.candidate import Candidate, CandidateKind, Knowledge
from rouage.analysis.editing.cursor import Spot
from rouage.analysis.editing.description import describe_key, describe_spec
from rouage.analysis.editing.places import properties_of, required_of
from rouage.analysis.editing.snippets import SnippetWriter, without_places, yaml_text
from rouage.catalog.grammar import ENGINE_WORDS
from rouage.catalog.words import Shape
from rouage.language import Text, as_text
from rouage.sdk.connector import ActionSpec, TriggerSpec

_RANKS: Final[dict[CandidateKind, int]] = {
    "action": 1, "trigger": 1, "block": 2, "parameter": 2, "key": 3,
}  # fmt: skip


def complete_key(spot: Spot, indent: int, known: Knowledge, present: Any) -> Iterator[Candidate]:
    """Yield the keys that can stand at *spot*; *present* is what the mapping holds already."""
    places = known.places
    shape = places.shape_at(spot.path)
    if shape is None:
        return
    if isinstance(present, list) or ("items" in shape and not isinstance(present, dict)):
        if spot.is_flow:
            return
        yield from _items(spot, indent, known, shape)
        if isinstance(present, list):
            return
    yield from _keys(spot, spot.path, indent, known, shape, used=spot.used)


def _items(spot: Spot, indent: int, known: Knowledge, shape: Shape) -> Iterator[Candidate]:
    """Yield the items of a list that can begin at *spot*, each with its dash."""
    items = known.places.resolve(shape.get("items"))
    if items is None or "properties" not in items:
        return
    path = (*spot.path, 0)
    yield from _keys(spot, path, indent, known, items, used=frozenset(), dash="- ")


def _keys(
    spot: Spot,
    path: tuple[str | int, ...],
    indent: int,
    known: Knowledge,
    shape: Shape,
    *,
    used: frozenset[str],
    dash: str = "",
) -> Iterator[Candidate]:
    is_entry = known.places.is_entry(shape)
    has_word = is_entry and any(_is_word(name, path, known) for name in used)
    column = spot.column + len(dash) - indent
    for name, inner in properties_of(shape):
        if name in used or name.startswith("$"):
            continue
        is_word = is_entry and _is_word(name, path, known)
        if (is_word and has_word) or (dash and is_entry and not is_word):
            continue
        yield _candidate(name, inner, spot, (*path, name), column, known, shape, dash)


def _is_word(name: str, path: tuple[str | int, ...], known: Knowledge) -> bool:
    return known.places.spec_at((*path, name)) is not None or (
        name in ENGINE_WORDS and known.places.shape_at(path) is known.places.step
    )


def _candidate(
    name: str,
    inner: Any,
    spot: Spot,
    path: tuple[str | int, ...],
    column: int,
    known: Knowledge,
    owner: Shape,
    dash: str,
) -> Candidate:
    shape = known.places.resolve(inner) or {}
    spec = known.places.spec_at(path)
    kind = _kind(path, spec, known)
    is_required = name in required_of(owner)
    examples = {} if spec is None else spec.example
    writer = SnippetWriter(
        known.places, indent=column, is_flow=spot.is_flow, examples=_plain(examples)
    )
    snippet = dash + writer.entry(name, shape)
    if spot.has_colon:
        # The colon and what follows are there already.
        snippet = dash + yaml_text(name)
    about = (
        describe_key(name, shape, known.language, is_required=is_required)
        if spec is None
        else describe_spec(spec, shape, known.language)
    )
    return Candidate(
        label=dash + name,
        kind=kind,
        text=snippet,
        plain=without_places(snippet) if not spot.has_colon else snippet,
        start=spot.start,
        end=spot.end,
        rank=_RANKS[kind] - (1 if is_required else 0),
        detail=_detail(shape, name).render(known.language),
        about=about,
        is_snippet=not spot.has_colon,
    )


def _plain(examples: Any) -> dict[str, Any]:
    """Return the examples that are values, not expressions over steps that are not there."""
    return {
        name: value
        for name, value in examples.items()
        if not (isinstance(value, str) and "${{" in value)
    }


def _detail(shape: Shape, name: str) -> Text:
    """Return the title; what it is for, where nobody gave it a title."""
    title, about = shape.get("title"), shape.get("description")
    given = title if isinstance(title, Text | str) and title != name else about
    return as_text(given) if isinstance(given, Text | str) else as_text(name)


def _kind(
    path: tuple[str | int, ...], spec: ActionSpec | TriggerSpec | None, known: Knowledge
) -> CandidateKind:
    if isinstance(spec, ActionSpec):
        return "action"
    if isinstance(spec, TriggerSpec):
        return "trigger"
    if known.places.parameter_at(path) is not None:
        return "parameter"
    is_step = known.places.shape_at(path[:-1]) is known.places.step
    return "block" if is_step and path[-1] in ENGINE_WORDS else "key"
