"""Connectors are found in the bundled package and through entry points of real packages."""

import sys
from importlib.metadata import EntryPoint

import pytest

from rouage.catalog.discovery import discover
from rouage.errors import CatalogError

CONNECTOR = '''
from rouage.sdk import JSON, Connector, Context, NoParams

connector = Connector("{name}", about="Third party.")


@connector.action("{word}")
async def act(params: NoParams, context: Context) -> JSON:
    """Act."""
    return None
'''


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package as a real distribution: a module and its dist-info."""
    monkeypatch.syspath_prepend(str(tmp_path))
    installed = []

    def run(module, entry_points, text):
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[rouage.connectors]\n{entry_points}\n")
        installed.append(module)

    yield run
    for module in installed:
        sys.modules.pop(module, None)


def test_a_third_party_connector_is_found_by_its_entry_point(install):
    text = CONNECTOR.format(name="ntfy_test", word="push")
    install("rouage_ntfy_test", "ntfy_test = rouage_ntfy_test:connector", text)
    catalog = discover(bundled=None)
    assert "ntfy_test.push" in catalog.actions
    assert "ntfy_test" in catalog.connectors


def test_an_entry_point_may_name_a_module(install):
    text = CONNECTOR.format(name="whole_test", word="push")
    install("rouage_whole_test", "whole_test = rouage_whole_test", text)
    assert "whole_test.push" in discover(bundled=None).actions


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("import nothing_like_this\n", "nothing_like_this"),
        ("connector = 1\n", "no connector"),
        ("def broken(:\n", "SyntaxError"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("x = 1\n", "connector"),
    ],
)
def test_a_connector_that_fails_to_import_is_reported_and_skipped(install, text, cause):
    good = CONNECTOR.format(name="good_test", word="push")
    install("rouage_bad_test", "bad_test = rouage_bad_test:connector", text)
    install("rouage_good_test", "good_test = rouage_good_test:connector", good)
    catalog = discover(bundled=None)
    (broken,) = catalog.broken
    assert broken.name == "bad_test"
    assert cause in broken.error.render("en")
    assert "good_test.push" in catalog.actions


def test_two_packages_with_one_id_are_refused(install):
    text = CONNECTOR.format(name="same_test", word="push")
    install("rouage_same_a", "a = rouage_same_a:connector", text)
    install("rouage_same_b", "b = rouage_same_b:connector", text)
    with pytest.raises(CatalogError, match=r"same_test\.push"):
        discover(bundled=None)


def test_bundled_connectors_are_found_by_listing_their_package(tmp_path, monkeypatch):
    package = tmp_path / "bundle_of_tests"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "alpha.py").write_text(CONNECTOR.format(name="alpha", word="go"))
    (package / "_private.py").write_text("raise RuntimeError\n")
    (package / "beta.py").write_text("raise RuntimeError('boom')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    catalog = discover(bundled="bundle_of_tests", entry_points=[])
    assert list(catalog.actions) == ["alpha.go"]
    assert [broken.name for broken in catalog.broken] == ["beta"]
    assert "boom" in catalog.broken[0].error.render("fr")


def test_a_missing_bundle_is_no_fault():
    assert discover(bundled="no_such_bundle_here", entry_points=[]).actions == {}


def test_an_entry_point_to_nothing_is_reported():
    point = EntryPoint(name="x", value="no_such_module_here:connector", group="rouage.connectors")
    (broken,) = discover(bundled=None, entry_points=[point]).broken
    assert "no_such_module_here" in broken.error.render("fr")
