"""The configurations for editors are well formed, the same in both languages, and work."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from rouage.catalog.discovery import discover
from rouage.catalog.schema import compose
from rouage.cli.main import COMMANDS

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = ("editors.md", "editors.fr.md")


def blocks(page: str, kind: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [block for name, block in BLOCK.findall(text) if name == kind]


@pytest.mark.parametrize("kind", ["json", "lua", "toml", "yaml"])
def test_both_languages_show_the_same_configuration(kind: str):
    assert blocks("editors.md", kind) == blocks("editors.fr.md", kind) != []


def test_the_settings_of_vs_code_start_our_server():
    found = [json.loads(block) for block in blocks("editors.md", "json")]
    assert len(found) == 2
    server = found[1]
    command = [server["glspc.server.command"], *server["glspc.server.commandArguments"]]
    assert command[0] == "rouage"
    assert command[1] in COMMANDS
    assert server["glspc.server.languageId"] == ["yaml"]


def test_the_languages_of_helix_start_our_server():
    found = [tomllib.loads(block) for block in blocks("editors.md", "toml")]
    server = found[0]["language-server"]["rouage"]
    assert [server["command"], *server["args"]] == ["rouage", "lsp"]
    assert found[0]["language"][0]["language-servers"] == ["rouage"]


@pytest.mark.parametrize("block", blocks("editors.md", "lua"))
def test_the_lua_of_neovim_is_balanced_and_starts_a_server(block: str):
    bare = re.sub(r'"[^"\n]*"', "", block)
    assert '"' not in bare
    for opening, closing in ("{}", "()", "[]"):
        assert bare.count(opening) == bare.count(closing)
    name = re.search(r'vim\.lsp\.config\("(\w+)", \{', block)
    assert name is not None
    assert f'vim.lsp.enable("{name[1]}")' in block
    # Every field of a table ends with a comma, so that a line can be added below it.
    for line in block.splitlines()[1:]:
        assert not line.startswith("  ") or line.endswith((",", "{", ")")), line


def test_the_schema_line_is_the_one_that_new_recipes_begin_with():
    line = blocks("editors.md", "yaml")[0].strip()
    assert line == "# yaml-language-server: $schema=../.rouage/recipe.schema.json"
    assert compose(discover(entry_points=()))["$schema"].startswith("https://json-schema.org/")
