"""What is said of a word, a parameter or a value, as Markdown in one language."""

import json
from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.editing.places import choices_of, is_choice, required_of
from rouage.analysis.editing.snippets import declared_of, yaml_text
from rouage.catalog.words import Shape
from rouage.expressions.filters import FilterSpec, FunctionSpec
from rouage.expressions.shapes import fields_of, kinds_of, spoken_kinds
from rouage.language import Language, Text, as_text
from rouage.sdk.connector import ActionSpec, TriggerSpec

_TYPES: Final[Mapping[str, Text]] = {
    "string": Text("text", "texte"),
    "number": Text("number", "nombre"),
    "integer": Text("whole number", "nombre entier"),
    "boolean": Text("true or false", "true ou false"),
    "array": Text("list", "liste"),
    "object": Text("mapping", "table"),
    "null": Text("nothing", "rien"),
}
_EFFECTS: Final[Mapping[str, Text]] = {
    "none": Text("changes nothing", "ne change rien"),
    "local": Text("changes something on this machine", "change quelque chose sur cette machine"),
    "outward": Text("acts outside, can be taken back", "agit à l’extérieur, peut se reprendre"),
    "irreversible": Text("cannot be taken back", "ne peut pas se reprendre"),
}
_TYPE: Final = Text("Type", "Type")
_DEFAULT: Final = Text("Default", "Par défaut")
_EXAMPLE: Final = Text("Example", "Exemple")
_CHOICES: Final = Text("Choices", "Choix")
_REQUIRED: Final = Text("Required", "Obligatoire")
_EFFECT: Final = Text("Effect", "Effet")
_RESULT: Final = Text("Result", "Résultat")
_EVENT: Final = Text("Event", "Événement")
_GIVES: Final = Text("Gives", "Donne")
_FIELDS: Final = Text("Fields", "Champs")
_YES: Final = Text("yes", "oui")
_MOST_FIELDS: Final = 12


class Description:
    """Gathers the lines of one page."""

    def __init__(self, language: Language) -> None:
        self._language: Language = language
        self._lines: list[str] = []

    def __str__(self) -> str:
        return "\n\n".join(self._lines)

    def head(self, name: str, title: object) -> None:
        """Begin with *name* and its title."""
        said = self._say(title)
        self._lines.append(f"**{said}** (`{name}`)" if said and said != name else f"**{name}**")

    def about(self, text: object) -> None:
        """Say what it is for."""
        said = self._say(text)
        if said:
            self._lines.append(said)

    def fact(self, label: Text, value: str) -> None:
        """Add one fact, on a line of its own."""
        if value:
            colon = " :" if self._language == "fr" else ":"
            self._lines.append(f"{label.render(self._language)}{colon} {value}")

    def block(self, text: str) -> None:
        """Add lines of a recipe."""
        self._lines.append(f"```yaml\n{text}\n```")

    def _say(self, text: object) -> str:
        return as_text(text).render(self._language) if isinstance(text, Text | str) else ""

    def types(self, shape: Shape) -> str:
        """Return the types of *shape* in words."""
        declared = [one for one in declared_of(shape) if one in _TYPES and one != "null"]
        if "string" in declared and "number" in declared:
            # A number is welcome where a text is wanted; that needs no saying.
            declared.remove("number")
        named = [_TYPES[one].render(self._language) for one in declared]
        return (" ou " if self._language == "fr" else " or ").join(named)

    def kinds(self, shape: Mapping[str, Any]) -> str:
        """Return the kinds that an expression may give, in words."""
        kinds = kinds_of(shape)
        return spoken_kinds(kinds).render(self._language) if len(kinds) <= 3 else ""


def describe_key(name: str, shape: Shape, language: Language, *, is_required: bool) -> str:
    """Return the page of a key or parameter."""
    page = Description(language)
    page.head(name, shape.get("title"))
    page.about(shape.get("description"))
    page.fact(_TYPE, page.types(shape))
    if is_required:
        page.fact(_REQUIRED, _YES.render(language))
    default = shape.get("default")
    if default is not None:
        page.fact(_DEFAULT, f"`{yaml_text(default)}`")
    choices = choices_of(shape)
    if choices and choices != [True, False] and choices != [default]:
        label = _CHOICES if is_choice(shape) else _EXAMPLE
        page.fact(label, ", ".join(f"`{yaml_text(one)}`" for one in choices[:_MOST_FIELDS]))
    return str(page)


def describe_spec(spec: ActionSpec | TriggerSpec, shape: Shape, language: Language) -> str:
    """Return the page of an action or a trigger."""
    page = Description(language)
    page.head(spec.id, spec.title)
    page.about(spec.about)
    page.fact(_REQUIRED, ", ".join(f"`{name}`" for name in required_of(shape)))
    if isinstance(spec, ActionSpec):
        page.fact(_EFFECT, _EFFECTS[spec.effect].render(language))
        page.fact(_RESULT, _fields(spec.result))
    else:
        page.fact(_EVENT, _fields(spec.event))
    if spec.example:
        lines = [f"- {spec.id}:"]
        lines += [f"    {name}: {_inline(value)}" for name, value in spec.example.items()]
        page.block("\n".join(lines))
    return str(page)


def _inline(value: Any) -> str:
    if isinstance(value, str):
        is_expression = value.startswith("${{") and ": " not in value and " #" not in value
        return value if is_expression else yaml_text(value)
    return json.dumps(value, ensure_ascii=False)


def _fields(shape: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in list(fields_of(shape))[:_MOST_FIELDS])


def describe_filter(spec: FilterSpec, language: Language) -> str:
    """Return the page of a filter."""
    page = Description(language)
    page.head(spec.usage, "")
    page.about(spec.about)
    page.fact(_EXAMPLE, f"`{spec.example}`")
    return str(page)


def describe_function(spec: FunctionSpec, language: Language) -> str:
    """Return the page of a function."""
    page = Description(language)
    page.head(f"{spec.name}()", "")
    page.about(spec.about)
    page.fact(_EXAMPLE, f"`{spec.example}`")
    return str(page)


def describe_name(
    name: str, shape: Mapping[str, Any], sample: Any, language: Language, about: Text | None = None
) -> str:
    """Return the page of what an expression names: its kind, its fields, a sample."""
    page = Description(language)
    page.head(name, "")
    page.about(about)
    page.fact(_GIVES, page.kinds(shape))
    page.fact(_FIELDS, _fields(shape))
    if sample is not None:
        page.fact(_EXAMPLE, f"`{_short(sample)}`")
    return str(page)


def _short(sample: Any) -> str:
    text = json.dumps(sample, ensure_ascii=False).replace("`", "'")
    return text if len(text) <= 120 else text[:117] + "…"
