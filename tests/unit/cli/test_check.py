"""`rouage check`: formats, exit codes, and fixing in place."""

import json
import stat
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from rouage.cli.check import command as check
from rouage.cli.main import main
from rouage.cli.rewriting import rewrite
from rouage.errors import UsageError, WorkspaceError
from rouage.secrets import SecretStore

WRONG = "name: A\nenabled: oui  # gardé\ndo:\n  - log.wirte: {message: a}\n"
RIGHT = "name: A\nenabled: true  # gardé\ndo:\n  - log.write: {message: a}\n"


@pytest.fixture
def wrong(workspace: Path) -> Path:
    path = workspace / "recipes" / "a.yaml"
    path.write_text(WRONG, encoding="utf-8")
    return path


@pytest.fixture
def checked(make_session, workspace):
    def run(*files, fix=False, form=None, here=None, **options):
        spoken = make_session(here or workspace, **options)
        arguments = Namespace(files=[str(file) for file in files], fix=fix, format=form)
        return check.run(spoken.session, arguments), spoken

    return run


def test_json_lists_the_diagnostics_with_the_agreed_keys(checked, wrong):
    code, spoken = checked("recipes/a.yaml", is_json=True)
    assert code == 1
    told = json.loads(spoken.out)
    assert [one["code"] for one in told["diagnostics"]] == ["RG218", "RG210"]
    first = told["diagnostics"][0]
    agreed = {"code", "severity", "file", "range", "message", "why", "fix", "related"}
    assert agreed <= set(first)
    assert first["file"] == "recipes/a.yaml"
    assert first["range"] == {
        "start": {"line": 2, "column": 10},
        "end": {"line": 2, "column": 13},
    }


def test_format_json_is_the_same_as_the_option_json(checked, wrong):
    assert checked(form="json")[1].out == checked(is_json=True)[1].out


def test_github_lines_and_nothing_else_are_printed(checked, wrong):
    code, spoken = checked(form="github")
    assert code == 1
    lines = spoken.out.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("::error file=recipes/a.yaml,line=") for line in lines)


def test_sarif_is_one_json_document(checked, wrong):
    code, spoken = checked(form="sarif")
    assert code == 1
    assert json.loads(spoken.out)["version"] == "2.1.0"


@pytest.mark.parametrize("form", ["json", "sarif", "github", "text"])
def test_all_is_well_gives_zero_in_every_format(checked, wrong, form):
    wrong.write_text(RIGHT, encoding="utf-8")
    assert checked(form=form)[0] == 0


def test_people_are_told_how_to_go_on(checked, wrong):
    _, spoken = checked()
    assert "1 recipe(s) checked: 2 error(s), 0 warning(s)" in spoken.out
    assert "`rouage check --fix` corrects 2 of them; `rouage explain RG218`" in spoken.out


def test_fix_corrects_the_file_and_shows_what_changed(checked, wrong):
    wrong.chmod(0o640)
    code, spoken = checked(fix=True)
    assert code == 0
    assert wrong.read_text(encoding="utf-8") == RIGHT
    assert stat.S_IMODE(wrong.stat().st_mode) == 0o640
    assert "recipes/a.yaml:2:10  corrected RG218" in spoken.out
    assert "    -enabled: oui  # gardé" in spoken.out
    assert "    +enabled: true  # gardé" in spoken.out
    assert list(wrong.parent.iterdir()) == [wrong]


def test_fix_tells_programs_what_was_corrected(checked, wrong):
    code, spoken = checked(fix=True, is_json=True)
    told = json.loads(spoken.out)
    assert code == 0
    assert [one["code"] for one in told["fixed"]] == ["RG218", "RG210"]
    assert told["diagnostics"] == []


def test_what_cannot_be_corrected_remains(checked, wrong):
    wrong.write_text(WRONG + "  - files.move: {source: a}\n", encoding="utf-8")
    code, spoken = checked(fix=True, form="github")
    assert code == 1
    assert "title=RG212" in spoken.out
    assert len(spoken.out.splitlines()) == 1
    assert "corrected RG218" in spoken.err


def test_a_linked_file_stays_a_link(checked, workspace, tmp_path):
    real = tmp_path / "real.yaml"
    real.write_text(WRONG, encoding="utf-8")
    link = workspace / "recipes" / "link.yaml"
    link.symlink_to(real)
    assert checked("recipes/link.yaml", fix=True)[0] == 0
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == RIGHT


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"newer")
    with pytest.raises(WorkspaceError):
        rewrite(path, before=b"old", after=b"fixed")
    assert path.read_bytes() == b"newer"
    assert list(tmp_path.iterdir()) == [path]


def test_inputs_of_the_settings_count_for_a_file_too(checked, workspace):
    path = workspace / "recipes" / "a.yaml"
    path.write_text(
        "name: A\ninputs:\n  who: {type: text}\nwhen:\n  - folder.file: {path: in}\n"
        "do:\n  - log.write: {message: '${{ inputs.who }}'}\n",
        encoding="utf-8",
    )
    assert checked("recipes/a.yaml")[0] == 1
    settings = workspace / "rouage.yaml"
    settings.write_text(settings.read_text() + "inputs:\n  a: {who: Marie}\n", encoding="utf-8")
    assert checked("recipes/a.yaml")[0] == 0


@pytest.mark.parametrize("form", ["json", "sarif", "github", "text"])
def test_the_value_of_a_secret_is_never_printed(checked, workspace, form):
    SecretStore(workspace / ".rouage" / "secrets.json").set("shop", "hunter2-marker")
    (workspace / "recipes" / "a.yaml").write_text(
        "name: hunter2-marker\nenabled: hunter2-marker\nwhen:\n"
        "  - webhook.received: {path: a, preset: bearer, secret: hunter2-marker}\n"
        "do:\n  - log.write: {message: '${{ hunter2-marker }}', hunter2-marker: 1}\n",
        encoding="utf-8",
    )
    code, spoken = checked(form=form)
    assert code == 1
    assert "hunter2-marker" not in spoken.out + spoken.err
    _, fixed = checked(form=form, fix=True)
    assert "hunter2-marker" not in fixed.out + fixed.err


def test_a_path_that_does_not_exist_is_a_wrong_call(checked):
    with pytest.raises(UsageError):
        checked("nowhere.yaml")


def test_exit_codes_of_the_whole_command(wrong, monkeypatch, capsys):
    monkeypatch.chdir(wrong.parent)
    assert main(["check", "a.yaml"]) == 1
    assert main(["check", "nowhere.yaml"]) == 2
    assert main(["check", "--format", "xml"]) == 2
    assert main(["check", "--fix", "a.yaml"]) == 0
    assert main(["check", "a.yaml"]) == 0
    capsys.readouterr()


def test_a_file_of_tests_is_checked_as_one_and_not_as_a_recipe(checked, workspace):
    recipes = workspace / "recipes"
    (recipes / "a.yaml").write_text("name: A\ndo:\n  - log.write: {message: a}\n")
    tests = recipes / "a.test.yaml"
    tests.write_text("cases:\n  - name: one\n    expect: {state: succeeded}\n")
    assert checked(tests)[0] == 0
    tests.write_text("cases:\n  - name: one\n    expect: {stat: succeeded}\n    inputs: {b: 1}\n")
    code, spoken = checked(tests, is_json=True)
    assert code == 1
    found = json.loads(spoken.out)["diagnostics"]
    assert [one["code"] for one in found] == ["RG221", "RG221"]
    assert found[0]["range"]["start"] == {"line": 3, "column": 14}
    (recipes / "a.yaml").unlink()
    assert [one["code"] for one in json.loads(checked(tests, is_json=True)[1].out)["diagnostics"]]


def test_one_file_is_told_that_another_has_its_id(checked, workspace):
    recipes = workspace / "recipes"
    text = "id: same\nname: A\ndo:\n  - log.write: {message: a}\n"
    for name in ("a.yaml", "b.yaml"):
        (recipes / name).write_text(text, encoding="utf-8")

    def codes(file):
        return [
            one["code"] for one in json.loads(checked(file, is_json=True)[1].out)["diagnostics"]
        ]

    whole = json.loads(checked(is_json=True)[1].out)["diagnostics"]
    assert [(one["code"], one["file"]) for one in whole] == [("RG303", "recipes/b.yaml")]
    assert codes(recipes / "a.yaml") == []
    assert codes(recipes / "b.yaml") == ["RG303"]
    (recipes / "a.yaml").write_text("id: same\nname: [\n", encoding="utf-8")
    assert codes(recipes / "b.yaml") == []


def test_a_recipe_without_a_mistake_is_checked_without_what_explains_mistakes(workspace):
    path = workspace / "recipes" / "a.yaml"
    path.write_text("rouage: 1\nname: A\ndo:\n  - log.write: {message: a}\n", encoding="utf-8")
    script = (
        "import sys; from rouage.cli.main import main; assert main(['check', sys.argv[1]]) == 0; "
        "heavy = {'jsonschema', 'rouage.analysis.render', 'ctypes', 'rich'}; "
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=workspace,
    )
    assert done.stdout.splitlines()[1:] == [""]
