"""`rouage check`: check recipes without running anything; no daemon is needed."""

import argparse
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError
from rouage.language import Text
from rouage.problem import Problem

_FILES: Final = Text(
    "files or folders (default: the recipes of the workspace)",
    "fichiers ou dossiers (par défaut : les recettes de l’espace de travail)",
)
_ABSENT: Final = Text("{path} does not exist", "{path} n’existe pas")
_UNREADABLE: Final = Text("{path} cannot be read: {cause}", "{path} est illisible : {cause}")
_CLEAN: Final = Text(
    "{files} recipe(s) checked: all is well", "{files} recette(s) vérifiée(s) : tout va bien"
)
_NONE: Final = Text("there is no recipe to check", "il n’y a aucune recette à vérifier")
_COUNT: Final = Text(
    "{files} recipe(s) checked: {errors} error(s), {warnings} warning(s)",
    "{files} recette(s) vérifiée(s) : {errors} erreur(s), {warnings} avertissement(s)",
)
_NOTE: Final = Text("note: {sentence}", "remarque : {sentence}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """One file and its problems; `shown` is its name as the reader would write it here."""

    path: Path
    shown: str
    problems: tuple[Problem, ...]


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("files", about=_FILES, nargs="*", metavar=parser.say(Text("FILE", "FICHIER")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print every problem of every recipe; 1 when there is an error."""
    files = _examine(session, arguments.files)
    severities = Counter[str](problem.severity for one in files for problem in one.problems)
    if session.is_json:
        _print_json(session, files)
    else:
        _print(session, files, severities)
    return FAILED if severities["error"] else OK


def _examine(session: Session, names: list[str]) -> list[Examined]:
    """Return the recipes that *names* stand for, each with its problems.

    Raises:
        UsageError: one does not exist.
    """
    from rouage.catalog.discovery import discover

    paths = [session.here / Path(name).expanduser() for name in names]
    for name, path in zip(names, paths, strict=True):
        if not path.exists():
            raise UsageError(_ABSENT, path=name)
    catalog = discover()
    for broken in catalog.broken:
        sentence = broken.error.render(session.language)
        session.output.talk(session.say(_NOTE, sentence=sentence))
    files: list[Examined] = []
    for path in paths or [session.places.recipes]:
        files += (
            _in_folder(session, path, catalog) if path.is_dir() else _file(session, path, catalog)
        )
    return files


def _in_folder(session: Session, folder: Path, catalog: Catalog) -> list[Examined]:
    """Return the recipes of a folder; a workspace stands for its own."""
    from rouage.recipes.folder import RecipeFolder

    inner = folder / "recipes"
    folder = inner if inner.is_dir() else folder
    secrets, inputs = _known(session)
    recipes = RecipeFolder(folder, catalog, known_secrets=secrets, input_values=inputs)
    recipes.scan(0.0)
    return [
        Examined(
            path=folder / one.file,
            shown=_shown(session, folder / one.file),
            problems=one.problems,
        )
        for one in recipes.files
    ]


def _file(session: Session, path: Path, catalog: Catalog) -> list[Examined]:
    from rouage.recipes.checker import check

    secrets, inputs = _known(session)
    checked = check(
        _read(path),
        file=path.name,
        catalog=catalog,
        known_secrets=secrets,
        input_values=inputs.get(path.stem),
    )
    return [Examined(path=path, shown=_shown(session, path), problems=checked.problems)]


def _known(session: Session) -> tuple[frozenset[str] | None, Mapping[str, Mapping[str, Any]]]:
    """Return the names of the secrets and the input values; nothing outside a workspace."""
    if not session.has_workspace():
        return None, {}
    from rouage.secrets import SecretStore

    return frozenset(SecretStore(session.places.secrets).names()), session.settings.inputs


def _read(path: Path) -> bytes:
    from rouage.recipes.reader import MAX_BYTES

    try:
        with path.open("rb") as file:
            # One byte more than allowed is enough to be refused for its size.
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(_UNREADABLE, path=path, cause=error.strerror) from error


def _shown(session: Session, path: Path) -> str:
    """Return *path* as short as it can be said from here."""
    try:
        return str(path.relative_to(session.here))
    except ValueError:
        return str(path)


def _print_json(session: Session, files: list[Examined]) -> None:
    from rouage.analysis.render import to_json

    diagnostics = [
        to_json(replace(problem, file=one.shown), session.language)
        for one in files
        for problem in one.problems
    ]
    session.output.data({"files": len(files), "diagnostics": diagnostics})


def _print(session: Session, files: list[Examined], severities: Counter[str]) -> None:
    from rouage.analysis.render import to_text

    for one in files:
        source = _read(one.path) if one.problems else b""
        for problem in one.problems:
            shown = replace(problem, file=one.shown)
            color = session.output.is_terminal
            session.output.painted(to_text(shown, source, session.language, color=color))
            session.output.line()
    if not files:
        session.tell(_NONE)
    elif severities:
        errors, warnings = severities["error"], severities["warning"]
        session.tell(_COUNT, files=len(files), errors=errors, warnings=warnings)
    else:
        session.tell(_CLEAN, files=len(files))
