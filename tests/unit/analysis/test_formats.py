"""Problems for other programs: GitHub lines and SARIF."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from rouage.analysis.formats import to_github, to_sarif
from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.language import LANGUAGES
from rouage.problem import Position, Problem, Range
from rouage.recipes.checker import check

CORPUS = Path(__file__).parents[1] / "recipes" / "corpus"
# The schema of OASIS, 2.1.0-rtm.5, without its descriptions.
SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0.schema.json").read_text(encoding="utf-8"))
LINE = re.compile(r"::(error|warning) ((?:\w+=[^:,]*,?)+)::(.+)")


@pytest.fixture(scope="module")
def problems():
    catalog: Catalog = discover(entry_points=())
    return [
        problem
        for path in sorted(CORPUS.glob("*.yaml"))
        for problem in check(path.read_bytes(), file=path.name, catalog=catalog).problems
    ]


def a_problem(**more):
    place = Range(start=Position(line=2, column=3), end=Position(line=2, column=6))
    return Problem(**{"code": "RG211", "file": "a.yaml", "range": place, **more})


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sarif_log_is_valid(language, problems):
    log = json.loads(json.dumps(to_sarif(problems, language)))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    results = log["runs"][0]["results"]
    assert len(results) == len(problems)
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in results)


def test_the_sarif_schema_refuses_what_is_not_sarif():
    log = to_sarif([a_problem()], "en")
    broken = json.loads(json.dumps(log).replace('"error"', '"fatal"'))
    assert list(jsonschema.Draft4Validator(SCHEMA).iter_errors(broken))


def test_a_clean_run_is_a_valid_sarif_log_too():
    log = to_sarif([], "en")
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    assert log["runs"][0]["results"] == []


def test_sarif_places_are_those_of_the_problem():
    (result,) = to_sarif([a_problem(file="Mes recettes/é.yaml")], "en")["runs"][0]["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "Mes%20recettes/%C3%A9.yaml"
    assert physical["region"] == {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 6}


def test_a_github_line_names_file_place_and_code():
    line = to_github(a_problem(facts={"name": "a", "owner": "b"}), "en")
    assert line.startswith("::error file=a.yaml,line=2,col=3,endColumn=6,title=RG211::")
    assert "unknown parameter “a” for b" in line


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_github_line_is_one_line_of_the_right_form(language, problems):
    for problem in problems:
        line = to_github(problem, language)
        assert "\n" not in line
        assert LINE.fullmatch(line), line


def test_what_github_would_take_as_its_own_signs_is_escaped():
    problem = a_problem(file="a:b,c%.yaml", facts={"name": "x\ny%", "owner": "z"})
    line = to_github(problem, "en")
    assert "file=a%3Ab%2Cc%25.yaml," in line
    assert "x%0Ay%25" in line


def test_a_warning_is_one():
    assert to_github(a_problem(severity="warning"), "en").startswith("::warning ")
    (result,) = to_sarif([a_problem(severity="warning")], "en")["runs"][0]["results"]
    assert result["level"] == "warning"
