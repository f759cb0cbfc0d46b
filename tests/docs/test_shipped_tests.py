"""The tests that are shipped beside recipes, and those in the guides, pass."""

import asyncio
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.catalog.discovery import discover
from rouage.recipes.checker import check
from rouage.rehearsal.cases import read_cases
from rouage.rehearsal.playing import Played, cases_beside, known_of, play
from rouage.rehearsal.scene import Surround
from tests.docs.generate import ROOT

RECIPES = sorted(p for p in (ROOT / "recipes").rglob("*.yaml") if ".test." not in p.name)
DEMO = [path for path in RECIPES if "demo" in path.parts]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def play_all(recipe: str, tests: str, *, name: str, folder: Path) -> list[Played]:
    """Play every case of *tests*; what is wrong in the file is a failure."""
    catalog = discover()
    checked = check(recipe.encode(), file=f"{name}.yaml", catalog=catalog)
    assert checked.recipe is not None, checked.problems
    known = known_of(checked.recipe, catalog.actions)
    cases, problems = read_cases(tests.encode(), file=name, known=known)
    assert not problems
    surround = Surround(catalog=catalog, workspace=folder, timezone=ZoneInfo("UTC"), language="en")

    def load(_: str) -> Any:
        raise AssertionError("no event stands in a file")

    recipe_ = checked.recipe
    return [asyncio.run(play(case, recipe_, surround, load=load)) for case in cases]


def check_all(played: list[Played]) -> None:
    assert played
    for one in played:
        assert one.has_passed, (one.case.name, one.differences, one.complaints)


@pytest.mark.parametrize("path", DEMO, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recipe_of_the_demo_has_tests_that_pass(path: Path, tmp_path: Path) -> None:
    tests = cases_beside(path).read_text(encoding="utf-8")
    recipe = path.read_text(encoding="utf-8")
    check_all(play_all(recipe, tests, name=path.stem, folder=tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", ["testing.md", "testing.fr.md"])
def test_the_example_of_the_guide_passes(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "guides" / page).read_text(encoding="utf-8")
    recipe, tests = BLOCK.findall(text)
    played = play_all(recipe, tests, name="example", folder=tmp_path)
    assert len(played) == 3
    check_all(played)


def test_a_test_that_expects_something_else_fails(tmp_path: Path) -> None:
    path = DEMO[0]
    tests = cases_beside(path).read_text(encoding="utf-8")
    broken = tests.replace("succeeded", "failed").replace("W-1042.txt", "other.txt")
    played = play_all(path.read_text(encoding="utf-8"), broken, name=path.stem, folder=tmp_path)
    assert not all(one.has_passed for one in played)
