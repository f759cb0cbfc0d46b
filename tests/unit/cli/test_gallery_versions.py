"""A recipe that came from the gallery is told when the gallery has a newer version (U-1.8)."""

import json

import pytest

from rouage.cli.gallery_versions import Origin, origin_of, outdated, pair_with_gallery, sentence
from rouage.cli.main import main
from rouage.errors import UsageError

NEWEST = """
name: Relances
gallery:
  id: reminders
  version: 3
  words: [retard]
inputs:
  days: {type: integer, label: Délai, default: 3}
  copy_to: {type: email, label: Copie, default: a@example.org}
when: [{manual.start: {}}]
do:
  - log.write: {message: "${{ inputs.days }} ${{ inputs.copy_to }}"}
"""
ENGLISH = NEWEST.replace("Relances", "Reminders").replace("Délai", "Days").replace("Copie", "Copy")
MINE = """
name: Mes relances
gallery:
  id: reminders
  version: 2
inputs:
  days: {type: integer, label: Délai, default: 8}
when: [{manual.start: {}}]
do:
  - log.write: {message: "${{ inputs.days }}"}
"""


@pytest.fixture
def shelf(tmp_path):
    for language, text in (("fr", NEWEST), ("en", ENGLISH)):
        folder = tmp_path / "shelf" / "gallery" / language
        folder.mkdir(parents=True)
        (folder / f"reminders-{language}.yaml").write_text(text)
    return tmp_path / "shelf"


@pytest.fixture
def mine(workspace):
    path = workspace / "recipes" / "relances.yaml"
    path.write_text(MINE)
    return path


def test_an_older_version_is_found_and_the_gesture_is_told(shelf, mine, workspace, make_session):
    (workspace / "recipes" / "other.yaml").write_text("name: A\ndo: []\n")
    (workspace / "recipes" / "new.yaml").write_text(NEWEST)
    [one] = outdated(sorted(mine.parent.iterdir()), shelf)
    assert (one.path, one.origin.version, one.newest) == (mine, 2, 3)
    session = make_session(workspace, language="fr").session
    assert "« rouage diff relances gallery »" in sentence(session, one)


def test_the_difference_is_to_the_same_language_and_keeps_the_answers(
    shelf, mine, workspace, make_session
):
    session = make_session(workspace).session
    present, newest = pair_with_gallery(session, "relances", shelf)
    assert present.text == mine.read_bytes()
    text = newest.text.decode()
    assert "Délai" in text
    assert "default: 8" in text
    assert "copy_to" in text
    assert "reminders 3" in newest.label


def test_a_recipe_of_ones_own_is_compared_with_no_gallery(shelf, workspace, make_session):
    (workspace / "recipes" / "a.yaml").write_text("name: A\ndo: []\n")
    session = make_session(workspace).session
    for name in ("a", "nothing"):
        with pytest.raises(UsageError):
            pair_with_gallery(session, name, shelf)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gallery: {id: a-b, version: 2}\n", Origin(id="a-b", version=2)),
        ("name: x\ngallery:\n  version: 12\n\n  id: 'a'\nwhen: []\n", Origin(id="a", version=12)),
        ("gallery:\n  id: a\ninputs:\n  version: 4\n", Origin(id="a", version=0)),
        ("x:\n  gallery:\n    id: a\n", None),
        ("gallery:\n  cost: 0\nid: mine\n", None),
        ("gallery:\n" * 20_000, None),
    ],
)
def test_where_a_text_comes_from_is_read_without_yaml(text, expected):
    assert origin_of(text.encode()) == expected


def test_check_and_diff_tell_it_of_what_is_shipped(workspace, capsys, monkeypatch):
    monkeypatch.chdir(workspace)
    assert main(["new", "reminders", "--lang", "en", "--json"]) in {0, 1}
    made = json.loads(capsys.readouterr().out)
    path = next((workspace / "recipes").glob("*.yaml"))
    assert made
    assert main(["check", "--lang", "en"]) == 0
    assert "diff" not in capsys.readouterr().err
    # As an older Rouage would have made it.
    text = path.read_text()
    assert "  version: 1\n" in text
    path.write_text(text.replace("  version: 1\n", ""))
    assert main(["check", "--lang", "en"]) == 0
    told = capsys.readouterr().err
    assert f"rouage diff {path.stem} gallery" in told
    assert main(["diff", path.stem, "gallery", "--lang", "en"]) == 0
    assert "+  version: 1" in capsys.readouterr().out
