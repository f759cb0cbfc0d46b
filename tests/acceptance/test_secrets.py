"""`rouage secrets` from the outside: values go in, and never come out."""

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
        assert listed.data == {"secrets": [{"name": "a"}, {"name": "b"}]}
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
