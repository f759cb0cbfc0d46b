"""Recipes and their tests, looked at: each file with its problems."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.catalog.catalog import Catalog
from rouage.cli.recipe_files import read_source, shown_here
from rouage.cli.recipes_read import connectors_named
from rouage.cli.session import Session
from rouage.problem import Problem
from rouage.records import dataclass

if TYPE_CHECKING:
    from rouage.recipes.checker import Checked

# Problems whose remedy is a trigger or an action, maybe of a connector not named in the file.
_ABOUT_WORDS: Final = frozenset(
    {"RG204", "RG205", "RG206", "RG207", "RG210", "RG213", "RG214", "RG222", "RG225", "RG603"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """One file and its problems; `shown` is its name as the reader would write it here."""

    path: Path
    shown: str
    problems: tuple[Problem, ...]


def examine_quickly(session: Session, paths: list[Path]) -> list[Examined] | None:
    """Return the files at *paths*, looked at with the connectors that they name only.

    None where that is not enough: to say what a wrong word stands for takes all of them.
    """
    if not all(path.is_file() for path in paths):
        return None
    catalog = connectors_named(read_source(path) for path in paths)
    if catalog is None:
        return None
    files = [_file(session, path, catalog, is_whole=False) for path in paths]
    codes = {problem.code for one in files if one for problem in one.problems}
    known = [one for one in files if one is not None]
    return None if codes & _ABOUT_WORDS or len(known) < len(files) else known


def examine(session: Session, paths: list[Path], catalog: Catalog) -> list[Examined]:
    """Return the recipes at *paths*, each with its problems."""
    files: list[Examined] = []
    for path in paths:
        if path.is_dir():
            files += _in_folder(session, path, catalog)
        else:
            one = _file(session, path, catalog)
            files += [] if one is None else [one]
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
            shown=shown_here(session, folder / one.file),
            problems=one.problems,
        )
        for one in recipes.files
    ]


def _file(
    session: Session, path: Path, catalog: Catalog, *, is_whole: bool = True
) -> Examined | None:
    """Return one file, examined; None where the part of the catalog at hand is not enough."""
    source = read_source(path)
    is_tests = _is_tests(path)
    holder = None if is_tests else _holder(session, path, source)
    if not is_whole and (is_tests or holder is not None):
        return None
    problems = file_checker(session, path, catalog)(source)
    if holder is not None:
        problems = _refused(session, path, source, catalog) or problems
    return Examined(path=path, shown=shown_here(session, path), problems=problems)


def _is_tests(path: Path) -> bool:
    return path.name.lower().endswith((".test.yaml", ".test.yml"))


def file_checker(
    session: Session, path: Path, catalog: Catalog
) -> Callable[[bytes], tuple[Problem, ...]]:
    """Return what checks a text as if it were that of the file *path*: a recipe, or its tests."""
    from rouage.recipes.checker import check

    secrets, inputs = _known(session)
    if _is_tests(path):
        from rouage.rehearsal.checking import check_tests

        return lambda source: check_tests(
            source, path=path, catalog=catalog, known_secrets=secrets, input_values=inputs
        )
    return lambda source: (
        check(
            source, file=path.name, catalog=catalog, known_secrets=secrets, input_values=inputs
        ).problems
    )


def _holder(session: Session, path: Path, source: bytes) -> Path | None:
    """Return a file that may hold the id of *path* before it, right or not."""
    from rouage.cli.check.neighbours import first_holder, head_of
    from rouage.recipes.checker import identify

    if not session.has_workspace():
        return None
    recipe_id = identify(source, path.name)
    place = path.resolve()
    folder = session.places.recipes.resolve()
    return first_holder(
        folder, place, recipe_id, id_of=lambda one: head_of(one)[0], is_right=lambda _: True
    )


def _refused(
    session: Session, path: Path, source: bytes, catalog: Catalog
) -> tuple[Problem, ...] | None:
    """Return the problems of *path* if another recipe, which is right, has its id first."""
    from rouage.cli.check.neighbours import first_holder, head_of
    from rouage.recipes.checker import check
    from rouage.recipes.same_id import refuse_second

    secrets, inputs = _known(session)

    def checked(text: bytes, name: str) -> "Checked":
        return check(text, file=name, catalog=catalog, known_secrets=secrets, input_values=inputs)

    own, folder = checked(source, path.name), session.places.recipes.resolve()
    found = first_holder(
        folder,
        path.resolve(),
        own.recipe_id,
        id_of=lambda one: head_of(one)[0],
        is_right=lambda one: checked(read_source(one), one.name).recipe is not None,
    )
    if found is None:
        return None
    owner = str(found.relative_to(folder))
    return refuse_second(own, source, name=path.name, owner=owner).problems


def _known(session: Session) -> tuple[frozenset[str] | None, Mapping[str, Mapping[str, Any]]]:
    """Return the names of the secrets and the input values; nothing outside a workspace."""
    if not session.has_workspace():
        return None, {}
    from rouage.secrets import SecretStore

    return frozenset(SecretStore(session.places.secrets).names()), session.settings.inputs
