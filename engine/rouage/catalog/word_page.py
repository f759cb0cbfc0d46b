"""The reference page of the recipe language, in Markdown: a reading of its grammar.

As on the pages of connectors, every sentence stands in English and in French.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.catalog.grammar import (
    CONCURRENCY_WORDS,
    ENGINE_WORDS,
    RETRY_WORDS,
    STEP_KEYS,
    TOP_WORDS,
    TRIGGER_KEYS,
    Shape,
)
from rouage.catalog.reference import row, table
from rouage.catalog.word_examples import EXAMPLES
from rouage.catalog.words import (
    CONDITION,
    EXPECT_PATTERN,
    EXPRESSION_PATTERN,
    LEARNED,
    RATE_PATTERN,
    STEP_REFERENCE,
    TRIGGER_REFERENCE,
)
from rouage.language import Text
from rouage.sdk.quantities import DURATION_PATTERN

WORDS: Final = "words.md"

_HEAD: Final = """\
# Words of a recipe

Every word and key of the recipe language, in English and French.
*Tous les mots et toutes les clés du langage des recettes, en anglais et en français.*
[Recipes](recipes.md) explains how they fit together.
"""
_COLUMNS: Final = "| key | value | default | meaning | sens |"
_PLAIN: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
}
_STANDING: Final[tuple[tuple[Text, Mapping[str, Shape]], ...]] = (
    (Text("Top words", "Mots du haut"), TOP_WORDS),
    (Text("Beside a trigger", "À côté d’un déclencheur"), TRIGGER_KEYS),
    (Text("Beside a step", "À côté d’une étape"), STEP_KEYS),
)
_PARTS: Final[Mapping[str, Mapping[str, Shape]]] = {
    "retry": RETRY_WORDS,
    "concurrency": CONCURRENCY_WORDS,
    **{name: TRIGGER_KEYS[name]["properties"] for name in ("missed", "once", "debounce", "batch")},
}


def word_page() -> str:
    """Return the page of all words: the engine words, then what stands beside and above."""
    lines = [_HEAD, "## Engine words", "", "*Mots du moteur*", ""]
    for name, shape in ENGINE_WORDS.items():
        lines += _word(name, shape)
    for title, words in _STANDING:
        lines += [f"## {title.en}", "", f"*{title.fr}*", "", *_keys(words)]
    for name, words in _PARTS.items():
        lines += [f"### In `{name}`", "", *_keys(words)]
    return "\n".join(lines)


def _word(name: str, shape: Shape) -> list[str]:
    title, about = shape["title"], shape["description"]
    return [
        f"### {name}",
        "",
        f"**{title.en}** / *{title.fr}*.",
        about.en,
        f"*{about.fr}*",
        "",
        "```yaml",
        EXAMPLES[name].rstrip("\n"),
        "```",
        "",
        *_keys(shape.get("properties") or shape.get("items", {}).get("properties", {}), shape),
    ]


def _keys(words: Mapping[str, Shape], owner: Shape | None = None) -> list[str]:
    required = _required(owner or {})
    rows = [_row(name, shape, is_required=name in required) for name, shape in words.items()]
    return table("Keys:", _COLUMNS, rows)


def _required(owner: Shape) -> list[str]:
    inner: Shape = owner.get("items", {}) if "properties" not in owner else owner
    found: list[str] = inner.get("required", [])
    return found


def _row(name: str, shape: Shape, *, is_required: bool) -> str:
    about: Text = shape["description"] if "description" in shape else shape["title"]
    default = f"`{str(shape['default']).lower()}`" if "default" in shape else ""
    cells = [f"`{name}`", " or ".join(_kinds(shape)), "**required**" if is_required else default]
    return row(*cells, about.en, about.fr)


def _kinds(shape: Shape) -> Iterator[str]:
    """Yield how the value of a key may be written."""
    declared: Any = shape.get("type", [])
    types = [declared] if isinstance(declared, str) else list(declared)
    pattern = shape.get("pattern", "")
    if shape.get("$ref") == TRIGGER_REFERENCE["$ref"]:
        yield "a trigger"
    elif "enum" in shape:
        yield ", ".join(f"`{choice}`" for choice in shape["enum"])
    elif types == CONDITION["type"]:
        yield "condition"
    else:
        yield from _texts(types, pattern)
        yield from (_PLAIN[kind] for kind in types if kind in {"integer", "boolean", "object"})
        if types == ["number"]:
            yield "number"
        if "array" in types:
            yield _list(shape.get("items"))
    if not types and "$ref" not in shape and "enum" not in shape:
        yield "any"


def _texts(types: list[str], pattern: str) -> Iterator[str]:
    if "string" not in types:
        return
    if pattern.startswith("^(?:") and pattern.endswith(")$(?!\\n)") and "\\" not in pattern[4:-8]:
        yield ", ".join(f"`{choice}`" for choice in pattern[4:-8].split("|"))
    elif pattern in {RATE_PATTERN, EXPECT_PATTERN}:
        yield "rate"
        if pattern == EXPECT_PATTERN:
            yield f"`{LEARNED}`"
    elif pattern != EXPRESSION_PATTERN:
        yield "duration" if DURATION_PATTERN in pattern else "text"
    if EXPRESSION_PATTERN in pattern:
        yield "expression"


def _list(items: Any) -> str:
    if items == STEP_REFERENCE:
        return "steps"
    if items == TRIGGER_REFERENCE:
        return "triggers"
    return "list"
