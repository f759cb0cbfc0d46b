"""Write the generated files of the repository: `make generate`.

A test compares the checked-in files with what this would write.
"""

import json
from pathlib import Path
from typing import Any

from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.catalog.reference import reference_pages
from rouage.catalog.schema import compose
from rouage.settings import settings_schema

ROOT = Path(__file__).resolve().parents[2]


def bundled() -> Catalog:
    """Return the catalog of the connectors that ship, whatever else is installed."""
    return discover(entry_points=())


def generated() -> dict[Path, str]:
    """Return the text of every generated file, by path."""
    connectors = ROOT / "docs" / "reference" / "connectors"
    pages = {connectors / name: text for name, text in reference_pages(bundled()).items()}
    return {
        **pages,
        ROOT / "schemas" / "recipe.schema.json": _json(compose(bundled())),
        ROOT / "schemas" / "settings.schema.json": _json(settings_schema()),
    }


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
