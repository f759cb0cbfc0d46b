"""Nothing that an editor or a file sends ends the server, or keeps it busy for long."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.editors.rpc import EditorClient

Start = Callable[..., EditorClient]

BASE = """\
name: Factures 😀
when:
  - folder.file: {path: ~/in, match: "*.pdf"}
do:
  - files.move:
      source: ${{ event.file.path }}
      target: out/
    id: filed
  - log.write: {message: "${{ steps.filed.path | upper }}"}
"""
DOCUMENTS = {
    "nothing": "",
    "nested": "[" * 200_000,
    "nested keys": "{a: " * 50_000,
    "laughs": "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(500)),
    "long line": "name: " + "x" * 5_000_000,
    "many lines": "do:\n" + "  - log.write: {message: a}\n" * 100_000,
    "control": "name: \x00\x01\x7f\u2028\u202e\ufeff\n",
    "surrogate": "name: \ud83c\n",
    "returns": "name: a\rdo:\r  - log.write: {message: a}\r",
    "mark": "\ufeffname: a\nnmae: b\n",
    "quotes": "name: '" + "'" * 100_000,
    "expressions": "if: " + "(" * 100_000,
    "holes": "name: " + "${{" * 50_000,
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_hostile_document_does_not_hang_it(french: Any, name: str):
    begun = time.monotonic()
    text = DOCUMENTS[name]
    uri = french.open(text)
    for line, character in ((0, 0), (0, 7), (1, 5), (10**9, 10**9)):
        french.client.complete(uri, line, character)
        french.client.hover(uri, line, character)
    for method, more in (
        ("formatting", {"options": {"tabSize": 2, "insertSpaces": True}}),
        (
            "codeAction",
            {
                "range": {
                    "start": {"line": 0, "character": 0},
                    "end": {"line": 2**31 - 1, "character": 0},
                },
                "context": {"diagnostics": []},
            },
        ),
    ):
        french.client.request(f"textDocument/{method}", {"textDocument": {"uri": uri}, **more})
    french.client.diagnostics(uri)
    french.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    # No figure: what grows with the square of a size takes minutes here.
    assert time.monotonic() - begun < 40


def test_random_edits_never_end_the_server(french: Any):
    dice = random.Random(4)  # noqa: S311 - edits, not secrets
    pieces = ["\n", "  ", "- ", ": ", "{", "]", "${{", "}}", "|", '"', "\t", "#", "é😀", "do:", ""]
    text = BASE
    uri = french.open(text)
    version = 1
    for _ in range(150):
        at = dice.randrange(len(text) + 1)
        text = text[:at] + dice.choice(pieces) + text[at + dice.randrange(4) :]
        if len(text) < 40:
            text = BASE
        version = french.client.change(uri, text)
        line = dice.randrange(12)
        french.client.complete(uri, line, dice.randrange(60))
        french.client.hover(uri, line, dice.randrange(60))
    assert isinstance(french.client.diagnostics(uri, version), list)
    assert french.client.stderr == b""


def test_wrong_messages_are_refused_and_forgotten(start: Start, workspace: Path):
    client = start(workspace)
    client.begin(workspace, locale="fr")
    for body in (
        b"{bad}",
        b"[]",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"jsonrpc": "2.0", "method": "nope", "params": 5}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 1}}',
    ):
        client.send_bytes(body)
    unknown = "file:///nowhere/%00.yaml"
    assert client.complete(unknown, 0, 0) == []
    assert client.hover(unknown, 0, 0) == ""
    assert "error" in client.ask("textDocument/nope", {})
    uri = client.open(workspace / "recipes" / "a.yaml", BASE)
    assert client.diagnostics(uri) == []
    assert client.end() == 0


def test_the_server_leaves_when_its_editor_is_gone(workspace: Path):
    environment = {**os.environ, "HOME": str(workspace.parent)}
    with subprocess.Popen(
        [sys.executable, "-m", "rouage", "lsp"],
        cwd=workspace,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        out, _ = process.communicate(b"", timeout=20)
        assert out == b""
        assert process.returncode == 0


def test_without_the_extra_the_command_says_how_to_install_it(workspace: Path, tmp_path: Path):
    # A package of this name that cannot be imported stands for one that is not there.
    blocker = tmp_path / "path" / "pygls"
    blocker.mkdir(parents=True)
    (blocker / "__init__.py").write_text(
        "raise ModuleNotFoundError('no pygls', name='pygls')\n", encoding="utf-8"
    )
    environment = {**os.environ, "PYTHONPATH": str(blocker.parent), "ROUAGE_LANG": "fr"}
    done = subprocess.run(
        [sys.executable, "-m", "rouage", "lsp"],
        cwd=workspace,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f'« {sys.executable} » -m pip install "rouage[lsp]"' in done.stderr
