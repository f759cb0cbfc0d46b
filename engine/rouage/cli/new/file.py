"""A recipe file that is new: its name is free, its id is nobody's, nothing is overwritten."""

import itertools
from pathlib import Path
from typing import Final

from rouage.cli.recipe_files import read_source, recipes_in
from rouage.cli.session import Session
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text

_UNWRITABLE: Final = Text(
    "{path} cannot be written: {cause}", "{path} ne peut pas être écrit : {cause}"
)
_THERE: Final = Text(
    "{path} exists already; nothing was written", "{path} existe déjà ; rien n’a été écrit"
)
_OTHER_NAME: Final = Text("choose another name with --as", "choisissez un autre nom avec --as")
_TAKEN: Final = Text(
    "the recipe {file} has the identity “{name}” already; nothing was written",
    "la recette {file} porte déjà l’identité « {name} » ; rien n’a été écrit",
)


def ids_in(folder: Path) -> dict[str, Path]:
    """Return the recipes in *folder* by id."""
    from rouage.recipes.checker import identify

    found = recipes_in(folder) if folder.is_dir() else []
    return {identify(read_source(path), path.name): path for path in found}


def free_name(folder: Path, name: str, taken: dict[str, Path]) -> str:
    """Return *name* as an id that is free in *folder*: with a number after it if need be."""
    from rouage.recipes.normal import id_from_file

    plain = id_from_file(name)[:56].strip("-_") or "recipe"
    names = (plain if number == 1 else f"{plain}-{number}" for number in itertools.count(1))
    return next(one for one in names if one not in taken and not (folder / f"{one}.yaml").exists())


def chosen_path(session: Session, folder: Path, wish: str, taken: dict[str, Path]) -> Path:
    """Return the file for the name that a person chose.

    Raises:
        UsageError: it exists, or another recipe has this id.
    """
    from rouage.recipes.normal import id_from_file

    stem = wish.removesuffix(".yaml").removesuffix(".yml")
    path = folder / f"{id_from_file(stem) or 'recipe'}.yaml"
    if path.exists():
        raise UsageError(_THERE, hint=_OTHER_NAME, path=path)
    if path.stem in taken:
        file = session.say(Text("{path}", "{path}"), path=taken[path.stem].name)
        raise UsageError(_TAKEN, hint=_OTHER_NAME, file=file, name=path.stem)
    return path


def write_new(path: Path, text: str) -> None:
    """Write *text* to *path*, which must not exist.

    Raises:
        WorkspaceError: it exists, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            try:
                file.write(text)
                file.flush()
            except OSError:
                # Half a recipe is worse than none.
                path.unlink(missing_ok=True)
                raise
    except FileExistsError as error:
        raise WorkspaceError(_THERE, path=path) from error
    except OSError as error:
        raise WorkspaceError(_UNWRITABLE, path=path, cause=error.strerror) from error
