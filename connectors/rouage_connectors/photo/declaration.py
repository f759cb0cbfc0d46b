"""The connector `photo` and what its actions share."""

from typing import Final

from rouage.sdk import JSON, Connector, Limits, Text

EXTRA: Final = "photo"

connector = Connector(
    "photo",
    title=Text("Photos", "Photos"),
    about=Text(
        "Photos by the hundred: correct, resize, sign, show and hand over; originals stay.",
        "Des photos par centaines : corriger, réduire, signer, montrer ; les originaux restent.",
    ),
    extras={EXTRA: "PIL"},
)

LIMITS: Final = Limits(
    seconds=3_600, processor_seconds=900, memory_bytes=768 << 20, result_bytes=8 << 20
)
"""A photo comes from outside: a worker process reads it, and gives up one that is hostile."""

RAW_EXTRA: Final = "photo-raw"
MOST_PHOTOS: Final = 2_000

PHOTOS_TITLE: Final = Text("Photos", "Photos")
PHOTOS: Final = Text(
    "A photo, a list of photos, or a folder of them.",
    "Une photo, une liste de photos, ou un dossier de photos.",
)
MATCH_TITLE: Final = Text("Names", "Noms")
MATCH: Final = Text(
    "Which names of the folders: a pattern or several; all photos, unless given.",
    "Quels noms des dossiers : un motif ou plusieurs ; toutes les photos, sauf indication.",
)
TARGET_TITLE: Final = Text("Target", "Cible")
CONFLICT_TITLE: Final = Text("If it exists", "S’il existe déjà")
CONFLICT: Final = Text(
    "What to do if the target exists: fail, skip, overwrite or rename.",
    "Que faire si la cible existe : fail, skip, overwrite ou rename.",
)
QUALITY_TITLE: Final = Text("Quality", "Qualité")
QUALITY: Final = Text(
    "Quality of JPEG and WebP, from 40 to 100.", "Qualité du JPEG et du WebP, de 40 à 100."
)

REASON: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {"en": {"type": "string"}, "fr": {"type": "string"}},
    "description": "Why, in both languages",
}
FAILED: Final[dict[str, JSON]] = {
    "type": "array",
    "description": "Photos that could not be read, each with the reason",
    "items": {
        "type": "object",
        "properties": {"source": {"type": "string", "format": "path"}, "reason": REASON},
        "required": ["source", "reason"],
    },
}
