"""`rouage diff --replay` on a workspace with a past: what an edit would have done."""

import signal
from pathlib import Path

import pytest

RECIPE = """\
name: Ranger
when: [{manual.start: {}}]
inputs:
  file: {type: text, label: Fichier}
  amount: {type: number, label: Montant}
do:
  - files.read: {path: "files/in/${{ inputs.file }}"}
    id: seen
  - files.move: {source: "files/in/${{ inputs.file }}", target: files/sorted/2025/}
    id: moved
  - if: inputs.amount > 100
    files.append: {path: files/big.txt, text: "${{ steps.seen.text }}"}
"""


@pytest.fixture
def workspace(tmp_path: Path, rouage, start_daemon) -> Path:
    """Return a workspace in which the recipe has run for three files."""
    assert rouage("init", "shop", "--lang", "en").code == 0
    folder = tmp_path / "shop"
    (folder / "recipes" / "ranger.yaml").write_text(RECIPE, encoding="utf-8")
    inbox = folder / "files" / "in"
    inbox.mkdir(parents=True)
    daemon = start_daemon(folder)
    for name, amount in (("a.txt", 50), ("b.txt", 150), ("c.txt", 500)):
        (inbox / name).write_text(name)
        done = rouage(
            "run", "ranger", "--input", f"file={name}", "--input", f"amount={amount}", "--wait",
            here=folder,
        )  # fmt: skip
        assert done.code == 0, done.out + done.err
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.wait(30)
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    text = RECIPE.replace(old, new)
    assert text != RECIPE
    (folder / "recipes" / "ranger.yaml").write_text(text, encoding="utf-8")


def picture(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def test_the_past_tells_what_an_edit_would_have_done(rouage, workspace: Path) -> None:
    before = picture(workspace / "files")
    edit(workspace, "amount > 100", "amount > 200")
    done = rouage("diff", "ranger", "--replay", "30d", here=workspace)
    assert done.code == 1, done.out + done.err
    assert "3. Same: 2. Different: 1. Not known: 0." in done.out
    assert "1 × Add a line to a file: no longer" in done.out
    assert "b.txt" in done.out
    assert "c.txt" not in done.out

    # What is read then comes from the journal: the files are not there any more.
    edit(workspace, "sorted/2025/", "sorted/2026/")
    done = rouage("diff", "ranger", "--replay", "30d", "--json", here=workspace)
    assert done.code == 1, done.out + done.err
    assert (done.data["different"], done.data["unknown"]) == (3, 0)
    first = done.data["differences"][-1]["effects"]
    assert [(one["change"], one["action"], one["names"]) for one in first] == [
        ("changed", "files.move", ["target"])
    ]
    told = rouage("diff", "ranger", "--replay", "30d", "--lang", "fr", here=workspace)
    assert "3 × " in told.out
    assert "ailleurs (" in told.out
    assert picture(workspace / "files") == before

    # An edit without effect is told as none.
    edit(workspace, "name: Ranger", "name: Ranger tout")
    done = rouage("diff", "ranger", "--replay", "30d", here=workspace)
    assert done.code == 0, done.out + done.err
    assert "3. Same: 3. Different: 0." in done.out

    # What nobody knows is told, and not guessed.
    edit(workspace, '{path: "files/in/', '{path: "files/elsewhere/')
    done = rouage("diff", "ranger", "--replay", "30d", here=workspace)
    assert done.code == 1, done.out + done.err
    assert "Not known: 3." in done.out
    assert "the step seen reads" in done.out

    # A duration or a recipe that is not right is refused.
    edit(workspace, "files.move", "files.mvoe")
    assert rouage("diff", "ranger", "--replay", "soon", here=workspace).code == 2
    done = rouage("diff", "ranger", "--replay", "1d", here=workspace)
    assert done.code == 1
    assert "recipes/ranger.yaml" in done.err
