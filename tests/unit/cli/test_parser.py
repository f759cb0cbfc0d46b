"""Arguments are explained, and mistakes told, in the reader's language."""

import pytest

from rouage.cli.parser import Parser
from rouage.errors import UsageError
from rouage.language import Language, Text


def a_parser(language: Language = "fr") -> Parser:
    parser = Parser(prog="rouage demo", about=Text("about", "à propos"), language=language)
    parser.take("file", about=Text("100% file", "fichier à 100 %"), metavar="FICHIER")
    parser.take("--count", about=Text("how many", "combien"), type=int)
    parser.take_common()
    return parser


def test_the_help_is_in_one_language():
    text = a_parser("fr").format_help()
    assert text.startswith("Usage : rouage demo")
    assert "fichier à 100 %" in text
    assert "affiche cette aide" in text
    assert "show this help" not in text
    assert "usage:" not in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "il manque : FICHIER"),
        (["a", "--colour"], "arguments inconnus : --colour"),
        (["a", "--count"], "--count demande une valeur"),
        (["a", "--count", "x"], "--count ne peut pas être 'x'"),
        (["a", "--lang", "de"], "--lang ne peut pas être 'de' ; choisissez parmi"),
        (["a", "--coun", "3"], "arguments inconnus : --coun 3"),
    ],
)
def test_a_mistake_is_told_in_french(words: list[str], sentence: str):
    with pytest.raises(UsageError) as caught:
        a_parser().parse_args(words)
    assert caught.value.render("fr").startswith(sentence)
    assert caught.value.render_hint("fr") == "voyez « rouage demo --help »"


def test_a_mistake_that_holds_braces_is_shown_as_it_is():
    with pytest.raises(UsageError) as caught:
        a_parser().parse_args(["a", "{evil}", "{0}"])
    assert "{evil} {0}" in caught.value.render("en")
