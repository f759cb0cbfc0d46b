"""What `rouage check` prints: for people, as JSON, as SARIF, or for GitHub."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, get_args

from rouage.cli.check.examining import Examined
from rouage.cli.recipe_files import read_source
from rouage.cli.session import Session
from rouage.language import Text
from rouage.problem import Problem

if TYPE_CHECKING:
    from rouage.cli.check.fix import Corrected

Format = Literal["text", "json", "sarif", "github"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

_CLEAN: Final = Text(
    "{files} recipe(s) checked: all is well", "{files} recette(s) vérifiée(s) : tout va bien"
)
_NONE: Final = Text("there is no recipe to check", "il n’y a aucune recette à vérifier")
_COUNT: Final = Text(
    "{files} recipe(s) checked: {errors} error(s), {warnings} warning(s)",
    "{files} recette(s) vérifiée(s) : {errors} erreur(s), {warnings} avertissement(s)",
)
_FIXABLE: Final = Text(
    "`rouage check --fix` corrects {fixable} of them; `rouage explain {code}` says more of one",
    "« rouage check --fix » en corrige {fixable} ; « rouage explain {code} » en dit plus sur l’un",
)
_MORE: Final = Text(
    "`rouage explain {code}` says more of one", "« rouage explain {code} » en dit plus sur l’un"
)
_FIXED: Final = Text("{place}  corrected {code}  {message}", "{place}  corrigé {code}  {message}")


def report(
    session: Session,
    files: Sequence[Examined],
    corrected: "Sequence[Corrected] | None",
    *,
    wanted: Format,
) -> None:
    """Print the problems of *files*, and before them what was *corrected*."""
    problems = [replace(one, file=file.shown) for file in files for one in file.problems]
    if wanted == "json":
        _print_json(session, len(files), problems, corrected)
        return
    # Programs read standard output; what was corrected is then talk.
    say = session.output.line if wanted == "text" else session.output.talk
    for one in corrected or ():
        for line in _correction(session, one):
            say(line)
    if wanted == "text":
        _print_text(session, files, problems)
    elif wanted == "sarif":
        from rouage.analysis.formats import to_sarif

        session.output.data(to_sarif(problems, session.language))
    else:
        from rouage.analysis.formats import to_github

        for problem in problems:
            session.output.line(to_github(problem, session.language))


def _print_json(
    session: Session,
    count: int,
    problems: Sequence[Problem],
    corrected: "Sequence[Corrected] | None",
) -> None:
    from rouage.analysis.render import to_json

    told: dict[str, object] = {
        "files": count,
        "diagnostics": [to_json(problem, session.language) for problem in problems],
    }
    if corrected is not None:
        told["fixed"] = [
            to_json(replace(problem, file=one.shown), session.language)
            for one in corrected
            for problem in one.fixed
        ]
    session.output.data(told)


def _correction(session: Session, one: "Corrected") -> list[str]:
    """Return what was corrected in one file, and the lines it changed."""
    from rouage.analysis.render import message_of

    lines = []
    for problem in one.fixed:
        start = problem.range.start
        place = f"{one.shown}:{start.line}:{start.column}"
        message = message_of(problem, session.language)
        lines.append(session.say(_FIXED, place=place, code=problem.code, message=message))
    return [*lines, *(f"    {line}" for line in one.difference), ""]


def _print_text(session: Session, files: Sequence[Examined], problems: Sequence[Problem]) -> None:
    if not problems:
        # Said without what explains problems: loading it takes longer than a check.
        session.tell(_CLEAN if files else _NONE, files=len(files))
        return
    from rouage.analysis.fixing import is_fixable
    from rouage.analysis.render import to_text

    for file in files:
        source = read_source(file.path) if file.problems else b""
        for problem in file.problems:
            shown = replace(problem, file=file.shown)
            color = session.output.is_terminal
            session.output.painted(to_text(shown, source, session.language, color=color))
            session.output.line()
    kinds = Counter[str](problem.severity for problem in problems)
    session.tell(_COUNT, files=len(files), errors=kinds["error"], warnings=kinds["warning"])
    fixable = sum(map(is_fixable, problems))
    session.tell(_FIXABLE if fixable else _MORE, fixable=fixable, code=problems[0].code)
