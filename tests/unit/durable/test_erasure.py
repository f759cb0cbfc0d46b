"""A person is found as a whole name, and blanked with what is about them."""

import pytest

from rouage.durable.erasure import ERASED, TABLE_ITEMS, Sought, blank

ALICE = Sought(["alice@exemple.fr", "Léon Blé"])


@pytest.mark.parametrize(
    "text",
    [
        "alice@exemple.fr",
        "Alice@Exemple.FR",
        "<alice@exemple.fr>, merci",
        "écrire à alice@exemple.fr.",
        "Léon Blé",
        "Le\u0301on Ble\u0301 a dit",
    ],
)
def test_a_person_is_found_however_it_is_written(text: str) -> None:
    assert ALICE.is_in(text)
    assert ALICE.is_within({"a": [{"b": text}]})
    assert ALICE.is_within({text: 1})


@pytest.mark.parametrize(
    "text",
    [
        "malice@exemple.fr",
        "x.alice@exemple.fr",
        "alice@exemple.fr.org",
        "alice@exemple.frs",
        "Léon",
    ],
)
def test_a_longer_name_is_another_person(text: str) -> None:
    assert not ALICE.is_in(text)


@pytest.mark.parametrize("name", ["alice@exemple.fr", "Léon Blé", "émoé x", 'a "quoted" name'])
def test_what_the_database_is_asked_for_is_in_every_spelling(name: str) -> None:
    (fragment,) = Sought([name]).fragments()
    assert fragment
    assert fragment in name.replace('"', '\\"')


def test_an_event_that_names_somebody_is_blanked_as_a_whole() -> None:
    event = {"from": {"address": "alice@exemple.fr"}, "text": "Mon numéro…", "size": 12, "to": []}
    kept, is_whole = ALICE.erased(event)
    assert is_whole
    assert kept == {"from": {"address": ERASED}, "text": ERASED, "size": None, "to": []}


def test_of_a_long_list_only_the_entry_that_names_them_is_blanked() -> None:
    rows = [{"email": f"u{number}@exemple.fr", "n": number} for number in range(TABLE_ITEMS)]
    rows[3] = {"email": "alice@exemple.fr", "n": 3}
    kept, is_whole = ALICE.erased({"rows": rows, "file": "clients.csv"})
    assert not is_whole
    assert isinstance(kept, dict)
    assert isinstance(kept["rows"], list)
    assert kept["rows"][3] == {"email": ERASED, "n": None}
    assert kept["rows"][:3] == rows[:3]
    assert kept["file"] == "clients.csv"


def test_what_names_nobody_stays_as_it_is() -> None:
    value = {"a": [1, True, None, "x"], "b": {"c": "y"}}
    assert ALICE.erased(value) == (value, False)
    assert blank(value) == {"a": [None, None, None, ERASED], "b": {"c": ERASED}}
