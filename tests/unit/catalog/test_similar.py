"""Did-you-mean: two edits, a swap counts as one, synonyms first."""

import pytest

from rouage.catalog.similar import edit_distance, nearest


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("subjet", "subject", 1),
        ("sned", "send", 1),
        ("abc", "abc", 0),
        ("abc", "cab", 2),
        ("kitten", "sitting", 3),
        ("", "ab", 2),
    ],
)
def test_the_distance_counts_edits(first, second, distance):
    assert edit_distance(first, second, 3) == distance
    assert edit_distance(second, first, 3) == distance


@pytest.mark.parametrize(
    ("word", "candidates", "expected"),
    [
        ("mail.sned", ["mail.send", "mail.flush"], "mail.send"),
        ("subjet", ["to", "subject"], "subject"),
        ("objet", ["to", "subject"], "subject"),
        ("Destinataire", ["to", "subject"], "to"),
        ("quand", ["when", "do"], "when"),
        ("déclencheur", ["when", "do"], "when"),
        ("steps", ["when", "do"], "do"),
        ("on", ["when", "do"], "when"),
        ("alias", ["name", "id"], "name"),
        ("files-move", ["files.move", "files.copy"], "files.move"),
        ("move", ["files.move", "log.write"], "files.move"),
        ("Name", ["name"], "name"),
        ("bcc", ["cc"], "cc"),
        ("xy", ["to", "cc"], None),
        ("nothing", ["subject"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_word_is_found(word, candidates, expected):
    assert nearest(word, candidates) == expected


def test_a_long_hostile_word_is_compared_quickly():
    assert nearest("a" * 200, ["b" * 200] * 2_000) is None
