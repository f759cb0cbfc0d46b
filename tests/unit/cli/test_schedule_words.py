"""Previews say how a schedule was understood, and know when the business works."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.main import main

RECIPE = """\
name: Rapport
timezone: Europe/Paris
when:
  - schedule.at: {time: "08:30", days: working}
  - schedule.cron: {expression: "0 9 */2 * 1"}
    id: odd
do:
  - log.write: {message: hello}
"""
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Return a function that runs a command in the workspace."""
    monkeypatch.chdir(workspace)
    monkeypatch.delenv("ROUAGE_LANG", raising=False)
    monkeypatch.delenv("ROUAGE_WORKSPACE", raising=False)
    (workspace / "recipes" / "rapport.yaml").write_text(RECIPE, encoding="utf-8")

    def run(*words: str) -> tuple[int, str, str]:
        code = main([*words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_reading_and_its_warning_are_told_beside_the_instants(command: Command) -> None:
    code, out, err = command("schedule", "preview", "rapport", "-n", "2")
    assert code == 0
    assert len(out.splitlines()) == 2
    assert "every day at 8:30, on working days" in err
    assert "only on Monday" in err
    assert "write two triggers" in err


def test_the_calendar_of_the_workspace_counts(command: Command, workspace: Path) -> None:
    settings = workspace / "rouage.yaml"
    text = settings.read_text(encoding="utf-8") if settings.exists() else ""
    settings.write_text(
        text + "\nbusiness: {closed: [2026-12-24 to 2027-01-10]}\n", encoding="utf-8"
    )
    asked = ("schedule", "preview", "rapport", "--from", "2026-12-23T12:00", "-n", "9", "--json")
    code, out, _ = command(*asked)
    assert code == 0
    working = [one["local"] for one in json.loads(out) if one["trigger"] == "trigger_1"]
    assert working[0] == "2027-01-11T08:30:00+01:00"


def test_explain_lists_the_next_instants_when_asked(command: Command) -> None:
    code, out, _ = command("explain", "rapport", "--next", "2", "--json")
    told: dict[str, Any] = json.loads(out)
    assert code == 0
    assert len(told["next"]) == 2
    assert told["next"][0]["meaning"]
    code, out, _ = command("explain", "rapport", "--next", "2")
    assert "UTC+0" in out
    code, out, _ = command("explain", "rapport")
    assert "UTC+0" not in out
    code, _, err = command("explain", "rapport", "--next", "5000")
    assert code != 0
    assert "--next" in err


def test_check_warns_of_two_readings(command: Command) -> None:
    code, out, err = command("check", "recipes/rapport.yaml")
    assert code == 0
    assert "RG709" in out + err
