"""A problem for people (frame, caret, remedy) and for tools (JSON)."""

import pytest

from rouage.analysis.render import to_json, to_text
from rouage.catalog.catalog import Catalog
from rouage.problem import Position, Problem, Range
from rouage.recipes.checker import check
from rouage.sdk import JSON, Connector, Context, Text, param, params


@params
class Mail:
    to: str = param("To.")
    subject: str = param(Text("Subject of the mail.", "Objet du message."))


@pytest.fixture(scope="module")
def catalog():
    mail = Connector("mail", about="Mail.")

    @mail.action("send")
    async def send(params: Mail, context: Context) -> JSON:
        """Send."""
        return None

    return Catalog([mail])


def shown(text, catalog, language="fr", **options):
    source = text.encode()
    problems = check(source, file="recipes/factures.yaml", catalog=catalog).problems
    return [to_text(problem, source, language, **options) for problem in problems]


SUBJET = """\
name: Factures
do:
  - mail.send:
      to: compta@example.fr
      subjet: Nouvelle facture
"""


def test_the_sample_of_the_specification_in_french(catalog):
    assert shown(SUBJET, catalog) == [
        "recipes/factures.yaml:5:7  erreur RG211  paramètre inconnu « subjet » pour mail.send\n"
        "  4 |       to: compta@example.fr\n"
        "  5 |       subjet: Nouvelle facture\n"
        "    |       ^^^^^^ vouliez-vous dire « subject » ?\n"
        "    = remède : remplacer par « subject »"
    ]


def test_the_same_in_english(catalog):
    (text,) = shown(SUBJET, catalog, "en")
    assert "error RG211  unknown parameter “subjet” for mail.send" in text
    assert "^^^^^^ did you mean “subject”?" in text
    assert "= remedy: replace it by “subject”" in text


def test_the_caret_stands_under_wide_characters_and_emoji(catalog):
    (text,) = shown(
        "name: A\ndo:\n  - mail.send: {to: a, subject: 'Été 日本 🎉 👩‍🍳 ${{ evnt }}'}\n", catalog
    )
    line, caret = text.split("\n")[2:4]
    before = line[: line.index("evnt")]
    # Wide characters take two columns, the joiner none: the woman and the pan are two each.
    width = len(before) + len("日本🎉👩🍳") - 1
    assert caret.index("^") == width
    assert caret.count("^") == 4


def test_a_frame_is_at_most_three_lines_and_eighty_columns(catalog):
    long = "x" * 300
    text = f"name: {long}\ndo:\n  - mail.send: {{to: {long}, subject: '${{{{ evnt }}}}'}}\n"
    (shown_text,) = shown(text, catalog)
    frame = [line for line in shown_text.split("\n") if " | " in line]
    assert len(frame) <= 3
    assert all(len(line) <= 80 for line in frame)
    line, caret = frame[-2:]
    assert line[caret.index("^") : caret.rindex("^") + 1] == "evnt"


def test_colour_is_only_added_when_asked_for(catalog):
    assert "\x1b" not in shown(SUBJET, catalog)[0]
    assert "\x1b[31m" in shown(SUBJET, catalog, color=True)[0]


def test_control_characters_never_reach_the_terminal(catalog):
    (text,) = shown("name: a\x1b[2Jb\ndo:\n  - mail.send: {to: a, subject: b}\n", catalog)
    assert "\x1b" not in text
    assert "U+001B" in text


def test_an_expression_keeps_both_its_braces_in_every_sentence(catalog):
    (text,) = shown("name: A\ndo:\n  - mail.send: {to: a, subject: {{ x }}}\n", catalog)
    assert "${{ … }}" in text


def test_json_has_code_place_message_and_edits(catalog):
    problem = check(SUBJET.encode(), file="a.yaml", catalog=catalog).problems[0]
    record = to_json(problem, "fr")
    assert record == {
        "code": "RG211",
        "severity": "error",
        "file": "a.yaml",
        "range": {"start": {"line": 5, "column": 7}, "end": {"line": 5, "column": 13}},
        "message": "paramètre inconnu « subjet » pour mail.send",
        "why": None,
        "fix": "remplacer par « subject »",
        "edits": [
            {
                "range": {"start": {"line": 5, "column": 7}, "end": {"line": 5, "column": 13}},
                "text": "subject",
            }
        ],
        "related": [],
    }


@pytest.mark.parametrize("source", [b"", b"\xff\xfe", b"\xff", "a: é\n".encode("utf-16")])
def test_any_source_can_be_shown(source):
    place = Range(start=Position(line=9, column=9), end=Position(line=9, column=10))
    text = to_text(Problem(code="RG101", file="a", range=place), source, "en")
    assert text.startswith("a:9:9  error RG101")
