"""How an input is declared: what a user fills in, for a recipe or in an approval."""

from collections.abc import Mapping
from typing import Final

from rouage.catalog.words import BOOLEAN, TEXT, Shape, obj, word
from rouage.language import Text

INPUT_TYPES: Final = (
    "text",
    "number",
    "integer",
    "boolean",
    "date",
    "time",
    "datetime",
    "duration",
    "money",
    "email",
    "phone",
    "url",
    "file",
    "folder",
    "table",
    "choice",
    "list",
    "map",
    "secret",
    "account",
)

INPUT_WORDS: Final[Mapping[str, Shape]] = {
    "type": word(
        Text("Type", "Type"),
        Text("What kind of value.", "La sorte de valeur."),
        {"enum": list(INPUT_TYPES)},
    ),
    "default": {"title": Text("Default", "Valeur par défaut")},
    "required": word(
        Text("Required", "Obligatoire"),
        Text("`false`: may stay empty.", "`false` : peut rester vide."),
        BOOLEAN,
    ),
    "label": word(
        Text("Label", "Libellé"), Text("Shown in forms.", "Affiché dans les formulaires."), TEXT
    ),
    "help": word(
        Text("Help", "Aide"), Text("Shown below the field.", "Affichée sous le champ."), TEXT
    ),
    "choices": word(
        Text("Choices", "Choix"),
        Text("The values to choose from.", "Les valeurs possibles."),
        {"type": "array", "minItems": 1},
    ),
    "min": {"title": Text("Minimum", "Minimum")},
    "max": {"title": Text("Maximum", "Maximum")},
    "pattern": word(
        Text("Pattern", "Motif"),
        Text("What a text must look like.", "La forme d’un texte."),
        TEXT,
    ),
    "secret": word(
        Text("Secret", "Secret"),
        Text("Never shown.", "Jamais affiché."),
        BOOLEAN,
    ),
}
INPUTS: Final[Shape] = {"type": "object", "additionalProperties": obj(INPUT_WORDS, "type")}
