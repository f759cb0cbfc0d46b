"""The parameters of a trigger or action as a recipe writes them: values, or expressions."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.catalog.grammar import EXPRESSION_PATTERN, Shape
from rouage.language import Text
from rouage.sdk.connector import ActionSpec, TriggerSpec
from rouage.sdk.conversion import unwrap_optional
from rouage.sdk.params import Parameters, ParamSpec

_OR_EXPRESSION: Final = r"\$\{\{"

_WANTED: Final[Mapping[str, Text]] = {
    "boolean": Text("true or false", "true (vrai) ou false (faux)"),
    "integer": Text("a whole number", "un nombre entier"),
    "number": Text("a number", "un nombre"),
    "array": Text("a list", "une liste"),
    "object": Text("a mapping of names to values", "une table nom: valeur"),
}
_VALUE_WANTED: Final = Text(
    "Write {wanted}, or an expression in ${{{{ }}}}.",
    "Écrivez {wanted}, ou une expression entre ${{{{ }}}}.",
)
_DURATION_WANTED: Final = Text(
    "Write a duration such as 10s, 5m, 2h30m, or an expression in ${{ }}.",
    "Écrivez une durée comme 10s, 5m, 2h30m, ou une expression entre ${{ }}.",
)


def parameters_shape(spec: ActionSpec | TriggerSpec) -> Shape:
    """Return the shape of what stands below the id of *spec* in a recipe."""
    parameters = spec.parameters
    types: Any = "object" if parameters.required else ["object", "null"]
    return {
        "title": spec.title,
        "description": spec.about,
        "markdownDescription": spec.about,
        "type": types,
        "properties": {name: _parameter(parameters, name) for name in parameters.names},
        "required": list(parameters.required),
        "additionalProperties": False,
        "defaultSnippets": [_snippet(spec)],
    }


def _snippet(spec: ActionSpec | TriggerSpec) -> Shape:
    body = {name: f"${number}" for number, name in enumerate(spec.parameters.required, 1)}
    return {"label": spec.id, "description": spec.title, "body": body}


def _parameter(parameters: Parameters, name: str) -> Shape:
    spec = parameters.specs[name]
    declared = parameters.schema_of(name)
    _, is_optional = unwrap_optional(parameters.types[name])
    shape = admit_expression(declared)
    if is_optional and "type" in shape:
        types = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
        shape["type"] = [*types, "null"]
    described = {
        "title": spec.title if spec.title is not None else name,
        "description": spec.about,
        "markdownDescription": spec.about,
    }
    return described | shape | _examples(spec, declared)


def _examples(spec: ParamSpec, declared: Mapping[str, Any]) -> Shape:
    shown: Shape = {}
    if spec.examples:
        shown["examples"] = list(spec.examples)
    if "default" in declared:
        shown["default"] = declared["default"]
    return shown


def admit_expression(declared: Mapping[str, Any]) -> Shape:
    """Return the shape of a value of the *declared* type, or of an expression for one."""
    if "enum" in declared:
        return _choice(declared["enum"])
    kind = declared.get("type")
    if kind == "string":
        return _text(declared)
    if isinstance(kind, list):
        return {"type": ["string", "number", "array"], "items": {"type": ["string", "number"]}}
    if not isinstance(kind, str):
        # Any value: said in full, since editors complete nothing where no type is named.
        return {"type": ["string", "number", "boolean", "object", "array", "null"]}
    shape = _value_or_expression(kind)
    shape |= {bound: declared[bound] for bound in ("minimum", "maximum") if bound in declared}
    for inner in ("items", "additionalProperties"):
        if inner in declared:
            shape[inner] = admit_expression(declared[inner])
    return shape


def _value_or_expression(kind: str) -> Shape:
    wanted = {"wanted": _WANTED[kind]}
    return {
        "type": [kind, "string"],
        "pattern": EXPRESSION_PATTERN,
        "patternErrorMessage": Text(
            _VALUE_WANTED.render("en", wanted), _VALUE_WANTED.render("fr", wanted)
        ),
    }


def _choice(choices: list[Any]) -> Shape:
    """Return the shape of a choice: `enum` would refuse expressions, a pattern admits both."""
    if all(isinstance(choice, str) for choice in choices):
        listed = "|".join(_literal(choice) for choice in choices)
        return {
            "type": "string",
            "pattern": rf"^(?:{listed})$|{_OR_EXPRESSION}",
            "patternErrorMessage": _one_of(choices),
            "examples": choices,
        }
    return {
        "type": ["integer", "number", "boolean", "string"],
        "examples": choices,
    }


def _one_of(choices: list[Any]) -> Text:
    listed = ", ".join(str(choice) for choice in choices)
    return Text(f"Choose one of: {listed}.", f"Choisissez parmi : {listed}.")


def _literal(choice: str) -> str:
    """Escape *choice* so that Python and JavaScript read the same pattern."""
    return "".join(f"\\{letter}" if letter in r"\^$.|?*+()[]{}/" else letter for letter in choice)


def _text(declared: Mapping[str, Any]) -> Shape:
    is_duration = declared.get("format") == "duration"
    shape: Shape = {"type": "string" if is_duration else ["string", "number"]}
    pattern = declared.get("pattern")
    if pattern is None and "maxLength" in declared:
        pattern = rf"^[\s\S]{{0,{declared['maxLength']}}}$"
    if pattern is not None:
        shape["pattern"] = rf"{_OR_EXPRESSION}|(?:{pattern})"
    if is_duration:
        shape["patternErrorMessage"] = _DURATION_WANTED
    return shape
