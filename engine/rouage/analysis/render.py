"""A problem as people read it (sentence, code frame, remedy) and as JSON for tools."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.catalogue import entry_of
from rouage.language import Language, Text
from rouage.problem import Position, Problem, Range
from rouage.sdk.json import JSON

_WIDTH: Final = 80
_TAB: Final = "    "
_SEVERITY: Final[Mapping[str, Text]] = {
    "error": Text("error", "erreur"),
    "warning": Text("warning", "attention"),
}
_MEANT: Final = Text("did you mean “{suggestion}”?", "vouliez-vous dire « {suggestion} » ?")
_WRITE: Final = Text("write {suggestion}", "écrivez {suggestion}")
_REPLACE: Final = Text("replace it by “{suggestion}”", "remplacer par « {suggestion} »")
_FIX: Final = Text("remedy", "remède")
_WHY: Final = Text("why", "raison")
_FIRST: Final = Text("see also line {line}", "voir aussi la ligne {line}")
_KNOWN: Final = Text("known here: {known}", "connus ici : {known}")

_RED: Final = "\x1b[31m"
_YELLOW: Final = "\x1b[33m"
_BOLD: Final = "\x1b[1m"
_BLUE: Final = "\x1b[34m"
_PLAIN: Final = "\x1b[0m"
_WORD: Final = frozenset("_.-/")
_MARGIN: Final = 6
# French sets its signs apart: they stay with their word, and a quote with what it holds.
_BREAK: Final = re.compile(r"(?<!«) (?![:;?!»])")


def message_of(problem: Problem, language: Language) -> str:
    """Return the sentence of *problem*."""
    return entry_of(problem.code).message.render(language, _facts(problem))


def _facts(problem: Problem) -> Mapping[str, Any]:
    # Never empty, so that the doubled braces of a text are always read the same way.
    return {"code": problem.code, **problem.facts}


def why_of(problem: Problem, language: Language) -> str | None:
    """Return why *problem* is one, or None."""
    why = entry_of(problem.code).why
    return None if why is None else why.render(language, _facts(problem))


def remedy_of(problem: Problem, language: Language) -> str | None:
    """Return what to do about *problem*: the nearest word, the known ones, or the usual way."""
    suggestion, remedy = problem.facts.get("suggestion"), entry_of(problem.code).remedy
    if suggestion and (remedy is None or "{suggestion}" not in remedy.en):
        chosen = _REPLACE if _is_word(suggestion) else _WRITE
        return chosen.render(language, problem.facts)
    if remedy is None and problem.facts.get("known"):
        return _KNOWN.render(language, problem.facts)
    return None if remedy is None else remedy.render(language, _facts(problem))


def _is_word(suggestion: object) -> bool:
    return all(letter.isalnum() or letter in _WORD for letter in str(suggestion))


def to_json(problem: Problem, language: Language) -> dict[str, JSON]:
    """Return *problem* as JSON: lines and columns count from 1, in code points."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "file": problem.file,
        "range": _range(problem.range),
        "message": message_of(problem, language),
        "why": why_of(problem, language),
        "fix": remedy_of(problem, language),
        "edits": [{"range": _range(edit.range), "text": edit.text} for edit in problem.edits],
        "related": [_range(related) for related in problem.related],
    }


def _range(place: Range) -> dict[str, JSON]:
    return {"start": _position(place.start), "end": _position(place.end)}


def _position(position: Position) -> dict[str, JSON]:
    return {"line": position.line, "column": position.column}


def to_text(
    problem: Problem,
    source: bytes | str,
    language: Language,
    *,
    color: bool = False,
    width: int = _WIDTH,
) -> str:
    """Return *problem* for people: place and sentence, a frame with a caret, why and remedy."""
    paint = _Paint(is_on=color)
    start = problem.range.start
    place = f"{problem.file}:{start.line}:{start.column}"
    severity = _SEVERITY[problem.severity].render(language)
    tone = _RED if problem.severity == "error" else _YELLOW
    head = paint(f"{severity} {problem.code}", tone)
    lines = [f"{paint(place, _BOLD)}  {head}  {message_of(problem, language)}"]
    lines += _frame(problem, source, language, paint, width)
    lines += _notes(problem, language, paint, width)
    return "\n".join(lines)


class _Paint:
    """Colours, on a terminal only."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on

    def __call__(self, text: str, tone: str) -> str:
        return f"{tone}{text}{_PLAIN}" if self._is_on else text


def _notes(problem: Problem, language: Language, paint: _Paint, width: int) -> list[str]:
    notes = []
    colon = " :" if language == "fr" else ":"
    said = ((_WHY, why_of(problem, language)), (_FIX, remedy_of(problem, language)))
    for title, text in said:
        if text is not None:
            label = title.render(language) + colon
            first, *more = _wrapped(f"{label} {text}", width - _MARGIN)
            notes.append(f"    = {paint(label, _BLUE)}{first.removeprefix(label)}")
            notes += [" " * _MARGIN + line for line in more]
    return notes


def _wrapped(text: str, room: int) -> list[str]:
    """Return *text* in lines of at most *room* columns; a longer word has a line of its own."""
    lines = [""]
    for word in _BREAK.split(text):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and _columns(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _frame(
    problem: Problem, source: bytes | str, language: Language, paint: _Paint, width: int
) -> list[str]:
    """Return the line of the problem, the one above it, and a caret line."""
    lines = _lines(source)
    place = problem.range
    number = place.start.line
    if not 1 <= number <= len(lines) or not lines[number - 1].strip():
        return []
    gutter = len(str(number)) + 2
    room = max(20, width - gutter - 3)
    end = place.end.column if place.end.line == number else len(lines[number - 1]) + 1
    start = place.start.column - 1
    cut = _cut(lines[number - 1], start, room)
    shown, caret = _aim(lines[number - 1][cut:], start - cut, end - 1 - cut, room)
    framed = []
    if number > 1 and lines[number - 2].strip():
        framed.append(f"{number - 1:>{gutter}} | {_clip(_visible(lines[number - 2][cut:]), room)}")
    framed.append(f"{number:>{gutter}} | {shown}")
    label = _label(problem, language)
    if label and _columns(caret) + 1 + _columns(label) > room:
        label = ""
    pointer = f"{caret} {label}".rstrip()
    framed.append(f"{'':>{gutter}} | {paint(pointer, _YELLOW)}")
    return framed


def _lines(source: bytes | str) -> list[str]:
    text = source if isinstance(source, str) else _decode(source)
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _decode(source: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if source.startswith(mark):
            return source.decode(encoding, errors="replace")
    return source.decode("utf-8-sig", errors="replace")


def _label(problem: Problem, language: Language) -> str:
    suggestion = problem.facts.get("suggestion")
    if suggestion:
        chosen = _MEANT if _is_word(suggestion) else _WRITE
        return chosen.render(language, problem.facts)
    if problem.related:
        return _FIRST.render(language, {"line": problem.related[0].start.line})
    return ""


def _cut(line: str, start: int, room: int) -> int:
    """Return how many characters to leave out on the left so that *start* can be seen."""
    if _columns(_visible(line[:start])) <= room * 2 // 3:
        return 0
    return max(0, start - room // 2)


def _aim(line: str, start: int, end: int, room: int) -> tuple[str, str]:
    """Return the line as shown and the carets under its characters *start* to *end*."""
    shown = _clip(_visible(line), room)
    before = _columns(_visible(line[:start]))
    marked = max(1, _columns(_visible(line[start:end].rstrip())))
    return shown, " " * before + "^" * max(1, min(marked, room - before))


def _visible(text: str) -> str:
    """Return *text* without what would move the cursor."""
    return "".join(
        _TAB if letter == "\t" else letter if _is_printable(letter) else "·" for letter in text
    )


def _is_printable(letter: str) -> bool:
    # Joiners and variation selectors belong to emoji; all other control characters show as a dot.
    return unicodedata.category(letter) not in {"Cc", "Cs", "Zl", "Zp"} and letter not in "\ufeff"


def _clip(text: str, room: int) -> str:
    if _columns(text) <= room:
        return text
    kept, used = [], 0
    for letter in text:
        used += _letter_columns(letter)
        if used > room - 1:
            break
        kept.append(letter)
    return "".join(kept) + "…"


def _columns(text: str) -> int:
    """Return how many columns of a terminal *text* takes."""
    return len(text) if text.isascii() else sum(map(_letter_columns, text))


def _letter_columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1
