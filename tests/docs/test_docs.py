"""The documentation is true: generated files are fresh, examples load, links lead somewhere."""

import re
from pathlib import Path

import pytest

from rouage.analysis.render import to_text
from rouage.catalog.discovery import discover
from rouage.recipes.checker import check
from tests.docs.generate import ROOT, generated

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RECIPES = sorted(p for p in (ROOT / "recipes").rglob("*.yaml") if ".test." not in p.name)
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def examples() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1):
            if re.search(r"^do:", block, re.MULTILINE) and "name:" in block:
                found.append((f"{page.relative_to(ROOT)}#{number}", block))
    return found


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_generated_files_are_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generated()[path], "run `make generate`"


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_shipped_recipe_is_right(path: Path) -> None:
    source = path.read_bytes()
    checked = check(source, file=path.name, catalog=discover())
    errors = [problem for problem in checked.problems if problem.severity == "error"]
    assert not errors, "\n".join(to_text(p, source.decode(), language="en") for p in errors)


@pytest.mark.parametrize(("place", "block"), examples(), ids=lambda value: value[:60])
def test_every_recipe_in_the_documentation_is_right(place: str, block: str) -> None:
    checked = check(block.encode(), file=place, catalog=discover(), recipe_id="example")
    errors = [problem for problem in checked.problems if problem.severity == "error"]
    assert not errors, "\n".join(to_text(p, block, language="en") for p in errors)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    broken = [
        target
        for target in targets
        if not target.startswith(("http", "mailto:")) and not (page.parent / target).exists()
    ]
    assert not broken
