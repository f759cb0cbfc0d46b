"""Write the generated files of the repository: `make generate`.

A test compares the checked-in files with what this would write.
"""

import json
import re
from pathlib import Path
from typing import Any

from rouage.analysis.wording import reference
from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.catalog.reference import reference_pages
from rouage.catalog.schema import compose
from rouage.catalog.word_page import WORDS, word_page
from rouage.expressions import compile_expression, reveal
from rouage.expressions.filters import FILTERS, FUNCTIONS
from rouage.language import Text
from rouage.settings import settings_schema

ROOT = Path(__file__).resolve().parents[2]

_EXPRESSIONS = ROOT / "docs" / "reference" / "expressions.md"
_MARK = "<!-- generated: what follows is written by `make generate` -->\n"
_CHANGING = re.compile("event|today|now")


def bundled() -> Catalog:
    """Return the catalog of the connectors that ship, whatever else is installed."""
    return discover(entry_points=())


def generated() -> dict[Path, str]:
    """Return the text of every generated file, by path."""
    connectors = ROOT / "docs" / "reference" / "connectors"
    pages = {connectors / name: text for name, text in reference_pages(bundled()).items()}
    return {
        **pages,
        ROOT / "docs" / "reference" / WORDS: word_page(),
        ROOT / "docs" / "reference" / "messages.md": reference("en"),
        ROOT / "docs" / "reference" / "messages.fr.md": reference("fr"),
        _EXPRESSIONS: _expressions(_EXPRESSIONS.read_text(encoding="utf-8")),
        ROOT / "schemas" / "recipe.schema.json": _json(compose(bundled())),
        ROOT / "schemas" / "settings.schema.json": _json(settings_schema()),
    }


def _expressions(page: str) -> str:
    """Return *page* with the filters and functions of the language below its mark."""
    written, mark, _ = page.partition(_MARK)
    lines = ["", "## Filters", "", "| filter | meaning | sens | example | gives |"]
    lines.append("|---|---|---|---|---|")
    lines += [_row(f"`{one.usage}`", one.about, one.example) for one in FILTERS.values()]
    lines += ["", "An argument with `?` may be left out.", "", "## Functions", ""]
    lines += ["| function | meaning | sens | example | gives |", "|---|---|---|---|---|"]
    lines += [_row(f"`{one.name}()`", one.about, one.example) for one in FUNCTIONS.values()]
    return written + mark + "\n".join(lines) + "\n"


def _row(usage: str, about: Text, example: str) -> str:
    cells = [usage, about.en, about.fr, f"`{example}`"]
    if _CHANGING.search(example):
        cells.append("")
    else:
        value = reveal(compile_expression(example).evaluate({}))
        cells.append(f"`{json.dumps(value, ensure_ascii=False)}`")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    """Write what differs."""
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))  # noqa: T201 - the result of the command


if __name__ == "__main__":
    main()
