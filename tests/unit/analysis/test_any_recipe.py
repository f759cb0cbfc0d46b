"""Whatever an editor saves: fixing, laying out and telling neither raise nor make it worse."""

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from rouage.analysis.fixing import fix
from rouage.analysis.formats import to_github, to_sarif
from rouage.analysis.formatting import format_recipe
from rouage.analysis.render import to_text
from rouage.analysis.sentences.story import tell
from rouage.catalog.discovery import discover
from rouage.recipes.checker import check
from rouage.recipes.reader import read

ROOT = Path(__file__).parents[3]
SOURCES = [
    path.read_bytes()
    for folder in (
        ROOT / "recipes",
        ROOT / "tests" / "unit" / "recipes" / "corpus",
        Path(__file__).parent,
    )
    for path in sorted(folder.rglob("*.yaml"))
]
PIECES = [
    b"\t",
    b"  ",
    b"\n",
    b"\r\n",
    b"- ",
    b": ",
    b" #",
    b"'",
    b'"',
    b"[",
    b"}",
    b"${{ ",
    b" }}",
]
PIECES += [b"\xff", "é".encode(), "🎉".encode(), b"|\n", b"null", b"on_error:", b"do:", b"if"]


def mutated(count: int) -> Iterator[bytes]:
    """Yield half-saved, doubled and scribbled-over recipes."""
    dice = random.Random(3)  # noqa: S311 - a fixed sequence
    for _ in range(count):
        text = bytearray(dice.choice(SOURCES))
        for _ in range(dice.randint(1, 4)):
            at, end = sorted(dice.randint(0, len(text)) for _ in range(2))
            way = dice.random()
            if way < 0.3:
                text[at : min(end, at + 12)] = b""
            elif way < 0.8:
                text[at:at] = dice.choice(PIECES)
            elif way < 0.9:
                del text[at:]
            else:
                text[at:at] = text[at : min(end, at + 40)]
        yield bytes(text)


def test_no_tool_raises_and_none_makes_it_worse():
    catalog = discover(entry_points=())

    def problems(source: bytes):
        return check(source, file="a.yaml", catalog=catalog).problems

    for source in mutated(300):
        found = problems(source)
        for language in ("en", "fr"):
            assert all(to_text(one, source, language) for one in found)
            assert all(to_github(one, language) for one in found)
            json.dumps(to_sarif(found, language))
        laid_out = format_recipe(source)
        assert json.dumps(read(laid_out.source).data) == json.dumps(read(source).data)
        assert format_recipe(laid_out.source).source == laid_out.source
        fixed = fix(source, problems)
        assert not fixed.fixed or read(fixed.source).is_complete
        data = read(fixed.source).data
        if isinstance(data, Mapping):
            tell(data, catalog, "fr")
