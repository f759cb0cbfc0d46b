"""A capsule goes to the person who helps, is played there, and comes back as a change."""

import json
import signal
from pathlib import Path

import pytest

RECIPE = """\
name: Relances
when: [{manual.start: {}}]
inputs:
  email: {type: email, label: Adresse}
  client: {type: text, label: Client}
  amount: {type: number, label: Montant}
do:
  - files.read: {path: "files/clients/${{ inputs.client }}.txt"}
    id: sheet
  - if: inputs.amount > 100
    files.write:
      path: "files/relances/${{ inputs.client }}.txt"
      text: "${{ steps.sheet.text }} doit ${{ inputs.amount }} (${{ inputs.email }})"
    id: letter
"""


@pytest.fixture
def owner(tmp_path: Path, rouage, start_daemon) -> Path:
    """Return the workspace of the owner, where the recipe ran once."""
    assert rouage("init", "shop", "--lang", "en").code == 0
    folder = tmp_path / "shop"
    (folder / "recipes" / "relances.yaml").write_text(RECIPE, encoding="utf-8")
    clients = folder / "files" / "clients"
    clients.mkdir(parents=True)
    (clients / "Durand.txt").write_text("Madame Sophie Durand, 06 12 34 56 78", encoding="utf-8")
    daemon = start_daemon(folder)
    done = rouage(
        "run", "relances", "--wait", "--input", "email=sophie.durand@exemple.fr",
        "--input", "client=Durand", "--input", "amount=50", here=folder,
    )  # fmt: skip
    assert done.code == 0, done.out + done.err
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.wait(30)
    return folder


def test_a_run_travels_under_other_names_and_comes_back_as_a_change(
    rouage, owner: Path, tmp_path: Path
) -> None:
    made = rouage("capsule", "last", "--to", "../help.capsule", "--json", here=owner)
    assert made.code == 0, made.out + made.err
    assert made.data["plays"] is True
    sealed = tmp_path / "help.capsule"
    assert sealed.read_bytes().startswith(b"age-encryption.org/v1\n-> scrypt ")

    wrong = rouage("capsule", "open", sealed, here=tmp_path, stdin="another\n")
    assert wrong.code == 1
    assert not (tmp_path / "help").exists()
    passphrase = made.data["passphrase"] + "\n"
    opened = rouage("capsule", "open", sealed, here=tmp_path, stdin=passphrase)
    assert opened.code == 0, opened.out + opened.err
    assert "do.0  files.read  done" in opened.out

    there = tmp_path / "help"
    said = b"".join(one.read_bytes() for one in there.rglob("*") if one.is_file()).decode()
    for name in ("Sophie", "Durand", "sophie", "exemple.fr", "12 34 56"):
        assert name not in said, name
    assert (there / "recipes" / "relances.yaml").read_text(encoding="utf-8") == RECIPE
    played = rouage("test", "--workspace", there, here=tmp_path)
    assert played.code == 0, played.out + played.err
    assert rouage("capsule", "patch", "help", "--to", "x.json", here=tmp_path).code == 1

    changed = RECIPE.replace("inputs.amount > 100", "inputs.amount > 20")
    (there / "recipes" / "relances.yaml").write_text(changed, encoding="utf-8")
    assert rouage("test", "--workspace", there, here=tmp_path).code == 1, "it does something else"
    answer = rouage("capsule", "patch", "help", "--to", "answer.json", here=tmp_path)
    assert answer.code == 0, answer.out + answer.err

    assert rouage("capsule", "accept", "../answer.json", here=owner).code == 2
    taken = rouage("capsule", "accept", "../answer.json", "--yes", here=owner)
    assert taken.code == 0, taken.out + taken.err
    assert "What changes:" in taken.out
    assert "20" in taken.out
    assert (owner / "recipes" / "relances.yaml").read_text(encoding="utf-8") == changed
    again = rouage("capsule", "accept", "../answer.json", "--yes", here=owner)
    assert again.code == 1, "the recipe moved on"


def test_a_capsule_for_a_key_opens_without_a_passphrase(
    rouage, owner: Path, tmp_path: Path
) -> None:
    key = rouage("capsule", "key", "--json", here=tmp_path).data
    assert rouage("capsule", "key", "--json", here=tmp_path).data == key
    mistyped = rouage("capsule", "last", "--to", "../a", "--for", key["key"][:-1], here=owner)
    assert mistyped.code == 1
    assert "rouage capsule key" in mistyped.err
    made = rouage(
        "capsule", "last", "--to", "../help.capsule", "--for", key["key"], "--json", here=owner
    )
    assert made.code == 0, made.out + made.err
    assert made.data["passphrase"] is None
    assert (tmp_path / "help.capsule").read_bytes().startswith(b"age-encryption.org/v1\n-> X25519 ")
    opened = rouage("capsule", "open", "help.capsule", here=tmp_path)
    assert opened.code == 0, opened.out + opened.err
    assert (tmp_path / "help" / "recipes" / "relances.yaml").read_text("utf-8") == RECIPE
    Path(key["file"]).unlink()
    closed = rouage("capsule", "open", "help.capsule", "--to", "again", here=tmp_path)
    assert closed.code == 1
    assert "there is none here" in closed.err


def test_an_answer_that_was_tampered_with_is_refused(rouage, owner: Path, tmp_path: Path) -> None:
    made = rouage("capsule", "last", "--to", "../help.capsule", "--json", here=owner)
    passphrase = made.data["passphrase"] + "\n"
    assert rouage("capsule", "open", "help.capsule", here=tmp_path, stdin=passphrase).code == 0
    recipe = tmp_path / "help" / "recipes" / "relances.yaml"
    recipe.write_text(RECIPE.replace("> 100", "> 20"), encoding="utf-8")
    assert rouage("capsule", "patch", "help", "--to", "answer.json", here=tmp_path).code == 0
    answer = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    answer["text"] = answer["text"].replace("> 20", "> 0")
    (tmp_path / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    refused = rouage("capsule", "accept", "../answer.json", "--yes", here=owner)
    assert refused.code == 1
    assert (owner / "recipes" / "relances.yaml").read_text(encoding="utf-8") == RECIPE
