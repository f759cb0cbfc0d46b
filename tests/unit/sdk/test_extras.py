"""Packages that an installation may lack."""

import sys

import pytest

from rouage.errors import StepError
from rouage.sdk.extras import require


def test_a_package_that_is_there_is_given():
    assert require("json", "mail") is sys.modules["json"]


def test_a_missing_package_comes_with_the_command_that_installs_it():
    with pytest.raises(StepError, match="the package no_such_package") as error:
        require("no_such_package.part", "mail")
    assert "pip install 'rouage[mail]'" in error.value.render_hint("fr")


def test_a_package_that_is_there_and_broken_speaks_for_itself(tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        require("broken_package", "mail")
