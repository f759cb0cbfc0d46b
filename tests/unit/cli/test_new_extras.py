"""`rouage new` where a part of Rouage is not installed: said first, and nothing is tried."""

import io
from argparse import Namespace
from typing import Any

import pytest

from rouage.analysis.drafting.gallery import gallery
from rouage.catalog.discovery import discover
from rouage.cli.new import command as new
from rouage.cli.new.extras import lacking
from rouage.resources import shipped

NOT_THERE = "a_module_that_nobody_has"


class Terminal(io.StringIO):
    """Answers as a person at a terminal gives them."""

    def isatty(self) -> bool:
        return True


def one(name: str) -> Any:
    return next(each for each in gallery(shipped("recipes"), "en") if each.id == name)


@pytest.fixture
def photos_lack(monkeypatch):
    """Have the photo connector need what nobody has, as where its extra is not installed."""
    catalog = discover()
    monkeypatch.setattr(catalog.connectors["photo"], "extras", {"photo": NOT_THERE})


@pytest.fixture
def written(make_session, workspace):
    def run(*answers: str, what: str | None = None, **flags: Any):
        spoken = make_session(workspace, language="en")
        if answers:
            spoken.session.stdin = Terminal("".join(f"{one}\n" for one in answers))
        given = {"list": False, "name": None, "file": None, "input": [], "tries": False}
        given |= {"gallery": None, "example": False, "runs": False, **flags}
        return new.run(spoken.session, Namespace(what=what, **given)), spoken.out

    return run


def test_what_is_installed_is_not_spoken_of():
    catalog = discover()
    assert catalog.connectors["photo"].extras == {"photo": "PIL"}
    assert lacking(catalog, one("client-session")) is None
    assert lacking(catalog, one("first-invoice")) is None


def test_a_recipe_lacks_what_its_actions_lack(photos_lack):
    catalog = discover()
    assert lacking(catalog, one("client-session")) == "photo"
    assert lacking(catalog, one("before-after")) == "photo"
    assert lacking(catalog, one("urssaf-reminder")) is None
    assert lacking(catalog, catalog.triggers["folder.file"]) is None


@pytest.mark.usefixtures("photos_lack")
def test_the_command_that_installs_it_comes_before_the_first_question(written, workspace):
    code, out = written("deliver photos", "1", "Martin wedding", "")
    assert code == 0
    command = out.index("pip install 'rouage[photo]'")
    assert command < out.index("Name of the session")
    assert (workspace / "recipes" / "client-session.yaml").is_file()
    assert "Do it now" not in out
    assert "rouage try recipes/client-session.yaml" in out


@pytest.mark.usefixtures("photos_lack")
@pytest.mark.parametrize("flag", ["runs", "tries"])
def test_what_was_asked_for_and_cannot_be_done_is_a_failure(written, workspace, flag):
    code, out = written(what="client-session", **{flag: True})
    assert code == 1
    assert "pip install 'rouage[photo]'" in out
    assert not (workspace / "files" / "photos").exists()
