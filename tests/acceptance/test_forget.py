"""`rouage forget`: a person is found everywhere, and blanked for good."""

import json
import signal
from pathlib import Path

import pytest

ALICE = "alice@exemple.fr"
RECIPE = """\
name: Commandes
description: Ranger les commandes des clients.
when: [{manual.start: {}}]
inputs:
  email: {type: email, label: Adresse}
  note: {type: text, label: Note}
do:
  - text.render: {template: "Bonjour, ${{ inputs.note }}"}
    id: greeting
  - files.write: {path: "files/orders/${{ run.id }}.txt", text: "${{ steps.greeting.text }}"}
    once: "commande/${{ inputs.email }}/${{ inputs.note }}"
"""


def everything_in(folder: Path) -> bytes:
    files = [one for one in (folder / ".rouage").rglob("*") if one.is_file()]
    return b"".join(one.read_bytes() for one in files)


@pytest.fixture
def workspace(tmp_path: Path, rouage, start_daemon) -> Path:
    """Return a workspace in which a recipe ran for three people."""
    assert rouage("init", "shop", "--lang", "en").code == 0
    folder = tmp_path / "shop"
    (folder / "recipes" / "commandes.yaml").write_text(RECIPE, encoding="utf-8")
    daemon = start_daemon(folder)
    for email, note in ((ALICE, "Alice Martin"), ("malice@exemple.fr", "Malice Petit")):
        done = rouage(
            "run", "commandes", "--input", f"email={email}", "--input", f"note={note}", "--wait",
            here=folder,
        )  # fmt: skip
        assert done.code == 0, done.out + done.err
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.wait(30)
    return folder


def test_a_person_is_blanked_and_nobody_else(rouage, workspace: Path) -> None:
    dry = rouage("forget", "Alice@Exemple.fr", "--dry-run", "--json", here=workspace)
    assert dry.code == 0, dry.out + dry.err
    assert (dry.data["done"], dry.data["events"], dry.data["runs"]) == (False, 1, 1)
    assert b"Alice Martin" in everything_in(workspace)

    assert rouage("forget", ALICE, here=workspace).code == 2
    done = rouage("forget", ALICE, "--yes", here=workspace)
    assert done.code == 0, done.out + done.err
    assert "Blanked for good:" in done.out
    (written,) = [line.strip() for line in done.out.splitlines() if "files/orders/" in line]
    assert "Alice" in Path(written).read_text(encoding="utf-8"), "an own file is never touched"

    kept = everything_in(workspace)
    assert b"alice@exemple.fr" not in kept.replace(b"malice@exemple.fr", b"")
    assert b"Alice Martin" not in kept, "also in what was only derived from the event"
    assert b"malice@exemple.fr" in kept
    assert b"Malice Petit" in kept
    runs = rouage("runs", "--json", here=workspace).data
    shown = [rouage("show", one["id"], "--json", here=workspace).data for one in runs["runs"]]
    assert len(shown) == 2
    assert all(one["state"] == "succeeded" for one in shown)
    again = rouage("forget", ALICE, "--dry-run", "--lang", "fr", here=workspace)
    assert "personne n’est nommé ainsi ici" in again.out
    (note,) = (workspace / ".rouage" / "forgotten.jsonl").read_text().splitlines()
    assert json.loads(note)["rows"]["event"] >= 1
    assert "alice" not in note


def test_a_daemon_that_works_forgets_by_itself(rouage, tmp_path: Path, start_daemon) -> None:
    assert rouage("init", "shop", "--lang", "en").code == 0
    folder = tmp_path / "shop"
    (folder / "recipes" / "commandes.yaml").write_text(RECIPE, encoding="utf-8")
    daemon = start_daemon(folder)
    for email, note in ((ALICE, "Alice Martin"), ("malice@exemple.fr", "Malice Petit")):
        done = rouage(
            "run", "commandes", "--input", f"email={email}", "--input", f"note={note}", "--wait",
            here=folder,
        )  # fmt: skip
        assert done.code == 0, done.out + done.err
    assert rouage("forget", ALICE, here=folder).code == 2
    assert b"Alice Martin" in everything_in(folder)
    forgotten = rouage("forget", ALICE, "--yes", "--json", here=folder)
    assert forgotten.code == 0, forgotten.out + forgotten.err
    assert (forgotten.data["done"], forgotten.data["events"], forgotten.data["runs"]) == (
        True,
        1,
        1,
    )
    assert forgotten.data["scrubbed"]
    assert daemon.process.poll() is None
    left = everything_in(folder)
    assert b"Alice Martin" not in left
    assert ALICE.encode() not in left.replace(b"malice@exemple.fr", b"")
    assert b"Malice Petit" in left

    runs = rouage("runs", "--json", here=folder).data["runs"]
    shown = {one["id"]: rouage("show", one["id"], "--json", here=folder).data for one in runs}
    (blanked,) = [one for one, data in shown.items() if data["blanked"] == "person"]
    told = rouage("show", blanked, here=folder).out
    assert "a person was to be forgotten" in told
    refused = rouage("rerun", blanked, here=folder)
    assert refused.code != 0
    assert "start the recipe anew" in refused.err
    assert rouage("replay", shown[blanked]["event"], here=folder).code != 0
    assert rouage("capsule", blanked, here=folder).code != 0
    left_alone = rouage("undo", blanked, "--dry-run", here=folder)
    assert "was blanked with the values of the run" in left_alone.out
    assert (
        "personne n’est nommé ainsi ici"
        in rouage("forget", ALICE, "--dry-run", "--lang", "fr", here=folder).out
    )


def test_a_daemon_that_is_killed_in_the_middle_finishes_the_next_time(
    rouage, tmp_path: Path, start_daemon, environment: dict[str, str]
) -> None:
    assert rouage("init", "shop", "--lang", "en").code == 0
    folder = tmp_path / "shop"
    (folder / "recipes" / "commandes.yaml").write_text(RECIPE, encoding="utf-8")
    environment["ROUAGE_FAILPOINT"] = "between_erasures"
    daemon = start_daemon(folder)
    done = rouage(
        "run", "commandes", "--input", f"email={ALICE}", "--input", "note=Alice Martin", "--wait",
        here=folder,
    )  # fmt: skip
    assert done.code == 0, done.out + done.err
    cut = rouage("forget", ALICE, "--yes", here=folder)
    assert cut.code != 0
    assert daemon.process.wait(30) == -signal.SIGKILL
    del environment["ROUAGE_FAILPOINT"]
    start_daemon(folder)
    forgotten = rouage("forget", ALICE, "--yes", here=folder)
    assert forgotten.code == 0, forgotten.out + forgotten.err
    assert b"Alice Martin" not in everything_in(folder)


def test_the_register_says_what_is_handled_and_where_it_goes(rouage, tmp_path: Path) -> None:
    assert rouage("init", "shop", "--lang", "en").code == 0
    folder = tmp_path / "shop"
    text = RECIPE + "  - http.request: {url: 'https://crm.example.org/', method: POST}\n"
    (folder / "recipes" / "commandes.yaml").write_text(text, encoding="utf-8")
    told = rouage("forget", "--register", here=folder)
    assert told.code == 0, told.out + told.err
    assert "purpose: Ranger les commandes des clients." in told.out
    assert "mail addresses: inputs.email" in told.out
    assert "leaves this machine: " in told.out
    assert "https://crm.example.org/" in told.out
    assert "kept for 90 days" in told.out
    data = rouage("forget", "--register", "--json", here=folder).data
    (entry,) = [one for one in data["recipes"] if one["recipe"] == "commandes"]
    assert entry["data"] == {"email": ["inputs.email"]}
