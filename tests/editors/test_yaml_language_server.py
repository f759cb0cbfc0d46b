"""The schema of this installation in the language server that most editors use for YAML (S4).

The server is the real one, from npm; it speaks the standard protocol and fetches nothing.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rouage.catalog.discovery import discover
from rouage.catalog.grammar import ENGINE_WORDS, STEP_KEYS, TRIGGER_KEYS
from tests.editors.rpc import EditorClient

pytestmark = pytest.mark.slow

LINE = "# yaml-language-server: $schema=../.rouage/recipe.schema.json\n"
HEAD = LINE + "name: A\nwhen:\n  - manual.start: {}\ndo:\n"
SETTINGS = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        "schemaStore": {"enable": False},
        "schemas": {},
        # As in docs/editors.md: without it, what has a default is written out as well.
        "disableDefaultProperties": True,
    },
    "http": {"proxy": "http://127.0.0.1:9", "proxyStrictSSL": True},
    "[yaml]": {"editor.tabSize": 2},
    "editor": {},
    "files": {},
}


class Editor:
    """An editor with a folder of recipes and a schema in one language beside it."""

    def __init__(self, server: Any, folder: Path, language: str) -> None:
        self.workspace = folder / f"atelier-{language}"
        (self.workspace / "recipes").mkdir(parents=True)
        (self.workspace / ".rouage").mkdir()
        (self.workspace / "rouage.yaml").write_text(f"language: {language}\n", encoding="utf-8")
        schema = subprocess.run(
            [sys.executable, "-m", "rouage", "schema", "--language", language],
            cwd=self.workspace,
            check=True,
            capture_output=True,
        )
        (self.workspace / ".rouage" / "recipe.schema.json").write_bytes(schema.stdout)
        self.client = EditorClient(
            server.command,
            environment=server.environment | {"HOME": str(folder)},
            folder=self.workspace,
        )
        self.client.settings = SETTINGS
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": True}},
                "hover": {"contentFormat": ["markdown"]},
            },
        }
        self.client.begin(self.workspace, locale=language, capabilities=capabilities)
        self.client.notify("workspace/didChangeConfiguration", {"settings": SETTINGS})
        self._count = 0

    def open(self, text: str) -> str:
        self._count += 1
        return self.client.open(self.workspace / "recipes" / f"r{self._count}.yaml", text)

    def complete(self, text: str) -> list[dict[str, Any]]:
        """Return what is offered at the mark `¦` of *text*."""
        before = text[: text.index("¦")]
        uri = self.open(text.replace("¦", ""))
        self.problems(uri)
        return self.client.complete(uri, before.count("\n"), len(before.rpartition("\n")[2]))

    def hover(self, text: str) -> str:
        before = text[: text.index("¦")]
        uri = self.open(text.replace("¦", ""))
        self.problems(uri)
        return self.client.hover(uri, before.count("\n"), len(before.rpartition("\n")[2]))

    def problems(self, uri: str) -> list[dict[str, Any]]:
        return self.client.diagnostics(uri)


@pytest.fixture(scope="module")
def editors(
    yaml_server: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Editor]]:
    """Return a function that gives the editor of a language."""
    folder = tmp_path_factory.mktemp("yaml")
    made: dict[str, Editor] = {}

    def editor(language: str) -> Editor:
        if language not in made:
            made[language] = Editor(yaml_server, folder, language)
        return made[language]

    yield editor
    for one in made.values():
        one.client.process.kill()
        one.client.close()


Editors = Callable[[str], Editor]


def inserted(item: dict[str, Any]) -> str:
    edit = item.get("textEdit")
    return str(edit["newText"] if edit else item.get("insertText", item["label"]))


def labels(items: list[dict[str, Any]]) -> list[str]:
    return sorted(item["label"] for item in items)


def test_a_sound_recipe_has_no_problem(editors: Editors):
    text = HEAD + (
        "  - files.move:\n      source: ${{ 'a' }}\n      target: b/\n      on_conflict: rename\n"
        "    id: filed\n    retry: 3\n"
        "  - for_each:\n      in: ${{ [1, 2] }}\n      do:\n        - log.write: {message: a}\n"
        "  - wait: 3d\n"
    )
    for language in ("fr", "en"):
        editor = editors(language)
        assert editor.problems(editor.open(text)) == []


def test_a_step_is_offered_every_word_once(editors: Editors):
    items = editors("fr").complete(HEAD + "  - ¦\n")
    expected = sorted([*discover(entry_points=()).actions, *ENGINE_WORDS, *STEP_KEYS])
    assert labels(items) == expected


def test_a_trigger_is_offered_every_word_once(editors: Editors):
    items = editors("fr").complete(
        LINE + "name: A\nwhen:\n  - ¦\ndo:\n  - log.write: {message: a}\n"
    )
    expected = sorted([*discover(entry_points=()).triggers, *TRIGGER_KEYS])
    assert labels(items) == expected


def test_each_action_brings_its_required_parameters_and_its_page(editors: Editors):
    catalog = discover(entry_points=())
    items = {item["label"]: item for item in editors("fr").complete(HEAD + "  - ¦\n")}
    for id_, spec in catalog.actions.items():
        lines = inserted(items[id_]).splitlines()
        assert lines[0].startswith(f"{id_}:")
        brought = [line.strip().partition(":")[0] for line in lines[1:] if ":" in line]
        assert brought == list(spec.parameters.required), id_
        assert spec.about.fr in json.dumps(items[id_], ensure_ascii=False), id_


def test_choices_and_truth_values_are_offered(editors: Editors):
    move = HEAD + "  - files.move:\n      source: a\n      target: b\n      on_conflict: ¦\n"
    assert {"fail", "skip", "overwrite", "rename"} <= set(labels(editors("fr").complete(move)))
    enabled = LINE + "name: A\nenabled: ¦\ndo:\n  - log.write: {message: a}\n"
    assert {"true", "false"} <= set(labels(editors("fr").complete(enabled)))


def test_hover_speaks_the_language_of_the_schema(editors: Editors):
    action = HEAD + "  - files.mo¦ve:\n      source: a\n      target: b\n"
    parameter = HEAD + "  - files.move:\n      source: a\n      tar¦get: b\n"
    catalog = discover(entry_points=())
    move = catalog.actions["files.move"]
    for language in ("fr", "en"):
        editor = editors(language)
        assert move.about.render(language) in editor.hover(action)
        told = editor.hover(parameter)
        assert move.parameters.specs["target"].about.render(language).split(",")[0] in told


SAMPLES = {
    "1 unknown parameter": (
        HEAD + "  - log.write:\n      message: a\n      «levle»: info\n",
        None,
    ),
    "2 unknown action": (HEAD + "  - «log.wriet»: {message: a}\n", None),
    "3 missing parameter": (HEAD + "  - «files.move»:\n      source: a\n", "target"),
    "8 true or false": (LINE + "name: A\nenabled: «yes»\ndo:\n  - log.write: {message: a}\n", None),
    "8 a parameter": (
        HEAD + "  - files.delete:\n      path: a\n      to_trash: «oui»\n",
        "true (vrai) ou false (faux)",
    ),
    "a choice": (
        HEAD + "  - log.write:\n      message: a\n      level: «loud»\n",
        "Choisissez parmi : debug, info, warning, error.",
    ),
    "a duration": (
        HEAD + "  - log.write: {message: a}\n    timeout: «soon»\n",
        "Une durée est attendue",
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_mistakes_that_a_schema_can_express_are_flagged_in_their_place(editors: Editors, name: str):
    marked, told = SAMPLES[name]
    before, _, rest = marked.partition("«")
    word = rest.partition("»")[0]
    editor = editors("fr")
    found = editor.problems(editor.open(marked.replace("«", "").replace("»", "")))
    line, column = before.count("\n"), len(before.rpartition("\n")[2])
    assert [one["range"] for one in found] == [
        {
            "start": {"line": line, "character": column},
            "end": {"line": line, "character": column + len(word)},
        }
    ], found
    if told is not None:
        assert told in found[0]["message"]


def test_steps_without_a_dash_are_flagged(editors: Editors):
    editor = editors("fr")
    found = editor.problems(editor.open(LINE + "name: A\ndo:\n  log.write:\n    message: a\n"))
    assert found
    assert found[0]["range"]["start"]["line"] in {2, 3}


def test_a_long_recipe_does_not_hang_it(editors: Editors):
    editor = editors("fr")
    text = HEAD + "  - log.write: {message: a}\n" * 250 + "  - \n"
    uri = editor.open(text)
    editor.problems(uri)
    line = text.count("\n") - 1
    editor.client.complete(uri, line, 4)
    started = time.monotonic()
    editor.client.complete(uri, line, 4)
    # No figure: a schema that makes it hang takes minutes.
    assert time.monotonic() - started < 20
