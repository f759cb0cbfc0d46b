from datetime import date
from decimal import Decimal

import pytest

from rouage.expressions import compile_expression
from rouage.expressions.filters import FILTERS, FUNCTIONS

_NNBSP, _NBSP = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'été' | upper", "ÉTÉ"),
        ("'ÉTÉ' | lower", "été"),
        ("'straße' | upper", "STRASSE"),
        ("event.text | trim", "Bonjour Léa"),
        ('"jean-paul l\'été" | title', "Jean-Paul L'été"),
        ("'a-b-c' | replace('-', ' ')", "a b c"),
        ("'a, b' | split(', ')", ["a", "b"]),
        ("' a  b ' | split", ["a", "b"]),
        ("'' | split(',')", [""]),
        ("['a', 2, 1.5, true] | join(', ')", "a, 2, 1.5, true"),
        ("[] | join(', ')", ""),
        ("['a', 'b'] | join", "ab"),
        ("'Bonjour' | truncate(4)", "Bon…"),
        ("'Bonjour' | truncate(4, '')", "Bonj"),
        ("'Bonjour' | truncate(7)", "Bonjour"),
        ("'Bonjour' | truncate(0)", ""),
        ("'L’Été à Paris, œuvre n°3 !' | slug", "l-ete-a-paris-oeuvre-n-3"),
        ("'日本' | slug", ""),
        ("12 | slug", "12"),
        ("'abc' | contains('b')", True),
        ("event.tags | contains('x')", True),
        ("event.file | contains('size')", True),
        ("'abc' | starts_with('ab')", True),
        ("'abc' | ends_with('ab')", False),
        ("12345 | starts_with('12')", True),
        ("'' | hash", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("'a' | hash('md5')", "0cc175b9c0f1b6a831c399e269772661"),
        ("'é' | hash | length", 64),
    ],
)
def test_text(value_of, source, expected):
    assert value_of(source) == expected


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("FAC-1.pdf", "FAC-*.pdf", True),
        ("FAC-1.PDF", "FAC-*.pdf", False),
        ("abc", "abc", True),
        ("abc", "ab", False),
        ("abc", "*", True),
        ("", "*", True),
        ("", "?", False),
        ("abc", "a?c", True),
        ("abc", "a??c", False),
        ("aXbXc", "a*b*c", True),
        ("ab", "a*b*b", False),
        ("abcabd", "*a?d", True),
        ("a", "a*a", False),
        ("x[1].txt", "x[1].txt", True),
        ("axxbyyc", "a*?b*?c", True),
        ("E\u0301te", "Éte", True),
        ("a\nb", "a*b", True),
    ],
)
def test_like(text, pattern, fits):
    source = "text like pattern"
    scope = {"text": text, "pattern": pattern}
    assert compile_expression(source).evaluate(scope) is fits
    assert compile_expression("text | like(pattern)").evaluate(scope) is fits


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("Commande n°123 reçue", "n°{:digits}", "123"),
        ("Commande n°123 reçue", "n°{} reçue", "123"),
        ("Ref: A\nTotal : 1 234,56 €\nFin", "Total : {}", "1 234,56 €"),
        ("Total : 1 234,56 €", "Total : {t:number}", {"t": "1 234,56"}),
        ("Jean Dupont <j@x.fr>", "{name} <{mail}>", {"name": "Jean Dupont", "mail": "j@x.fr"}),
        ("a=1; b=2", "b={v:word}", {"v": "2"}),
        ("xx n° n°7", "n°{n:digits}", {"n": "7"}),
    ],
)
def test_extract(text, pattern, expected):
    run = compile_expression("text | extract(pattern)").evaluate
    assert run({"text": text, "pattern": pattern}) == expected


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("no place", "RG494"),
        ("{a}{b}", "RG494"),
        ("{a:regex}", "RG494"),
        ("{a} {a}", "RG494"),
        ("{} {a}", "RG494"),
        ("absent {a}", "RG449"),
    ],
)
def test_extract_refuses_what_it_cannot_do(error_of, pattern, code):
    assert error_of(f"event.text | extract('{pattern}')").code == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 234,56", Decimal("1234.56")),
        (f"1{_NNBSP}234,56{_NBSP}€", Decimal("1234.56")),
        ("1.234,56", Decimal("1234.56")),
        ("1,234.56", Decimal("1234.56")),
        ("1'234.50", Decimal("1234.50")),
        ("1.234.567", 1234567),
        ("1,234,567", 1234567),
        ("12", 12),
        (" -12 ", -12),
        ("−12,5", Decimal("-12.5")),
        ("+3", 3),
        ("0,5", Decimal("0.5")),
        ("007", 7),
        ("12,50 €", Decimal("12.50")),
    ],
)
def test_number_reads_what_people_write(text, expected):
    found = compile_expression("text | number").evaluate({"text": text})
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "12 kg",
        "06 12 34 56 78",
        "1,2,3",
        "1.2.3",
        "1 2",
        "--1",
        "1,",
        "12-3",
        "٣",
        "1e5",
    ],
)
def test_number_refuses_what_is_no_number(text):
    from rouage.errors import ExpressionError

    with pytest.raises(ExpressionError) as caught:
        compile_expression("text | number").evaluate({"text": text})
    assert caught.value.code == "RG491"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'12,7' | int", 12),
        ("-12.7 | int", -12),
        ("3 | number", 3),
        ("2.5 | round", 3),
        ("-2.5 | round", -3),
        ("2.675 | round(2)", 2.68),
        ("('2,675' | number) | round(2)", Decimal("2.68")),
        ("1234 | round(0)", 1234),
        ("('1,5' | number) * -2 | abs", Decimal("3.0")),
        ("1234.56 | euros", "1 234,56 €"),
        ("-0.005 | euros", "-0,01 €"),
        ("1234567 | euros", "1 234 567,00 €"),
        ("'1 234,5' | euros", "1 234,50 €"),
        ("0.1 + 0.2 | euros", None),
    ],
)
def test_numbers_and_money(value_of, error_of, source, expected):
    if expected is None:
        assert error_of(source).code == "RG451"
    else:
        assert value_of(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("event.file.path | name", "FAC-2026-012.pdf"),
        ("event.file.path | stem", "FAC-2026-012"),
        ("'/a/B.PDF' | ext", "pdf"),
        ("'/a/.hidden' | ext", ""),
        ("'/a/.hidden' | stem", ".hidden"),
        ("'/a/b.tar.gz' | stem", "b.tar"),
        ("event.file.path | folder", "/in"),
        ("'/a' | folder", "/"),
        ("'a' | folder", "."),
        ("'/a/b/' | name", "b"),
        ("'/a' | join_path('b', 'c.pdf')", "/a/b/c.pdf"),
        ("'/a/' | join_path('b/c')", "/a/b/c"),
        ("'' | join_path('b')", "b"),
        ("'/' | join_path('b')", "/b"),
        ("'a/b: c?*<>|\"' | safe_filename", "a_b_ c______"),
        ("'..' | safe_filename", "_"),
        ("'CON.txt' | safe_filename", "_CON.txt"),
        ("' name. ' | safe_filename", "name"),
        (r"'a\nb' | safe_filename", "a_b"),
        ("'' | safe_filename", "_"),
    ],
)
def test_paths(value_of, source, expected):
    assert value_of(source) == expected


def test_a_safe_name_is_short_enough_and_keeps_its_ending():
    found = compile_expression("n | safe_filename").evaluate({"n": "é" * 300 + ".pdf"})
    assert len(found.encode()) <= 255
    assert found.endswith("é.pdf")


@pytest.mark.parametrize("part", ["../x", "a/../../x", "/etc", "\\\\\\\\server"])
def test_a_path_part_cannot_lead_out(error_of, part):
    assert error_of(f"'/a' | join_path('{part}')").code == "RG496"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[1, 2] | first", 1),
        ("'abc' | last", "c"),
        ("event.rows | length", 3),
        ("event.file | length", 3),
        ("'abc' | length", 3),
        ("[1, 2.5] | sum", 3.5),
        ("[] | sum", 0),
        ("[3, 1, 2] | min", 1),
        ("[3, 1, 2] | max", 3),
        ("['b', 'a'] | max", "b"),
        ("[3, 1, 2] | sort", [1, 2, 3]),
        ("['Zoé', 'élodie', 'Adam'] | sort", ["Adam", "élodie", "Zoé"]),
        ("event.rows | sort('name') | map('name')", ["a", "b", "c"]),
        ("event.rows | sort('total', 'desc') | map('total')", [10, 7, 5]),
        ("[1, 3, 2] | sort(null, 'desc')", [3, 2, 1]),
        ("[] | sort", []),
        ("[now(), today()] | sort | first", date(2026, 7, 31)),
        ("[2, 1, 2, 1.0] | unique", [2, 1]),
        ("[true, 1, 'a', null, null, [1], [1]] | unique", [True, 1, "a", None, [1]]),
        ("event.rows | map('total') | sum", 22),
        ("event.rows | where('state', 'paid') | map('name')", ["b", "c"]),
        ("event.rows | where('absent', 1)", []),
        ("event.file | get('size')", 2048),
        ("event.file | get('none', 0)", 0),
        ("event.rows | get(-1) | get('name')", "c"),
        ("event.rows | get(9, 'x')", "x"),
        ("event.headers | json", '{"Content-Type": "application/json"}'),
        ("[1, 'é', null, true, today()] | json", '[1, "é", null, true, "2026-07-31"]'),
        ("[] | json", "[]"),
        ("[1] | json(2)", "[\n  1\n]"),
        ("'{\"a\": [1, 2.5]}' | from_json", {"a": [1, 2.5]}),
        ("('12,50' | number) | json", "12.5"),
    ],
)
def test_lists_and_data(value_of, source, expected):
    assert value_of(source) == expected


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("[1, 'a'] | sort", "RG456"),
        ("[[1], [2]] | sort", "RG456"),
        ("[true, false] | sort", "RG456"),
        ("[1, 'a'] | max", "RG456"),
        ("[null] | max", "RG456"),
        ("[1, 'a'] | sum", "RG450"),
        ("['a', null] | join", "RG459"),
        ("['a', []] | join", "RG457"),
        ("event.tags | map('x')", "RG448"),
        ("event.tags | where('x', 1)", "RG448"),
        ("event.rows | get(9)", "RG447"),
        ("event.rows | get('a')", "RG463"),
        ("'{a}' | from_json", "RG497"),
        ("'[1e999]' | from_json", "RG497"),
        ("'[NaN]' | from_json", "RG497"),
        ("'a' | split('')", "RG495"),
        ("'a' | replace('', 'b')", "RG495"),
        ("'a' | truncate(-1)", "RG495"),
        ("1.5 | round(99)", "RG495"),
        ("'a' | json(99)", "RG495"),
    ],
)
def test_lists_and_data_refuse_the_rest(error_of, source, code):
    assert error_of(source).code == code


def test_the_size_of_a_json_text_is_known_before_it_is_written():
    from rouage.expressions.filters.data import _Ruler

    for value in (
        ['a"\\\n\x01é€😀', {"b": [1, None, True]}],
        {"k": {"l": ["x"] * 9}},
        "\x7f\x00",
        [],
    ):
        for indent in (0, 2):
            ruler = _Ruler(indent)
            ruler.add(value)
            written = compile_expression(f"v | json({indent})").evaluate({"v": value})
            assert ruler.size >= len(written)


def test_every_filter_has_words_in_both_languages_and_an_example_that_works(scope):
    scope["event"] |= {
        "amounts": [1],
        "subject": "commande n°12",
        "body": {},
        "row": {"Total": 3},
        "rows": [{"total": 1, "date": "2026-01-01", "state": "paid"}],
    }
    for name, spec in FILTERS.items():
        assert spec.name == name
        assert spec.usage.startswith(name)
    told = [(spec.about, spec.example) for spec in FILTERS.values()]
    told += [(spec.about, spec.example) for spec in FUNCTIONS.values()]
    for about, example in told:
        assert about.en != about.fr
        compile_expression(example).evaluate(scope)
