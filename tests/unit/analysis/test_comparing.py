"""What a new version of a recipe changes, told by its meaning (authoring L8)."""

import random
import time

import pytest

from rouage.analysis.comparing.alignment import align
from rouage.analysis.comparing.changes import compare
from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover

OLD = """\
name: Photos
inputs:
  who: {type: email, default: a@b.fr}
  key: {type: secret, default: hunter2}
when:
  - folder.file: {path: files/in, match: "*.pdf"}
if: event.file.size > 0
timeout: 5m
do:
  - log.write: {message: Bonjour}
  - files.move:
      source: ${{ event.file.path }}
      target: files/out/
    id: moved
    retry: 3
  - for_each:
      in: ${{ vars.list }}
      as: x
      do:
        - log.write: {message: one}
  - choose:
      - if: event.file.size > 10
        do:
          - log.write: {message: large}
      - do:
          - stop: enough
vars: {list: [1]}
"""


@pytest.fixture(scope="module")
def installed() -> Catalog:
    return discover()


@pytest.fixture
def told(installed):
    """Return what tells the changes that replacing texts in OLD makes."""

    def run(*pairs, language="en"):
        new = OLD
        for before, after in pairs:
            assert before in new
            new = new.replace(before, after)
        found = compare(OLD.encode(), new.encode(), installed, language)
        assert found is not None
        return found

    return run


def test_the_same_recipe_has_no_changes(told):
    assert told() == ()
    assert told(("name: Photos", "# a comment\nname:   'Photos'")) == ()


def test_a_pattern_more_is_said_as_such(told):
    pair = ('match: "*.pdf"', 'match: ["*.pdf", "*.jpg"]')
    (change,) = told(pair, language="fr")
    assert change.text == "Départ 1, « Un fichier arrive », noms : désormais aussi *.jpg." or (
        "désormais aussi *.jpg" in change.text
    )
    assert change.path == ("when", 0, "folder.file", "match")
    assert "now also *.jpg" in told(pair)[0].text


def test_a_pattern_less_is_said_as_such(installed):
    old = OLD.replace('match: "*.pdf"', 'match: ["*.pdf", "*.jpg"]')
    (change,) = compare(old.encode(), OLD.encode(), installed, "en") or ()
    assert "no longer *.jpg" in change.text


def test_a_value_goes_from_one_to_another(told):
    (change,) = told(("target: files/out/", "target: files/elsewhere/"))
    assert change.kind == "changed"
    assert (change.before, change.after) == ("files/out/", "files/elsewhere/")
    assert change.text.startswith("Step 2, “Move a file”, ")


def test_a_value_left_to_its_default_is_said_with_it(told):
    (change,) = told(("target: files/out/\n", "target: files/out/\n      on_conflict: rename\n"))
    assert change.before == "fail (the default)"
    assert change.after == "rename"


def test_conditions_are_told_in_words(told):
    (change,) = told(("if: event.file.size > 0", "if: event.file.size > 100"), language="fr")
    assert change.before == "« la taille est supérieure à 0 »"
    assert change.after == "« la taille est supérieure à 100 »"
    (gone,) = told(("if: event.file.size > 0\n", ""))
    assert gone.kind == "removed"


def test_starts_that_come_and_go_are_told_as_explain_tells_them(told, installed):
    more = "when:\n  - schedule.every: {interval: 5m}\n"
    (change,) = told(("when:\n", more))
    assert (change.kind, change.path) == ("added", ("when", 0))
    assert "Every 5 minutes" in change.text
    new = OLD.replace("when:\n", more)
    (gone,) = compare(new.encode(), OLD.encode(), installed, "fr") or ()
    assert gone.kind == "removed"
    assert "Toutes les 5 minutes" in gone.text


def test_a_step_that_changed_places_is_moved_not_removed_and_added(told):
    first = "  - log.write: {message: Bonjour}\n"
    moved = "    retry: 3\n"
    changes = told((first, ""), (moved, moved + first))
    assert [one.kind for one in changes] == ["moved"]


def test_a_step_moved_and_changed_is_both(told):
    first = "  - log.write: {message: Bonjour}\n"
    moved = "    retry: 3\n"
    changes = told((first, ""), (moved, moved + first), ("target: files/out/", "target: files/b/"))
    assert sorted(one.kind for one in changes) == ["changed", "moved"]


def test_another_action_under_the_same_id_is_another_step(told):
    changes = told(("files.move:", "files.copy:"))
    assert [one.kind for one in changes] == ["removed", "added"]


def test_steps_inside_steps_are_compared_too(told):
    (inner,) = told(("message: one", "message: two"))
    assert inner.path == ("do", 2, "for_each", "do", 0, "log.write", "message")
    assert inner.text.startswith("Step 3.1, ")
    (branch,) = told(("event.file.size > 10", "event.file.size > 20"))
    assert "branch 1" in branch.text
    (deep,) = told(("message: large", "message: huge"))
    assert deep.text.startswith("Step 4.1.1, ")


def test_steps_of_an_error_are_counted_apart(told):
    (change,) = told(("vars: {list", "on_error:\n  - log.write: {message: lost}\nvars: {list"))
    assert change.text.startswith("New step 1 (on failure): ")


def test_secrets_are_never_told(told):
    (change,) = told(("hunter2", "swordfish"))
    assert "hunter2" not in change.text + str(change.to_json())
    assert "swordfish" not in change.text + str(change.to_json())
    assert "•••" in change.text


def test_names_of_variables_and_inputs_are_told_one_by_one(told):
    changes = told(("vars: {list: [1]}", "vars: {list: [1], other: 2}"), ("a@b.fr", "c@d.fr"))
    assert [one.path for one in changes] == [("inputs", "who", "default"), ("vars", "other")]


def test_a_file_that_is_no_recipe_is_compared_by_its_lines_only(installed):
    for broken in (b"name: [", b"- a\n", b"", b"name: a\ndo: {a: b}\n"):
        assert compare(OLD.encode(), broken, installed, "en") is None


def test_an_action_that_is_not_installed_any_more_is_still_compared(installed):
    old = b"name: A\ndo:\n  - gone.act: {a: 1}\n"
    new = b"name: B\ndo:\n  - gone.act: {a: 2}\n"
    found = compare(old, new, installed, "fr")
    assert found is not None
    assert len(found) == 2


def word_of(entry):
    return next(iter(entry))


def test_every_entry_has_exactly_one_place_in_the_alignment():
    dice = random.Random(5)  # noqa: S311 - a fixed sequence of lists
    for _ in range(200):
        old, new = (
            [{dice.choice("abc"): {"v": dice.randrange(4)}} for _ in range(dice.randrange(7))]
            for _ in range(2)
        )
        pairs = align(old, new, word_of)
        assert sorted(one.new for one in pairs if one.new is not None) == list(range(len(new)))
        assert sorted(one.old for one in pairs if one.old is not None) == list(range(len(old)))


def test_a_shuffled_list_is_only_moved():
    old = [{"a": {"v": number}} for number in range(6)]
    new = [old[place] for place in (3, 0, 1, 2, 4, 5)]
    pairs = align(old, new, word_of)
    assert [(one.old, one.new) for one in pairs if one.has_moved] == [(3, 0)]


def test_thousands_of_steps_are_compared_in_a_moment():
    old = [{"a": {"v": number % 3}} for number in range(3_000)]
    new = [{"a": {"v": number % 5}} for number in range(3_000)]
    started = time.process_time()
    assert len([one for one in align(old, new, word_of) if one.new is not None]) == 3_000
    assert time.process_time() - started < 20
