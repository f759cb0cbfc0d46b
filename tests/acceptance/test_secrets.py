"""`rouage secrets` from the outside: values go in, and never come out."""

import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]
VALUE = "marker-7f3a9c/é\t"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "rouage.yaml").write_text("language: fr\n", encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("workspace")
class TestSecrets:
    def test_a_value_is_read_from_standard_input_without_its_line_end(
        self, rouage: Rouage, workspace: Path
    ):
        answer = rouage("secrets", "set", "shop_key", stdin=VALUE + "\n")
        assert answer.code == 0
        assert "${{ secrets.shop_key }}" in answer.out
        assert VALUE not in answer.out + answer.err
        path = workspace / ".rouage" / "secrets.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        shown = rouage("eval", "secrets.shop_key", "--json")
        assert shown.data == {"value": "•••", "type": "secret"}

    def test_names_are_listed_and_values_are_not(self, rouage: Rouage):
        rouage("secrets", "set", "b", stdin=VALUE)
        rouage("secrets", "set", "a", stdin=VALUE)
        assert rouage("secrets", "list").out == "a\nb\n"
        listed = rouage("secrets", "list", "--json")
        assert listed.data == {
            "secrets": [{"name": "a", "last_used": None}, {"name": "b", "last_used": None}]
        }
        assert VALUE not in listed.out

    def test_a_secret_is_removed_once(self, rouage: Rouage):
        rouage("secrets", "set", "a", stdin=VALUE)
        assert rouage("secrets", "remove", "a", "--json").data == {"name": "a", "removed": True}
        assert rouage("secrets", "remove", "a").code == 1

    def test_a_file_that_others_can_read_is_refused(self, rouage: Rouage, workspace: Path):
        rouage("secrets", "set", "a", stdin=VALUE)
        (workspace / ".rouage" / "secrets.json").chmod(0o644)
        answer = rouage("secrets", "list")
        assert answer.code == 1
        assert "conseil : lancez : chmod 600" in answer.err
        assert VALUE not in answer.out + answer.err

    @pytest.mark.parametrize(
        "words", [("set",), ("set", "Bad"), ("set", "a-b"), ("list", "a"), ("take", "a"), ()]
    )
    def test_a_wrong_call_changes_nothing(
        self, rouage: Rouage, workspace: Path, words: tuple[str, ...]
    ):
        assert rouage("secrets", *words, stdin=VALUE).code == 2
        assert not (workspace / ".rouage").exists()

    def test_an_empty_value_is_refused(self, rouage: Rouage):
        assert rouage("secrets", "set", "a", stdin="\n").code == 2

    def test_a_short_value_comes_with_a_note(self, rouage: Rouage):
        assert "remarque" in rouage("secrets", "set", "a", stdin="abc").err

    def test_a_test_says_where_the_key_lies_who_uses_what_and_what_is_missing(
        self, rouage: Rouage, workspace: Path
    ):
        recipe = "when: [{manual.start: {}}]\ndo: [{log.write: {message: '${{ secrets.shop }}'}}]\n"
        (workspace / "recipes" / "a.yaml").write_text(recipe)
        answer = rouage("secrets", "test")
        assert answer.code == 1
        assert "rouage secrets set shop" in answer.err
        assert "recipes/a.yaml" in answer.err
        rouage("secrets", "set", "shop", stdin=VALUE)
        rouage("secrets", "set", "other", stdin="abc")
        answer = rouage("secrets", "test")
        assert answer.code == 0
        assert "shop : utilisé par recipes/a.yaml" in answer.out
        assert "other : pas utilisé" in answer.out
        assert str(workspace / ".rouage" / "secrets-") in answer.out
        assert VALUE not in answer.out + answer.err
        assert rouage("secrets", "test", "--json").data == {
            "key": "workspace",
            "secrets": [
                {"name": "other", "is_masked": False, "used_by": []},
                {"name": "shop", "is_masked": True, "used_by": ["recipes/a.yaml"]},
            ],
            "missing": [],
        }
        assert rouage("secrets", "test", "nothing").code == 1

    def test_a_new_key_can_lie_in_the_home_folder(self, rouage: Rouage, workspace: Path):
        rouage("secrets", "set", "shop", stdin=VALUE)
        home = {"XDG_CONFIG_HOME": str(workspace / "config")}
        answer = rouage("secrets", "rotate", "--key", "home", "--json", more=home)
        assert answer.data == {"key": "home"}
        assert not list((workspace / ".rouage").glob("*.key"))
        assert rouage("secrets", "list", more=home).out == "shop\n"
        assert rouage("secrets", "list").code != 0
        for words in (["rotate", "shop"], ["list", "--key", "home"]):
            assert rouage("secrets", *words).code == 2

    def test_secrets_in_clear_are_told(self, rouage: Rouage, workspace: Path):
        path = workspace / ".rouage" / "secrets.json"
        path.parent.mkdir(mode=0o700)
        path.touch(mode=0o600)
        path.write_text('{"format": 1, "secrets": {"shop": "marker-7f3a9c"}}')
        answer = rouage("secrets", "test")
        assert (answer.code, "en clair" in answer.out) == (1, True)
        assert rouage("secrets", "rotate").code == 0
        assert rouage("secrets", "test").code == 0
        assert "marker" not in path.read_text()


SPENDS = """
name: Spends
when: [{manual.start: {}}]
do:
  - log.write: {message: "Bearer ${{ secrets.shop }}/${{ secrets.other | trim }}"}
  - ai.complete: {prompt: Bonjour}
    retry: {times: 0}
    on_error: continue
  - log.write: {message: nothing to hide}
"""
ACCOUNT = "{type: ai, url: 'http://127.0.0.1:1/v1', model: m, api_key: '${{ secrets.ai_key }}'}"


@pytest.mark.slow
def test_which_run_was_given_which_secret_is_on_record(
    rouage: Rouage,
    workspace: Path,
    start_daemon: Callable[..., Any],
    eventually: Callable[..., Any],
):
    (workspace / "rouage.yaml").write_text(f"language: fr\naccounts:\n  model: {ACCOUNT}\n")
    (workspace / "recipes" / "spends.yaml").write_text(SPENDS)
    for name in ("ai_key", "other", "shop", "unused"):
        rouage("secrets", "set", name, here=workspace, stdin=VALUE + name)
    daemon = start_daemon(workspace)
    limits = Path(f"/proc/{daemon.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    assert rouage("run", "spends", here=workspace).code == 0

    def shown() -> Any:
        answer = rouage("show", "last", "--json", here=workspace)
        return answer.data if answer.code == 0 and answer.data["ended"] else None

    run = eventually(shown)
    # The account is a secret too, and its call failed.
    assert run["secrets"] == [
        {"name": "ai_key", "steps": ["do.1"]},
        {"name": "other", "steps": ["do.0"]},
        {"name": "shop", "steps": ["do.0"]},
    ]
    told = rouage("show", "last", here=workspace)
    assert "secret : ai_key (do.1)" in told.out
    listed = rouage("secrets", "list", here=workspace)
    lines = dict(line.partition(" ")[::2] for line in listed.out.splitlines())
    assert lines["unused"] == ""
    assert run["id"] in lines["shop"]
    assert VALUE not in told.out + listed.out
