"""What is installed, by id."""

import pytest

from rouage.catalog.catalog import Broken, Catalog, Installed
from rouage.errors import CatalogError


def test_actions_are_found_by_id(make):
    catalog = Catalog([make("files", "move", "copy"), make("log", "write")])
    assert sorted(catalog.actions) == ["files.copy", "files.move", "log.write"]
    assert catalog.nearest_action("files.mvoe") == "files.move"
    assert catalog.nearest_trigger("folder.fiel") is None


def test_two_connectors_with_one_id_are_refused_and_both_named(make):
    one = Installed(connector=make("files", "move"), origin="first_package")
    two = Installed(connector=make("files", "move"), origin="second_package:connector")
    with pytest.raises(CatalogError) as caught:
        Catalog([one, two])
    for language in ("en", "fr"):
        sentence = caught.value.render(language)
        assert "files.move" in sentence
        assert "first_package" in sentence
        assert "second_package:connector" in sentence


def test_two_connectors_may_share_a_name_when_their_ids_differ(make):
    one = Installed(connector=make("files", "move"), origin="first_package")
    two = Installed(connector=make("files", "copy"), origin="second_package")
    catalog = Catalog([one, two])
    assert sorted(catalog.actions) == ["files.copy", "files.move"]
    assert len(catalog.connectors) == 2


def test_a_broken_connector_is_found_by_the_ids_it_would_offer(make):
    broken = Broken(name="mail", origin="rouage_mail", error=CatalogError("no"))
    catalog = Catalog([make("log", "write")], broken=[broken])
    assert catalog.find_broken("mail.send") is broken
    assert catalog.find_broken("log.write") is None


def test_the_validator_is_made_once(make):
    catalog = Catalog([make("log", "write")])
    assert catalog.validator is catalog.validator
