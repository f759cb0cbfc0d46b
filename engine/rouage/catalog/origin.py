"""What a recipe of the gallery says of itself, and what a recipe made from it keeps."""

from collections.abc import Mapping
from typing import Final

from rouage.catalog.words import TEXT, Shape, obj, word
from rouage.language import Text

_WORDS: Final[Mapping[str, Shape]] = {
    "id": word(
        Text("Recipe of the gallery", "Recette de la galerie"),
        Text("The same in every language.", "Le même dans toutes les langues."),
        {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}$"},
    ),
    "version": word(
        Text("Version", "Version"),
        Text("Which version of it this is.", "Quelle version c’est."),
        {"type": "integer", "minimum": 1},
    ),
    "cost": word(
        Text("Cost", "Coût"),
        Text("What it costs to run.", "Ce qu’elle coûte."),
        {**TEXT, "examples": ["0 €"]},
    ),
    "minutes": word(
        Text("Minutes saved", "Minutes gagnées"),
        Text("How many, each time.", "Combien, à chaque fois."),
        {"type": "integer", "minimum": 1, "maximum": 10_000},
    ),
    "needs": word(
        Text("Accounts", "Comptes"),
        Text("The types of account that it uses.", "Les types de compte qu’elle utilise."),
        {"type": "array", "items": TEXT},
    ),
    "words": word(
        Text("Words", "Mots"),
        Text("Further words by which it is found.", "D’autres mots qui la font trouver."),
        {"type": "array", "items": TEXT},
    ),
}
GALLERY: Final = word(
    Text("Gallery", "Galerie"),
    Text(
        "Where it comes from, what it costs and saves. It changes nothing.",
        "D’où elle vient, ce qu’elle coûte et fait gagner. Elle n’y change rien.",
    ),
    obj(_WORDS, "id"),
)
