"""`rouage corrections` on a running daemon: what the owner moves by hand becomes a proposal."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

RECIPE = """\
# Les factures, rangées par année.
name: Factures
when: [{manual.start: {}}]
inputs:
  file: {type: text, label: Fichier}
do:
  - files.move:
      source: "files/in/${{ inputs.file }}"
      # L’année vient du nom.
      target: files/factures/${{ inputs.file | truncate(4, '') }}/${{ inputs.file }}  # rangée
    id: filed
"""
FILES = ("2026-a.txt", "2026-b.txt", "2026-c.txt")


@pytest.fixture
def workspace(tmp_path: Path, rouage) -> Path:
    assert rouage("init", "shop", "--lang", "en").code == 0
    folder = tmp_path / "shop"
    (folder / "recipes" / "factures.yaml").write_text(RECIPE, encoding="utf-8")
    settings = folder / "rouage.yaml"
    settings.write_text(settings.read_text() + "\ncorrections: {every: 1s}\n")
    (folder / "files" / "in").mkdir(parents=True)
    for name in FILES:
        (folder / "files" / "in" / name).write_text(f"content of {name}")
    return folder


def ask(daemon, path: str, body: Any = None) -> Any:
    """Ask the daemon itself: a command for every look would take most of the time."""
    token = (daemon.workspace / ".rouage" / "token").read_text().strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon.console_port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own daemon
        return json.load(answer)


def corrections(daemon) -> Any:
    return ask(daemon, "/api/corrections")


def proposed(daemon) -> list[Any]:
    notices = ask(daemon, "/status")["notices"]
    return [one for one in notices if one["kind"] == "correction_proposed"]


def file_all(daemon, eventually) -> list[str]:
    runs = [
        ask(daemon, "/api/recipes/factures/run", {"inputs": {"file": name}})["runs"][0]
        for name in FILES
    ]
    for run in runs:
        eventually(lambda run=run: ask(daemon, f"/api/runs/{run}")["state"] == "succeeded")
    return runs


def move(workspace: Path, *names: str, mark: str = "") -> None:
    target = workspace / "files" / "compta" / "2026"
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        (workspace / "files" / "factures" / "2026" / name).rename(target / f"{mark}{name}")


@pytest.mark.slow
def test_two_files_moved_by_hand_become_one_proposal_that_changes_the_recipe(
    rouage, workspace, start_daemon, eventually
):
    daemon = start_daemon(workspace)
    runs = file_all(daemon, eventually)
    assert rouage("undo", runs[2], here=workspace).code == 0, "no correction: Rouage moved it"
    move(workspace, *FILES[:1], mark="ok ")
    eventually(lambda: len(corrections(daemon)["corrections"]) == 1)
    assert corrections(daemon)["proposals"] == [], "one is not enough"
    move(workspace, *FILES[1:2], mark="ok ")
    eventually(lambda: len(proposed(daemon)) == 2)
    listed = rouage("corrections", "--json", here=workspace).data
    assert len(listed["corrections"]) == 2
    renamed, proposal = listed["proposals"]
    assert (renamed["number"], renamed["kind"]) == (2, "pattern")
    assert (proposal["number"], proposal["state"], proposal["kind"]) == (1, "open", "folder")
    assert "from files/factures/2026 to files/compta/2026" in proposal["question"]
    assert [one["count"] for one in proposed(daemon)] == [1, 1], "told once"

    told = rouage("corrections", "--lang", "fr", here=workspace)
    assert "vous avez déplacé 2 fichiers faits par factures" in told.out
    recipe = workspace / "recipes" / "factures.yaml"
    shown = rouage("corrections", "show", "1", here=workspace)
    assert shown.code == 0, shown.out + shown.err
    assert "files/compta/${{ inputs.file" in shown.out
    assert "to another place" in shown.out, "its effect on the past"
    assert recipe.read_text(encoding="utf-8") == RECIPE, "nothing is applied by itself"

    assert rouage("corrections", "accept", "1", here=workspace).code == 2, "nobody confirmed it"
    done = rouage("corrections", "accept", "1", "--yes", here=workspace)
    assert done.code == 0, done.out + done.err
    expected = RECIPE.replace("files/factures/", "files/compta/")
    assert recipe.read_text(encoding="utf-8") == expected, "comments and layout stay"
    assert corrections(daemon)["proposals"][1]["state"] == "accepted"
    done = rouage("corrections", "accept", "2", "--yes", here=workspace)
    assert done.code == 0, "two in a row: " + done.out + done.err
    expected = expected.replace("/${{ inputs.file }}  #", "/ok ${{ inputs.file }}  #")
    assert recipe.read_text(encoding="utf-8") == expected
    assert proposed(daemon) == []
    assert rouage("corrections", "accept", "1", "--yes", here=workspace).code == 1
    versions = ("history", "factures", "--json")
    eventually(lambda: len(rouage(*versions, here=workspace).data["versions"]) > 1)


@pytest.mark.slow
def test_a_dismissed_proposal_is_not_made_again(rouage, workspace, start_daemon, eventually):
    daemon = start_daemon(workspace)
    file_all(daemon, eventually)
    move(workspace, *FILES[:2])
    eventually(lambda: proposed(daemon))
    daemon.stop()
    assert rouage("corrections", "dismiss", "1", here=workspace).code == 0, "without a daemon"
    move(workspace, *FILES[2:])
    daemon = start_daemon(workspace)
    eventually(lambda: len(corrections(daemon)["corrections"]) == 3)
    eventually(lambda: not proposed(daemon))
    (proposal,) = corrections(daemon)["proposals"]
    assert proposal["state"] == "dismissed"


@pytest.mark.parametrize("point", ["correction_noticed", "correction_proposed"])
@pytest.mark.slow
def test_a_crash_between_noticing_and_telling_loses_and_doubles_nothing(
    rouage, workspace, start_daemon, eventually, environment, point
):
    daemon = start_daemon(workspace)
    file_all(daemon, eventually)
    daemon.stop()
    move(workspace, *FILES[:2])
    environment["ROUAGE_FAILPOINT"] = point
    assert start_daemon(workspace).process.wait(30) == -9
    del environment["ROUAGE_FAILPOINT"]
    kept = rouage("corrections", "--json", here=workspace).data
    assert len(kept["corrections"]) == 2, "what was noticed is on disk"
    assert len(kept["proposals"]) == (point == "correction_proposed")
    daemon = start_daemon(workspace)
    notices = eventually(lambda: proposed(daemon))
    assert [one["count"] for one in notices] == [1]
    after = corrections(daemon)
    assert after["corrections"] == kept["corrections"]
    assert [one["number"] for one in after["proposals"]] == [1]
