"""`rouage test`: play the cases beside recipes; `rouage test keep RUN --as NAME` makes one."""

import argparse
from pathlib import Path
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.recipe_files import shown_here
from rouage.cli.rehearsing import find_recipe
from rouage.cli.session import Session
from rouage.cli.test.playing import play_file
from rouage.errors import UsageError
from rouage.language import Text

_NAMES: Final = Text(
    "recipes, test files or folders (default: all of the workspace), or: keep RUN",
    "recettes, fichiers de test ou dossiers (par défaut : tout l’espace), ou : keep EXÉCUTION",
)
_AS: Final = Text("with keep: the name of the new case", "avec keep : le nom du nouveau cas")
_NO_NAME: Final = Text(
    "`rouage test keep` wants one run and the name of the case",
    "« rouage test keep » demande une exécution et le nom du cas",
)
_KEEP_HINT: Final = Text("rouage test keep RUN --as NAME", "rouage test keep EXÉCUTION --as NOM")
_NO_TESTS: Final = Text(
    "{recipe} has no tests: there is no {file}",
    "{recipe} n’a pas de tests : il n’y a pas de {file}",
)
_WRITE_ONE: Final = Text(
    "`rouage test keep RUN --as NAME` writes one from a real run",
    "« rouage test keep EXÉCUTION --as NOM » en écrit un d’après une exécution réelle",
)
_ENDINGS: Final = (".test.yaml", ".test.yml")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("names", about=_NAMES, nargs="*", metavar=parser.say(Text("RECIPE", "RECETTE")))
    parser.take("--as", about=_AS, dest="case", metavar=parser.say(Text("NAME", "NOM")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Play the tests; 1 when one does not come out as expected."""
    if arguments.names[:1] == ["keep"]:
        if len(arguments.names) != 2 or not arguments.case:
            raise UsageError(_NO_NAME, hint=_KEEP_HINT)
        from rouage.cli.test.keep import keep

        return keep(session, arguments.names[1], arguments.case)
    from rouage.cli.test.report import report

    return report(session, [play_file(session, path) for path in _files(session, arguments.names)])


def _files(session: Session, names: list[str]) -> list[Path]:
    """Return the test files that *names* stand for.

    Raises:
        UsageError: there is no such recipe, or it has no tests.
    """
    if not names:
        return _inside(session.places.recipes)
    found: list[Path] = []
    for name in names:
        path = session.here / Path(name).expanduser()
        if path.is_dir():
            inner = path / "recipes"
            found += _inside(inner if inner.is_dir() else path)
        elif path.is_file() and name.lower().endswith(_ENDINGS):
            found.append(path)
        else:
            found.append(_beside(session, find_recipe(session, name)))
    return list(dict.fromkeys(found))


def _inside(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.name.lower().endswith(_ENDINGS)
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _beside(session: Session, recipe: Path) -> Path:
    from rouage.rehearsal.playing import cases_beside

    path = cases_beside(recipe)
    for found in (path, path.with_suffix(".yml")):
        if found.is_file():
            return found
    shown = shown_here(session, recipe)
    raise UsageError(_NO_TESTS, hint=_WRITE_ONE, recipe=shown, file=path.name)
