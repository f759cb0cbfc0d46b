"""Characters that look like nothing, or like something else: found before parsing (Y8)."""

import re
from typing import Final

from rouage.language import Text
from rouage.problem import Edit, Problem
from rouage.recipes.document import to_range
from rouage.records import dataclass

_MOST: Final = 5

_CONTROL: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"
_LINE_ENDS: Final = r"[\x85\u2028\u2029]"
_HIDDEN: Final = (
    r"[\xad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]"
    r"|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f])"
)
_WIDE_BLANK: Final = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_INDENT: Final = rf"^[ \t]*[{_WIDE_BLANK}][ \t{_WIDE_BLANK}]*(?=\S)"
_QUOTES: Final = r"(?:(?<=: )|(?<=- ))[“”„][^“”„\n]*[“”][ \t]*$"
_ODD: Final = re.compile(
    rf"(?P<line_end>{_LINE_ENDS})|(?P<control>{_CONTROL})|(?P<indent>{_INDENT})"
    rf"|(?P<hidden>{_HIDDEN})|(?P<quotes>{_QUOTES})",
    re.MULTILINE,
)
_CONTROL_ONLY: Final = re.compile(_CONTROL)

_NAMES: Final = {
    "\x00": Text("null character", "caractère nul"),
    "\x85": Text("next line", "saut de ligne NEL"),
    "\xa0": Text("no-break space", "espace insécable"),
    "\xad": Text("soft hyphen", "trait d’union conditionnel"),
    "\u200b": Text("zero-width space", "espace de largeur nulle"),
    "\u200c": Text("zero-width non-joiner", "antiliant sans chasse"),
    "\u200d": Text("zero-width joiner", "liant sans chasse"),
    "\u2028": Text("line separator", "séparateur de lignes"),
    "\u2029": Text("paragraph separator", "séparateur de paragraphes"),
    "\u202f": Text("narrow no-break space", "espace insécable fine"),
    "\u2060": Text("word joiner", "gluon de mots"),
    "\ufeff": Text("byte order mark", "indicateur d’ordre des octets"),
    "\u3000": Text("ideographic space", "espace idéographique"),
    "“": Text("left double quotation mark", "guillemet-apostrophe double culbuté"),
    "”": Text("right double quotation mark", "guillemet-apostrophe double"),
    "„": Text("low double quotation mark", "guillemet-virgule double inférieur"),
}
_ANY_CONTROL: Final = Text("control character", "caractère de contrôle")
_ANY_BLANK: Final = Text("unusual space", "espace inhabituelle")
_ANY_DIRECTION: Final = Text("text direction mark", "marque de direction du texte")

_CODES: Final = {
    "line_end": "RG114",
    "control": "RG114",
    "indent": "RG115",
    "hidden": "RG116",
    "quotes": "RG702",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleaned:
    """The text with odd characters replaced one for one, so that positions stay true."""

    text: str
    problems: tuple[Problem, ...] = ()


def clean(text: str) -> Cleaned:
    """Find the odd characters of *text*; return it in a form that the parser accepts."""
    if text.isascii() and _CONTROL_ONLY.search(text) is None:
        return Cleaned(text=text)
    problems: list[Problem] = []
    seen: set[str] = set()

    def replace(match: re.Match[str]) -> str:
        kind = str(match.lastgroup)
        if kind not in seen and len(problems) < _MOST:
            problems.append(_problem(text, match, kind))
            seen.add(kind)
        return _stand_in(kind, match.group())

    return Cleaned(text=_ODD.sub(replace, text), problems=tuple(problems))


def _stand_in(kind: str, found: str) -> str:
    """Return something of the same length that the parser takes as what was meant."""
    if kind in {"line_end", "indent"}:
        return " " * len(found)
    return "_" * len(found) if kind == "control" else found


def _problem(text: str, match: re.Match[str], kind: str) -> Problem:
    start = match.start()
    odd = match.group().lstrip(" \t")[0] if kind == "indent" else match.group()[0]
    start += match.group().index(odd)
    before = text[:start].replace("\r\n", "\n").replace("\r", "\n")
    line = before.count("\n")
    column = len(before) - before.rfind("\n") - 1
    end = column + (match.end() - start if kind in {"indent", "quotes"} else 1)
    place = to_range((line, column, line, end))
    written = match.group()
    edit = {
        "indent": " " * (match.end() - start),
        "hidden": "",
        "quotes": '"' + written.rstrip()[1:-1].replace('"', '\\"') + '"',
    }.get(kind)
    return Problem(
        code=_CODES[kind],
        severity="warning" if kind == "quotes" else "error",
        range=place,
        facts={"character": f"U+{ord(odd):04X}", "named": character_name(odd)},
        edits=() if edit is None else (Edit(range=place, text=edit),),
    )


def character_name(letter: str) -> Text:
    """Return what an invisible or unusual character is called."""
    if letter in _NAMES:
        return _NAMES[letter]
    if letter.isspace() and ord(letter) > 0x7F:
        return _ANY_BLANK
    return _ANY_DIRECTION if "\u202a" <= letter <= "\u2069" else _ANY_CONTROL
