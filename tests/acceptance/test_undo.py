"""`rouage undo` on a running daemon, as its owner uses it."""

import os
from pathlib import Path

import pytest

RECIPE = """\
name: Ranger
when: [{manual.start: {}}]
inputs:
  file: {type: text, label: Fichier}
do:
  - files.write: {path: files/note.txt, text: "nouveau ${{ inputs.file }}", on_conflict: overwrite}
    id: note
  - files.move: {source: "files/in/${{ inputs.file }}", target: files/sorted/2026/}
    id: moved
  - files.append: {path: files/sorted/list.txt, text: "${{ steps.moved.path }}"}
  - table.append:
      file: files/sorted/table.csv
      row: {Fichier: "${{ inputs.file }}"}
  - shell.run: {command: ["/bin/echo", "hello"]}
"""


@pytest.fixture
def workspace(tmp_path: Path, rouage) -> Path:
    assert rouage("init", "shop", "--lang", "en").code == 0
    folder = tmp_path / "shop"
    (folder / "recipes" / "ranger.yaml").write_text(RECIPE, encoding="utf-8")
    inbox = folder / "files" / "in"
    inbox.mkdir(parents=True)
    for name in ("a.txt", "b.txt"):
        (inbox / name).write_text(f"content of {name}")
        os.utime(inbox / name, (1_700_000_000, 1_700_000_000))
    (folder / "files" / "note.txt").write_text("ancien")
    os.utime(folder / "files" / "note.txt", (1_600_000_000, 1_600_000_000))
    return folder


def picture(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def start(rouage, workspace: Path, file: str) -> str:
    done = rouage("run", "ranger", "--input", f"file={file}", "--wait", "--json", here=workspace)
    assert done.code == 0, done.out + done.err
    return str(done.data["runs"][0])


def test_a_run_is_undone_as_a_whole_and_says_what_stays(rouage, workspace, start_daemon):
    start_daemon(workspace)
    before = picture(workspace / "files")
    run = start(rouage, workspace, "a.txt")
    assert picture(workspace / "files") != before

    dry = rouage("undo", run, "--dry-run", here=workspace)
    assert dry.code == 0, dry.err
    assert "1 effect(s) cannot be undone and stay as they are" in dry.out
    assert "/bin/echo" in dry.out
    assert "4 effect(s) would be taken back" in dry.out
    assert picture(workspace / "files") != before

    done = rouage("undo", run, here=workspace)
    assert done.code == 0, done.out + done.err
    assert picture(workspace / "files") == before
    assert not (workspace / "files" / "sorted").exists()

    again = rouage("undo", run, here=workspace)
    assert again.code == 1
    assert "undone by the run" in again.out
    assert picture(workspace / "files") == before


def test_lines_of_other_runs_stay_when_one_is_undone(rouage, workspace, start_daemon):
    start_daemon(workspace)
    first, _ = start(rouage, workspace, "a.txt"), start(rouage, workspace, "b.txt")
    done = rouage("undo", first, "--json", "--skip-conflicts", here=workspace)
    assert done.data["counts"]["conflict"] == 1, "the note was written again by the second run"
    assert done.code == 0, done.out + done.err
    sorted_ = workspace / "files" / "sorted"
    assert (sorted_ / "list.txt").read_text() == f"{sorted_}/2026/b.txt\n"
    assert (sorted_ / "table.csv").read_text("utf-8-sig") == "Fichier\nb.txt\n"
    assert (workspace / "files" / "in" / "a.txt").read_text() == "content of a.txt"


def test_a_foreign_change_is_a_conflict_and_changes_nothing(rouage, workspace, start_daemon):
    start_daemon(workspace)
    run = start(rouage, workspace, "a.txt")
    moved = workspace / "files" / "sorted" / "2026" / "a.txt"
    moved.write_text("edited by hand")
    now = picture(workspace / "files")
    refused = rouage("undo", run, here=workspace)
    assert refused.code == 1
    assert "was changed by somebody since" in refused.out
    assert "--skip-conflicts" in refused.err
    assert picture(workspace / "files") == now

    rest = rouage("undo", run, "--skip-conflicts", "--json", here=workspace)
    assert rest.code == 0, rest.out + rest.err
    assert moved.read_text() == "edited by hand"
    assert (workspace / "files" / "note.txt").read_text() == "ancien"
    shown = rouage("show", rest.data["run"], "--json", here=workspace).data
    states = {step["path"]: step["state"] for step in shown["steps"]}
    assert states == {
        "undo.do.0": "done",
        "undo.do.1": "skipped",
        "undo.do.2": "done",
        "undo.do.3": "done",
    }


def test_one_step_alone_can_be_undone(rouage, workspace, start_daemon):
    start_daemon(workspace)
    run = start(rouage, workspace, "a.txt")
    assert rouage("undo", run, "--step", "note", here=workspace).code == 0
    assert (workspace / "files" / "note.txt").read_text() == "ancien"
    assert not (workspace / "files" / "in" / "a.txt").exists()
    assert rouage("undo", run, "--step", "nowhere", here=workspace).code == 1


@pytest.mark.slow
def test_an_undo_that_is_killed_in_the_middle_ends_after_the_restart(
    rouage, workspace, start_daemon, environment, eventually
):
    daemon = start_daemon(workspace)
    before = picture(workspace / "files")
    run = start(rouage, workspace, "a.txt")
    daemon.stop()
    environment["ROUAGE_FAILPOINT"] = "after_effect:2"
    daemon = start_daemon(workspace)
    assert rouage("undo", run, here=workspace).code == 1
    assert daemon.process.wait(30) < 0
    assert picture(workspace / "files") != before
    del environment["ROUAGE_FAILPOINT"]
    start_daemon(workspace)

    def states() -> list[str]:
        shown = rouage("show", run, "--json", here=workspace).data
        return [one["state"] for one in shown["undone_by"]]

    eventually(lambda: states() == ["succeeded"])
    assert picture(workspace / "files") == before
