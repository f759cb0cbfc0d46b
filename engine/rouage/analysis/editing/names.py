"""Complete expressions: roots, fields, filters, functions, operators."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.analysis.editing.candidate import Candidate, CandidateKind, Knowledge
from rouage.analysis.editing.cursor import Spot
from rouage.analysis.editing.description import describe_filter, describe_function, describe_name
from rouage.analysis.editing.naming import Asked, asked_at, sample_of, shape_of
from rouage.analysis.editing.roots import ROOTS
from rouage.analysis.editing.samples import sample_event
from rouage.analysis.editing.scopes import Scope
from rouage.analysis.editing.sketch import Sketch
from rouage.analysis.editing.snippets import without_places
from rouage.expressions.filters import FILTERS, FUNCTIONS, FilterSpec
from rouage.expressions.shapes import fields_of, kinds_of, spoken_kinds
from rouage.language import Language, Text

_OPERATORS: Final[Mapping[str, Text]] = {
    "and": Text("both", "les deux"),
    "or": Text("one of them", "l’un ou l’autre"),
    "in": Text("is part of", "fait partie de"),
    "not in": Text("is not part of", "ne fait pas partie de"),
    "like": Text("looks like a*b", "ressemble à a*b"),
    "is defined": Text("exists", "existe"),
    "is not defined": Text("does not exist", "n’existe pas"),
    "if": Text("VALUE if CONDITION else OTHER", "VALEUR if CONDITION else AUTRE"),
    "==": Text("equal", "égal"),
    "!=": Text("different", "différent"),
    "<": Text("less than", "plus petit"),
    "<=": Text("at most", "au plus"),
    ">": Text("more than", "plus grand"),
    ">=": Text("at least", "au moins"),
}
_LITERALS: Final[Mapping[str, Text]] = {
    "not": Text("the contrary", "le contraire"),
    "true": Text("true", "vrai"),
    "false": Text("false", "faux"),
    "null": Text("nothing", "rien"),
}


def complete_expression(
    sketch: Sketch, left: str, spot: Spot, column: int, scope: Scope, known: Knowledge
) -> Iterator[Candidate]:
    """Yield what can go on after *left*, the expression before the cursor at *column*."""
    asked = asked_at(left)
    writer = _Writer(sketch, spot, column, asked, known)
    if asked.wanted == "filter":
        yield from writer.filters()
    elif asked.wanted == "field":
        yield from writer.fields(scope)
    elif asked.wanted == "operator":
        yield from writer.operators()
    elif asked.wanted == "name":
        yield from writer.names(scope)


class _Writer:
    """Makes the candidates of one place."""

    def __init__(
        self, sketch: Sketch, spot: Spot, column: int, asked: Asked, known: Knowledge
    ) -> None:
        self._sketch = sketch
        self._line = sketch.lines[spot.line]
        self._column = column
        self._asked = asked
        self._known = known
        self._language: Language = known.language

    def filters(self) -> Iterator[Candidate]:
        for spec in FILTERS.values():
            about = describe_filter(spec, self._language)
            snippet = _call(spec)
            detail = spec.about.render(self._language)
            yield self._one(spec.name, "filter", snippet, detail=detail, about=about)

    def fields(self, scope: Scope) -> Iterator[Candidate]:
        owner = self._asked.owner
        shape = shape_of(owner, scope)
        if shape is None:
            return
        kind: CandidateKind = "secret" if owner == "secrets" else "field"
        sample = self._sample()
        for name, inner in fields_of(shape).items():
            if not str(name).isidentifier():
                continue
            field: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
            value = sample_of(f"{owner}.{name}", sample)
            about = describe_name(f"{owner}.{name}", field, value, self._language)
            yield self._one(str(name), kind, detail=self._kinds(field), about=about)

    def operators(self) -> Iterator[Candidate]:
        for sign, about in _OPERATORS.items():
            yield self._one(sign, "operator", sign + " ", detail=about.render(self._language))

    def names(self, scope: Scope) -> Iterator[Candidate]:
        sample = self._sample()
        for name, shape in scope.items():
            value = sample_of(name, sample)
            said = ROOTS.get(name)
            about = describe_name(name, shape, value, self._language, said)
            detail = self._kinds(shape) if said is None else said.render(self._language)
            yield self._one(name, "root", detail=detail, about=about, rank=1)
        for function in FUNCTIONS.values():
            about = describe_function(function, self._language)
            detail = function.about.render(self._language)
            text = f"{function.name}()"
            yield self._one(text, "function", text, detail=detail, about=about, rank=2)
        for word, meaning in _LITERALS.items():
            yield self._one(word, "operator", detail=meaning.render(self._language), rank=6)

    def _kinds(self, shape: Mapping[str, Any]) -> str:
        kinds = kinds_of(shape)
        return spoken_kinds(kinds).render(self._language) if len(kinds) <= 3 else ""

    def _sample(self) -> Any:
        return sample_event(self._sketch.data, self._known.places.catalog)

    def _one(
        self,
        label: str,
        kind: CandidateKind,
        text: str | None = None,
        *,
        detail: str = "",
        about: str = "",
        rank: int = 5,
    ) -> Candidate:
        written = label if text is None else text
        plain = without_places(written)
        end = self._column
        while end < len(self._line) and (self._line[end].isalnum() or self._line[end] == "_"):
            end += 1
        return Candidate(
            label=label,
            kind=kind,
            text=written,
            plain=plain,
            start=max(0, self._column - len(self._asked.prefix)),
            end=end,
            rank=rank,
            detail=detail,
            about=about,
            is_snippet=plain != written,
        )


def _call(spec: FilterSpec) -> str:
    """Return the filter with places for the arguments that it cannot do without."""
    needed = [one for one in spec.arguments if one.required]
    if not needed:
        return spec.name
    places = [
        f"'${{{number}:{one.name}}}'" if "text" in one.kinds else f"${{{number}:{one.name}}}"
        for number, one in enumerate(needed, 1)
    ]
    return f"{spec.name}({', '.join(places)})"
