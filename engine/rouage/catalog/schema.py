"""Compose the JSON Schema of a recipe for what is installed here, in one language.

Two drafts say the same: 2020-12, and draft-07 for older editors. The order of keys is stable,
and `$id` holds the version, so that two installations can be compared.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import rouage
from rouage.catalog.catalog import Catalog
from rouage.catalog.grammar import ENGINE_WORDS, STEP_KEYS, TOP_WORDS, TRIGGER_KEYS, Shape, obj
from rouage.catalog.parameters import parameters_shape
from rouage.catalog.snippets import SNIPPETS
from rouage.language import Language, Text

Draft = Literal["2020-12", "draft-07"]

_DIALECTS: Final[Mapping[Draft, str]] = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft-07": "http://json-schema.org/draft-07/schema#",
}
_RECIPE: Final = Text("Recipe", "Recette")
_RECIPE_ABOUT: Final = Text("When, if, do.", "Quand, si, faire.")
_TRIGGER: Final = Text("Trigger", "Déclencheur")
_TRIGGER_ABOUT: Final = Text(
    "One trigger, and beside it what is common to all.",
    "Un seul déclencheur, et à côté les mots communs à tous.",
)
_STEP: Final = Text("Step", "Étape")
_STEP_ABOUT: Final = Text(
    "One action, and beside it what is common to all.",
    "Une seule action, et à côté les mots communs à toutes.",
)


def compose(
    catalog: Catalog, language: Language = "en", draft: Draft = "2020-12"
) -> dict[str, Any]:
    """Return the schema of a recipe for the connectors of *catalog*."""
    composed = localise(recipe_shape(catalog), language)
    head = {
        "$schema": _DIALECTS[draft],
        "$id": f"urn:rouage:recipe:{rouage.__version__}:{language}:{draft}",
    }
    schema: dict[str, Any] = head | composed
    return schema if draft == "2020-12" else _as_draft_07(schema)


def recipe_shape(catalog: Catalog) -> Shape:
    """Return the shape of a recipe, its texts in both languages."""
    triggers = {id_: catalog.triggers[id_] for id_ in sorted(catalog.triggers)}
    actions = {id_: catalog.actions[id_] for id_ in sorted(catalog.actions)}
    definitions: Shape = {
        "trigger": {
            "title": _TRIGGER,
            "description": _TRIGGER_ABOUT,
            **obj({**TRIGGER_KEYS} | _references("trigger", triggers)),
        },
        "step": {
            "title": _STEP,
            "description": _STEP_ABOUT,
            **obj({**_engine_words(), **STEP_KEYS} | _references("action", actions)),
        },
    }
    definitions |= {f"trigger.{id_}": parameters_shape(spec) for id_, spec in triggers.items()}
    definitions |= {f"action.{id_}": parameters_shape(spec) for id_, spec in actions.items()}
    return {
        "title": _RECIPE,
        "description": _RECIPE_ABOUT,
        **obj(TOP_WORDS, "name", "do"),
        "$defs": definitions,
    }


def _engine_words() -> Shape:
    return {
        name: {
            **shape,
            "defaultSnippets": [
                {"label": name, "description": shape["title"], "body": SNIPPETS[name]}
            ],
        }
        for name, shape in ENGINE_WORDS.items()
    }


def _references(kind: str, ids: Iterable[str]) -> Shape:
    return {id_: {"$ref": f"#/$defs/{kind}.{id_}"} for id_ in ids}


def write_schema(catalog: Catalog, language: Language, target: Path) -> None:
    """Keep *target*, the schema that editors read, in step with what is installed."""
    text = json.dumps(compose(catalog, language=language), ensure_ascii=False, indent=1)
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")


def localise(shape: Any, language: Language) -> Any:
    """Return *shape* with every bilingual text in *language*."""
    if isinstance(shape, Text):
        return shape.render(language)
    if isinstance(shape, Mapping):
        return {key: localise(value, language) for key, value in shape.items()}
    if isinstance(shape, list):
        return [localise(item, language) for item in shape]
    return shape


def _as_draft_07(shape: Any) -> Any:
    if isinstance(shape, list):
        return [_as_draft_07(item) for item in shape]
    if not isinstance(shape, dict):
        return shape
    twin: dict[str, Any] = {}
    for key, value in shape.items():
        if key == "$ref":
            twin[key] = value.replace("#/$defs/", "#/definitions/")
        else:
            twin["definitions" if key == "$defs" else key] = _as_draft_07(value)
    return twin
