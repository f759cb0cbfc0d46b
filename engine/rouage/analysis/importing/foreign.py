"""What all importers share: the pieces they make, and the words for what they cannot make."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from rouage.analysis.drafting.draft import Draft, Piece
from rouage.errors import ExpressionError, UsageError
from rouage.expressions import Expression, iter_expressions
from rouage.language import Text
from rouage.records import dataclass

NO_EQUIVALENT: Final = Text(
    "“{what}” ({program}) has no equivalent here; write it by hand, or leave it out",
    "« {what} » ({program}) n’a pas d’équivalent ici ; écrivez-le à la main, ou retirez-le",
)
NOT_UNDERSTOOD: Final = Text(
    "“{what}” ({program}) is not written as expected; write it by hand",
    "« {what} » ({program}) n’est pas écrit comme attendu ; écrivez-le à la main",
)
UNTRANSLATED: Final = Text(
    "“{what}” computes something that could not be translated; rewrite it as ${{{{ … }}}}",
    "« {what} » calcule quelque chose qui n’a pas pu être traduit ; réécrivez-le en ${{{{ … }}}}",
)
FROM: Final = Text(
    "Taken over from {program} (“{name}”). Read it once before it starts.",
    "Repris de {program} (« {name} »). Relisez une fois avant de démarrer.",
)
LEFT_OUT: Final = Text(
    "left out here, so look at it: {names}", "laissé de côté ici, à regarder : {names}"
)
_LONGEST_NAME: Final = 120
_LONGEST_TEXT: Final = 400
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


class ForeignError(UsageError):
    """Report a file that is not what it was taken for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What a file held: one draft for each recipe, and the program that it is from."""

    program: str
    drafts: tuple[Draft, ...]


def lost(reason: Text, original: Any, about: str) -> Piece:
    """Return the comment that stands for what could not be taken over."""
    return Piece(entry=None, reason=reason, original=original, about=about)


def unsupported(what: str, program: str, original: Any, about: str) -> Piece:
    """Return the comment for something that Rouage has nothing like."""
    reason = NO_EQUIVALENT.fill(what=what, program=program)
    return Piece(entry=None, reason=reason, original=original, about=about, is_unsupported=True)


def new_draft(program: str, name: str, fallback: str) -> Draft:
    """Return an empty draft that says where it is from."""
    shown = one_line(name) or fallback
    return Draft(name=shown, intro=[FROM.fill(program=program, name=shown)])


def one_line(value: object, *, most: int = _LONGEST_NAME) -> str:
    """Return *value* as a short text without line ends or control characters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value or "")).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def about_text(value: object) -> str:
    """Return *value* as a description."""
    return one_line(value, most=_LONGEST_TEXT)


def duration_of(seconds: float) -> str | None:
    """Return a length of time as a recipe writes it, such as `1h30m`; None for none."""
    if seconds <= 0 or seconds > 366 * 86_400:
        return None
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    left, parts = round(seconds), []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def step_id(name: str, taken: set[str]) -> str:
    """Return an id made of *name* that nobody has yet, and take it."""
    letters = re.sub(r"[^a-z0-9]+", "_", name.lower().encode("ascii", "ignore").decode())
    plain = letters.strip("_")[:40] or "step"
    plain = plain if plain[0].isalpha() else f"s_{plain}"
    found, number = plain, 2
    while found in taken:
        found, number = f"{plain}_{number}", number + 1
    taken.add(found)
    return found


def is_sound(text: str) -> bool:
    """Say whether every `${{ }}` in *text* is an expression."""
    try:
        found = [one for one, _ in iter_expressions(text)]
    except ExpressionError:
        return False
    return all(isinstance(one, Expression) for one in found)


def literal(text: str) -> str:
    """Return *text* so that nothing in it is taken for an expression."""
    return text.replace("${{", "$${{")


def left_out(given: Mapping[str, Any], known: Collection[str]) -> list[Text]:
    """Return a note of what *given* says that nothing was made of; blanks say nothing."""
    names = [str(name) for name, value in given.items() if name not in known and value]
    return [LEFT_OUT.fill(names=one_line(", ".join(names)))] if names else []


def maps(value: Any) -> list[Mapping[str, Any]]:
    """Return *value*, one mapping or a list of them, as a list."""
    items = value if isinstance(value, list) else [value]
    return [one for one in items if isinstance(one, Mapping)]


def listed(value: Any) -> list[Any]:
    """Return *value* as a list; nothing is an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
