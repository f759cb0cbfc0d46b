"""The parameters of `photo.contact_sheet`."""

from typing import Literal

from rouage.sdk import Text, param, params
from rouage.sdk.files import OnConflict
from rouage_connectors.photo.contact_sheet_layout import Shape
from rouage_connectors.photo.declaration import (
    CONFLICT,
    CONFLICT_TITLE,
    MATCH,
    MATCH_TITLE,
    PHOTOS,
    PHOTOS_TITLE,
    TARGET_TITLE,
)


@params
class Sheet:
    """Which photos, where to, and how it looks."""

    photos: str | list[str] = param(
        PHOTOS, title=PHOTOS_TITLE, format="path", examples=["files/photos"]
    )
    target: str = param(
        Text(
            "The sheet to make: a .jpg (several, numbered, if it takes more pages) or a .pdf.",
            "La planche à faire : un .jpg (plusieurs, numérotés, au-delà d’une page) ou un .pdf.",
        ),
        title=TARGET_TITLE,
        format="path",
        examples=["files/sheet.pdf"],
    )
    before: list[str] = param(
        Text(
            "The photos as they were, one for each, in the same order: each pair side by side.",
            "Les photos d’avant, une pour chacune, dans le même ordre : "
            "chaque paire est côte à côte.",
        ),
        title=Text("Before", "Avant"),
        default=[],
        format="path",
    )
    match: str | list[str] | None = param(MATCH, title=MATCH_TITLE, default=None, format="glob")
    title: str = param(
        Text("What stands at the top.", "Ce qui est écrit en haut."),
        title=Text("Title", "Titre"),
        default="",
        max_length=200,
    )
    names: bool = param(
        Text("Write the name below each photo.", "Écrire le nom sous chaque photo."),
        title=Text("With names", "Avec les noms"),
        default=True,
    )
    columns: int | None = param(
        Text(
            "How many photos side by side; 4 (2 for pairs), unless given.",
            "Combien de photos côte à côte ; 4 (2 pour des paires), sauf indication.",
        ),
        title=Text("Columns", "Colonnes"),
        default=None,
        minimum=1,
        maximum=12,
    )
    shape: Shape = param(
        Text("Whether the page stands or lies.", "Si la page est debout ou couchée."),
        title=Text("Page", "Page"),
        default="portrait",
    )
    longest: int = param(
        Text("Longest side of a page, in pixels.", "Plus grand côté d’une page, en pixels."),
        title=Text("Longest side", "Plus grand côté"),
        default=2_000,
        minimum=600,
        maximum=5_000,
    )
    language: Literal["en", "fr"] = param(
        Text("Language of the few words on it.", "Langue des quelques mots dessus."),
        title=Text("Language", "Langue"),
        default="fr",
    )
    on_conflict: OnConflict = param(CONFLICT, title=CONFLICT_TITLE, default="fail")
