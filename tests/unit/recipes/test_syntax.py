"""What cannot be parsed is explained by the line itself, the same with both parsers."""

import pytest

from rouage.recipes.reader import read

LINES = [
    ("m: {{ x }}", "RG108", "{{ x }}"),
    ("m: {{ x }} y", "RG108", "{{ x }}"),
    ("m: [${{ x }}]", "RG124", "${{ x }}"),
    ("m: {a: ${{ x }}}", "RG124", "${{ x }}"),
    ("m: ${{ x | default('a: b') }}", "RG119", ":"),
    ('if: "a" in event.tags', "RG123", '"a" in event.tags'),
    ("c: */5 * * * *", "RG120", "*/5 * * * *"),
    ("c: * * * * *", "RG120", "* * * * *"),
    ("c: @daily", "RG120", "@daily"),
    ("c: %d", "RG120", "%d"),
    ("c: `x`", "RG120", "`x`"),
    ("c: > 10", "RG120", "> 10"),
    ("m: [URGENT] bonjour", "RG120", "[URGENT] bonjour"),
    ("m: Bonjour : ok", "RG119", ":"),
    ("m: a: b", "RG119", ":"),
    ('p: "C:\\Users\\x"', "RG122", "\\U"),
    ("a: 'x", "RG121", "'x"),
    ("a: [1, 2", "RG125", "["),
    ("m: {path:[a]}", "RG130", "path:"),
]


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])
@pytest.mark.parametrize(("line", "code", "marked"), LINES)
def test_a_line_that_cannot_be_parsed_says_why(line, code, marked, pure):
    document = read(f"name: A\n{line}\nb: 1\n".encode(), pure=pure)
    (problem,) = document.problems
    assert problem.code == code
    assert problem.range.start.line == 2
    assert line[problem.range.start.column - 1 : problem.range.end.column - 1] == marked
    assert not document.is_complete


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])
@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('a: "x\nb: "y"\nc: 1\n', "RG121", 1),
        ("do:\n  - a: 1\n   - b: 2\n", "RG126", 3),
        ("a: 1\n  b: 2\n", "RG126", 2),
        ("name Factures\nwhen: 1\n", "RG129", 1),
        ("a: 1\nname\nb: 2\n", "RG129", 2),
    ],
)
def test_a_fault_over_several_lines_is_placed_where_it_began(text, code, line, pure):
    (problem,) = read(text.encode(), pure=pure).problems
    assert (problem.code, problem.range.start.line) == (code, line)


def test_a_quote_edit_puts_the_whole_text_between_quotes():
    (problem,) = read(b"c: */5 * * * *\n").problems
    assert [edit.text for edit in problem.edits] == ["'*/5 * * * *'"]
