"""`rouage check` finds every mistake, without a daemon and without a workspace."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Rouage = Callable[..., Any]

GOOD = """\
name: Good
when:
  - manual.start: {}
do:
  - log.write: {message: hello}
"""
WRONG = """\
name: Wrong
when:
  - manual.start: {}
do:
  - log.wriet: {message: hello}
  - log.write: {mesage: hello}
"""


def test_a_good_recipe_is_clean_anywhere(rouage: Rouage, tmp_path: Path):
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    answer = rouage("check", "good.yaml")
    assert (answer.code, answer.err) == (0, ""), answer.err
    assert "1 recipe(s) checked" in answer.out


def test_all_mistakes_are_told_with_line_column_and_remedy(rouage: Rouage, tmp_path: Path):
    (tmp_path / "wrong.yaml").write_text(WRONG, encoding="utf-8")
    answer = rouage("check", "wrong.yaml", "--json")
    assert answer.code == 1
    diagnostics = answer.data["diagnostics"]
    places = [(one["file"], one["range"]["start"]["line"]) for one in diagnostics]
    assert places == [("wrong.yaml", 5), ("wrong.yaml", 6)]
    assert diagnostics[0]["range"]["start"]["column"] == 5
    human = rouage("--lang", "fr", "check", "wrong.yaml")
    assert human.code == 1
    assert "wrong.yaml:5:5" in human.out
    assert "log.write" in human.out
    assert "^" in human.out


def test_a_folder_is_checked_without_its_test_fixtures(rouage: Rouage, tmp_path: Path):
    folder = tmp_path / "w" / "recipes"
    folder.mkdir(parents=True)
    for name in ("a.yaml", "b.yml", "a.test.yaml", ".hidden.yaml", "note.txt"):
        (folder / name).write_text(GOOD, encoding="utf-8")
    for words in (("check", "w"), ("check", "w/recipes"), ("--workspace", "w", "check")):
        assert rouage(*words, "--json").data["files"] == 2


def test_one_bad_file_never_hides_the_others(rouage: Rouage, tmp_path: Path):
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "b.yaml").write_bytes(b"a: " + b"x" * 2_000_000)
    (tmp_path / "c.yaml").write_text("name: [", encoding="utf-8")
    (tmp_path / "d.yaml").write_text(WRONG, encoding="utf-8")
    answer = rouage("check", ".", "--json")
    assert answer.code == 1
    assert {one["file"] for one in answer.data["diagnostics"]} == {
        "a.yaml",
        "b.yaml",
        "c.yaml",
        "d.yaml",
    }


def test_a_file_that_does_not_exist_is_a_wrong_call(rouage: Rouage):
    assert rouage("check", "none.yaml").code == 2
