"""A case is added below the others, which stay to the letter, and reads as it was given."""

from typing import Any

import pytest

from rouage.recipes.reader import read
from rouage.rehearsal.writing import UnusualLayout, added, item

CASES: list[dict[str, Any]] = [
    {"name": "plain", "expect": {"state": "succeeded"}},
    {"name": "a: b # c", "data": {"yes": "no", "a b": "null", "0": "012", "é": "l’été", "": ""}},
    {
        "name": "- x",
        "data": [[1, [2, {"a": []}]], {}, [], "", None, True, 1.5, "1.5", "2026-01-02"],
    },
    {"name": "long", "text": "a\nb\tc\x07 \u2028 \u00a0 “x” \\ \"q\" 'q' " + "word " * 60},
    {"name": "deep", "a": {"b": {"c": [{"d": {"e": "x" * 90}}, ["y" * 90]]}}},
    {"name": "${{ x }}", "a": "{b}", "c": "[d]", "e": "*f", "g": "&h", "i": "!j", "k": "~"},
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_case_reads_as_it_was_given(case: dict[str, Any]) -> None:
    found = read(("cases:\n" + item(case, 2)).encode())
    assert found.problems == ()
    assert found.data == {"cases": [case]}


@pytest.mark.parametrize(
    "source",
    [
        "cases:\n  - name: a\n    expect: {}\n",
        "# mine\ncases:\n- name: a   # here\n  expect: {}\n\n# end",
        "cases:\n    -   name: a\n        expect: {}\n",
        "cases:\n  - {name: a, expect: {}}\n",
    ],
)
def test_what_is_there_stays_to_the_letter(source: str) -> None:
    text = source
    for case in CASES:
        text = added(text, case, file="a.test.yaml")
    assert text.startswith(source)
    data: Any = read(text.encode()).data
    assert data["cases"][1:] == CASES


@pytest.mark.parametrize(
    "source", ["", "cases: []\n", "cases: [{name: a}]\n", "cases:\n  - name: a\nrouage: 1\n"]
)
def test_an_unusual_layout_is_left_alone(source: str) -> None:
    with pytest.raises(UnusualLayout, match=r"a\.test\.yaml"):
        added(source, CASES[0], file="a.test.yaml")
