"""A corpus of wrong recipes: one mistake each, with its code and its exact place (M5).

The files are read as they are on disk: Latin-1, UTF-16, CRLF, half-saved and all.
`expected.json` holds the code and the range, as line, column, end line and end column.
"""

import json
import re
from pathlib import Path

import pytest

from rouage.analysis.render import to_text
from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.language import LANGUAGES
from rouage.problem import Problem
from rouage.recipes.checker import check

CORPUS = Path(__file__).parent / "corpus"
EXPECTED = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))
# Words of the machinery: none of them means anything to whoever wrote the recipe.
PYTHON = re.compile(
    r"\b(None|NoneType|True|False|dict|dicts|tuple|str|int|float|bool|bytes|list index|self|"
    r"[A-Z]\w*(?:Error|Exception|Warning)|Traceback|jsonschema|yaml\.\w+|object at 0x\w+)\b"
)


@pytest.fixture(scope="module")
def bundled() -> Catalog:
    return discover(entry_points=())


def problems_of(name: str, catalog: Catalog) -> tuple[Problem, ...]:
    source = (CORPUS / f"{name}.yaml").read_bytes()
    return check(source, file=f"{name}.yaml", catalog=catalog, recipe_id="example").problems


def place_of(problem: Problem) -> list[int]:
    start, end = problem.range.start, problem.range.end
    return [start.line, start.column, end.line, end.column]


def test_the_corpus_is_large_and_every_file_has_its_expectation():
    names = {path.stem for path in CORPUS.glob("*.yaml")}
    assert names == set(EXPECTED)
    assert len(names) >= 120


@pytest.mark.parametrize("name", EXPECTED)
def test_the_mistake_is_found_at_its_place(name, bundled):
    found = [(problem.code, place_of(problem)) for problem in problems_of(name, bundled)]
    assert (EXPECTED[name]["code"], EXPECTED[name]["range"]) in found


def test_nearly_every_file_gives_exactly_one_problem(bundled):
    several = [name for name in EXPECTED if len(problems_of(name, bundled)) != 1]
    assert len(several) <= len(EXPECTED) * 0.05, several


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_holds_a_python_word(language, bundled):
    for name in EXPECTED:
        source = (CORPUS / f"{name}.yaml").read_bytes()
        for problem in problems_of(name, bundled):
            said = to_text(problem, source, language)
            ours = [line for line in said.splitlines() if " | " not in line[:8]]
            assert not PYTHON.search("\n".join(ours)), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_frame_is_three_lines_of_eighty_columns_at_most(language, bundled):
    for name in EXPECTED:
        source = (CORPUS / f"{name}.yaml").read_bytes()
        for problem in problems_of(name, bundled):
            said = to_text(problem, source, language).splitlines()
            frame = [line for line in said if re.match(r"^ *\d+ \| |^ +\| +\^", line)]
            assert len(frame) <= 3
            assert all(len(line) <= 80 for line in said[1:]), said


def test_what_stands_above_a_break_is_still_checked(bundled):
    source = (
        b"name: A\nnom: B\nenabled: oui\nwhen:\n  - folder.file: {paht: in}\ndo:\n"
        b"  - log.write: {mesage: a}\n    timeout: 5 minutes\n"
        b'  - log.write:\n      message: "Bonjour\n  - log.write: {message: b}\n'
    )
    found = check(source, file="a.yaml", catalog=bundled).problems
    assert [(one.code, one.range.start.line) for one in found] == [
        ("RG209", 2),
        ("RG218", 3),
        ("RG211", 5),
        ("RG211", 7),
        ("RG501", 8),
        ("RG121", 10),
    ]


def test_a_break_makes_nothing_above_it_look_unfinished(bundled):
    source = b"name: A\ndo:\n  - log.write: {message: a}\n  - files.move:\n      source: 'a\n"
    found = check(source, file="a.yaml", catalog=bundled).problems
    assert [one.code for one in found] == ["RG121"]
