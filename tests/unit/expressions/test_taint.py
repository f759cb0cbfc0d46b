"""A secret stays a secret, and nothing can be learnt about it (authoring X6, M10)."""

import base64
import json
from urllib.parse import quote

import pytest

from rouage.errors import ExpressionError
from rouage.expressions import (
    compile_condition,
    compile_expression,
    compile_template,
    mask,
    reveal,
)
from rouage.expressions.filters import FILTERS
from rouage.model.secret import Secret

_CLEAR = "hunter2-clear"


@pytest.mark.parametrize(
    ("source", "clear"),
    [
        ("secrets.smtp", _CLEAR),
        ("secrets['smtp']", _CLEAR),
        ("'Bearer ' ~ secrets.smtp", f"Bearer {_CLEAR}"),
        ("'Bearer ' + secrets.smtp", f"Bearer {_CLEAR}"),
        ("secrets.smtp | upper", _CLEAR.upper()),
        ("secrets.smtp | replace('hunter', '') | trim", "2-clear"),
        ("'a-b' | replace('-', secrets.smtp)", f"a{_CLEAR}b"),
        ("['a', secrets.smtp] | join('-')", f"a-{_CLEAR}"),
        ("['a', 'b'] | join(secrets.smtp)", f"a{_CLEAR}b"),
        ("secrets.smtp | default('x')", _CLEAR),
        ("secrets.smtp | truncate(3, '')", "hun"),
        ("secrets.smtp | json", f'"{_CLEAR}"'),
        ("[[secrets.smtp]] | json", f'[["{_CLEAR}"]]'),
        ("secrets.smtp if true else 'x'", _CLEAR),
        ("[secrets.smtp] | first", _CLEAR),
        ("secrets | get('smtp')", _CLEAR),
        ("event.x | default(secrets.smtp)", _CLEAR),
        ("'/a' | join_path(secrets.smtp)", f"/a/{_CLEAR}"),
    ],
)
def test_what_is_made_of_a_secret_is_a_secret(value_of, source, clear):
    value = value_of(source)
    assert isinstance(value, Secret)
    assert reveal(value) == clear
    assert mask(value) == "•••"
    assert str(value) == "•••"


@pytest.mark.parametrize(
    "source",
    [
        "secrets.smtp == 'x'",
        "'x' != secrets.smtp",
        "secrets.smtp == secrets.smtp",
        "secrets.smtp < 'x'",
        "[secrets.smtp] == ['x']",
        "[[secrets.smtp]] == [1]",
        "secrets == event",
        "1 == secrets",
        "'h' in secrets.smtp",
        "'x' in [secrets.smtp]",
        "secrets.smtp in ['x']",
        "secrets.smtp like 'h*'",
        "'x' like secrets.smtp",
        "secrets.smtp | length",
        "secrets.smtp.length",
        "secrets.smtp | contains('h')",
        "secrets.smtp | starts_with('h')",
        "event.text | starts_with(secrets.smtp)",
        "secrets.smtp | ends_with('h')",
        "secrets.smtp | like('h*')",
        "event[secrets.smtp]",
        "[secrets.smtp, 'a'] | sort",
        "[secrets.smtp, 'a'] | unique",
        "[[secrets.smtp], 'a'] | unique",
        "[secrets.smtp, 'a'] | min",
        "[secrets] | where('smtp', 'x')",
        "event.rows | where('name', secrets.smtp)",
        "event | get(secrets.smtp)",
        "[1, 2] | get(secrets.smtp)",
        "secrets.smtp and true",
        "'a' if secrets.smtp else 'b'",
        "not secrets.smtp",
        "secrets.smtp | split('-')",
        "secrets.smtp | first",
        "secrets.smtp | number",
        "secrets.smtp | from_json",
        "secrets.smtp | extract('{}-')",
        "secrets.smtp + 1",
        "-secrets.smtp",
        "[secrets.smtp] | sum",
        "event.rows | map(secrets.smtp)",
        "today() | date(secrets.smtp)",
        "secrets.smtp.name",
        "secrets.smtp[0]",
        "secrets.smtp._clear",
    ],
)
def test_nothing_measures_a_secret_and_no_message_tells_it(error_of, source):
    error = error_of(source)
    told = json.dumps([error.record(), str(error), repr(error), repr(error.facts)], default=str)
    assert _CLEAR not in told


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_keeps_or_refuses_a_secret(scope, name):
    spec = FILTERS[name]
    arguments = ["1" if a.kinds == ("number",) else "'a'" for a in spec.arguments if a.required]
    source = f"secrets.smtp | {name}" + (f"({', '.join(arguments)})" if arguments else "")
    run = compile_expression(source).evaluate
    if spec.taint == "keep" or name in {"default", "json"}:
        assert isinstance(run(scope), Secret)
        return
    with pytest.raises(ExpressionError) as caught:
        run(scope)
    assert caught.value.code in {"RG480", "RG481", "RG460"}


def test_a_text_that_holds_a_secret_is_masked_whole(scope):
    rendered = compile_template({"auth": ["Basic ${{ secrets.smtp }}!"], "n": 3}).render(scope)
    assert mask(rendered) == {"auth": ["•••"], "n": 3}
    assert reveal(rendered) == {"auth": [f"Basic {_CLEAR}!"], "n": 3}


def test_the_record_of_a_condition_shows_no_secret(scope):
    condition = compile_condition("secrets.smtp is defined and event.ok")
    holds, record = condition.explain(scope)
    assert holds
    text = json.dumps(record)
    for hidden in (_CLEAR, quote(_CLEAR), base64.b64encode(_CLEAR.encode()).decode()):
        assert hidden not in text
    assert record["values"]["secrets.smtp"] == "•••"


def test_asking_whether_a_secret_exists_is_allowed(value_of):
    assert value_of("secrets.smtp is defined") is True
    assert value_of("secrets.other is defined") is False
    assert value_of("secrets | length") == 1
