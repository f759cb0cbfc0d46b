"""A draft as the text of a recipe: the words in their order, comments where they belong."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rouage.analysis.drafting.draft import Draft, Piece, plain
from rouage.analysis.editing.snippets import yaml_text
from rouage.language import Language, Text
from rouage.records import dataclass

SCHEMA_LINE: Final = "# yaml-language-server: $schema=../.rouage/recipe.schema.json"
_WIDTH: Final = 92
_LONGEST_ORIGINAL: Final = 40
_TODO: Final = Text("TODO: {reason}", "TODO : {reason}")
_CUT: Final = Text("… ({count} more lines)", "… (encore {count} lignes)")
_PLACEHOLDER: Final = Text(
    "nothing is done here yet: see the comment", "rien n’est fait ici : voir le commentaire"
)
_OFF: Final = Text(
    "Switched off until what is marked TODO is finished: then take this line away.",
    "En sommeil jusqu’à ce que les TODO soient terminés : retirez alors cette ligne.",
)

_ASLEEP: Final = Text(
    "Switched off, so that nothing is done twice: take this line away when it is to start.",
    "En sommeil, pour que rien ne se fasse deux fois : retirez cette ligne pour démarrer.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """The text of a recipe, and the lines (from 1, both included) that each piece takes."""

    text: str
    spans: tuple[tuple[int, int, Piece], ...]

    def piece_at(self, line: int) -> Piece | None:
        """Return the innermost piece on *line*."""
        around = [span for span in self.spans if span[0] <= line <= span[1]]
        return min(around, key=lambda span: span[1] - span[0])[2] if around else None


def write(draft: Draft, language: Language) -> Written:
    """Return *draft* as text; what is unfinished keeps it switched off."""
    writer = _Writer(language)
    writer.head(draft)
    writer.triggers(draft)
    writer.condition(draft)
    writer.lines.append("")
    writer.list_of("do", draft.steps, 0)
    return Written(text="\n".join(writer.lines) + "\n", spans=tuple(writer.spans))


class _Writer:
    def __init__(self, language: Language) -> None:
        self._language: Language = language
        self.lines: list[str] = []
        self.spans: list[tuple[int, int, Piece]] = []

    def _say(self, text: Text, **facts: object) -> str:
        return text.render(self._language, facts)

    def head(self, draft: Draft) -> None:
        """Write all that stands above the triggers."""
        self.lines.append(SCHEMA_LINE)
        if draft.intro:
            self.lines.append("#")
        for one in draft.intro:
            self._comment(self._say(one), 0)
        self.lines.append("rouage: 1")
        self._entry("name", draft.name, 0)
        if draft.description:
            self._entry("description", draft.description, 0)
        is_off = draft.is_asleep or bool(draft.unfinished())
        if is_off:
            self._comment(self._say(_OFF if draft.unfinished() else _ASLEEP), 0)
            self._entry("enabled", False, 0)
        for name, value in draft.settings.items():
            if name != "enabled" or not is_off:
                self._entry(name, value, 0)

    def triggers(self, draft: Draft) -> None:
        """Write what starts the recipe; a recipe without a start is only called."""
        if not draft.triggers:
            return
        self.lines.append("")
        if any(one.entry is not None for one in draft.triggers):
            self.list_of("when", draft.triggers, 0)
            return
        for one in draft.triggers:
            self._piece(one, 0)

    def condition(self, draft: Draft) -> None:
        """Write the condition, and those that could not be translated."""
        if draft.condition is None and not draft.lost_conditions:
            return
        self.lines.append("")
        for one in draft.lost_conditions:
            self._piece(one, 0)
        if draft.condition is not None:
            self._entry("if", draft.condition, 0)

    def list_of(self, key: str, pieces: Sequence[Piece], indent: int) -> None:
        """Write a list of triggers or steps below *key*; it is never empty."""
        self.lines.append(f"{' ' * indent}{yaml_text(key)}:")
        for one in pieces:
            self._piece(one, indent + 2)
        if all(one.entry is None for one in pieces):
            stand_in = {"log.write": {"message": self._say(_PLACEHOLDER)}}
            self._item(stand_in, indent + 2)

    def _piece(self, piece: Piece, indent: int) -> None:
        first = len(self.lines) + 1
        if piece.reason is not None:
            self._comment(self._say(_TODO, reason=self._say(piece.reason)), indent)
        for note in piece.notes:
            self._comment(self._say(note), indent)
        if piece.entry is None:
            self._original(piece.original, indent)
        else:
            self._item(piece.entry, indent)
        self.spans.append((first, len(self.lines), piece))

    def _comment(self, text: str, indent: int) -> None:
        margin = " " * indent
        for line in text.splitlines() or [""]:
            for part in textwrap.wrap(line, _WIDTH - indent, break_long_words=False) or [""]:
                self.lines.append(f"{margin}# {printable(part)}".rstrip())

    def _original(self, value: Any, indent: int) -> None:
        """Keep what could not be translated, as it was, in comments."""
        if value is None:
            return
        text = value if isinstance(value, str) else "\n".join(_as_block(plain(value), 0))
        lines = text.splitlines()
        for line in lines[:_LONGEST_ORIGINAL]:
            self.lines.append(f"{' ' * indent}#   {printable(line)}".rstrip())
        left = len(lines) - _LONGEST_ORIGINAL
        if left > 0:
            self.lines.append(f"{' ' * indent}#   {self._say(_CUT, count=left)}")

    def _item(self, entry: Mapping[str, Any], indent: int) -> None:
        """Write one item of a list: the dash stands before its first key."""
        start = len(self.lines)
        for name, value in entry.items():
            self._entry(name, value, indent + 2)
        line = self.lines[start]
        self.lines[start] = f"{line[:indent]}- {line[indent + 2 :]}"

    def _entry(self, name: str, value: Any, indent: int) -> None:
        if isinstance(value, list) and value and isinstance(value[0], Piece):
            self.list_of(name, value, indent)
        elif isinstance(value, list) and any(_holds_piece(one) for one in value):
            self.lines.append(f"{' ' * indent}{yaml_text(name)}:")
            for one in value:
                self._item(one, indent + 2)
        elif isinstance(value, dict) and _holds_piece(value):
            self.lines.append(f"{' ' * indent}{yaml_text(name)}:")
            for key, one in value.items():
                self._entry(key, one, indent + 2)
        else:
            self.lines += _entry_lines(name, value, indent)


def _holds_piece(value: Any) -> bool:
    if isinstance(value, Piece):
        return True
    if isinstance(value, dict):
        return any(map(_holds_piece, value.values()))
    return isinstance(value, list) and any(map(_holds_piece, value))


def _entry_lines(name: str, value: Any, indent: int) -> list[str]:
    start = f"{' ' * indent}{yaml_text(name)}:"
    if isinstance(value, str) and _is_block(value):
        margin = " " * (indent + 2)
        mark = "|" if value.endswith("\n") else "|-"
        body = [f"{margin}{line}".rstrip() for line in value.removesuffix("\n").split("\n")]
        return [f"{start} {mark}", *body]
    if isinstance(value, dict | list) and value:
        return [start, *_as_block(value, indent + 2)]
    return [f"{start} {yaml_text(value)}"]


def _as_block(value: Any, indent: int) -> list[str]:
    """Return a value in block style."""
    margin = " " * indent
    if isinstance(value, dict) and value:
        return [line for name, one in value.items() for line in _entry_lines(name, one, indent)]
    if isinstance(value, list) and value:
        lines: list[str] = []
        for one in value:
            inner = _as_block(one, indent + 2)
            lines += [f"{margin}- {inner[0][indent + 2 :]}", *inner[1:]]
        return lines
    return [f"{margin}{yaml_text(value)}"]


def _is_block(text: str) -> bool:
    """Say whether *text* reads best, and reads back the same, as a block of lines."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and bool(lines[0].strip())
        and bool(lines[-1].strip())
        and not lines[0].startswith(" ")
        and all(line.isprintable() and line == line.rstrip() for line in lines)
    )


def printable(text: str) -> str:
    """Return *text* as a comment may hold it: nothing that YAML or a terminal acts on."""
    return "".join(one if one.isprintable() or one == " " else "�" for one in text)
