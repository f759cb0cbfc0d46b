"""From words to a command, and from outcomes to exit codes."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from rouage.cli import paths
from rouage.cli.main import COMMANDS, main
from rouage.errors import RouageError, WorkspaceError


@pytest.fixture(autouse=True)
def in_a_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in an empty workspace, with the log as it was afterwards."""
    monkeypatch.chdir(workspace)
    for name in ("ROUAGE_WORKSPACE", "ROUAGE_LANG"):
        monkeypatch.delenv(name, raising=False)
    handlers = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers[:] = handlers


def test_every_command_has_a_line_in_both_languages():
    assert all(about.en and about.fr and about.en != about.fr for about in COMMANDS.values())


@pytest.mark.parametrize(
    "words",
    [
        ["paths", "--json"],
        ["--json", "paths"],
        ["--lang", "fr", "paths", "--json"],
        ["--lang=fr", "paths", "--json"],
    ],
)
def test_options_may_stand_on_either_side(
    words: list[str], workspace: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["workspace"] == str(workspace)


@pytest.mark.parametrize("words", [["pats"], ["paths", "more"], ["runs", "--limit", "0"], ["show"]])
def test_a_wrong_call_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_an_error_that_we_can_explain_is_exit_code_1(
    workspace: Path, capsys: pytest.CaptureFixture[str]
):
    (workspace / "rouage.yaml").write_text("prot: 1\n", encoding="utf-8")
    assert main(["status"]) == 1
    assert "rouage.yaml:1:1" in capsys.readouterr().err


def _broken(error: BaseException) -> object:
    def run(*_: object) -> int:
        raise error

    return run


def test_a_fault_of_ours_is_exit_code_3_and_its_trace_is_kept_apart(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(paths, "run", _broken(ZeroDivisionError("inner detail")))
    assert main(["paths", "--json"]) == 3
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    assert "inner detail" not in said.err + said.out
    (kept,) = (workspace / ".rouage" / "logs").iterdir()
    assert "inner detail" in kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o077 == 0
    assert str(kept) in json.loads(said.out)["error"]["hint"]


def test_an_error_inside_a_group_is_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    inner = ExceptionGroup("inner", [WorkspaceError("the journal is locked")])
    group = ExceptionGroup("tasks", [inner, ValueError("other")])
    monkeypatch.setattr(paths, "run", _broken(group))
    assert main(["paths"]) == 1
    assert "the journal is locked" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (SystemExit(4), 4), (SystemExit("x"), 0), (RouageError("x"), 1)],
)
def test_every_way_out_has_its_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(paths, "run", _broken(error))
    assert main(["paths"]) == code
