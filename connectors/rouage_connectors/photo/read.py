"""The action `photo.read`: what a photo says about itself, and how sharp it is."""

import asyncio
from typing import Any, Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage_connectors.photo import look
from rouage_connectors.photo.declaration import LIMITS, connector
from rouage_connectors.photo.formats import opened
from rouage_connectors.photo.metadata import facts
from rouage_connectors.photo.pixels import small
from rouage_connectors.photo.reasons import unusable

_MEASURED: Final = 480
_TEXT: Final[dict[str, JSON]] = {"type": ["string", "null"]}
_NUMBER: Final[dict[str, JSON]] = {"type": ["number", "null"]}


@params
class Reading:
    """Which photo."""

    photo: str = param(
        Text("The photo.", "La photo."),
        title=Text("Photo", "Photo"),
        format="path",
        examples=["${{ event.file.path }}"],
    )


@connector.action(
    "read",
    title=Text("Read a photo", "Lire une photo"),
    about=Text(
        "Read what a photo says about itself: size, date, camera; and how sharp it is.",
        "Lit ce qu’une photo dit d’elle-même : taille, date, appareil ; et sa netteté.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "format": {"type": "string", "description": "JPEG, PNG, WEBP, GIF, HEIC or RAW"},
            "width": {"type": "integer", "description": "Pixels, once it stands upright"},
            "height": {"type": "integer", "description": "Pixels, once it stands upright"},
            "orientation": {
                "type": "integer",
                "description": "How it must be turned to stand upright: 1 is not at all",
            },
            "taken": {**_TEXT, "description": "When, by the clock of the camera"},
            "make": {**_TEXT, "description": "Who made the camera"},
            "model": {**_TEXT, "description": "Which camera"},
            "lens": _TEXT,
            "exposure": {**_NUMBER, "description": "Seconds"},
            "aperture": {**_NUMBER, "description": "The number after f/"},
            "iso": {"type": ["integer", "null"], "description": "Sensitivity"},
            "focal_length": {**_NUMBER, "description": "Millimetres"},
            "artist": {**_TEXT, "description": "Who took it"},
            "copyright": _TEXT,
            "has_location": {
                "type": "boolean",
                "description": "Whether it says where it was taken",
            },
            "light": {"type": "number", "description": "How light it is, from 0 to 1"},
            "sharpness": {"type": "number", "description": "The higher, the sharper"},
            "is_blurred": {"type": "boolean", "description": "Whether it seems blurred"},
        },
        "required": ["format", "width", "height", "taken", "model", "has_location", "sharpness"],
    },
    example={"photo": "${{ event.file.path }}"},
    describe=Text("read the photo {photo}", "lire la photo {photo}"),
    isolated=True,
    limits=LIMITS,
)
async def read(params: Reading, context: Context) -> JSON:
    """Read what a photo says about itself."""
    return await asyncio.to_thread(_read, params, context)


def _read(params: Reading, context: Context) -> JSON:
    with context.files.open_read(params.photo) as file:
        try:
            return _facts(file)
        except StepError as error:
            raise unusable(params.photo, error) from error


def _facts(file: Any) -> dict[str, Any]:
    with opened(file) as image:
        said = facts(image)
        found = look.measure(small(image, _MEASURED))
    return {
        **said,
        "light": round(found.light, 4),
        "sharpness": found.sharpness,
        "is_blurred": "blurred" in found.doubts,
    }
