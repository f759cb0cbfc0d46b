"""The parameters of `photo.process`."""

from typing import Literal

from rouage.sdk import Text, param, params
from rouage.sdk.files import OnConflict
from rouage_connectors.photo.declaration import (
    CONFLICT,
    CONFLICT_TITLE,
    MATCH,
    MATCH_TITLE,
    PHOTOS,
    PHOTOS_TITLE,
    QUALITY,
    QUALITY_TITLE,
)
from rouage_connectors.photo.metadata import Keep
from rouage_connectors.photo.pixels import Crop
from rouage_connectors.photo.watermark import Corner

Format = Literal["jpeg", "webp", "png"]


@params
class Processing:
    """Which photos, and how they are wanted."""

    photos: str | list[str] = param(
        PHOTOS,
        title=PHOTOS_TITLE,
        format="path",
        examples=["files/session", "${{ event.files | map('path') }}"],
    )
    folder: str = param(
        Text(
            "Where the new photos go; the originals stay as they are.",
            "Où vont les nouvelles photos ; les originaux restent tels quels.",
        ),
        title=Text("Folder", "Dossier"),
        format="folder",
        examples=["files/ready"],
    )
    match: str | list[str] | None = param(MATCH, title=MATCH_TITLE, default=None, format="glob")
    name: str = param(
        Text(
            "What each is called: {name} of the original, {number}, {date} and {time} of taking.",
            "Comment chacune s’appelle : {name} de l’original, {number}, {date} et {time} de "
            "prise de vue.",
        ),
        title=Text("Name", "Nom"),
        default="{name}",
        max_length=120,
        examples=["{name}", "{date}-{number}"],
    )
    enhance: bool = param(
        Text(
            "Correct light, contrast and colours of each, those of one series alike.",
            "Corriger la lumière, le contraste et les couleurs, de même dans une série.",
        ),
        title=Text("Correct", "Corriger"),
        default=True,
    )
    like: list[str] = param(
        Text(
            "A few photos whose light is as you like it: the others are brought towards it.",
            "Quelques photos dont la lumière vous plaît : les autres s’en rapprochent.",
        ),
        title=Text("Like these", "Comme celles-ci"),
        default=[],
        format="path",
    )
    longest: int | None = param(
        Text(
            "Pixels of the longest side; photos are never enlarged. Full size, if empty.",
            "Pixels du plus grand côté ; rien n’est agrandi. Taille d’origine, si vide.",
        ),
        title=Text("Longest side", "Plus grand côté"),
        default=2_048,
        minimum=16,
        maximum=20_000,
    )
    crop: Crop = param(
        Text(
            "Cut to this shape around the middle: none, square, 4:3, 3:2, 16:9 or 4:5.",
            "Recadrer ainsi autour du milieu : none (aucun), square (carré), 4:3, 3:2, 16:9, 4:5.",
        ),
        title=Text("Shape", "Cadrage"),
        default="none",
    )
    format: Format = param(
        Text("Format of the new photos.", "Format des nouvelles photos."),
        title=Text("Format", "Format"),
        default="jpeg",
    )
    quality: int = param(QUALITY, title=QUALITY_TITLE, default=88, minimum=40, maximum=100)
    watermark: str | None = param(
        Text(
            "A text that signs each photo, such as your name.",
            "Un texte qui signe chaque photo, comme votre nom.",
        ),
        title=Text("Signature", "Signature"),
        default=None,
        max_length=80,
        examples=["© Zoé Martin"],
    )
    watermark_image: str | None = param(
        Text(
            "Or a picture that signs it: a PNG with a transparent background.",
            "Ou une image qui la signe : un PNG à fond transparent.",
        ),
        title=Text("Logo", "Logo"),
        default=None,
        format="path",
    )
    watermark_place: Corner = param(
        Text("Where the signature is.", "Où se trouve la signature."),
        title=Text("Place of the signature", "Place de la signature"),
        default="bottom-right",
    )
    watermark_width: float = param(
        Text(
            "How wide the signature is, as a share of the photo.",
            "Largeur de la signature, en part de la photo.",
        ),
        title=Text("Width of the signature", "Largeur de la signature"),
        default=0.2,
        minimum=0.01,
        maximum=1,
    )
    watermark_opacity: float = param(
        Text(
            "How strongly the signature covers, from 0.05 to 1.",
            "Force de la signature, de 0,05 à 1.",
        ),
        title=Text("Strength of the signature", "Force de la signature"),
        default=0.6,
        minimum=0.05,
        maximum=1,
    )
    keep: Keep = param(
        Text(
            "What the new photo tells of its making: camera and date, date alone, or nothing.",
            "Ce que dit la nouvelle photo de sa prise : camera (appareil et date), date, "
            "nothing (rien).",
        ),
        title=Text("Keep", "Garder"),
        default="camera",
    )
    location: bool = param(
        Text(
            "Leave in it where the photo was taken; taken out, unless you say so.",
            "Y laisser le lieu de prise de vue ; retiré, sauf si vous le dites.",
        ),
        title=Text("With the place", "Avec le lieu"),
        default=False,
    )
    artist: str | None = param(
        Text("Who took the photos: written into each.", "Qui a pris les photos : écrit dedans."),
        title=Text("Photographer", "Photographe"),
        default=None,
        max_length=120,
    )
    copyright: str | None = param(
        Text("Whose rights: written into each.", "À qui sont les droits : écrit dedans."),
        title=Text("Copyright", "Droits"),
        default=None,
        max_length=200,
        examples=["© 2026 Zoé Martin"],
    )
    on_conflict: OnConflict = param(CONFLICT, title=CONFLICT_TITLE, default="fail")
