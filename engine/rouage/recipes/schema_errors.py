"""Turn the errors of the JSON Schema check into problems that name the mistake."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from jsonschema.exceptions import ValidationError

from rouage.catalog.grammar import EXPRESSION_PATTERN, RECIPE_ID_PATTERN, STEP_ID_PATTERN, TOP_WORDS
from rouage.catalog.similar import nearest
from rouage.catalog.words import EXPECT_PATTERN, RATE_PATTERN
from rouage.language import Text
from rouage.recipes.document import Path
from rouage.recipes.remedies import add_parameters
from rouage.recipes.report import Report
from rouage.recipes.words import found, wanted
from rouage.sdk.quantities import DURATION_PATTERN

_BOOLEAN_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("yes", "on", "oui", "y", "o", "vrai", "actif"), "true"),
    **dict.fromkeys(("no", "off", "non", "n", "faux", "inactif"), "false"),
}
_CHOICES: Final = re.compile(r"\^\(\?:([^()]*)\)\$")
_BOUNDS: Final[Mapping[str, Text]] = {
    "minimum": Text("at least {limit}", "au moins {limit}"),
    "maximum": Text("at most {limit}", "au plus {limit}"),
    "minItems": Text("at least {limit} item(s)", "au moins {limit} élément(s)"),
    "minProperties": Text("at least {limit} entry", "au moins {limit} entrée"),
}
_QUANTITY: Final[Mapping[str, str]] = {RATE_PATTERN: "RG512", EXPECT_PATTERN: "RG512"}
_COMMON_MAPPINGS: Final = frozenset({"retry", "on_error", "missed", "once", "debounce", "batch"})


def report_schema_errors(errors: Iterable[ValidationError], report: Report) -> None:
    """Report what the schema found, one problem per mistake.

    Unknown keys come first: what they probably stand for is then not missing.
    """
    remaining = []
    reporter = _Reporter(report)
    for error in errors:
        if report.is_explained(error.absolute_path):
            continue
        if error.validator == "additionalProperties":
            reporter.unknown_keys(error)
        else:
            remaining.append(error)
    for error in remaining:
        if not report.is_explained(error.absolute_path):
            reporter.other(error)


class _Reporter:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._meant: set[Path] = set()
        self._strange: dict[Path, int] = {}
        """How many unknown keys stand at a path that may be any of those that are missing."""

    def unknown_keys(self, error: ValidationError) -> None:
        path: Path = tuple(error.absolute_path)
        schema, instance = _any(error.schema), _any(error.instance)
        known: Mapping[str, Any] = schema["properties"]
        for key in instance:
            place = (*path, key)
            if key in known or self._report.is_explained(place):
                continue
            suggestion = nearest(key, [name for name in known if name not in instance])
            if suggestion is not None:
                self._meant.add((*path, suggestion))
            else:
                self._strange[path] = self._strange.get(path, 0) + 1
            self._unknown_key(path, key, suggestion)

    def _unknown_key(self, path: Path, key: str, suggestion: str | None) -> None:
        place, owner = (*path, key), _owner(path)
        if not path:
            self._report.key("RG209", place, name=key, suggestion=suggestion)
        elif owner is not None:
            self._report.key("RG211", place, name=key, owner=owner, suggestion=suggestion)
        else:
            self._report.key("RG221", place, name=key, owner=_name(path), suggestion=suggestion)

    def other(self, error: ValidationError) -> None:
        report_as = {
            "required": self._missing,
            "type": self._type,
            "enum": self._choice,
            "pattern": self._pattern,
        }.get(str(error.validator))
        if report_as is not None:
            report_as(error)
        elif str(error.validator) in _BOUNDS:
            self._bound(error)
        else:
            self._type(error)

    def _missing(self, error: ValidationError) -> None:
        path: Path = tuple(error.absolute_path)
        required: Sequence[str] = _any(error.validator_value)
        given = _any(error.instance)
        names = [
            name for name in required if name not in given and (*path, name) not in self._meant
        ]
        self._meant |= {(*path, name) for name in names}
        if not names:
            return
        listed = ", ".join(names)
        self._report.incomplete.add(path)
        if path and self._strange.get(path, 0) >= len(names):
            return
        if path:
            owner = _owner(path) or _name(path)
            edits = add_parameters(self._report.positions, path, names, {})
            place = self._report.positions.key(path)
            self._report.add("RG212", place, names=listed, owner=owner, edits=edits)
        else:
            self._report.add("RG215", self._report.positions.key(()), names=listed)

    def _type(self, error: ValidationError) -> None:
        path, value = tuple(error.absolute_path), error.instance
        kinds, choices = _kinds(error), _choices(_any(error.schema).get("pattern"))
        if choices and isinstance(value, int | float):
            self._one_of(path, value, choices)
            return
        pattern = _any(error.schema).get("pattern", "")
        if isinstance(value, int | float) and (DURATION_PATTERN in pattern or pattern in _QUANTITY):
            self._pattern_of(path, pattern, value)
            return
        if value is None and self._report.is_lost(path):
            self._report.explain(path)
            return
        if value is None:
            self._report.key(
                "RG224", path, name=str(path[-1]) if path else "", wanted=wanted(kinds)
            )
            return
        if "boolean" in kinds and isinstance(value, str):
            meant = _BOOLEAN_WORDS.get(value.strip().lower(), None)
            if meant is None and value.lower() in {"true", "false"}:
                meant = value.lower()
            if meant is not None:
                self._report.value("RG218", path, value=value, suggestion=meant)
                return
        node = self._report.positions.node(path)
        source = node.source if node is not None else None
        self._report.value(
            "RG216",
            path,
            name=_name(path),
            wanted=wanted(kinds),
            found=found(value, source),
            suggestion=_quoted(value, source, kinds),
        )

    def _choice(self, error: ValidationError) -> None:
        choices: list[Any] = list(_any(error.validator_value))
        self._one_of(tuple(error.absolute_path), error.instance, choices)

    def _one_of(self, path: Path, value: Any, choices: list[Any]) -> None:
        if path == ("rouage",):
            self._report.value("RG223", path, value=value)
            return
        self._report.value(
            "RG217",
            path,
            name=_name(path),
            value=found(value),
            choices=", ".join(str(choice) for choice in choices),
            suggestion=nearest(str(value), [str(choice) for choice in choices]),
        )

    def _pattern(self, error: ValidationError) -> None:
        path, pattern = tuple(error.absolute_path), str(error.validator_value)
        if pattern == EXPRESSION_PATTERN:
            self._type(error)
        else:
            self._pattern_of(path, pattern, error.instance)

    def _pattern_of(self, path: Path, pattern: str, value: Any) -> None:
        if DURATION_PATTERN in pattern:
            self._report.value("RG501", path, name=_name(path), value=value)
        elif pattern in _QUANTITY:
            self._report.value(_QUANTITY[pattern], path, name=_name(path), value=value)
        elif pattern in {RECIPE_ID_PATTERN, STEP_ID_PATTERN}:
            self._report.value("RG504", path, value=value)
        elif choices := _choices(pattern):
            self._one_of(path, value, choices)
        else:
            self._report.value("RG219", path, name=_name(path), value=value)

    def _bound(self, error: ValidationError) -> None:
        bound = _BOUNDS[str(error.validator)]
        limit = {"limit": error.validator_value}
        self._report.value(
            "RG220",
            tuple(error.absolute_path),
            name=_name(tuple(error.absolute_path)),
            wanted=Text(bound.render("en", limit), bound.render("fr", limit)),
        )


def _any(value: Any) -> Any:
    """Return *value*: the library types its attributes as possibly unset, which they are not."""
    return value


def _kinds(error: ValidationError) -> list[str]:
    """Return the JSON types that fit, without the text that only an expression may be."""
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if schema.get("pattern") == EXPRESSION_PATTERN:
        kinds = [kind for kind in kinds if kind != "string"]
    return kinds


def _choices(pattern: Any) -> list[Any]:
    """Return the choices that a pattern of the composed schema lists, if it is such a one."""
    match = _CHOICES.match(pattern) if isinstance(pattern, str) else None
    if match is None:
        return []
    return [choice.replace("\\", "") for choice in match.group(1).split("|")]


def _quoted(value: Any, source: str | None, kinds: Sequence[str]) -> str | None:
    """Return how a number, true or false is written where a text is wanted."""
    if "string" in kinds and isinstance(value, bool | int | float) and source is not None:
        return f'"{source}"'
    return None


def _owner(path: Path) -> str | None:
    """Return the trigger or action that *path* is the parameters of, or None."""
    if len(path) < 2 or not isinstance(path[-1], str):
        return None
    is_use = isinstance(path[-2], int) or path[-2] == "event"
    return path[-1] if is_use and path[-1] not in _COMMON_MAPPINGS else None


def _name(path: Path) -> str:
    """Return the key that a reader would name for *path*."""
    names = [step for step in path if isinstance(step, str)]
    return names[-1] if names else next(iter(TOP_WORDS))
