"""`rouage lsp`, driven over its pipes as an editor drives it: every feature, both languages."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rouage.secrets import SecretStore
from tests.editors.rpc import EditorClient

Start = Callable[..., EditorClient]

ROOT = Path(__file__).resolve().parents[2]

RECIPE = """\
name: Factures
inputs:
  accountant: {type: email, default: a@b.fr}
when:
  - folder.file:
      path: ~/Factures
if: event.file.size > 0
do:
  - files.move:
      source: ${{ event.file.path }}
      target: rangé/
      on_conflict: rename
    id: filed
  - log.write:
      message: 😀 ${{ steps.filed.path }} 😀
"""
WRONG = """\
name: Été 😀
when:
  - manual.start: {}
do:
  - log.wriet: {message: a}
  - log.write: {message: "😀😀 ${{ now() | uper }}"}
"""


@pytest.fixture
def editor(start: Start, workspace: Path) -> EditorClient:
    """Return an editor that speaks French."""
    client = start(workspace)
    client.begin(workspace, locale="fr-FR")
    return client


def find(text: str, mark: str, *, after: bool = False) -> tuple[int, int]:
    """Return the line and the UTF-16 column of *mark* in *text*."""
    before = text[: text.index(mark) + (len(mark) if after else 0)]
    line = before.count("\n")
    column = before.rpartition("\n")[2]
    return line, len(column.encode("utf-16-le")) // 2


def labels(items: list[dict[str, Any]]) -> list[str]:
    return [item["label"] for item in items]


def with_edit(text: str, item: dict[str, Any]) -> str:
    """Return *text* after an editor accepted *item* (places of a snippet left as written)."""
    edit = item["textEdit"]
    lines = text.split("\n")
    start, end = edit["range"]["start"], edit["range"]["end"]
    assert start["line"] == end["line"]
    line = lines[start["line"]].encode("utf-16-le")
    indent = len(lines[start["line"]]) - len(lines[start["line"]].lstrip(" "))
    inserted = edit["newText"].replace("\n", "\n" + " " * indent)
    before = line[: 2 * start["character"]].decode("utf-16-le")
    after = line[2 * end["character"] :].decode("utf-16-le")
    lines[start["line"]] = before + inserted + after
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("locale", "more", "words", "expected"),
    [
        ("fr", {}, (), "action inconnue « log.wriet »"),
        ("en-US", {}, (), "unknown action “log.wriet”"),
        ("en", {"ROUAGE_LANG": "fr"}, (), "action inconnue « log.wriet »"),
        ("fr", {}, ("--lang", "en"), "unknown action “log.wriet”"),
    ],
)
def test_problems_are_told_in_the_users_language(
    start: Start,
    workspace: Path,
    locale: str,
    more: dict[str, str],
    words: tuple[str, ...],
    expected: str,
):
    client = start(workspace, *words, more=more)
    client.begin(workspace, locale=locale)
    uri = client.open(workspace / "recipes" / "a.yaml", WRONG)
    assert client.diagnostics(uri)[0]["message"] == expected
    assert client.end() == 0


def test_the_settings_of_the_workspace_choose_the_language(start: Start, workspace: Path):
    (workspace / "rouage.yaml").write_text("language: fr\n", encoding="utf-8")
    client = start(workspace)
    client.begin(workspace, locale="en")
    uri = client.open(workspace / "recipes" / "a.yaml", WRONG)
    assert "action inconnue" in client.diagnostics(uri)[0]["message"]


def test_columns_count_utf_16_units_or_what_was_agreed(start: Start, workspace: Path):
    lines = WRONG.split("\n")
    start_of = lines[5].index("uper")
    for encoding, character in (
        ("utf-16", start_of + 2),
        ("utf-8", len(lines[5][:start_of].encode())),
        ("utf-32", start_of),
    ):
        client = start(workspace)
        agreed = client.begin(
            workspace, capabilities={"general": {"positionEncodings": [encoding]}}
        )
        assert agreed["capabilities"]["positionEncoding"] == encoding
        uri = client.open(workspace / "recipes" / "a.yaml", WRONG)
        second = client.diagnostics(uri)[1]
        assert second["code"] == "RG442"
        assert second["range"] == {
            "start": {"line": 5, "character": character},
            "end": {"line": 5, "character": character + 4},
        }
        assert "uper" not in client.hover(uri, 5, character)


def test_problems_follow_the_text_and_leave_with_it(editor: EditorClient, workspace: Path):
    uri = editor.open(workspace / "recipes" / "a.yaml", RECIPE)
    assert editor.diagnostics(uri) == []
    for number in range(5):
        editor.change(uri, RECIPE.replace("files.move", f"files.mov{number}"))
    version = editor.change(uri, RECIPE.replace("files.move", "files.mvoe"))
    listed = editor.diagnostics(uri, version)
    assert [one["code"] for one in listed] == ["RG210"]
    published = [n for n in editor.notices if n["method"] == "textDocument/publishDiagnostics"]
    assert len(published) <= 4, "changes in a burst are published once"
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    editor.hover(uri, 0, 0)
    assert editor.diagnostics(uri) == []


def test_actions_come_with_their_required_parameters(french: Any):
    text = RECIPE + "  - files.co"
    uri = french.open(text)
    items = french.client.complete(uri, *find(text, "files.co", after=True))
    first = items[0]
    assert (first["label"], first["detail"]) == ("files.copy", "Copier un fichier")
    assert first["insertTextFormat"] == 2
    accepted = with_edit(text, first)
    assert "\n  - files.copy:\n      source: $1\n      target: ${2:" in accepted
    assert "Copie un fichier" in first["documentation"]["value"]
    assert {"choose", "for_each", "approve", "log.write"} <= set(labels(items))
    assert "folder.file" not in labels(items)


def test_an_editor_without_snippets_gets_plain_text(start: Start, workspace: Path):
    client = start(workspace)
    client.begin(workspace, locale="en", capabilities={})
    text = RECIPE + "  - files.co"
    uri = client.open(workspace / "recipes" / "a.yaml", text)
    first = client.complete(uri, *find(text, "files.co", after=True))[0]
    assert first["insertTextFormat"] == 1
    assert "$" not in first["textEdit"]["newText"]
    assert "\n      target: files/invoices/" in with_edit(text, first)


@pytest.mark.parametrize(
    ("before", "expected", "absent"),
    [
        ("¦", {"when", "do", "if", "inputs", "concurrency"}, {"path"}),
        ("when:\n  - ¦", {"folder.file", "schedule.cron", "webhook.received"}, {"files.move"}),
        ("when:\n  ¦", {"- folder.file"}, {"folder.file"}),
        ("when:\n  - folder.file:\n      path: a\n      ¦", {"match", "recursive"}, {"path"}),
        ("when:\n  - folder.file: {path: a}\n    ¦", {"if", "once", "debounce"}, {"folder.file"}),
        ("do:\n  - log.write: {message: a, ¦}", {"level"}, {"message"}),
        ("do:\n  - log.write:\n      message: a\n      level: ¦", {"debug", "error"}, {"a"}),
        ("do:\n  - log.write: {message: a}\n    retry:\n      ¦", {"times", "wait"}, {"id"}),
        ("do:\n  - log.write: {message: a}\n    on_error: ¦", {"stop", "continue"}, set()),
        ("enabled: ¦", {"true", "false"}, set()),
        ("timezone: Europe/Pa¦", {"Europe/Paris"}, {"Asia/Tokyo"}),
        ("do:\n  - call: ¦", {"relance"}, set()),
        ("do:\n  - call:\n      recipe: ¦", {"relance"}, set()),
        ("concurrency: {mode: ¦}", {"queued", "latest"}, set()),
        ("do:\n  - choose:\n      - ¦", {"if", "do"}, {"log.write"}),
        ("do:\n  - approve:\n      ask: a\n      ¦", {"timeout", "on_timeout"}, {"ask"}),
        ("do:\n  - wait:\n      event:\n        ¦", {"folder.file"}, {"log.write"}),
        ("inputs:\n  amount:\n    type: ¦", {"money", "email"}, set()),
    ],
)
def test_words_and_values_are_offered_where_they_belong(
    french: Any, before: str, expected: set[str], absent: set[str]
):
    text = f"name: A\n{before}"
    uri = french.open(text.replace("¦", ""))
    offered = set(labels(french.client.complete(uri, *find(text, "¦"))))
    assert expected <= offered
    assert not absent & offered


FOLDER = "name: A\nwhen:\n  - folder.file: {path: a}\n"
STEPS = (
    FOLDER + "inputs:\n  boss: {type: email, default: a@b.fr}\nvars:\n  limit: 3\ndo:\n"
    "  - files.copy: {source: a, target: b}\n    id: copied\n"
)


@pytest.mark.parametrize(
    ("before", "expected", "absent"),
    [
        (FOLDER + "if: ¦", {"event", "inputs", "now()"}, {"steps", "error"}),
        (FOLDER + "if: event.¦", {"file"}, {"body"}),
        (FOLDER + "if: event.file.¦", {"name", "size", "path"}, {"due"}),
        (FOLDER + "if: event.file.size ¦", {">", "and", "is defined"}, {"event"}),
        (FOLDER + "if: event.file.name | ¦", {"upper", "starts_with"}, {"event"}),
        (STEPS + "  - log.write: {message: '${{ ¦ }}'}", {"steps", "vars", "run"}, {"error"}),
        (STEPS + "  - log.write: {message: '${{ steps.¦ }}'}", {"copied"}, {"later"}),
        (STEPS + "  - log.write:\n      message: ${{ steps.copied.¦ }}", {"path"}, {"file"}),
        (STEPS + "  - log.write:\n      message: ${{ vars.¦ }}", {"limit"}, {"boss"}),
        (STEPS + "  - log.write:\n      message: ${{ inputs.¦ }}", {"boss"}, {"limit"}),
        (STEPS + "  - log.write:\n      message: |\n        a ${{ inputs.¦ }}", {"boss"}, set()),
        (STEPS + "  - log.write:\n      message: ${{ 'x' | up¦ }}", {"upper"}, set()),
        (STEPS + "  - http.request:\n      url: ${{ secrets.¦ }}", {"shop"}, set()),
        (
            STEPS + "  - for_each:\n      in: [1, 2]\n      as: page\n      do:\n"
            "        - log.write: {message: '${{ ¦ }}'}",
            {"page", "loop"},
            set(),
        ),
        (
            STEPS + "  - log.write: {message: a}\nfinally:\n  - log.write:\n"
            "      message: ${{ error.¦ }}",
            set(),
            {"file"},
        ),
        (
            STEPS + "on_error:\n  - log.write:\n      message: ${{ error.¦ }}",
            {"message", "kind", "step"},
            set(),
        ),
        # Broken text above and below: lines and columns still tell where the cursor stands.
        (
            STEPS + "  - log.write: {message: 'a\n  - log.write:\n      message: ${{ steps.¦ }}\n"
            "   bad: : x\n\t- y",
            {"copied"},
            set(),
        ),
    ],
)
def test_expressions_are_completed_from_what_is_known_there(
    french: Any, before: str, expected: set[str], absent: set[str]
):
    uri = french.open(before.replace("¦", ""))
    items = french.client.complete(uri, *find(before, "¦"))
    offered = set(labels(items))
    assert expected <= offered
    assert not absent & offered
    assert "xyz-123" not in json.dumps(items)


def test_hover_explains_words_in_french_and_english(start: Start, workspace: Path):
    told = {}
    for locale in ("fr", "en"):
        client = start(workspace)
        client.begin(workspace, locale=locale)
        uri = client.open(workspace / "recipes" / "a.yaml", RECIPE)
        told[locale] = {
            mark: client.hover(uri, *find(RECIPE, mark))
            for mark in ("files.move", "on_conflict", "path: ~", "if:", "size", "filed.path")
        }
        client.end()
    french, english = told["fr"], told["en"]
    assert "Déplace un fichier" in french["files.move"]
    assert "Obligatoire : `source`, `target`" in french["files.move"]
    assert "Move" in english["files.move"]
    assert "Par défaut : `fail`" in french["on_conflict"]
    assert "Choix : `fail`, `skip`, `overwrite`, `rename`" in french["on_conflict"]
    assert "Default: `fail`" in english["on_conflict"]
    assert "Le dossier" in french["path: ~"]
    assert "doit être vraie" in french["if:"]
    assert "un nombre" in french["size"]
    assert "a number" in english["size"]
    assert "`steps.filed`" in french["filed.path"] or "steps.filed" in french["filed.path"]


def test_hover_on_a_problem_tells_the_remedy(french: Any):
    uri = french.open(WRONG)
    told = french.client.hover(uri, *find(WRONG, "log.wriet"))
    assert "RG210" in told
    assert "log.write" in told


def test_a_quick_fix_corrects_one_place_and_nothing_else(french: Any):
    uri = french.open(WRONG)
    line, column = find(WRONG, "uper")
    place = {"line": line, "character": column}
    actions = french.client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": []},
        },
    )
    assert [(one["title"], one["kind"]) for one in actions] == [
        ("Remplacer par « upper »", "quickfix")
    ]
    item = {"textEdit": actions[0]["edit"]["changes"][uri][0]}
    assert with_edit(WRONG, item) == WRONG.replace("uper", "upper")


def test_all_safe_corrections_come_as_one_action(french: Any):
    uri = french.open(WRONG)
    actions = french.client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
            "context": {"diagnostics": [], "only": ["source.fixAll"]},
        },
    )
    assert [one["kind"] for one in actions] == ["source.fixAll"]
    edits = actions[0]["edit"]["changes"][uri]
    assert applied(WRONG, edits) == WRONG.replace("wriet", "write").replace("uper", "upper")


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """Return *text* after *edits*, whose columns are at the start or the end of lines."""
    lines = text.split("\n")
    for edit in reversed(edits):
        start, end = edit["range"]["start"], edit["range"]["end"]
        before = "\n".join([*lines[: start["line"]], lines[start["line"]][: start["character"]]])
        after = "\n".join([lines[end["line"]][end["character"] :], *lines[end["line"] + 1 :]])
        lines = (before + edit["newText"] + after).split("\n")
    return "\n".join(lines)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_formatting_gives_what_fmt_writes(editor: EditorClient, workspace: Path, newline: str):
    untidy = (
        "name:   A\n\n\n\nwhen:\n- manual.start: {}\ndo:\n- log.write:\n     message:  a   \n\n"
    )
    text = untidy.replace("\n", newline)
    path = workspace / "recipes" / "a.yaml"
    uri = editor.open(path, text)
    options = {"tabSize": 2, "insertSpaces": True}
    edits = editor.request(
        "textDocument/formatting", {"textDocument": {"uri": uri}, "options": options}
    )
    path.write_bytes(text.encode())
    subprocess.run(
        [sys.executable, "-m", "rouage", "fmt", str(path)],
        cwd=workspace,
        check=True,
        capture_output=True,
    )
    laid_out = path.read_bytes().decode()
    assert laid_out != text
    assert applied(text.replace("\r\n", "\n"), edits).replace("\r\n", "\n") == laid_out.replace(
        "\r\n", "\n"
    )
    assert all("\n" not in one["newText"].replace("\r\n", "") for one in edits) or newline == "\n"
    editor.change(uri, laid_out)
    again = editor.request(
        "textDocument/formatting", {"textDocument": {"uri": uri}, "options": options}
    )
    assert again == []


def test_only_recipes_of_a_workspace_are_judged(editor: EditorClient, workspace: Path):
    settings = editor.open(workspace / "rouage.yaml", "timezone: Europe/Paris\n")
    compose = editor.open(workspace / "compose.yaml", "services:\n  web: {image: a}\n")
    elsewhere = editor.open(workspace.parent / "b.yaml", "nmae: a\n")
    unsaved = editor.open("untitled:Untitled-1", "nmae: a\n")
    assert [editor.diagnostics(uri) for uri in (settings, compose)] == [[], []]
    assert editor.diagnostics(elsewhere)
    assert editor.diagnostics(unsaved)
    assert editor.complete(settings, 0, 0) == []


def test_a_secret_that_is_set_meanwhile_is_known_after_a_save(
    editor: EditorClient, workspace: Path
):
    text = (
        "name: A\nwhen:\n  - manual.start: {}\ndo:\n"
        "  - log.write: {message: 'a ${{ secrets.shop }}'}\n"
    )
    uri = editor.open(workspace / "recipes" / "a.yaml", text)
    assert "RG446" in {one["code"] for one in editor.diagnostics(uri)}
    SecretStore(workspace / ".rouage" / "secrets.json").set("shop", "xyz-123-secret")
    editor.notices.clear()
    editor.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    assert "RG446" not in {one["code"] for one in editor.diagnostics(uri)}


CORPUS = [
    *sorted((ROOT / "tests" / "unit" / "recipes" / "corpus").rglob("*.yaml")),
    *sorted(p for p in (ROOT / "recipes").rglob("*.yaml") if ".test." not in p.name),
]


def as_editors_count(text: str, place: dict[str, int]) -> dict[str, int]:
    """Return a place of `rouage check` (from 1, code points) as editors count it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    number = min(place["line"] - 1, len(lines) - 1)
    column = lines[number][: place["column"] - 1]
    return {"line": place["line"] - 1, "character": len(column.encode("utf-16-le")) // 2}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_answers_are_those_of_check_on_the_whole_corpus(
    start: Start, tmp_path: Path, language: str
):
    folder = tmp_path / "alone"
    folder.mkdir()
    texts: dict[str, str] = {}
    for number, path in enumerate(CORPUS):
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue
        if not text.startswith("\ufeff"):
            name = f"r{number}-{path.stem}.yaml"
            texts[name] = text
            (folder / name).write_bytes(text.encode())
    assert len(texts) >= 100
    client = start(folder, "--lang", language)
    client.begin(folder)
    told = subprocess.run(
        [sys.executable, "-m", "rouage", "--lang", language, "check", "--json", *texts],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    expected: dict[str, list[Any]] = {name: [] for name in texts}
    for one in json.loads(told.stdout)["diagnostics"]:
        text = texts[one["file"]]
        place = {end: as_editors_count(text, one["range"][end]) for end in ("start", "end")}
        severity = {"error": 1, "warning": 2}[one["severity"]]
        expected[one["file"]].append(
            (one["code"], severity, one["message"], place, one["why"], one["fix"])
        )
    for name, text in texts.items():
        uri = client.open(folder / name, text)
        found = [
            (
                one["code"],
                one["severity"],
                one["message"],
                one["range"],
                one["data"]["why"],
                one["data"]["fix"],
            )
            for one in client.diagnostics(uri)
        ]
        assert found == expected[name], name


def test_a_file_of_tests_is_judged_as_one(editor: EditorClient, workspace: Path):
    recipes = workspace / "recipes"
    (recipes / "a.yaml").write_text("name: A\ndo:\n  - stop: a\n", encoding="utf-8")
    right = "cases:\n  - name: one\n    expect: {state: succeeded}\n"
    uri = editor.open(recipes / "a.test.yaml", right)
    assert editor.diagnostics(uri) == []
    version = editor.change(uri, right.replace("state", "stat"))
    (found,) = editor.diagnostics(uri, version)
    assert found["code"] == "RG221"
    assert found["range"]["start"] == {"line": 2, "character": 13}
    assert editor.complete(uri, 0, 0) == []


def test_an_id_that_another_file_has_is_shown_as_check_shows_it(
    editor: EditorClient, workspace: Path
):
    recipes = workspace / "recipes"
    text = "id: same\nname: A\ndo:\n  - log.write: {message: a}\n"
    for name in ("first.yaml", "second.yaml"):
        (recipes / name).write_text(text, encoding="utf-8")
    first, second = (editor.open(recipes / name, text) for name in ("first.yaml", "second.yaml"))
    assert editor.diagnostics(first) == []
    (found,) = editor.diagnostics(second)
    assert found["code"] == "RG303"
    assert found["range"]["start"] == {"line": 0, "character": 4}
    done = subprocess.run(
        [sys.executable, "-m", "rouage", "--json", "check", str(recipes / "second.yaml")],
        cwd=workspace,
        capture_output=True,
        check=False,
    )
    assert [one["code"] for one in json.loads(done.stdout)["diagnostics"]] == ["RG303"]
