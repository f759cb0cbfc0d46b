"""Connectors that are loaded when something names them: the catalog of a daemon."""

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rouage.catalog import discovery
from rouage.catalog.discovery import GROUP, discover, discover_on_demand
from rouage.catalog.schema import compose
from rouage.catalog.schema_file import keep_schema
from rouage.errors import CatalogError
from rouage.recipes.checker import check

USES_ONE = """
import sys
sys.path[:] = {path!r}
from rouage.catalog.discovery import discover_on_demand
from rouage.recipes.checker import check
catalog = discover_on_demand(entry_points=())
recipe = b"name: A\\nwhen:\\n  - manual.start: {{}}\\ndo:\\n  - log.write: {{message: hello}}\\n"
assert check(recipe, file="a.yaml", catalog=catalog).problems == ()
print(*sorted(name for name in sys.modules if name.startswith("rouage_connectors.")))
"""
RECIPE = b"name: A\nwhen:\n  - manual.start: {}\ndo:\n  - broken.act: {}\n"


def test_only_what_a_recipe_names_is_loaded():
    command = [sys.executable, "-c", USES_ONE.format(path=sys.path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["rouage_connectors.log", "rouage_connectors.manual"]


def test_whoever_looks_at_all_of_it_sees_the_same():
    whole, part = discover(entry_points=()), discover_on_demand(entry_points=())
    assert set(part.triggers) == set(whole.triggers)
    assert set(part.actions) == set(whole.actions)
    assert set(part.channels) == set(whole.channels)
    assert [one.origin for one in part.installed] == [one.origin for one in whole.installed]
    assert compose(part, language="fr") == compose(whole, language="fr")
    assert part.loaded is part


def test_a_bundled_connector_is_found_by_the_name_of_its_module():
    for entry in discover(entry_points=()).installed:
        name = entry.origin.rpartition(".")[2]
        ids = [*entry.connector.actions, *entry.connector.triggers]
        assert {id_.partition(".")[0] for id_ in ids} == {name}
        assert set(entry.connector.channels) <= {name}


def test_what_is_not_there_is_not_there():
    catalog = discover_on_demand(entry_points=())
    assert "nothing.there" not in catalog.actions
    assert "log.nothing" not in catalog.actions
    assert catalog.triggers.get("log") is None


def test_a_broken_connector_is_told_to_whoever_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "bundle_of_two"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "broken.py").write_text("raise RuntimeError('worn out')\n")
    (package / "manual.py").write_text("from rouage_connectors.manual import connector\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(discovery, "BUNDLED", package.name)
    catalog = discover_on_demand(entry_points=())
    assert catalog.broken == ()
    (problem,) = check(RECIPE, file="a.yaml", catalog=catalog).problems
    assert problem.code == "RG603"
    assert [one.name for one in catalog.broken] == ["broken"]


def test_an_id_that_a_bundled_connector_has_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "another_log.py").write_text(
        "from rouage.sdk import Connector, NoParams\n"
        "connector = Connector('log', about='Twice.')\n"
        "@connector.action('write', effect='none', idempotent=True)\n"
        "async def write(params: NoParams, context):\n"
        "    '''Write.'''\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("log", "another_log:connector", GROUP)
    with pytest.raises(CatalogError, match=r"log\.write"):
        discover_on_demand(entry_points=[point])


async def test_the_schema_for_editors_is_written_without_loading_it_all(tmp_path: Path):
    catalog, target = discover_on_demand(entry_points=()), tmp_path / "schema.json"
    await keep_schema(catalog, "fr", target)
    assert json.loads(target.read_text("utf-8")) == compose(discover(), language="fr")
    assert catalog.loaded is not catalog
