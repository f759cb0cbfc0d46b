"""The recipe files that a command is about: found, read, and named as the reader would."""

from pathlib import Path
from typing import Final

from rouage.cli.session import Session
from rouage.errors import UsageError
from rouage.language import Text

_ABSENT: Final = Text("{path} does not exist", "{path} n’existe pas")
_UNREADABLE: Final = Text("{path} cannot be read: {cause}", "{path} est illisible : {cause}")


def paths_of(session: Session, names: list[str]) -> list[Path]:
    """Return the paths that *names* stand for: the recipes of the workspace for none.

    Raises:
        UsageError: one does not exist.
    """
    paths = [session.here / Path(name).expanduser() for name in names]
    for name, path in zip(names, paths, strict=True):
        if not path.exists():
            raise UsageError(_ABSENT, path=name)
    return paths or [session.places.recipes]


def recipes_in(path: Path) -> list[Path]:
    """Return the recipe files of a folder, in order; a workspace stands for its own.

    A file stands for itself.
    """
    if not path.is_dir():
        return [path]
    inner = path / "recipes"
    folder = inner if inner.is_dir() else path
    found = sorted(one for one in folder.rglob("*") if one.is_file())
    return [one for one in found if _is_recipe(one.relative_to(folder).parts)]


def _is_recipe(parts: tuple[str, ...]) -> bool:
    from rouage.recipes.folder import is_recipe_file

    return is_recipe_file(parts[-1]) and not any(part.startswith(".") for part in parts)


def read_source(path: Path) -> bytes:
    """Return the bytes of *path*, no more than can be a recipe.

    Raises:
        UsageError: it cannot be read.
    """
    from rouage.recipes.reader import MAX_BYTES

    try:
        with path.open("rb") as file:
            # One byte more than allowed is enough to be refused for its size.
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(_UNREADABLE, path=path, cause=error.strerror) from error


def shown_here(session: Session, path: Path) -> str:
    """Return *path* as short as it can be said from here."""
    try:
        return str(path.relative_to(session.here))
    except ValueError:
        return str(path)
