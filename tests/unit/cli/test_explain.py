"""`rouage explain`: a code, or a recipe in sentences."""

import json
from argparse import Namespace

import pytest

from rouage.cli.explain import command as explain
from rouage.errors import UsageError

RECIPE = (
    "name: Trier\nid: tri\nwhen:\n  - folder.file: {path: in}\nif: event.file.size > 0\n"
    "do:\n  - log.write: {message: Bonjour}\n"
)


@pytest.fixture
def explained(make_session, workspace):
    def run(what, **options):
        spoken = make_session(workspace, **options)
        return explain.run(spoken.session, Namespace(what=what, next=0)), spoken

    return run


@pytest.fixture
def recipe(workspace):
    path = workspace / "recipes" / "sorting.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.mark.parametrize("code", ["RG211", "rg211"])
def test_a_code_is_explained(explained, code):
    result, spoken = explained(code)
    assert result == 0
    assert spoken.out.startswith("RG211  unknown parameter")
    assert "Wrong\n    - log.write: {mesage: a}" in spoken.out
    assert "Right\n    - log.write: {message: a}" in spoken.out


def test_a_code_is_explained_in_french(explained):
    _, spoken = explained("RG118", language="fr")
    assert "une tabulation sert de retrait" in spoken.out
    assert "Raison : YAML n’accepte que des espaces" in spoken.out
    assert "Remède : " in spoken.out


def test_a_code_is_explained_to_programs(explained):
    told = json.loads(explained("RG211", is_json=True)[1].out)
    assert told["code"] == "RG211"
    assert set(told) == {"code", "family", "message", "why", "remedy", "bad", "good"}


def test_an_unknown_code_leads_to_the_nearest(explained):
    with pytest.raises(UsageError) as raised:
        explained("RG228")
    assert "RG227" in (raised.value.render_hint("en") or "")


@pytest.mark.parametrize("name", ["tri", "recipes/sorting.yaml"])
def test_a_recipe_is_explained_by_its_id_and_by_its_file(explained, recipe, name):
    result, spoken = explained(name)
    assert result == 0
    assert spoken.out == (
        "“Trier”\nIts identity is “tri”.\nWhen a file arrives in in.\n"
        "Only if the size is greater than 0.\nThen:\n   1. Write “Bonjour” to the log.\n"
    )


def test_a_recipe_is_explained_to_programs(explained, recipe):
    told = json.loads(explained("tri", is_json=True, language="fr")[1].out)
    assert told["recipe"] == "tri"
    assert told["file"] == "recipes/sorting.yaml"
    assert {"path": "if", "depth": 0, "text": "Seulement si la taille est supérieure à 0."} in told[
        "sentences"
    ]


def test_a_recipe_that_is_not_right_is_not_explained(explained, recipe):
    recipe.write_text(RECIPE.replace("log.write", "log.wirte"), encoding="utf-8")
    result, spoken = explained("tri")
    assert result == 1
    assert "1 error(s)" in spoken.err
    assert spoken.out == ""


def test_an_unknown_recipe_leads_to_the_nearest(explained, recipe):
    with pytest.raises(UsageError) as raised:
        explained("trii")
    assert "tri" in (raised.value.render_hint("en") or "")
