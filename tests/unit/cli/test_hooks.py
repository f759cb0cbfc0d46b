"""`rouage hooks`: where webhooks and forms listen, and paths that nobody can guess."""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rouage.cli import hooks
from rouage.errors import UsageError

RECIPES = {
    "shop": """
name: Shop
inputs: {place: {type: text, default: orders}}
when:
  - webhook.received: {path: "${{ inputs.place }}", secret: "${{ secrets.shop }}"}
  - webhook.received: {path: open, preset: none, unsigned: true}
  - manual.start: {}
do: [{log.write: {message: a}}]
""",
    "quote": """
name: Quote
when: [{form.submitted: {title: Quote, inputs: {name: text}}}]
do: [{log.write: {message: a}}]
""",
}


def rows_of(spoken: Any, **given: Any) -> Any:
    hooks.run(spoken.session, argparse.Namespace(new=None, **given))
    return spoken.out


def write(workspace: Path) -> None:
    for name, text in RECIPES.items():
        (workspace / "recipes" / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_every_address_is_listed_with_who_may_send(
    workspace: Path, make_session: Callable[..., Any]
) -> None:
    write(workspace)
    found = json.loads(rows_of(make_session(workspace, is_json=True)))["hooks"]
    assert [(row["recipe"], row["url"], row["open"]) for row in found] == [
        ("quote", "chosen at the first start", True),
        ("shop", "http://127.0.0.1:8471/hooks/orders", False),
        ("shop", "http://127.0.0.1:8471/hooks/open", True),
    ]
    text = rows_of(make_session(workspace))
    assert "senders prove who they are" in text
    assert "whoever has the address may send" in text


def test_the_public_address_and_the_port_in_use_are_shown(
    workspace: Path, make_session: Callable[..., Any]
) -> None:
    write(workspace)
    (workspace / ".rouage" / "daemon.json").write_text('{"hooks_port": 5001}')
    assert "http://127.0.0.1:5001/hooks/orders" in rows_of(make_session(workspace))
    settings = workspace / "rouage.yaml"
    settings.write_text(settings.read_text() + "public_url: https://rouage.example.org\n")
    assert "https://rouage.example.org/hooks/orders" in rows_of(make_session(workspace))


def test_without_hooks_it_says_so(workspace: Path, make_session: Callable[..., Any]) -> None:
    assert "no recipe listens" in rows_of(make_session(workspace))


def test_a_private_path_is_new_each_time(workspace: Path, make_session: Callable[..., Any]) -> None:
    paths = set()
    for _ in range(2):
        spoken = make_session(workspace)
        hooks.run(spoken.session, argparse.Namespace(new="orders"))
        found = re.search(r"path: (orders-[0-9a-f]{32})$", spoken.out, re.MULTILINE)
        assert found is not None
        paths.add(found[1])
    assert len(paths) == 2
    with pytest.raises(UsageError):
        hooks.run(make_session(workspace).session, argparse.Namespace(new="é/.."))
