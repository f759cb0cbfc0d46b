"""Reading the recipes of a workspace with the connectors that they name; what commands load."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rouage.cli.recipes_read import connectors_named, read_recipes

RECIPE = (
    "name: A\nwhen:\n  - folder.file: {path: inbox}\ndo:\n  - log.write: {message: a}\n"
    "  - {files.delete: {path: inbox/a}}\n"
)
# What a command that looks at files and at the journal does without.
HEAVY = {"aiohttp", "jsonschema", "rich", "jinja2", "ctypes", "croniter", "rouage.daemon"}


@pytest.fixture
def recipes(workspace: Path) -> Path:
    folder = workspace / "recipes"
    (folder / "a.yaml").write_text(RECIPE, encoding="utf-8")
    return folder


def loaded_by(workspace: Path, *words: str) -> set[str]:
    """Return the modules that are loaded after the command *words* has done its work."""
    script = (
        "import json, sys; from rouage.cli.main import main; code = main(sys.argv[1:]); "
        "print(); print(json.dumps([code, *sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=workspace,
    )
    code, *modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stdout + done.stderr
    return set(modules)


def connectors_in(modules: set[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("rouage_connectors.")}


def test_only_the_connectors_that_are_named_are_in_the_catalog(recipes):
    catalog = connectors_named([RECIPE.encode()])
    assert catalog is not None
    assert set(catalog.connectors) == {"folder", "files", "log"}
    assert connectors_named([b"do:\n  - nowhere.write: {}\n"]) is None


def test_the_recipes_are_read_with_what_they_name(make_session, workspace, recipes):
    folder, catalog = read_recipes(make_session(workspace).session)
    assert [one.recipe is not None for one in folder.files] == [True]
    assert set(catalog.connectors) == {"folder", "files", "log"}


@pytest.mark.parametrize(
    "text",
    ["name: [\n", "name: B\ndo:\n  - nowhere.write: {}\n", "name: B\ndo:\n  - log.wirte: {}\n"],
)
def test_a_file_that_is_not_right_takes_all_connectors(make_session, workspace, recipes, text):
    (recipes / "b.yaml").write_text(text, encoding="utf-8")
    folder, catalog = read_recipes(make_session(workspace).session)
    assert [one.recipe is not None for one in folder.files] == [True, False]
    assert {"mail", "webhook"} <= set(catalog.connectors)


def test_a_workspace_without_recipes_has_none(make_session, workspace):
    folder, _ = read_recipes(make_session(workspace).session)
    assert folder.files == ()


def test_why_loads_no_connector_that_no_recipe_names(workspace, recipes):
    modules = loaded_by(workspace, "why", "inbox/a.pdf")
    assert connectors_in(modules) == {"folder", "files", "log"}
    assert not modules & HEAVY


@pytest.mark.parametrize("words", [["runs"], ["paths"], ["secrets", "list"]])
def test_what_asks_no_recipe_loads_no_connector(workspace, recipes, words):
    modules = loaded_by(workspace, *words)
    assert connectors_in(modules) == set()
    assert not modules & HEAVY


def test_what_explains_mistakes_and_undoing_waits_until_it_is_needed():
    script = "import sys, rouage.daemon; print('rouage.analysis.render' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
