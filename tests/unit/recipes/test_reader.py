"""Reading: what values mean, where they stand, what is refused (authoring Y1-Y11)."""

import pytest

from rouage.recipes.document import Document
from rouage.recipes.reader import MAX_BYTES, read

BOTH = pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])


def places(document: Document) -> list[tuple[str, int, int]]:
    return [
        (problem.code, problem.range.start.line, problem.range.start.column)
        for problem in document.problems
    ]


@BOTH
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("off", "off"),
        ("oui", "oui"),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", "Null"),
        ("0", 0),
        ("-12", -12),
        ("123456789012345", 123456789012345),
        ("1234567890123456", "1234567890123456"),
        ("010", "010"),
        ("01250", "01250"),
        ("0612345678", "0612345678"),
        ("+33612345678", "+33612345678"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        ("-0.5", -0.5),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".5", ".5"),
        ("1.", "1."),
        ("22:30", "22:30"),
        ("7:05:09", "7:05:09"),
        ("2026-07-31", "2026-07-31"),
        ("2026-02-30", "2026-02-30"),
        ("=", "="),
        ('"true"', "true"),
        ("'12'", "12"),
        ("${{ x }}", "${{ x }}"),
    ],
)
def test_a_plain_value_means_what_a_user_types(written, value, pure):
    document = read(f"a: {written}\n".encode(), pure=pure)
    assert document.problems == ()
    assert isinstance(document.data, dict)
    found = document.data["a"]
    assert found == value
    assert type(found) is type(value)


@BOTH
def test_keys_are_texts(pure):
    assert read(b"on: x\n1: a\n~: b\ntrue: c\n", pure=pure).data == {
        "on": "x",
        "1": "a",
        "~": "b",
        "true": "c",
    }


@BOTH
def test_a_number_keeps_its_source_text(pure):
    document = read(b"v: 1.10\nn: 12345678901234\nt: text\n", pure=pure)
    sources = [document.positions.node((key,)) for key in "vnt"]
    assert [node.source for node in sources if node] == ["1.10", "12345678901234", None]


@BOTH
def test_keys_compare_after_normalisation_and_unquoting(pure):
    text = "\"e\\u0301t\\u00e9\": 1\n'été': 2\n".encode()
    document = read(text, pure=pure)
    assert places(document) == [("RG109", 2, 1)]
    assert document.problems[0].related[0].start.line == 1
    assert document.data == {"été": 1}


@BOTH
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [("RG109", 3, 1)]),
        ("x: &a 1\ny: *a\n", [("RG110", 1, 4)]),
        ("y: *pdf\n", [("RG110", 1, 4)]),
        ("x: {<<: {a: 1}}\n", [("RG110", 1, 5)]),
        ("if: !x\n", [("RG111", 1, 5)]),
        ("a: !!binary aGk=\n", [("RG111", 1, 4)]),
        ("? [a]\n: b\n", [("RG112", 1, 3)]),
        ("---\na: 1\n---\nb: 2\n", [("RG113", 3, 1)]),
        ("%YAML 1.1\n---\na: 1\n", [("RG127", 1, 1)]),
        ("a: 1\n\tb: 2\n", [("RG118", 2, 1)]),
        ("a:\t1\n", [("RG128", 1, 3)]),
        ('a: "\\ud83c"\n', [("RG122", 1, 5)]),
        ('a: "C:\\Users\\x"\n', [("RG122", 1, 7)]),
        ("a: x\u2028y\n", [("RG114", 1, 5)]),
        ("a: x\x85y\n", [("RG114", 1, 5)]),
        ("a: \x00\n", [("RG114", 1, 4)]),
        ("a:\n\xa0\xa0b: 1\n", [("RG115", 2, 1)]),
        ("a: x\u200by\n", [("RG116", 1, 5)]),
        ("a: “hello”\n", [("RG702", 1, 4)]),
        ("s: Facture #12\n", [("RG701", 1, 12)]),
        ("s: #12\n", [("RG701", 1, 4)]),
    ],
)
def test_what_is_odd_is_named_at_its_place(text, expected, pure):
    assert places(read(text.encode(), pure=pure)) == expected


@BOTH
@pytest.mark.parametrize(
    "text",
    [
        "s: Facture # a comment\n",
        "s: a#b\n",
        'name: "Facture #12"\n',
        "a: 👩‍🍳 famille\n",
        "a: « Bonjour » l’ami\n",
        'a: "x\ty"\n',
        "a: |\n  x\ty\n",
        "a: 1\n\t\nb: 2\n",
        "a: 1 # x\ty\n",
    ],
)
def test_what_is_not_odd_is_left_alone(text, pure):
    assert places(read(text.encode(), pure=pure)) == []


@BOTH
@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfname: A\nb: 1",
        b"name: A\r\nb: 1\r\n",
        "name: A\nb: 1\n".encode("utf-16"),
        b"name: A\rb: 1\r",
    ],
    ids=["BOM", "CRLF", "UTF-16", "CR"],
)
def test_marks_and_line_ends_of_other_systems_are_accepted(text, pure):
    document = read(text, pure=pure)
    assert document.problems == ()
    assert document.data == {"name": "A", "b": 1}
    assert document.positions.key(("b",)).start.line == 2


def test_latin_1_is_named_with_its_place():
    document = read(b"name: A\nnom: Re\xe7u\n")
    assert places(document) == [("RG102", 2, 8)]
    assert document.problems[0].facts["byte"] == "0xE7"


def test_what_is_odd_does_not_hide_the_rest():
    document = read("a:\n\xa0\xa0b: x\u2028y\n".encode())
    assert document.data == {"a": {"b": "x y"}}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("RG103", b"a" * (MAX_BYTES + 1)),
        ("RG104", b"[" * 100_000),
        ("RG104", b"- " * 60_000),
        ("RG104", b"{a: " * 50_000),
        ("RG105", b"- a\n" * 30_000),
        ("RG106", b"x: " + b"a" * 70_000),
        ("RG107", b"k" * 300 + b": 1"),
        ("RG112", b"? " * 50_000),
        ("RG110", b"a: &a [1]\nb: [*a,*a]\n"),
    ],
)
def test_a_bomb_is_refused_at_once(code, text):
    document = read(text)
    assert document.problems[0].code == code


def test_a_value_at_the_limit_is_read():
    text = b"x: " + b"a" * (64 * 1024)
    assert read(text).problems == ()
