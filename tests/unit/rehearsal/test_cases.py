"""A test file is read strictly, and says of every mistake where it is."""

import pytest

from rouage.analysis.render import message_of
from rouage.rehearsal.cases import Known, read_cases

KNOWN = Known(steps=["filed"], triggers=["daily"], inputs=["days"], actions=["files.move"])


def problems(text: str) -> list[tuple[str, int, int, str]]:
    cases, found = read_cases(text.encode(), file="a.test.yaml", known=KNOWN)
    assert not cases or not found
    return [
        (one.code, one.range.start.line, one.range.start.column, message_of(one, "en"))
        for one in found
    ]


RIGHT = """
cases:
  - name: all words
    event: {trigger: daily, data: {a: 1}}
    now: 2026-09-14T08:30:00+02:00
    timezone: Europe/Paris
    inputs: {days: 3}
    answers: {filed: {path: a}, do.1: {error: no}, other/x: 1}
    expect:
      state: succeeded
      steps: {filed: done, do.1: {state: failed, times: 2, with: {a: 1}}}
      effects: [{action: files.move, source: a, count: 2}]
      outputs: {a: {contains: b}}
  - name: not started
    event: {trigger: manual}
    expect: {state: not_triggered, reason: false}
"""


def test_a_case_keeps_all_that_was_written() -> None:
    text = RIGHT.replace("reason: false", 'reason: "no"')
    (first, second), found = read_cases(text.encode(), file="a.test.yaml", known=KNOWN)
    assert found == ()
    assert (first.name, first.line, first.trigger, first.data) == (
        "all words",
        3,
        "daily",
        {"a": 1},
    )
    assert [one.kind for one in (*first.answers["filed"], *first.answers["do.1"])] == [
        "value",
        "error",
    ]
    assert second.has_data is False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("RG201", 1, 1)]),
        ("- a\n", [("RG216", 1, 1)]),
        ("case: []\n", [("RG221", 1, 1)]),
        ("cases: []\nname: x\n", [("RG221", 2, 1)]),
        ("cases:\n  - 3\n", [("RG216", 2, 5)]),
        ("cases:\n  - name: a\n", [("RG212", 2, 5)]),
        ("cases:\n  - nom: a\n    expect: {}\n", [("RG221", 2, 5)]),
        ("cases:\n  - name: a\n    expect: {stat: failed}\n", [("RG221", 3, 14)]),
        ("cases:\n  - name: a\n    expect: {state: succes}\n", [("RG217", 3, 21)]),
        ("cases:\n  - name: a\n    expect: {steps: {file: done}}\n", [("RG221", 3, 22)]),
        ("cases:\n  - name: a\n    expect: {steps: {filed: finished}}\n", [("RG217", 3, 29)]),
        ("cases:\n  - name: a\n    expect: {effects: [{action: file.move}]}\n", [("RG217", 3, 33)]),
        ("cases:\n  - name: a\n    expect: {effects: [{source: a}]}\n", [("RG212", 3, 24)]),
        ("cases:\n  - name: a\n    answers: {fild: 1}\n    expect: {}\n", [("RG221", 3, 15)]),
        ("cases:\n  - name: a\n    inputs: {day: 1}\n    expect: {}\n", [("RG221", 3, 14)]),
        ("cases:\n  - name: a\n    now: tomorrow\n    expect: {}\n", [("RG511", 3, 10)]),
        ("cases:\n  - name: a\n    timezone: Paris\n    expect: {}\n", [("RG502", 3, 15)]),
        ("cases:\n  - name: a\n    event: {trigger: dayly}\n    expect: {}\n", [("RG217", 3, 22)]),
        ("cases:\n  - name: a\n    event: {data: 1}\n    file: a.json\n    expect: {}\n",
         [("RG509", 4, 11)]),
        ("cases:\n  - name: a\n    expect: {}\n  - name: a\n    expect: {}\n", [("RG509", 4, 11)]),
        ("cases:\n  - name: a\n    expect: {state: failed, reason: x}\n", [("RG509", 3, 37)]),
        ("cases:\n  - name: a\n    name: b\n    expect: {}\n", [("RG109", 3, 5)]),
    ],
)  # fmt: skip
def test_one_mistake_gives_one_problem_at_its_place(text, expected) -> None:
    found = problems(text)
    assert [one[:3] for one in found] == expected, found


def test_the_nearest_word_is_proposed() -> None:
    text = "cases:\n  - name: a\n    expect: {effets: [], state: reussi}\n"
    _, found = read_cases(text.encode(), file="a", known=None)
    assert [one.facts.get("suggestion") for one in found] == ["effects", None]


@pytest.mark.parametrize("text", ["cases: [", "cases:\n\t- a", "\x00", "cases: &a [*a]", "{" * 900])
def test_what_is_no_yaml_is_told_and_never_raises(text: str) -> None:
    assert problems(text)
