from decimal import Decimal

import pytest

from rouage.errors import ExpressionError
from rouage.expressions import compile_expression


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'a'", "a"),
        (r"'l\'été\n\u00e9'", "l'été\né"),
        ('"a\'b"', "a'b"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("[1, 'a', [true],]", [1, "a", [True]]),
        ("[]", []),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("7 % -3", -2),
        ("7 / 2", 3.5),
        ("2 - -1", 3),
        ("+3", 3),
        ("'a' + 'b'", "ab"),
        ("[1] + [2]", [1, 2]),
        ("'n°' ~ 3 ~ true", "n°3true"),
        ("1 ~ 2 * 3", "16"),
        ("not true or true", True),
        ("not (true or true)", False),
        ("true or false and false", True),
        ("1 == 1.0", True),
        ("1 == true", False),
        ("'1' == 1", False),
        ("[1, 'a'] == [1.0, 'a']", True),
        ("1 < 2 and 'a' < 'b'", True),
        ("2 in [1, 2]", True),
        ("2 not in [1, 2]", False),
        ("'b' in 'abc'", True),
        ("'smtp' in secrets", True),
        ("'a' if 1 < 2 else 'b'", "a"),
        ("'a' if false else 'b' if false else 'c'", "c"),
        ("-1 | abs", 1),
        ("1 + -2 | abs", 3),
        ("'FAC-12.pdf' like 'FAC-*.pdf'", True),
        ("'fac-12.pdf' not like 'FAC-*.pdf'", True),
        ("event.rows | first.name", "b"),
        ("(event.rows | last).name", "c"),
        ("event.rows[-1].total", 7),
        ("event.rows[0]['name']", "b"),
        ("event['file'].name", "FAC-2026-012.pdf"),
        ("event . file . size", 2048),
        ("event.headers['Content-Type']", "application/json"),
        ("event.rows[event.rows | length - 1].name", "c"),
        ("event.file.size\u00a0> 10", True),
        ("steps.read.total", 12),
    ],
)
def test_an_expression_has_its_value(value_of, source, expected):
    found = value_of(source)
    assert found == expected
    assert type(found) is type(expected)


def test_a_reserved_word_is_an_ordinary_field_name():
    scope = {"event": {"in": 1, "if": {"not": 2}}}
    assert compile_expression("event.in + event.if.not").evaluate(scope) == 3


def test_decimals_are_exact_and_meet_other_numbers_as_written(value_of):
    assert value_of("('0,1' | number) + 0.2") == Decimal("0.3")
    assert value_of("('10,50' | number) * 3") == Decimal("31.50")
    assert value_of("('-7,5' | number) // 2") == -4
    assert value_of("('-7,5' | number) % 2") == Decimal("0.5")
    assert value_of("('0,1' | number) == 0.1") is True


def test_a_binary_fraction_is_shown_without_its_noise(value_of):
    assert value_of("'' ~ (0.1 + 0.2)") == "0.3"
    assert value_of("'' ~ (10 / 2)") == "5"
    assert value_of("'' ~ 1753958400.123456") == "1753958400.123456"


def test_a_missing_field_names_itself_and_the_nearest_one(error_of):
    error = error_of("event.fil.size > 10")
    assert (error.code, error.offset, error.length) == ("RG441", 6, 3)
    assert error.render("fr") == "« event » n’a pas de champ « fil »"
    assert error.render_hint("fr") == "vouliez-vous dire « file » ?"


@pytest.mark.parametrize(
    ("source", "code", "hint"),
    [
        ("evnt.file", "RG440", "did you mean “event”?"),
        ("steps.reed.total", "RG445", "did you mean “read”?"),
        ("secrets.smpt", "RG446", "did you mean “smtp”?"),
        ("event.rows[9]", "RG447", None),
        ("event.rows.name", "RG448", None),
        ("event.nothing.x", "RG448", None),
        ("event.text.size", "RG425", None),
        ("event.x", "RG441", None),
        ("[] | first", "RG449", None),
        ("event.rows | map('totl')", "RG441", "did you mean “total”?"),
        ("event | get('fil')", "RG441", "did you mean “file”?"),
    ],
)
def test_what_is_not_there_is_an_error(error_of, source, code, hint):
    error = error_of(source)
    assert error.code == code
    if hint:
        assert error.render_hint("en") == hint


@pytest.mark.parametrize(
    "source",
    [
        "event.x | default('d')",
        "event.x.y.z | default('d')",
        "evnt.x | default('d')",
        "event.nothing | default('d')",
        "event.nothing.x | default('d')",
        "steps.later.total | default('d')",
        "event.x | upper | default('d')",
        "[] | first | default('d')",
        "event.rows[9] | default('d')",
        "event.rows[vars.limit].name | default('d')",
        "event.text | extract('n°{}') | default('d')",
        "'d' if event.x is not defined else 1",
        "'d' if event.x is defined == false else 1",
    ],
)
def test_default_and_is_defined_are_the_ways_out(value_of, source):
    assert value_of(source) == "d"


def test_default_does_not_hide_other_mistakes(error_of):
    assert error_of("(1 / 0) | default(3)").code == "RG490"
    assert error_of("(event.text | number) | default(3)").code == "RG491"


def test_null_is_defined(value_of):
    assert value_of("event.nothing is defined") is True
    assert value_of("event.nothing == null") is True


@pytest.mark.parametrize(
    ("source", "code", "offset"),
    [
        ("", "RG400", 0),
        ("   ", "RG400", 0),
        ("event.name event.date", "RG401", 11),
        ("1 +", "RG402", 2),
        ("event.", "RG402", 5),
        ("event.name |", "RG402", 11),
        ("'abc", "RG403", 0),
        (r"'C:\Users'", "RG404", 3),
        (r"'\ud800'", "RG404", 1),
        ("1_000", "RG405", 0),
        ("1.", "RG405", 0),
        ("12abc", "RG405", 0),
        ("a # b", "RG406", 2),
        ("a \u200b b", "RG406", 2),
        ("1 < 2 < 3", "RG413", 2),
        ("event.a is none", "RG414", 8),
        ("event.rows.0", "RG415", 11),
        ("event.a | 'x'", "RG416", 10),
        ("(1 + 2", "RG417", 0),
        ("[1, 2", "RG417", 0),
        ("'a' if true", "RG418", 4),
        ("event.a | uper", "RG442", 10),
        ("upper(event.a)", "RG443", 0),
        ("event.a | replace('a')", "RG444", 10),
        ("now(1)", "RG444", 0),
        ("event.a | truncate('5')", "RG461", 19),
        ("event.a | hash('md6')", "RG495", 15),
        ("now | iso", "RG429", 0),
        ("1 not 2", "RG401", 2),
        (")", "RG401", 0),
        ("a[1](2)", "RG401", 4),
        ("1.e5.x", "RG405", 0),
        ("123456789012345678901234567890123456789012", "RG472", 0),
    ],
)
def test_a_broken_expression_says_what_and_where(source, code, offset):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source)
    assert (caught.value.code, caught.value.offset) == (code, offset)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("'a' + 3", "RG451"),
        ("3 + 'a'", "RG451"),
        ("'a' * 3", "RG452"),
        ("'%s' % 3", "RG453"),
        ("event.rows + 1", "RG450"),
        ("true + 1", "RG450"),
        ("-'a'", "RG462"),
        ("event.text and true", "RG454"),
        ("1 or true", "RG454"),
        ("not 0", "RG454"),
        ("'a' if 1 else 'b'", "RG454"),
        ("1 < 'a'", "RG456"),
        ("null > 1", "RG456"),
        ("true < false", "RG456"),
        ("'' ~ event.tags", "RG457"),
        ("'' ~ event.file", "RG458"),
        ("'' ~ event.nothing", "RG459"),
        ("event.text | sum", "RG460"),
        ("event.nothing | upper", "RG460"),
        ("event.rows['a']", "RG448"),
        ("event.rows[true]", "RG463"),
        ("event.rows[1.0]", "RG463"),
        ("1 in 2", "RG450"),
        ("1 like 'a'", "RG450"),
        ("1 / 0", "RG490"),
        ("1 % 0", "RG490"),
        ("1 // 0.0", "RG490"),
        ("('0,5' | number) / 0", "RG490"),
        ("('0,0' | number) // 0", "RG490"),
    ],
)
def test_values_of_the_wrong_kind_are_refused(error_of, source, code):
    error = error_of(source)
    assert error.code == code
    for language in ("en", "fr"):
        said = f"{error.render(language)} {error.render_hint(language)}"
        assert "{" not in said.replace("{}", "")


def test_an_empty_or_falsy_value_is_not_false(error_of):
    assert error_of("event.nothing or true").code == "RG454"


def test_and_or_stop_as_soon_as_the_answer_is_sure(value_of):
    assert value_of("false and event.x") is False
    assert value_of("true or event.x") is True
    assert value_of("event.x is defined and event.x > 3") is False
    assert value_of("true and true and false and event.x") is False
    assert value_of("false or false or true or event.x") is True


def test_dates_compare_with_dates_and_iso_texts(value_of):
    assert value_of("today() == '2026-07-31'") is True
    assert value_of("now() > today()") is True
    assert value_of("event.when < now()") is True
    assert value_of("today() < ('01/08/2026' | parse_date)") is True
    assert value_of("(today() | add_days(3)) - today()") == 3
    assert value_of("now() - now()") == 0
    assert value_of("today() == 3") is False


def test_an_object_is_never_asked_for_an_attribute():
    class Trap:
        def __getattr__(self, name):
            raise AssertionError(f"asked for {name}")

        def __getitem__(self, name):
            raise AssertionError(f"asked for {name}")

    scope = {"event": Trap(), "vars": {"trap": Trap()}}
    for source in (
        "event.name",
        "vars.trap.name",
        "vars.trap['a']",
        "vars.trap[0]",
        "event | get('a')",
    ):
        with pytest.raises(ExpressionError):
            compile_expression(source).evaluate(scope)
    for source in ("event.__class__ | default(1)", "vars.trap.name | default(1)"):
        assert compile_expression(source).evaluate(scope) == 1
    assert compile_expression("vars.trap.name is defined").evaluate(scope) is False


def test_a_mapping_that_is_not_a_dict_is_read_as_well():
    from types import MappingProxyType

    scope = {"secrets": MappingProxyType({"a": {"b": 1}})}
    assert compile_expression("secrets.a.b").evaluate(scope) == 1
    assert compile_expression("secrets | length").evaluate(scope) == 1


def test_internal_names_of_the_scope_are_out_of_reach(error_of):
    scope = {"now": 3, "language": "fr", "event": {}}
    for source in ("language", "language.x", "language[0]"):
        with pytest.raises(ExpressionError) as caught:
            compile_expression(source).evaluate(scope)
        assert caught.value.code == "RG440"
