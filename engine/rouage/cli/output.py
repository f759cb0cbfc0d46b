"""What is printed: clean of terminal escapes, secrets masked, JSON or plain words."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TextIO

# Control characters, and the marks that reorder text: data must not move the cursor, colour
# the screen or show a file name backwards (security S-48). Lone surrogates are bytes of a
# file name that are not UTF-8.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_UNSAFE_IN_JSON: Final = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_COLOURS: Final = re.compile(r"(\x1b\[(?:0|1|3[1-6])m)")


def visible(text: str) -> str:
    """Return *text* with every character that could act on a terminal spelled out."""
    return _UNSAFE.sub(_spell, text)


def one_line(value: object, *, most: int = 200) -> str:
    """Return *value* on one line of at most *most* characters."""
    text = value if isinstance(value, str) else to_json(value, indent=None)
    text = visible(text.replace("\n", "⏎").replace("\t", " "))
    return text if len(text) <= most else text[: most - 1] + "…"


def to_json(value: object, *, indent: int | None = 2) -> str:
    """Return *value* as JSON text that is safe to show on a terminal."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _spell(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class Output:
    """Standard output and standard error of one command.

    `mask` hides the known secrets in any JSON value; it is asked for late, since most
    commands know their workspace only then.
    """

    def __init__(self, stdout: TextIO, stderr: TextIO, mask: Callable[[Any], Any]) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._mask = mask

    @property
    def is_terminal(self) -> bool:
        """Say whether a person reads along."""
        return self._stdout.isatty()

    def line(self, text: str = "") -> None:
        """Print one line of data, or several."""
        self._stdout.write(visible(str(self._mask(text))) + "\n")

    def painted(self, text: str) -> None:
        """Print *text*, whose colours are ours, on a terminal; only plain colours get through."""
        pieces = _COLOURS.split(str(self._mask(text)))
        # Every second piece is a colour, since the pattern is one group.
        shown = (piece if odd % 2 else visible(piece) for odd, piece in enumerate(pieces))
        self._stdout.write("".join(shown) + "\n")

    def data(self, value: object, *, indent: int | None = 2) -> None:
        """Print *value* as JSON."""
        self._stdout.write(to_json(self._mask(value), indent=indent) + "\n")

    def talk(self, text: str) -> None:
        """Say something about the work, on standard error."""
        self._stderr.write(visible(text) + "\n")

    def prompt(self, text: str) -> None:
        """Print *text* and stay on its line, for a person to answer."""
        self._stdout.write(visible(text))
        self._stdout.flush()

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print *rows* in columns, drawn on a terminal and plain elsewhere."""
        cells = [[one_line(self._mask(cell), most=120) for cell in row] for row in rows]
        if self.is_terminal:
            self._draw(heads, cells)
            return
        widths = [max(len(cell) for cell in column) for column in zip(heads, *cells, strict=True)]
        for row in [list(heads), *cells]:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._stdout.write("  ".join(padded).rstrip() + "\n")

    def _draw(self, heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
        # Loaded here: importing rich takes longer than most commands.
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text as Cell

        from rouage.cli.states import STYLES

        table = Table(*heads, box=SIMPLE_HEAD, header_style="bold")
        for row in cells:
            table.add_row(*(Cell(cell, style=STYLES.get(cell, "")) for cell in row))
        Console(file=self._stdout, highlight=False, markup=False, emoji=False).print(table)
