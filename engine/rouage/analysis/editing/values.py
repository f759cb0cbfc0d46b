"""Complete values: choices, true and false, time zones, secrets by name, recipes by id."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final
from zoneinfo import available_timezones

from rouage.analysis.editing.candidate import Candidate, CandidateKind, Knowledge
from rouage.analysis.editing.cursor import Spot
from rouage.analysis.editing.description import describe_key
from rouage.analysis.editing.places import choices_of, is_choice, types_of
from rouage.analysis.editing.snippets import yaml_text
from rouage.catalog.words import Shape
from rouage.language import Text

_DEFAULT: Final = Text("default", "par défaut")
_EXAMPLE: Final = Text("example", "exemple")
_EXPRESSION: Final = Text("An expression", "Une expression")
_SECRET: Final = Text("secret", "secret")


def complete_value(spot: Spot, shape: Shape, known: Knowledge) -> Iterator[Candidate]:
    """Yield the values that can stand at *spot*."""
    if spot.is_quoted and spot.text[:1] not in {'"', "'"}:
        return
    about = ""
    if shape and spot.path:
        about = describe_key(str(spot.path[-1]), shape, known.language, is_required=False)
    for value in choices_of(shape):
        if not isinstance(value, list | dict):
            yield _value(spot, value, shape, known, about)
    yield from _recipes(spot, known)
    yield from _zones(spot, known)
    yield from _expressions(spot, known, shape)


def _value(spot: Spot, value: Any, shape: Shape, known: Knowledge, about: str) -> Candidate:
    is_default = value == shape.get("default") and type(value) is type(shape.get("default"))
    is_sure = is_choice(shape) or isinstance(value, bool)
    detail = _DEFAULT if is_default else None if is_sure else _EXAMPLE
    return _candidate(
        spot,
        value,
        "value",
        detail="" if detail is None else detail.render(known.language),
        about=about,
        rank=1 if is_default else 2,
    )


def _candidate(
    spot: Spot,
    value: Any,
    kind: CandidateKind,
    *,
    detail: str = "",
    about: str = "",
    rank: int = 3,
    text: str | None = None,
) -> Candidate:
    written = yaml_text(value, is_flow=spot.is_flow) if text is None else text
    if not spot.is_quoted and _follows_colon(spot):
        written = " " + written
    label = value if isinstance(value, str) else yaml_text(value)
    return Candidate(
        label=label,
        kind=kind,
        text=written,
        plain=written,
        start=spot.start,
        end=spot.end,
        rank=rank,
        detail=detail,
        about=about,
    )


def _follows_colon(spot: Spot) -> bool:
    """Say whether the cursor touches the colon, so that a blank is missing."""
    key = str(spot.path[-1]) if spot.path else ""
    return not spot.text and not spot.is_flow and spot.start == spot.column + len(key) + 1


def _recipes(spot: Spot, known: Knowledge) -> Iterator[Candidate]:
    if spot.path[-1:] != ("call",) and spot.path[-2:] != ("call", "recipe"):
        return
    for id_, name in known.recipes().items():
        yield _candidate(spot, id_, "recipe", detail=name, rank=1)


def _zones(spot: Spot, known: Knowledge) -> Iterator[Candidate]:
    declared = known.places.parameter_at(spot.path)
    if spot.path != ("timezone",) and (declared is None or declared.format != "timezone"):
        return
    wanted = spot.prefix.strip("\"' ").casefold()
    for zone in _all_zones():
        if wanted in zone.casefold():
            yield _candidate(spot, zone, "value")


def _expressions(spot: Spot, known: Knowledge, shape: Shape) -> Iterator[Candidate]:
    """Yield `${{ }}`, and each secret where a secret belongs."""
    declared = known.places.parameter_at(spot.path)
    is_free = shape.get("additionalProperties") is True
    if declared is None and not is_free and not (types_of(shape) == () and spot.path):
        return
    if known.places.spec_at(spot.path) is not None:
        return
    if declared is not None and (declared.is_secret or declared.format == "secret-name"):
        for name in sorted(known.secrets or ()):
            text = _quoted(spot, f"${{{{ secrets.{name} }}}}")
            detail = _SECRET.render(known.language)
            yield _candidate(spot, name, "secret", detail=detail, rank=1, text=text)
    detail = _EXPRESSION.render(known.language)
    text = _quoted(spot, "${{  }}")
    yield _candidate(spot, "${{ }}", "value", detail=detail, rank=9, text=text)


def _quoted(spot: Spot, text: str) -> str:
    return f'"{text}"' if spot.is_flow or spot.is_quoted else text


@lru_cache(maxsize=1)
def _all_zones() -> tuple[str, ...]:
    """Return the zones named after a place; the list is read from many files."""
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone))
