"""What a template would have to be to give another text; what is not sure gives nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rouage.expressions.expression import compile_expression
from rouage.expressions.template import compile_template
from rouage.flow.corrections.templates import (
    pieces_of,
    replaced_words,
    rewordings,
    values_in,
)

NAME = "${{ inputs.date }}_${{ inputs.who }}.pdf"


def afters(template: str, was: str, becomes: str) -> dict[str, str]:
    return {one.kind: one.after for one in rewordings(template, was, becomes)}


@pytest.mark.parametrize(
    ("template", "text", "values"),
    [
        (NAME, "2026-01-12_EDF SA.pdf", ["2026-01-12", "EDF SA"]),
        ("a.pdf", "a.pdf", []),
        ("a.pdf", "b.pdf", None),
        ("${{ a }}", "anything", ["anything"]),
        ("${{ a }}-${{ b }}", "1-2-3", None),  # two ways to lay it
        ("${{ a }}${{ b }}", "12", None),
        ("x${{ a }}", "x", None),  # an expression that gave nothing
    ],
)
def test_a_text_is_laid_over_its_template_in_one_way_or_not_at_all(template, text, values):
    pieces = pieces_of(template)
    assert pieces is not None
    assert values_in(pieces, text) == values


def test_what_an_expression_gave_tells_which_way_is_right():
    pieces = pieces_of("${{ inputs.who }} ${{ inputs.file }}")
    assert pieces is not None
    known = {" inputs.who ": "EDF SA"}
    assert values_in(pieces, "EDF SA 1.pdf") is None
    assert values_in(pieces, "EDF SA 1.pdf", known.get) == ["EDF SA", "1.pdf"]
    assert values_in(pieces, "SFR 1.pdf", known.get) == ["SFR", "1.pdf"], "it was another recipe"
    assert values_in(pieces, "SFR SA 1.pdf", known.get) is None
    two = pieces_of("${{ inputs.who }}${{ inputs.file }}")
    assert two is not None
    assert values_in(two, "EDF SA1.pdf", known.get) == ["EDF SA", "1.pdf"]


def test_an_escape_is_left_alone():
    assert pieces_of("$${{ not an expression }}") is None
    assert rewordings("$${{ a }}", "${{ a }}", "b") == []


def test_a_word_is_replaced_in_the_expression_that_gave_it():
    found = afters(NAME, "2026-01-12_EDF SA.pdf", "2026-01-12_EDF.pdf")
    assert found["word"] == "${{ inputs.date }}_${{ inputs.who | replace('EDF SA', 'EDF') }}.pdf"
    made = compile_template(found["word"]).render(
        {"inputs": {"date": "2026-02-01", "who": "EDF SA"}}
    )
    assert made == "2026-02-01_EDF.pdf"


@pytest.mark.parametrize(
    ("source", "old", "new", "expected"),
    [
        ("'a b' if x else y", "L'Eau", "Eau", "('a b' if x else y) | replace(\"L'Eau\", 'Eau')"),
        ("a.b | slug", "edf-sa", "edf", "a.b | slug | replace('edf-sa', 'edf')"),
        ("a ~ b", "EDF SA", "EDF", "(a ~ b) | replace('EDF SA', 'EDF')"),
    ],
)
def test_the_expression_with_the_replacement_is_sound(source, old, new, expected):
    (found,) = [
        one
        for one in rewordings(f"x_${{{{ {source} }}}}_y", f"x_{old}_y", f"x_{new}_y")
        if one.kind == "word"
    ]
    assert found.after == f"x_${{{{ {expected} }}}}_y"
    compile_expression(expected)


@pytest.mark.parametrize(
    ("becomes", "pattern"),
    [
        ("2026-01-12 EDF.pdf", "${{ inputs.date }} ${{ inputs.who }}.pdf"),
        ("EDF 2026-01-12.pdf", "${{ inputs.who }} ${{ inputs.date }}.pdf"),
        ("Facture 2026-01-12_EDF.pdf", "Facture ${{ inputs.date }}_${{ inputs.who }}.pdf"),
    ],
)
def test_other_separators_and_another_order_are_a_pattern(becomes, pattern):
    assert afters(NAME, "2026-01-12_EDF.pdf", becomes)["pattern"] == pattern


def test_what_is_put_beside_a_value_is_no_word_that_was_replaced():
    assert set(afters("${{ a }}", "2026-a.txt", "ok 2026-a.txt")) == {"pattern"}
    assert set(afters("${{ a }}.txt", "EDF.txt", "EDF ok.txt")) == {"word", "pattern"}


def test_a_name_that_has_nothing_of_the_old_one_gives_nothing():
    assert rewordings(NAME, "2026-01-12_EDF.pdf", "chat.pdf") == []
    assert rewordings(NAME, "2026-01-12_EDF.pdf", "2026-01-12_EDF.pdf") == []
    assert rewordings(NAME, "2026-01-12_EDF (2).txt", "x.txt") == []


@pytest.mark.parametrize("becomes", ["${{ x }}2026-01-12_EDF.pdf", "2026-01-12_${{ x }}.pdf"])
def test_what_would_be_read_as_an_expression_is_never_written(becomes: str):
    assert rewordings(NAME, "2026-01-12_EDF.pdf", becomes) == []


def test_a_dollar_before_an_expression_would_be_an_escape():
    assert "pattern" not in afters(NAME, "2026-01-12_EDF.pdf", "$2026-01-12_EDF.pdf")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("EDF SA", "EDF", ("EDF SA", "EDF")),
        ("Facture EDF SA mars", "Facture EDF mars", ("EDF SA", "EDF")),
        ("edf-sa", "edf", ("edf-sa", "edf")),
        ("Orange Business", "Orange Pro", ("Business", "Pro")),
        ("EDF", "EDF Pro", ("EDF", "EDF Pro")),
        ("a b", "c b", None),  # too short to be replaced everywhere
        ("sable", "", None),
        ("chat chat", "chien chat", None),  # the other one would be replaced too
    ],
)
def test_the_words_that_were_replaced_are_whole_and_found_again(old, new, words):
    assert replaced_words(old, new) == words


PIECES = st.lists(
    st.sampled_from(["_", "-", " ", "x", "Facture ", ".pdf", "a", "b", "c"]), min_size=1, max_size=5
)
VALUES = st.text(alphabet="EDF sa-_.'2", min_size=1, max_size=8)


@given(PIECES, st.tuples(VALUES, VALUES, VALUES), st.data())
def test_what_is_found_gives_what_was_wished_for(parts, values, data):
    names = dict(zip("abc", values, strict=True))
    template = "".join(f"${{{{ inputs.{one} }}}}" if one in names else one for one in parts)
    scope = {"inputs": names}
    was = str(compile_template(template).render(scope))
    start = data.draw(st.integers(0, len(was)))
    end = data.draw(st.integers(start, len(was)))
    becomes = was[:start] + data.draw(st.text(alphabet="EDF x'\"-_${}|", max_size=6)) + was[end:]
    known = {f" inputs.{name} ": value for name, value in names.items()}
    for look_up in (known.get, {}.get):
        for one in rewordings(template, was, becomes, look_up):
            assert compile_template(one.after).render(scope) == becomes
