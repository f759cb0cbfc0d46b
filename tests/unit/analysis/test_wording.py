"""The page of a code: everything in both languages, and the nearest code for a wrong one."""

import re

import pytest

from rouage.analysis.catalogue import ENTRIES
from rouage.analysis.wording import family_of, nearest_code, page
from rouage.language import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_every_code_has_a_page(code, language):
    shown = page(code, language)
    assert shown["message"]
    assert shown["why"] or shown["remedy"] or shown["good"]
    assert shown["bad"] or code == "RG201"
    assert shown["good"]
    for name in ("family", "message", "why", "remedy"):
        # No place for a fact is left open; `${{ }}` is an expression.
        assert not re.search(r"(?<!\{)\{\w+\}", shown[name] or ""), shown[name]


def test_a_sentence_that_is_all_fact_has_words_of_its_own():
    assert page("RG509", "en")["message"] == "the connector refuses this value, and says why"


@pytest.mark.parametrize(("code", "near"), [("RG298", "RG2"), ("RG999", "RG7"), ("RG000", "RG1")])
def test_the_nearest_code_is_of_the_same_family_if_there_is_one(code, near):
    assert nearest_code(code).startswith(near)


def test_every_family_has_a_name():
    assert all(family_of(code).fr != "autre" for code in ENTRIES)
