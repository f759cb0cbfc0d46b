"""Data under other names: everything has an alias, the same one everywhere, of the same shape."""

import re

import pytest

from rouage.rehearsal.pseudonyms import Pseudonyms, declared_words, words_of

KEY = b"k" * 32
ALIASES = Pseudonyms(KEY, words_of("if: event.kind == 'Facture'"))


def test_a_name_has_one_alias_everywhere_and_keeps_its_shape() -> None:
    told = ALIASES.text("Sophie DURAND, sophie durand; Durand")
    first, shouted, low, last, again = re.findall(r"\w+", told)
    assert (first.lower(), shouted.lower()) == (low, last)
    assert again.lower() == last
    assert first[0].isupper()
    assert shouted.isupper()
    assert [len(one) for one in (first, shouted)] == [6, 6]
    assert "ophie" not in told


def test_the_words_of_the_recipe_stay() -> None:
    told = ALIASES.text("Facture EDF de Martin")
    assert told.startswith("Facture ")
    assert "EDF" not in told
    assert "Martin" not in told


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("sophie.durand+x@exemple.fr", r"[a-z]{6}@example\.org"),
        ("06 12 34 56 78", r"\d\d \d\d \d\d \d\d \d\d"),
        ("+33612345678", r"\+\d{11}"),
        ("FR7630006000011234567890189", r"FR\d{25}"),
        ("9f86d081884c7d659a2feaa0c55ad015", r"[0-9a-f]{32}"),
        ("dossier 1234567", r"[a-z]{7} \d{7}"),
    ],
)
def test_numbers_and_addresses_keep_their_shape_and_nothing_else(text: str, shape: str) -> None:
    told = ALIASES.text(text)
    assert re.fullmatch(shape, told), told
    assert told != text


@pytest.mark.parametrize("text", ["2026-09-14", "2026-09-14T08:30:00+02:00", "12", "a", "", "3 x"])
def test_moments_and_short_things_stay(text: str) -> None:
    assert ALIASES.text(text) == text


def test_the_ending_of_a_file_stays() -> None:
    assert re.fullmatch(r"[a-z]{6}/[a-z]{5}\.pdf", ALIASES.text("dupont/devis.pdf"))


def test_fields_stay_unless_they_are_somebody() -> None:
    told = ALIASES.value({"kind": "Facture", "sophie@exemple.fr": 1, "client": {"nom": "Zoé"}})
    assert isinstance(told, dict)
    assert told["kind"] == "Facture"
    assert "sophie@exemple.fr" not in told
    assert told["client"] != {"nom": "Zoé"}


def test_amounts_are_scaled_alike_and_counts_are_not() -> None:
    aliases = Pseudonyms(KEY, (), factor=1.5)
    told = aliases.value({"total": 100, "montant_ht": 80.5, "count": 100, "is_vat": True})
    assert told == {"total": 150, "montant_ht": 120.75, "count": 100, "is_vat": True}


def test_a_sentence_of_ours_hides_only_what_the_data_said() -> None:
    aliases = Pseudonyms(KEY, ())
    aliases.value({"path": "durand.txt"})
    told = aliases.message("the file durand.txt is not there")
    assert "durand" not in told
    assert re.fullmatch(r"the file [a-z]{6}\.txt is not there", told)


def test_another_key_gives_other_aliases() -> None:
    assert Pseudonyms(b"z" * 32, ()).text("Durand") != Pseudonyms(KEY, ()).text("Durand")


def test_the_values_that_a_schema_allows_are_its_own() -> None:
    schema = {"properties": {"change": {"enum": ["created", "gone"]}, "x": {"const": "deep"}}}
    assert set(declared_words(schema)) == {"created", "gone", "deep"}
