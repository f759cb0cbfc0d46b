"""Wrong engine words: one mistake gives one problem, with its code, at its line and column."""

from pathlib import Path

import pytest

MARK = "▸"
WARNINGS = {"RG234", "RG704", "RG705", "RG706", "RG707", "RG708"}


def table():
    text = Path(__file__).with_name("wrong_words.txt").read_text(encoding="utf-8")
    for block in text.split("\n## ")[1:]:
        head, _, recipe = block.partition("\n")
        title, code, *suggestion = head.split(" | ")
        yield pytest.param(recipe, code, *(suggestion or [None]), id=title)


def place_of(marked):
    before = marked[: marked.index(MARK)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


CASES = list(table())


def test_the_table_holds_what_it_says():
    assert len(CASES) >= 100
    assert all(case.values[0].count(MARK) == 1 for case in CASES)


@pytest.mark.parametrize(("marked", "code", "suggestion"), CASES)
def test_one_mistake_gives_one_problem_at_its_place(marked, code, suggestion, check_text):
    checked = check_text(marked.replace(MARK, ""))
    found = [(one.code, one.range.start.line, one.range.start.column) for one in checked.problems]
    assert found == [(code, *place_of(marked))]
    (problem,) = checked.problems
    assert problem.facts.get("suggestion") == suggestion
    is_warning = code in WARNINGS
    assert problem.severity == ("warning" if is_warning else "error")
    assert (checked.recipe is not None) == is_warning


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("delay", "wait"),
        ("wait_for_trigger", "wait"),
        ("attendre", "wait"),
        ("valider", "approve"),
        ("pour_chaque", "for_each"),
        ("foreach", "for_each"),
        ("switch", "choose"),
        ("filter", "choose"),
        ("paths", "choose"),
        ("répéter", "repeat"),
        ("parallèle", "parallel"),
        ("appeler", "call"),
        ("émettre", "emit"),
        ("aprove", "approve"),
    ],
)
def test_words_of_others_lead_to_ours(word, meant, check_text):
    (problem,) = check_text(f"name: A\ndo:\n  - {word}: {{a: 1}}\n").problems
    assert (problem.code, problem.facts.get("suggestion")) == ("RG210", meant)


def test_two_mistakes_in_two_branches_are_both_reported(codes):
    text = (
        "name: A\ndo:\n  - parallel:\n      branches:\n"
        "        a: [{mail.flsh: {}}]\n        b: [{wait: soon}]\n"
    )
    assert [code for code, _ in codes(text)] == ["RG210", "RG501"]
