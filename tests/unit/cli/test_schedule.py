"""`rouage schedule preview` lists what the code that fires will do (triggers C-13)."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.main import main

RECIPE = """\
name: Rapport
timezone: Europe/Paris
inputs:
  hour: {type: text, default: "08:30"}
when:
  - schedule.at: {time: "${{ inputs.hour }}"}
  - schedule.cron: {expression: "0 9 * * 1", timezone: America/New_York}
    id: abroad
  - manual.start: {}
do:
  - log.write: {message: hello}
"""


@pytest.fixture
def preview(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs the command in the workspace."""
    monkeypatch.chdir(workspace)
    monkeypatch.delenv("ROUAGE_LANG", raising=False)
    monkeypatch.delenv("ROUAGE_WORKSPACE", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["schedule", "preview", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


Preview = Callable[..., tuple[int, str, str]]


def rows(answer: tuple[int, str, str]) -> list[dict[str, Any]]:
    code, out, err = answer
    assert code == 0, err
    listed: list[dict[str, Any]] = json.loads(out)
    return listed


def test_a_cron_expression_fires_once_a_day_across_both_clock_changes(preview: Preview):
    zone = ("--timezone", "Europe/Paris", "--json", "-n", "3")
    spring = rows(preview("--cron", "30 2 * * *", "--from", "2026-03-28T00:00:00+01:00", *zone))
    assert [one["utc"] for one in spring] == [
        "2026-03-28T01:30:00+00:00",
        "2026-03-29T01:00:00+00:00",
        "2026-03-30T00:30:00+00:00",
    ]
    assert spring[1]["local"] == "2026-03-29T03:00:00+02:00"
    assert [one["clock_change"] is not None for one in spring] == [False, True, False]
    autumn = rows(preview("--cron", "30 2 * * *", "--from", "2026-10-24", *zone))
    assert [one["local"] for one in autumn] == [
        "2026-10-24T02:30:00+02:00",
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
    ]
    assert autumn[1]["clock_change"] == {"before": "+02:00", "after": "+01:00"}


@pytest.mark.parametrize("words", ["every monday at 8am", "tous les lundis à 8h"])
def test_words_in_both_languages_are_read(preview: Preview, words: str):
    listed = rows(
        preview("--text", words, "--timezone", "Europe/Paris", "--from", "2026-07-01", "--json")
    )
    assert len(listed) == 5
    assert {datetime.fromisoformat(one["local"]).weekday() for one in listed} == {0}
    assert {one["weekday"] for one in listed} == {"Monday"}
    assert {one["offset"] for one in listed} == {"+02:00"}
    assert {one["zone"] for one in listed} == {"Europe/Paris"}


def test_the_schedules_of_a_recipe_come_together_each_by_its_zone(
    preview: Preview, workspace: Path
):
    (workspace / "recipes" / "rapport.yaml").write_text(RECIPE, encoding="utf-8")
    listed = rows(preview("rapport", "--from", "2026-10-25T12:00:00Z", "-n", "3", "--json"))
    assert [(one["trigger"], one["local"]) for one in listed] == [
        ("trigger_1", "2026-10-26T08:30:00+01:00"),
        ("abroad", "2026-10-26T09:00:00-04:00"),
        ("trigger_1", "2026-10-27T08:30:00+01:00"),
    ]
    code, out, _ = preview("recipes/rapport.yaml", "--from", "2026-10-25T00:00Z", "--lang", "fr")
    assert code == 0
    first = out.splitlines()[0]
    assert "dimanche" in first
    assert "UTC+01:00" in first
    assert "* changement d’heure : +02:00 → +01:00" in first


def test_an_interval_begins_at_the_instant_that_is_asked_for(preview: Preview):
    listed = rows(
        preview("--text", "every 36 hours", "--from", "2026-07-01T00:00Z", "-n", "2", "--json")
    )
    assert [one["utc"] for one in listed] == [
        "2026-07-02T12:00:00+00:00",
        "2026-07-04T00:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "--cron"),
        (("--cron", "* * * * *", "--text", "every day at 9:00"), 2, "--cron"),
        (("--cron", "* * *"), 1, "5 fields"),
        (("--text", "at 8"), 1, "every day at 20:00"),
        (("--cron", "0 0 31 2 *"), 1, "never comes"),
        (("--cron", "@daily", "--timezone", "Europe/Pariss"), 2, "Europe/Pariss"),
        (("--cron", "@daily", "--from", "yesterday"), 2, "yesterday"),
        (("--cron", "@daily", "-n", "0"), 2, "1000"),
        (("nowhere",), 2, "nowhere"),
    ],
)
def test_what_cannot_be_previewed_is_explained(
    preview: Preview, words: tuple[str, ...], code: int, told: str
):
    given, _, err = preview(*words)
    assert given == code
    assert told in err


def test_a_recipe_without_a_schedule_is_told_so(preview: Preview, workspace: Path):
    by_hand = "name: A\nwhen:\n  - manual.start: {}\ndo:\n  - log.write: {message: a}\n"
    (workspace / "recipes" / "a.yaml").write_text(by_hand, encoding="utf-8")
    code, _, err = preview("a")
    assert code == 2
    assert "no trigger of a is a schedule" in err


def test_a_date_that_is_past_gives_an_empty_list(preview: Preview):
    assert rows(preview("--text", "2020-01-01 10:00", "--json")) == []
    code, out, _ = preview("--text", "2020-01-01 10:00")
    assert code == 0
    assert "will not fire" in out
