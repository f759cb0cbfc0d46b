"""What new photos are called: a pattern such as `{date}-{number}`, filled in for each."""

import re
from collections.abc import Mapping
from typing import Final

from rouage.sdk import StepError, Text
from rouage.sdk.files import shown

WORDS: Final = ("name", "number", "date", "time")
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_NOT_IN_NAMES: Final = re.compile(
    r'[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb/\\:*?"<>|]'
    "|[\ud800-\udfff]"
)

_UNKNOWN: Final = Text(
    "“{{{word}}}” in `name` is unknown: write {{name}}, {{number}}, {{date}} or {{time}}",
    "« {{{word}}} » dans `name` est inconnu : écrivez {{name}}, {{number}}, {{date}} ou {{time}}",
)
_FOLDER: Final = Text(
    "`name` is the name of a photo, without “/”: the folder is given by `folder`",
    "`name` est le nom d’une photo, sans « / » : le dossier est donné par `folder`",
)


def needs_date(pattern: str) -> bool:
    """Say whether *pattern* asks when the photo was taken."""
    return bool({"date", "time"} & set(_PLACE.findall(pattern)))


def check(pattern: str) -> None:
    """Raise unless *pattern* can be filled in.

    Raises:
        StepError: it holds a word that is none, or a folder.
    """
    for word in _PLACE.findall(pattern):
        if word not in WORDS:
            raise StepError(_UNKNOWN, word=shown(word[:40]))
    if "/" in pattern or "\\" in pattern:
        raise StepError(_FOLDER)


def filled(pattern: str, words: Mapping[str, str]) -> str:
    """Return *pattern* with its words filled in, as a name that any system takes."""
    name = _PLACE.sub(lambda found: words[found.group(1)], pattern)
    return _NOT_IN_NAMES.sub("_", name).strip(". ") or "photo"


def apart(names: list[str]) -> list[str]:
    """Return *names* (with extension) without two alike: the second `a.jpg` is `a-2.jpg`.

    Names that differ by capital letters only are alike: some disks make no difference.
    """
    taken: set[str] = set()
    made = []
    for name in names:
        stem, dot, extension = name.rpartition(".")
        candidate, number = name, 2
        while candidate.casefold() in taken:
            candidate, number = f"{stem}-{number}{dot}{extension}", number + 1
        taken.add(candidate.casefold())
        made.append(candidate)
    return made
