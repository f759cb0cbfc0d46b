"""Every code has a sentence, a way out and an example, in both languages (authoring M1-M3)."""

import re
from pathlib import Path

import pytest

import rouage
from rouage.analysis.catalogue import ENTRIES, entry_of
from rouage.language import LANGUAGES

ROOT = Path(rouage.__file__).parent
PYTHON_WORDS = re.compile(
    r"\b(None|dict|list\[|NoneType|str|int|float|bool|tuple|Traceback|Exception)\b"
)
FACTS = dict.fromkeys(
    re.findall(
        r"\{(\w+)\}",
        " ".join(
            text for entry in ENTRIES.values() for text in (entry.message.en, entry.message.fr)
        ),
    ),
    "x",
)
CODES = sorted(ENTRIES)


def texts(code):
    entry = entry_of(code)
    return [text for text in (entry.message, entry.why, entry.remedy) if text is not None]


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_both_languages_and_an_example(code):
    entry = entry_of(code)
    for text in texts(code):
        assert text.en.strip()
        assert text.fr.strip()
    assert entry.bad or code == "RG201"
    assert entry.good


@pytest.mark.parametrize("code", CODES)
def test_both_languages_use_the_same_facts(code):
    for text in texts(code):
        english, french = (set(re.findall(r"(?<!\{)\{(\w+)\}", one)) for one in text)
        assert english == french


@pytest.mark.parametrize("code", CODES)
def test_a_sentence_has_no_python_words_and_no_end_mark(code):
    for text in texts(code):
        for language in LANGUAGES:
            sentence = text.render(language, FACTS | {"code": code})
            assert not PYTHON_WORDS.search(sentence), sentence
            assert not sentence.endswith("."), sentence


@pytest.mark.parametrize("code", CODES)
def test_french_uses_its_own_quotes_and_apostrophe(code):
    for text in texts(code):
        outside_code = re.sub(r"'[^']*'", "", text.fr)
        assert "“" not in text.fr
        assert not re.search(r"[a-z]'[a-zéè]", outside_code), text.fr


def test_every_code_that_the_engine_reports_is_in_the_catalogue():
    sources = [*ROOT.joinpath("recipes").glob("*.py"), *ROOT.joinpath("expressions").rglob("*.py")]
    used = {
        code
        for source in sources
        for code in re.findall(r'"(RG\d{3})"', source.read_text(encoding="utf-8"))
    }
    assert used <= set(ENTRIES)


def test_every_code_of_recipes_is_used():
    used = "".join(
        source.read_text(encoding="utf-8") for source in ROOT.joinpath("recipes").glob("*.py")
    )
    own = [code for code in CODES if code[2] != "4"]
    assert [code for code in own if code not in used] == []


def test_an_unknown_code_of_a_newer_version_still_has_a_sentence():
    assert entry_of("RG999").message.render("fr", {"code": "RG999"}) == "problème RG999"
