"""`rouage new`: asked for step by step, given in advance, or refused with what is missing."""

import io
import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.new import command as new
from rouage.cli.new.conversation import paths_for, words_among
from rouage.errors import RouageError, UsageError, WorkspaceError
from rouage.recipes.reader import read
from rouage.secrets import SecretStore


class Terminal(io.StringIO):
    """Answers as a person at a terminal gives them."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def written(make_session: Callable[..., Any], workspace: Path):
    """Return what calls the command; `answers` makes a terminal of standard input."""

    def run(what=None, *, answers=None, **options):
        flags = {"list": False, "name": None, "file": None, "input": [], "tries": False}
        flags |= {"gallery": None, "example": False, "runs": False}
        flags |= {name: options.pop(name) for name in list(options) if name in flags}
        spoken = make_session(options.pop("here", workspace), **options)
        if answers is not None:
            spoken.session.stdin = Terminal("".join(f"{one}\n" for one in answers))
        return new.run(spoken.session, Namespace(what=what, **flags)), spoken

    return run


def recipe(workspace: Path, name: str) -> Any:
    return read((workspace / "recipes" / name).read_bytes()).data


def test_a_recipe_around_a_trigger_is_written_and_read_back(written, workspace):
    code, spoken = written("folder.file", input=["path=files/in"], name="My files")
    assert code == 0
    data = recipe(workspace, "my-files.yaml")
    assert data["rouage"] == 1
    assert data["when"] == [{"folder.file": {"path": "files/in"}}]
    assert "When a file arrives in files/in" in spoken.out
    first = (workspace / "recipes" / "my-files.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../.rouage/recipe.schema.json"


def test_a_person_is_asked_until_the_answers_fit(written, workspace):
    answers = [
        "",
        "99",
        "schedule",
        _number(written, "schedule.at"),
        "at no time",
        "08:30",
        "Day",
        "n",
    ]
    code, spoken = written(answers=answers, language="en")
    assert code == 0
    assert "What do you no longer want to do by hand?" in spoken.out
    assert spoken.out.count("Write a number from 1 to") == 2
    assert recipe(workspace, "day.yaml")["when"] == [{"schedule.at": {"time": "08:30"}}]


def _number(written, name: str) -> str:
    """Return the number under which the choice *name* is offered to an empty wish."""
    shown = json.loads(written(list=True, is_json=True)[1].out)
    every = [one["id"] for one in (*shown["gallery"], *shown["starts"])]
    return str(every.index(name) + 1)


def test_words_of_the_wish_find_the_recipe(written, workspace):
    code, spoken = written(answers=["ranger les fichiers", "1", "n"], language="fr")
    assert code == 0
    assert (workspace / "recipes" / "trier.yaml").exists()
    assert "Qu’est-ce que vous ne voulez plus faire à la main ?" in spoken.out


def test_it_can_be_tried_at_once_and_nothing_is_done(written, workspace):
    code, spoken = written("folder.file", answers=["files/in", "A", ""], language="en")
    assert code == 0
    assert "It would succeed" in spoken.out or "would" in spoken.out
    assert not (workspace / "files" / "in").exists()


def test_the_end_of_the_answers_writes_nothing(written, workspace):
    with pytest.raises(UsageError):
        written("folder.file", answers=[])
    assert list((workspace / "recipes").iterdir()) == []


def test_without_a_terminal_and_without_a_choice_it_says_how(written):
    with pytest.raises(UsageError) as caught:
        written()
    assert "rouage new --list" in (caught.value.render_hint("en") or "")
    with pytest.raises(UsageError) as caught:
        written("folder.fil")
    assert "folder.file" in (caught.value.render_hint("en") or "")


def test_nothing_is_ever_overwritten(written, workspace):
    written("manual.start", name="A")
    written("manual.start", name="A")
    names = sorted(path.name for path in (workspace / "recipes").iterdir())
    assert names == ["a-2.yaml", "a.yaml"]
    with pytest.raises(UsageError):
        written("manual.start", file="a")
    (workspace / "recipes" / "other.yaml").write_text("id: taken\nname: T\ndo: []\n")
    with pytest.raises(UsageError) as caught:
        written("manual.start", file="taken.yaml")
    assert "other.yaml" in caught.value.render("en")


def test_programs_get_data(written, workspace):
    code, spoken = written("manual.start", name="A", is_json=True)
    assert code == 0
    told = json.loads(spoken.out)
    assert told["recipe"] == "a"
    assert told["diagnostics"] == []
    listed = json.loads(written(list=True, is_json=True)[1].out)
    assert {"id", "title", "about", "inputs"} <= set(listed["gallery"][0])


def test_a_secret_that_is_missing_is_asked_for_by_name(written, workspace):
    code, spoken = written("webhook.received", input=["path=orders"], name="Orders")
    assert code == 1
    assert "rouage secrets set shop" in spoken.out
    SecretStore(workspace / ".rouage" / "secrets.json").set("shop", "x" * 20)
    code, _ = written("webhook.received", input=["path=orders2"], name="Orders 2")
    assert code == 0


@pytest.mark.parametrize(
    "given", [["nobody=1"], ["path"], ["=1"], ["interval=soon"], ["interval=5m", "start=99:99"]]
)
def test_an_answer_that_does_not_fit_is_refused(written, workspace, given):
    what = "folder.file" if "interval" not in given[0] else "schedule.every"
    with pytest.raises(RouageError):
        written(what, input=given)
    assert list((workspace / "recipes").iterdir()) == []


def test_outside_a_workspace_the_way_to_one_is_told(written, tmp_path):
    with pytest.raises(WorkspaceError) as caught:
        written("manual.start", here=tmp_path)
    assert "rouage init" in (caught.value.render_hint("en") or "")


TEMPLATE = """\
name: Bills
inputs:
  who: {type: email, label: Accountant, help: Who gets them.}
  days: {type: integer, default: 7, min: 2}
  tone: {type: choice, choices: [kind, firm], default: kind}
  key: {type: secret, required: false}
when:
  - schedule.at: {time: "08:00"}
do:
  - log.write: {message: "${{ inputs.who }}"}
"""


@pytest.fixture
def template(tmp_path: Path) -> str:
    """Return a gallery of one recipe with inputs."""
    folder = tmp_path / "gallery"
    folder.mkdir()
    (folder / "bills.yaml").write_text(TEMPLATE, encoding="utf-8")
    return str(folder)


def test_typed_inputs_are_asked_for_and_checked(written, workspace, template):
    answers = ["nobody", "zoe@exemple.fr", "1", "many", "10", "rude", "firm", "n"]
    code, spoken = written("bills", answers=answers, gallery=template, language="en")
    assert code == 0
    inputs = recipe(workspace, "bills.yaml")["inputs"]
    assert [inputs[name].get("default") for name in ("who", "days", "tone")] == [
        "zoe@exemple.fr", 10, "firm",
    ]  # fmt: skip
    assert "default" not in inputs["key"]
    assert "Who gets them." in spoken.out
    assert "e-mail" in spoken.out


def test_typed_inputs_are_given_in_advance(written, workspace, template):
    with pytest.raises(UsageError) as caught:
        written("bills", gallery=template)
    assert "who" in caught.value.render("en")
    with pytest.raises(UsageError):
        written("bills", input=["who=nobody"], gallery=template)
    code, _ = written("bills", input=["who=a@b.fr"], name="Mine", gallery=template)
    assert code == 0
    assert recipe(workspace, "mine.yaml")["inputs"]["who"]["default"] == "a@b.fr"


def test_paths_and_choices_are_completed(tmp_path):
    (tmp_path / "bills").mkdir()
    (tmp_path / "bills" / "a.pdf").touch()
    (tmp_path / "bin.txt").touch()
    assert paths_for(tmp_path, only_folders=False)("bi") == ["bills/", "bin.txt"]
    assert paths_for(tmp_path, only_folders=True)("bi") == ["bills/"]
    assert paths_for(tmp_path, only_folders=False)("bills/") == ["bills/a.pdf"]
    assert list(paths_for(tmp_path, only_folders=True)("nowhere/")) == []
    assert words_among(["kind", "firm"])("f") == ["firm"]
