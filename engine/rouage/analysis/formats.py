"""Problems for other programs: GitHub's workflow commands and SARIF 2.1.0 (authoring M4)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from rouage import __version__
from rouage.analysis.catalogue import entry_of
from rouage.analysis.render import message_of, remedy_of, why_of
from rouage.analysis.wording import general
from rouage.language import Language
from rouage.problem import Edit, Problem, Range
from rouage.sdk.json import JSON

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
# `%` first: what the others become holds one.
_IN_MESSAGE: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_IN_PROPERTY: Final = (*_IN_MESSAGE, (":", "%3A"), (",", "%2C"))


def to_github(problem: Problem, language: Language) -> str:
    """Return *problem* as a line that GitHub Actions shows beside the code."""
    place = problem.range
    properties = {
        "file": problem.file.replace("\\", "/"),
        "line": place.start.line,
        "col": place.start.column,
    }
    if place.end.line == place.start.line:
        properties["endColumn"] = place.end.column
    else:
        properties["endLine"] = place.end.line
    properties["title"] = problem.code
    listed = ",".join(
        f"{name}={_escape(value, _IN_PROPERTY)}" for name, value in properties.items()
    )
    said = [message_of(problem, language), why_of(problem, language), remedy_of(problem, language)]
    message = _escape("\n".join(text for text in said if text), _IN_MESSAGE)
    return f"::{problem.severity} {listed}::{message}"


def _escape(value: object, pairs: Sequence[tuple[str, str]]) -> str:
    text = str(value)
    for found, written in pairs:
        text = text.replace(found, written)
    return text


def to_sarif(problems: Iterable[Problem], language: Language) -> dict[str, JSON]:
    """Return *problems* as one SARIF 2.1.0 log: columns count code points from 1."""
    listed = list(problems)
    codes = sorted({problem.code for problem in listed})
    index = {code: number for number, code in enumerate(codes)}
    driver: dict[str, JSON] = {
        "name": "rouage",
        "version": __version__,
        "language": "fr-FR" if language == "fr" else "en-US",
        "rules": [_rule(code, language) for code in codes],
    }
    run: dict[str, JSON] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, index, language) for problem in listed],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, language: Language) -> JSON:
    entry = entry_of(code)
    help_: list[str] = [
        general(text, language) for text in (entry.why, entry.remedy) if text is not None
    ]
    rule: dict[str, JSON] = {
        "id": code,
        "shortDescription": {"text": general(entry.message, language)},
        "help": {"text": "\n".join([*help_, f"rouage explain {code}"])},
    }
    return rule


def _result(problem: Problem, index: Mapping[str, int], language: Language) -> JSON:
    result: dict[str, JSON] = {
        "ruleId": problem.code,
        "ruleIndex": index[problem.code],
        "level": problem.severity,
        "message": {"text": message_of(problem, language)},
        "locations": [_location(problem.file, problem.range)],
    }
    if problem.related:
        result["relatedLocations"] = [
            {"id": number, **_location(problem.file, place)}
            for number, place in enumerate(problem.related)
        ]
    if problem.edits:
        result["fixes"] = [_fix(problem, language)]
    return result


def _fix(problem: Problem, language: Language) -> JSON:
    fix: dict[str, JSON] = {
        "artifactChanges": [
            {
                "artifactLocation": {"uri": _uri(problem.file)},
                "replacements": [_replacement(edit) for edit in problem.edits],
            }
        ]
    }
    remedy = remedy_of(problem, language)
    return {"description": {"text": remedy}, **fix} if remedy else fix


def _replacement(edit: Edit) -> JSON:
    return {"deletedRegion": _region(edit.range), "insertedContent": {"text": edit.text}}


def _location(file: str, place: Range) -> dict[str, JSON]:
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": _region(place)}}


def _region(place: Range) -> JSON:
    return {
        "startLine": place.start.line,
        "startColumn": place.start.column,
        "endLine": place.end.line,
        "endColumn": place.end.column,
    }


def _uri(file: str) -> str:
    path = file.replace("\\", "/")
    return ("file://" if path.startswith("/") else "") + quote(path)
