"""`rouage init` makes a workspace that is right from the first moment."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_new_workspace_passes_its_own_check(rouage: Rouage, tmp_path: Path, language: str):
    made = rouage("--lang", language, "init", "w")
    assert made.code == 0, made.err
    folder = tmp_path / "w"
    assert f"language: {language}" in (folder / "rouage.yaml").read_text(encoding="utf-8")
    recipe = (folder / "recipes" / "first.yaml").read_text(encoding="utf-8")
    assert recipe.startswith("# yaml-language-server: $schema=../.rouage/recipe.schema.json\n")
    assert stat.S_IMODE((folder / ".rouage").stat().st_mode) == 0o700
    assert (folder / "files").is_dir()
    schema = json.loads((folder / ".rouage" / "recipe.schema.json").read_text(encoding="utf-8"))
    assert "$schema" in schema
    checked = rouage("check", folder, "--json")
    assert checked.data == {"files": 1, "diagnostics": []}
    assert checked.code == 0


def test_what_was_made_is_told_as_data(rouage: Rouage, tmp_path: Path):
    data = rouage("init", "w", "--json").data
    assert data["workspace"] == str(tmp_path / "w")
    assert str(tmp_path / "w" / "rouage.yaml") in data["made"]


def test_a_workspace_is_not_made_twice(rouage: Rouage, tmp_path: Path):
    rouage("init", "w")
    (tmp_path / "w" / "recipes" / "first.yaml").write_text("mine")
    answer = rouage("--lang", "fr", "init", "w")
    assert answer.code == 1
    assert "déjà un espace de travail" in answer.err
    assert (tmp_path / "w" / "recipes" / "first.yaml").read_text() == "mine"


def test_files_that_exist_are_left_as_they_are(rouage: Rouage, tmp_path: Path):
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "first.yaml").write_text("mine")
    assert rouage("init", ".").code == 0
    assert (recipes / "first.yaml").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_told(rouage: Rouage, tmp_path: Path):
    (tmp_path / "file").touch()
    answer = rouage("init", "file/w")
    assert answer.code == 1
    assert "Traceback" not in answer.err
