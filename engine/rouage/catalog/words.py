"""What every word of a recipe is described with: patterns, plain shapes, titles."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.language import Text
from rouage.sdk.quantities import DURATION_PATTERN

Shape = dict[str, Any]

FORMAT_VERSION: Final = 1
EXPRESSION_PATTERN: Final = r"^\s*\$\{\{[\s\S]*\}\}\s*$"
# Python lets `$` stand before a last newline; the look-ahead does not, in both dialects.
RECIPE_ID_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)"
STEP_ID_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$(?!\n)"
STEP_REFERENCE: Final[Shape] = {"$ref": "#/$defs/step"}
TRIGGER_REFERENCE: Final[Shape] = {"$ref": "#/$defs/trigger"}

_DURATION_WANTED: Final = Text(
    "A duration is wanted, such as 10s, 5m, 2h30m, 3d or 1w.",
    "Une durée est attendue, comme 10s, 5m, 2h30m, 3d ou 1w.",
)


def word(title: Text, about: Text, shape: Mapping[str, Any]) -> Shape:
    """Return *shape* with its title and description."""
    return {"title": title, "description": about, "markdownDescription": about, **shape}


def obj(properties: Mapping[str, Any], *required: str, types: Any = "object") -> Shape:
    """Return the shape of a mapping with exactly these *properties*."""
    return {
        "type": types,
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


TEXT: Final[Shape] = {"type": ["string", "number"]}
DURATION: Final[Shape] = {
    "type": "string",
    "pattern": DURATION_PATTERN + r"(?!\n)",
    "patternErrorMessage": _DURATION_WANTED,
    "examples": ["10s", "5m", "2h30m", "3d"],
}
BOOLEAN: Final[Shape] = {"type": "boolean"}
CONDITION: Final[Shape] = {
    "type": ["string", "boolean"],
    "examples": ["event.file.size > 0"],
}
VALUES: Final[Shape] = {"type": "object", "additionalProperties": True}

IF: Final = word(
    Text("If", "Si"),
    Text(
        "An expression, without `${{ }}`, that must be true.",
        "Une expression, sans `${{ }}`, qui doit être vraie.",
    ),
    CONDITION,
)
TIMEOUT: Final = word(
    Text("Time limit", "Temps maximal"),
    Text("How long this may take: `30s`, `5m`.", "Durée à ne pas dépasser : `30s`, `5m`."),
    DURATION,
)
STEPS: Final[Shape] = {"type": "array", "minItems": 1, "items": STEP_REFERENCE}
RATE_PATTERN: Final = (
    r"^\s*[1-9][0-9]{0,6}\s*(?:per|par|/)\s*" + DURATION_PATTERN.strip("^$") + r"\s*$(?!\n)"
)
RATE_WANTED: Final = Text(
    "A rate is wanted, such as 20 per 1h.", "Une cadence est attendue, comme 20 per 1h."
)
LEARNED: Final = "learned"
"""What `expect` says for: as much as usual."""
EXPECT_PATTERN: Final = RATE_PATTERN + "|^" + LEARNED + r"$(?!\n)"
EXPECT_WANTED: Final = Text(
    "A rate is wanted, such as 1 per 7d, or the word learned.",
    "Une cadence est attendue, comme 1 per 7d, ou le mot learned.",
)
