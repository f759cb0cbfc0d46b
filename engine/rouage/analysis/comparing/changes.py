"""What changed in the meaning of a recipe: each change with its place and its sentence."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from rouage.analysis.comparing.entries import Entries
from rouage.analysis.comparing.values import Side, ValueChanges, both
from rouage.analysis.sentences.expressions import Names
from rouage.analysis.sentences.inputs import labels_of
from rouage.analysis.sentences.parts import Teller
from rouage.catalog.catalog import Catalog
from rouage.catalog.grammar import TOP_WORDS
from rouage.language import Language, Text
from rouage.recipes.checker import check
from rouage.recipes.document import Path
from rouage.recipes.reader import read
from rouage.records import dataclass
from rouage.sdk.json import JSON

Kind = Literal["added", "removed", "changed", "moved"]

_LISTS: Final[Mapping[str, Literal["trigger", "step"]]] = {
    "when": "trigger",
    "do": "step",
    "on_error": "step",
    "finally": "step",
}
_NAMED: Final[Mapping[str, Text]] = {
    "inputs": Text("Input “{name}”", "Entrée « {name} »"),
    "vars": Text("Variable “{name}”", "Variable « {name} »"),
    "outputs": Text("Output “{name}”", "Sortie « {name} »"),
}
# A version whose shape is wrong cannot be read back; what only is unknown here can.
_UNKNOWN_HERE: Final = frozenset({"RG210", "RG214", "RG222", "RG603"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change: where it is (in the old version, for what is gone), and its sentence.

    `before` and `after` are the values in words, where it is about a value.
    """

    kind: Kind
    path: Path
    text: str
    before: str | None = None
    after: str | None = None

    def to_json(self) -> dict[str, JSON]:
        """Return the change as data."""
        return {
            "kind": self.kind,
            "path": ".".join(map(str, self.path)),
            "text": self.text,
            "before": self.before,
            "after": self.after,
        }


def compare(
    old: bytes, new: bytes, catalog: Catalog, language: Language
) -> tuple[Change, ...] | None:
    """Return what the version *new* changes in the meaning of *old*, in the order of a recipe.

    None where one of them cannot be read as a recipe.
    """
    before, after = _data(old, catalog), _data(new, catalog)
    if before is None or after is None:
        return None
    comparison = _Comparison(before, after, catalog, language)
    return tuple(Change(**found) for found in comparison.all())


def _data(source: bytes, catalog: Catalog) -> Mapping[str, Any] | None:
    data = read(source).data
    if not isinstance(data, Mapping):
        return None
    checked = check(source, file="recipe.yaml", catalog=catalog)
    errors = {one.code for one in checked.problems if one.severity == "error"}
    misshapen = {code for code in errors - _UNKNOWN_HERE if code[:3] in {"RG1", "RG2"}}
    return None if misshapen else data


class _Comparison:
    def __init__(
        self, old: Mapping[str, Any], new: Mapping[str, Any], catalog: Catalog, language: Language
    ) -> None:
        self._old = old
        self._new = new
        tellers = [
            Teller(catalog, language, Names(labels=labels_of(one.get("inputs"))))
            for one in (old, new)
        ]
        self._sides: tuple[Side, Side] = tellers[0], tellers[1]

    def all(self) -> list[dict[str, Any]]:
        """Return every change."""
        found: list[dict[str, Any]] = []
        for name in _in_order(self._old, self._new):
            if name != "$schema" and self._old.get(name) != self._new.get(name):
                found += self._word(name)
        return found

    def _word(self, name: str) -> list[dict[str, Any]]:
        old, new = self._old.get(name), self._new.get(name)
        if name in _LISTS:
            entries = Entries(self._sides, kind=_LISTS[name])
            return entries.compare(_listed(old), _listed(new), (name,))
        values = ValueChanges(self._sides)
        if name in _NAMED:
            return self._names(name, both(old, new))
        title: Text = TOP_WORDS.get(name, {}).get("title", Text(name, name))
        subject = self._sides[1].say(title)
        return values.compare(subject, old, new, (name,), key=name)

    def _names(
        self, name: str, given: tuple[Mapping[str, Any], Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Return what changed among inputs, variables or outputs."""
        found: list[dict[str, Any]] = []
        values = ValueChanges(self._sides)
        old, new = given
        for one in _in_order(old, new):
            if one in old and one in new and old[one] == new[one]:
                continue
            subject = self._sides[1].say(_NAMED[name], name=one)
            hides = name == "inputs" and any(_is_secret(side.get(one)) for side in given)
            found += values.compare(
                subject,
                old.get(one),
                new.get(one),
                (name, one),
                is_secret=hides,
                is_there=(one in old, one in new),
            )
        return found


def _is_secret(declared: Any) -> bool:
    return isinstance(declared, Mapping) and (
        declared.get("type") == "secret" or bool(declared.get("secret"))
    )


def _in_order(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the names of both in the order of a recipe; others as they come."""
    names = dict.fromkeys([*new, *old])
    order = {name: place for place, name in enumerate(_ORDER)}
    return sorted(names, key=lambda name: order.get(name, len(order)))


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


_ORDER: Final = (
    *("name", "description", "id", "tags", "enabled", "timezone", "rouage", "inputs", "vars"),
    *("when", "if", "concurrency", "limits", "trust", "do", "on_error", "finally", "defaults"),
)
