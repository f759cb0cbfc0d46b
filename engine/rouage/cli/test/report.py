"""What `rouage test` prints: each case, and where it is not as expected."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from rouage.cli.output import one_line
from rouage.cli.recipe_files import read_source
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.test.playing import Tested
from rouage.language import Text
from rouage.rehearsal.comparing import Difference
from rouage.rehearsal.outcome import state_of
from rouage.rehearsal.playing import Played

_PASSED: Final = Text("  ok      {name}", "  ok      {name}")
_FAILED: Final = Text("  FAILED  {name}  (line {line})", "  ÉCHEC   {name}  (ligne {line})")
_DIFFERENCE: Final = Text(
    "          {place}\n            expected  {expected}\n            actual    {actual}",
    "          {place}\n            attendu   {expected}\n            obtenu    {actual}",
)
_NOTHING: Final = Text("nothing", "rien")
_COUNT: Final = Text(
    "{cases} case(s): {passed} passed, {failed} failed",
    "{cases} cas : {passed} réussi(s), {failed} en échec",
)
_BROKEN: Final = Text(
    "{files} test file(s) could not be played", "{files} fichier(s) de test n’ont pas pu être joués"
)
_NONE: Final = Text("there are no tests here", "il n’y a aucun test ici")
_HOW: Final = Text(
    "`rouage test keep RUN --as NAME` writes the first one from a real run",
    "« rouage test keep EXÉCUTION --as NOM » écrit le premier d’après une exécution réelle",
)


def report(session: Session, files: Sequence[Tested]) -> int:
    """Print how the tests went; 1 when not all of them passed."""
    played = [one for file in files for one in file.played]
    failed = sum(not one.has_passed for one in played)
    broken = sum(bool(file.problems) for file in files)
    if session.is_json:
        session.output.data(_as_data(session, files, len(played), failed))
        return FAILED if failed or broken else OK
    for file in files:
        _tell_file(session, file)
    if not files:
        session.tell(_NONE)
        session.tell(_HOW)
        return OK
    session.tell(_COUNT, cases=len(played), passed=len(played) - failed, failed=failed)
    if broken:
        session.tell(_BROKEN, files=broken)
    return FAILED if failed or broken else OK


def _tell_file(session: Session, file: Tested) -> None:
    from rouage.analysis.render import to_text

    session.output.line(file.shown)
    for problem in file.problems:
        path = file.path.parent / problem.file.rpartition("/")[2]
        source = read_source(path) if path.is_file() else b""
        told = to_text(problem, source, session.language, color=session.output.is_terminal)
        session.output.painted(told)
    for one in file.played:
        tell_played(session, one)
    session.output.line()


def tell_played(session: Session, played: Played) -> None:
    """Print one case, and its differences."""
    if played.has_passed:
        session.tell(_PASSED, name=played.case.name)
        return
    session.tell(_FAILED, name=played.case.name, line=played.case.line)
    for note in played.complaints:
        session.output.line(f"          {note.render(session.language)}")
    for one in played.differences:
        facts = {
            "place": one.place,
            "expected": _value(session, one.expected),
            "actual": _value(session, one.actual),
        }
        session.tell(_DIFFERENCE, **facts)


def _value(session: Session, value: Any) -> str:
    return session.say(_NOTHING) if value is None else one_line(value, most=400)


def _as_data(
    session: Session, files: Sequence[Tested], count: int, failed: int
) -> dict[str, object]:
    from rouage.analysis.render import to_json

    return {
        "files": len(files),
        "passed": count - failed,
        "failed": failed,
        "cases": [_case(session, file, one) for file in files for one in file.played],
        "diagnostics": [
            to_json(replace(problem, file=problem.file or file.shown), session.language)
            for file in files
            for problem in file.problems
        ],
    }


def _case(session: Session, file: Tested, played: Played) -> dict[str, object]:
    performance = played.performance
    return {
        "file": file.shown,
        "recipe": file.recipe,
        "name": played.case.name,
        "line": played.case.line,
        "passed": played.has_passed,
        "state": None if performance is None else state_of(performance),
        "differences": [_difference(one) for one in played.differences],
        "notes": [note.render(session.language) for note in played.complaints],
    }


def _difference(one: Difference) -> dict[str, object]:
    return {"place": one.place, "expected": one.expected, "actual": one.actual}
