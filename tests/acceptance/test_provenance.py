"""`rouage from FILE` and `rouage from --made-by`, after renames and moves."""

import os
import shutil
from pathlib import Path

import pytest

SORT = """\
name: Trier
when: [{manual.start: {}}]
inputs:
  file: {type: text, label: Fichier}
do:
  - files.move: {source: "files/in/${{ inputs.file }}", target: files/sorted/}
    id: moved
"""
REPORT = """\
name: Rapport
when: [{manual.start: {}}]
inputs:
  file: {type: text, label: Fichier}
do:
  - files.read: {path: "files/sorted/${{ inputs.file }}"}
    id: read
  - approve: {ask: "Publier ?"}
  - files.write: {path: files/report.txt, text: "Rapport : ${{ steps.read.text }}"}
  - table.append: {file: files/list.csv, row: {Fichier: "${{ inputs.file }}"}}
"""


@pytest.fixture
def workspace(tmp_path: Path, rouage) -> Path:
    assert rouage("init", "shop", "--lang", "en").code == 0
    folder = tmp_path / "shop"
    (folder / "recipes" / "trier.yaml").write_text(SORT, encoding="utf-8")
    (folder / "recipes" / "rapport.yaml").write_text(REPORT, encoding="utf-8")
    (folder / "files" / "in").mkdir(parents=True)
    (folder / "files" / "in" / "a.txt").write_text("a first text")
    return folder


def start(rouage, workspace: Path, recipe: str, *more: str) -> str:
    done = rouage("run", recipe, "--input", "file=a.txt", "--json", *more, here=workspace)
    assert done.code == 0, done.out + done.err
    return str(done.data["runs"][0])


def test_a_file_tells_its_runs_sources_and_approver_whatever_its_name(
    rouage, workspace, start_daemon, eventually
):
    daemon = start_daemon(workspace)
    sorted_by = start(rouage, workspace, "trier", "--wait")
    made_by = start(rouage, workspace, "rapport")
    eventually(lambda: rouage("approve", made_by, here=workspace).code == 0)
    eventually(
        lambda: rouage("show", made_by, "--json", here=workspace).data["state"] == "succeeded"
    )
    daemon.stop()

    elsewhere = workspace.parent / "elsewhere.bak"
    shutil.move(workspace / "files" / "report.txt", elsewhere)
    os.utime(elsewhere)
    found = rouage("from", elsewhere, "--json", here=workspace)
    assert found.code == 0, found.err
    (maker,) = found.data["made_by"]
    assert maker["run"] == made_by
    assert maker["recipe"] == "rapport"
    assert maker["approved_by"][0]["by"]
    assert maker["version"]
    (source,) = maker["sources"]
    assert source["path"].endswith("files/sorted/a.txt")
    (earlier,) = source["made_by"]
    assert earlier["run"] == sorted_by
    assert earlier["sources"][0]["path"].endswith("files/in/a.txt")

    told = rouage("from", elsewhere, here=workspace)
    assert f"(run {made_by}, step do.2)" in told.out
    assert "under the name" in told.out
    assert "approved by" in told.out

    made = rouage("from", "--made-by", sorted_by, "--json", here=workspace).data["files"]
    names = [Path(one["path"]).name for one in made]
    assert names == ["a.txt", "report.txt", "list.csv"]
    copy = workspace.parent / "copy of a.txt"
    shutil.copy(workspace / "files" / "sorted" / "a.txt", copy)
    of_file = rouage("from", "--made-by", copy, "--json", here=workspace).data["files"]
    assert sorted(Path(one["path"]).name for one in of_file) == ["a.txt", "list.csv", "report.txt"]


def test_a_file_that_was_edited_is_found_by_its_name_and_says_so(rouage, workspace, start_daemon):
    start_daemon(workspace)
    run = start(rouage, workspace, "trier", "--wait")
    moved = workspace / "files" / "sorted" / "a.txt"
    moved.write_text("edited")
    told = rouage("from", moved, "--json", here=workspace).data
    assert told["is_by_name"]
    assert [one["run"] for one in told["made_by"]] == [run]
    foreign = workspace / "files" / "mine.txt"
    foreign.write_text("typed by hand")
    unknown = rouage("from", foreign, here=workspace)
    assert unknown.code == 1
    assert "no run of this workspace made" in unknown.out
