"""Pictures that a page shows itself: formats that every browser draws, and that run nothing."""

from pathlib import PurePath
from typing import Final

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_SUFFIXES: Final = frozenset({".gif", ".jpeg", ".jpg", ".png", ".webp"})


def is_picture(name: str) -> bool:
    """Say whether a file is a picture, by its name: what it holds is looked at when it is sent."""
    return PurePath(name).suffix.lower() in _SUFFIXES


def picture_type(content: bytes) -> str | None:
    """Return the media type of a picture by its first bytes; None for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES if content.startswith(start)), None)
