"""`rouage account` from the outside."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rouage = Callable[..., Any]
SETTINGS = """
language: fr
accounts:
  pro:
    type: mail
    address: marie@example.org
    password: ${{ secrets.mail_pro }}
    imap: {host: 127.0.0.1, port: %d, security: none}
    smtp: {host: 127.0.0.1, port: %d, security: none}
  other: {type: unheard_of}
"""
PASSWORD = "marker-41d0"


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def workspace(tmp_path: Path, closed_port: int) -> Path:
    (tmp_path / "recipes").mkdir()
    text = SETTINGS % (closed_port, closed_port)
    (tmp_path / "rouage.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("workspace")
class TestAccount:
    def test_accounts_are_listed_by_name_and_type(self, rouage: Rouage):
        listed = rouage("account", "list", "--json").data["accounts"]
        assert listed == [
            {"name": "other", "type": "unheard_of"},
            {"name": "pro", "type": "mail"},
        ]
        assert "pro" in rouage("account", "list").out

    def test_a_missing_secret_is_said_before_anything_is_tried(self, rouage: Rouage):
        answer = rouage("account", "test", "pro")
        assert answer.code == 1
        assert "rouage secrets set mail_pro" in answer.err

    def test_what_is_wrong_is_said_for_each_way_with_the_next_gesture(self, rouage: Rouage):
        rouage("secrets", "set", "mail_pro", stdin=PASSWORD)
        answer = rouage("account", "test", "pro")
        assert answer.code == 1
        assert answer.out.count("✗ rien ne répond à l’adresse 127.0.0.1:") == 2
        assert "que faire : vérifiez le port" in answer.out
        told = rouage("account", "test", "pro", "--json")
        assert [one["state"] for one in told.data["findings"]] == ["failed", "failed"]
        assert PASSWORD not in answer.out + answer.err + told.out

    def test_a_type_that_nothing_can_try_is_said_to_be_one(self, rouage: Rouage):
        answer = rouage("account", "test", "other")
        assert answer.code == 0
        assert "unheard_of" in answer.out

    @pytest.mark.parametrize("words", [("test",), ("test", "nobody"), ("list", "pro"), ("x",), ()])
    def test_a_wrong_call_is_refused(self, rouage: Rouage, words: tuple[str, ...]):
        assert rouage("account", *words).code == 2
