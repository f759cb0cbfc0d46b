"""`rouage fmt`: lay recipes out evenly; comments, quotes and the order of keys stay."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.recipe_files import paths_of, read_source, recipes_in, shown_here
from rouage.cli.session import FAILED, OK, Session
from rouage.language import Text
from rouage.problem import Problem
from rouage.records import dataclass

_FILES: Final = Text(
    "files or folders (default: the recipes of the workspace)",
    "fichiers ou dossiers (par défaut : les recettes de l’espace de travail)",
)
_CHECK: Final = Text(
    "change nothing; exit with 1 when a file is not laid out evenly",
    "ne rien changer ; terminer par 1 si un fichier n’est pas en forme",
)
_LAID_OUT: Final = Text("{file}  laid out", "{file}  mis en forme")
_WOULD: Final = Text("{file}  would be laid out", "{file}  serait mis en forme")
_UNSURE: Final = Text(
    "{file}  left as it is: its layout is too unusual to be changed safely",
    "{file}  laissé tel quel : sa mise en page est trop inhabituelle pour y toucher sans risque",
)
_COUNT: Final = Text(
    "{files} file(s): {changed} laid out, {left} left",
    "{files} fichier(s) : {changed} mis en forme, {left} laissé(s)",
)
_COUNT_CHECK: Final = Text(
    "{files} file(s): {changed} to lay out, {left} that cannot be",
    "{files} fichier(s) : {changed} à mettre en forme, {left} impossible(s)",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Result:
    shown: str
    is_changed: bool = False
    is_unsure: bool = False
    problems: tuple[Problem, ...] = ()
    source: bytes = b""


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("files", about=_FILES, nargs="*", metavar=parser.say(Text("FILE", "FICHIER")))
    parser.take("--check", about=_CHECK, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Lay the files out; 1 when one cannot be, or with `--check` would be changed."""
    paths = [path for given in paths_of(session, arguments.files) for path in recipes_in(given)]
    results = [_lay_out(session, path, writes=not arguments.check) for path in paths]
    if session.is_json:
        _print_json(session, results)
    else:
        _print(session, results, is_check=arguments.check)
    has_failed = any(one.problems or one.is_unsure for one in results)
    differs = arguments.check and any(one.is_changed for one in results)
    return FAILED if has_failed or differs else OK


def _lay_out(session: Session, path: Path, *, writes: bool) -> _Result:
    from rouage.analysis.formatting import format_recipe
    from rouage.cli.rewriting import rewrite

    source, shown = read_source(path), shown_here(session, path)
    result = format_recipe(source)
    is_changed = result.source != source
    if is_changed and writes:
        rewrite(path, before=source, after=result.source)
    return _Result(
        shown=shown,
        is_changed=is_changed,
        is_unsure=result.is_unsure,
        problems=tuple(replace(one, file=shown) for one in result.problems),
        source=source,
    )


def _print_json(session: Session, results: Sequence[_Result]) -> None:
    from rouage.analysis.render import to_json

    session.output.data(
        {
            "files": len(results),
            "changed": [one.shown for one in results if one.is_changed],
            "left": [one.shown for one in results if one.problems or one.is_unsure],
            "diagnostics": [
                to_json(problem, session.language) for one in results for problem in one.problems
            ],
        }
    )


def _print(session: Session, results: Sequence[_Result], *, is_check: bool) -> None:
    from rouage.analysis.render import to_text

    for one in results:
        if one.is_changed:
            session.tell(_WOULD if is_check else _LAID_OUT, file=one.shown)
        if one.is_unsure:
            session.tell(_UNSURE, file=one.shown)
        for problem in one.problems:
            color = session.output.is_terminal
            session.output.painted(to_text(problem, one.source, session.language, color=color))
    changed = sum(one.is_changed for one in results)
    left = sum(bool(one.problems) or one.is_unsure for one in results)
    count = _COUNT_CHECK if is_check else _COUNT
    session.tell(count, files=len(results), changed=changed, left=left)
