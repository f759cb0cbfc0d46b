"""The page of a gallery: one HTML file that loads nothing but its photos.

Its style and its script stand in it, and its policy admits these two alone, by their hash.
Without the script, each small photo leads to the large one.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Final, Literal
from urllib.parse import quote

from rouage.sdk import Text
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass

Language = Literal["en", "fr"]

_WORDS: Final = {
    "large": Text("Enlarged photo", "Photo agrandie"),
    "previous": Text("Previous", "Précédente"),
    "next": Text("Next", "Suivante"),
    "close": Text("Close", "Fermer"),
    "download": Text("Download", "Télécharger"),
}
_ONE: Final = Text("1 photo", "1 photo")
_COUNT: Final = Text("{count} photos", "{count} photos")
_ALT: Final = Text("Photo {number} of {count}: {name}", "Photo {number} sur {count} : {name}")
_DOWNLOAD_ONE: Final = Text("Download {name}", "Télécharger {name}")
_PHOTO: Final = Template(
    '<li><a href="$large"><img src="$small" width="$width" height="$height" alt="$alt"'
    ' loading="lazy"></a>\n<p><span>$name</span> <a href="$large" download="$name"'
    ' aria-label="$label">$download</a></p></li>'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One photo on the page: its name, where it lies, and its small version with its size."""

    name: str
    large: str
    small: str
    width: int
    height: int


def page_of(title: str, text: str, photos: Sequence[Shown], *, language: Language) -> bytes:
    """Return the page. Whatever a name or a text holds, it is shown as text."""
    style, script = _part("css"), _part("js")
    words = {name: escape(_say(word, language)) for name, word in _WORDS.items()}
    listed = [
        _photo(one, number, len(photos), words["download"], language)
        for number, one in enumerate(photos, start=1)
    ]
    count = _ONE if len(photos) == 1 else _COUNT
    page = Template(_part("html")).substitute(
        words,
        language=language,
        title=escape(shown(title)),
        text=f"<p>{escape(shown(text))}</p>" if text else "",
        count=escape(_say(count, language, count=len(photos))),
        photos="\n".join(listed),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
    )
    return page.encode("utf-8")


def _photo(photo: Shown, number: int, count: int, download: str, language: Language) -> str:
    name = shown(photo.name)
    return _PHOTO.substitute(
        large=escape(quote(photo.large)),
        small=escape(quote(photo.small)),
        width=photo.width,
        height=photo.height,
        alt=escape(_say(_ALT, language, number=number, count=count, name=name)),
        name=escape(name),
        label=escape(_say(_DOWNLOAD_ONE, language, name=name)),
        download=download,
    )


def _say(text: Text, language: Language, **facts: object) -> str:
    said = text.fr if language == "fr" else text.en
    return said.format(**facts) if facts else said


@cache
def _part(kind: str) -> str:
    folder = resources.files("rouage_connectors.photo")
    return folder.joinpath(f"gallery_page.{kind}").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return what the policy of the page calls an inline style or script."""
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()
