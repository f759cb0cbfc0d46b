"""`rouage fmt`: in place, or only a look with `--check`."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from rouage.cli import fmt

UNEVEN = "name:   A\ndo:\n- log.write: {message: a}   # gardé"
EVEN = "name: A\ndo:\n  - log.write: {message: a}   # gardé\n"


@pytest.fixture
def laid_out(make_session, workspace):
    def run(*files, check=False, **options):
        spoken = make_session(workspace, **options)
        arguments = Namespace(files=[str(file) for file in files], check=check)
        return fmt.run(spoken.session, arguments), spoken

    return run


@pytest.fixture
def uneven(workspace: Path) -> Path:
    path = workspace / "recipes" / "deep" / "a.yaml"
    path.parent.mkdir()
    path.write_text(UNEVEN, encoding="utf-8")
    return path


def test_the_recipes_of_the_workspace_are_laid_out(laid_out, uneven):
    code, spoken = laid_out()
    assert code == 0
    assert uneven.read_text(encoding="utf-8") == EVEN
    assert "recipes/deep/a.yaml  laid out" in spoken.out
    assert laid_out(check=True)[0] == 0


def test_a_look_changes_nothing_and_gives_one(laid_out, uneven):
    code, spoken = laid_out(check=True)
    assert code == 1
    assert uneven.read_text(encoding="utf-8") == UNEVEN
    assert "would be laid out" in spoken.out


def test_an_even_file_is_not_written_again(laid_out, uneven):
    uneven.write_text(EVEN, encoding="utf-8")
    before = uneven.stat().st_mtime_ns, uneven.stat().st_ino
    assert laid_out()[0] == 0
    assert (uneven.stat().st_mtime_ns, uneven.stat().st_ino) == before


def test_a_file_that_cannot_be_read_is_left_and_named(laid_out, uneven):
    uneven.write_text("name: [A\n", encoding="utf-8")
    code, spoken = laid_out()
    assert code == 1
    assert uneven.read_text(encoding="utf-8") == "name: [A\n"
    assert "recipes/deep/a.yaml:1:7  error RG125" in spoken.out


def test_programs_are_told_what_changed(laid_out, uneven):
    (uneven.parent / "b.yaml").write_text("name: [A\n", encoding="utf-8")
    code, spoken = laid_out(is_json=True)
    told = json.loads(spoken.out)
    assert code == 1
    assert told["files"] == 2
    assert told["changed"] == ["recipes/deep/a.yaml"]
    assert told["left"] == ["recipes/deep/b.yaml"]
    assert [one["code"] for one in told["diagnostics"]] == ["RG125"]


def test_tests_and_hidden_files_are_no_recipes(laid_out, uneven):
    for name in ("a.test.yaml", ".hidden.yaml", "note.txt"):
        (uneven.parent / name).write_text(UNEVEN, encoding="utf-8")
    assert json.loads(laid_out(is_json=True)[1].out)["files"] == 1


def test_a_named_file_is_laid_out_whatever_its_name(laid_out, uneven):
    other = uneven.with_name("a.test.yaml")
    other.write_text(UNEVEN, encoding="utf-8")
    assert laid_out(other)[0] == 0
    assert other.read_text(encoding="utf-8") == EVEN
