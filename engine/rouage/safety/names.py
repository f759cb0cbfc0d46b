"""Which names new files may have, and how any name is shown (security S-43).

The strict policy is for names that Rouage makes. A file that exists already keeps its own
name when it is moved or copied, however odd: refusing it would strand the file.
"""

import itertools
import os
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from rouage.errors import StepError
from rouage.language import Text

NEW_NAME_BYTES: Final = 200
"""Longest name that Rouage makes; room is left for suffixes that others add."""

ANY_NAME_BYTES: Final = 255
"""Longest name that common file systems hold."""

_RESERVED: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE
)
# Control characters, and those that reorder or hide what is read.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_HIDDEN: Final = re.compile(f"{_UNSAFE.pattern}|[\ud800-\udfff]")

_SLUG: Final = Text(
    "the filter `| safe_filename` makes a safe name of any text",
    "le filtre `| safe_filename` fait un nom sûr de n’importe quel texte",
)
_CONTROL: Final = Text(
    "the new name “{name}” holds an invisible or control character",
    "le nouveau nom « {name} » contient un caractère invisible ou de contrôle",
)
_RESERVED_NAME: Final = Text(
    "the name “{name}” is reserved by Windows", "le nom « {name} » est réservé par Windows"
)
_TRAILING: Final = Text(
    "the new name “{name}” ends with a dot or a space",
    "le nouveau nom « {name} » finit par un point ou une espace",
)
_SEPARATOR: Final = Text(
    "the new name “{name}” holds a “/” or a “\\”",
    "le nouveau nom « {name} » contient un « / » ou un « \\ »",
)
_LONG: Final = Text(
    "the new name “{name}” takes {size} bytes; {limit} is the most",
    "le nouveau nom « {name} » fait {size} octets ; {limit} au plus",
)
_EMPTY: Final = Text("a new file needs a name", "un nouveau fichier a besoin d’un nom")


def shown(path: object) -> str:
    """Return *path* for a reader: control characters and undecodable bytes become escapes."""
    return _HIDDEN.sub(_escape, str(path))


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8 (surrogateescape)
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def new_name(name: str) -> str:
    """Return *name* in composed form (NFC) if a new file may have it.

    Raises:
        StepError: the name would be unsafe or unusable somewhere; the remedy is named.
    """
    composed = unicodedata.normalize("NFC", name)
    refusal = _refusal(composed)
    if refusal is not None:
        raise StepError(
            refusal,
            hint=_SLUG,
            name=shown(composed[:80]),
            size=len(os.fsencode(composed)),
            limit=NEW_NAME_BYTES,
        )
    return composed


def _refusal(name: str) -> Text | None:
    if name in {"", ".", ".."}:
        return _EMPTY
    if "/" in name or "\\" in name:
        return _SEPARATOR
    if _UNSAFE.search(name) is not None:
        return _CONTROL
    if name[-1] in ". ":
        return _TRAILING
    if _RESERVED.fullmatch(name) is not None:
        return _RESERVED_NAME
    return _LONG if len(os.fsencode(name)) > NEW_NAME_BYTES else None


def numbered(name: str) -> Iterator[str]:
    """Yield `name (2).ext`, `name (3).ext`, … each no longer than a file system allows."""
    stem, extension = os.path.splitext(name)  # noqa: PTH122 - a name, maybe not decodable
    for number in itertools.count(2):
        suffix = f" ({number}){extension}"
        yield _shortened(stem, ANY_NAME_BYTES - len(os.fsencode(suffix))) + suffix


def _shortened(text: str, limit: int) -> str:
    """Cut *text* to *limit* bytes without cutting a character."""
    while len(os.fsencode(text)) > limit:
        text = text[:-1]
    return text
