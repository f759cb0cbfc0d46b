"""Names for new files, and how any name is shown."""

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rouage.errors import StepError
from rouage.safety.names import new_name, numbered, shown


@pytest.mark.parametrize("name", ["a", "été.pdf", "-x", ".hidden", "console.txt", "a b", "x" * 200])
def test_an_ordinary_name_is_kept(name):
    assert new_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "a\\b", "a\n", "\x7f", "a\u202e", "a\ufeff", "x.", "x "),
        *("con", "NUL.txt", "com1", "LPT9.tar.gz", "x" * 201, "é" * 101),
    ],
)
def test_an_unsafe_name_is_refused_in_both_languages(name):
    with pytest.raises(StepError) as caught:
        new_name(name)
    assert caught.value.render("en") != caught.value.render("fr")


def test_a_name_is_composed():
    assert new_name(unicodedata.normalize("NFD", "été")) == unicodedata.normalize("NFC", "été")


def test_what_cannot_be_seen_is_shown_as_an_escape():
    assert shown(os.fsdecode(b"\xe9t\xe9\n\x1b[2J")) == "\\xe9t\\xe9\\x0a\\x1b[2J"
    assert shown("a\u202eb") == "a\\u202eb"
    assert shown("été") == "été"


def test_numbers_count_up_before_the_extension():
    names = numbered("scan.pdf")
    assert [next(names) for _ in range(2)] == ["scan (2).pdf", "scan (3).pdf"]
    assert next(numbered(".profile")) == ".profile (2)"


@given(st.text(alphabet="é€x😀", min_size=1, max_size=255))
def test_a_numbered_name_is_at_most_255_bytes(stem):
    assert len(os.fsencode(next(numbered(stem + ".pdf")))) <= 255


@given(st.binary(min_size=1, max_size=40))
def test_any_name_can_be_shown_and_encoded(name):
    shown(os.fsdecode(name)).encode("utf-8")
