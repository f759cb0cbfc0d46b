"""A code of the catalogue as its page says it, without the facts of one problem."""

import re
from collections.abc import Mapping
from typing import Final

from rouage.analysis.catalogue import ENTRIES, entry_of
from rouage.language import Language, Text

CODE: Final = re.compile(r"[Rr][Gg]\d{3}")
FAMILIES: Final[Mapping[str, Text]] = {
    "1": Text("text of the file", "texte du fichier"),
    "2": Text("shape of the recipe", "forme de la recette"),
    "3": Text("names that refer to each other", "noms qui se répondent"),
    "4": Text("expressions", "expressions"),
    "5": Text("values", "valeurs"),
    "6": Text("connectors and secrets", "connecteurs et secrets"),
    "7": Text("warnings", "avertissements"),
}
_PLACE: Final = re.compile(r"(?<!\{)\{(\w+)\}")
# A sentence that is only what somebody else says of the value has words of its own here.
_SAID_ELSEWHERE: Final = Text(
    "the connector refuses this value, and says why",
    "le connecteur refuse cette valeur et dit pourquoi",
)

_TITLE: Final = Text("Messages", "Messages")
_INTRODUCTION: Final = Text(
    "What `rouage check` says, by code; `rouage explain CODE` prints the same.",
    "Ce que dit `rouage check`, par code ; `rouage explain CODE` affiche la même chose.",
)
_WHY: Final = Text("Why:", "Raison :")
_REMEDY: Final = Text("Remedy:", "Remède :")
_BAD: Final = Text("Wrong:", "Faux :")
_GOOD: Final = Text("Right:", "Juste :")


def general(text: Text, language: Language) -> str:
    """Return a sentence of the catalogue with an ellipsis for each fact."""
    template = text.fr if language == "fr" else text.en
    names = _PLACE.findall(template)
    if names and not _PLACE.sub("", template).strip(" :"):
        return _SAID_ELSEWHERE.render(language)
    return text.render(language, {"code": "", **dict.fromkeys(names, "…")})


def family_of(code: str) -> Text:
    """Return what kind of mistake *code* is."""
    return FAMILIES.get(code[2:3], Text("other", "autre"))


def nearest_code(code: str) -> str:
    """Return the known code whose number is closest to that of *code*."""
    wanted = int(code[2:])
    return min(ENTRIES, key=lambda known: (known[2] != code[2:3], abs(int(known[2:]) - wanted)))


def page(code: str, language: Language) -> dict[str, str | None]:
    """Return what there is to say of *code*: sentence, reason, remedy and an example of both."""
    entry = entry_of(code)
    return {
        "code": code,
        "family": family_of(code).render(language),
        "message": general(entry.message, language),
        "why": None if entry.why is None else general(entry.why, language),
        "remedy": None if entry.remedy is None else general(entry.remedy, language),
        "bad": entry.bad or None,
        "good": entry.good or None,
    }


def reference(language: Language) -> str:
    """Return the page of the documentation that lists every message, as Markdown."""
    lines = [f"# {_TITLE.render(language)}", "", _INTRODUCTION.render(language)]
    for family, name in FAMILIES.items():
        lines += ["", f"## {family}xx: {name.render(language)}"]
        for code in sorted(code for code in ENTRIES if code[2] == family):
            lines += ["", f"### {code}", "", *_entry(code, language)]
    return "\n".join(lines) + "\n"


def _entry(code: str, language: Language) -> list[str]:
    shown = page(code, language)
    lines = [str(shown["message"])]
    for name, label in (("why", _WHY), ("remedy", _REMEDY)):
        if shown[name]:
            lines += ["", f"{label.render(language)} {shown[name]}"]
    for name, label in (("bad", _BAD), ("good", _GOOD)):
        if shown[name]:
            lines += ["", label.render(language), "", "```text", str(shown[name]), "```"]
    return lines
