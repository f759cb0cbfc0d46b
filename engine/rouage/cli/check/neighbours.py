"""The other recipes of a folder, as far as one file must know them: who has which id."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from rouage.recipes.folder import is_recipe_file
from rouage.recipes.normal import id_from_file

HEAD_BYTES: Final = 16_384
_ID: Final = re.compile(rb"^id:[ \t]*[\"']?([a-z0-9][a-z0-9_-]{0,63})\b", re.MULTILINE)
_MOST_FILES: Final = 2_000


def head_of(path: Path) -> tuple[str, bytes]:
    """Return the id that the recipe *path* says or stands for, and the beginning of its text."""
    with path.open("rb") as file:
        source = file.read(HEAD_BYTES)
    written = _ID.search(source)
    return (id_from_file(path.name) if written is None else written[1].decode()), source


def first_holder(
    folder: Path,
    path: Path,
    recipe_id: str,
    *,
    id_of: Callable[[Path], str],
    is_right: Callable[[Path], bool],
) -> Path | None:
    """Return the file before *path* in *folder* that has *recipe_id* and is right, or None.

    That is whom the folder as a whole gives the id to: the first by name.
    """
    for other in _before(folder, path):
        try:
            if id_of(other) == recipe_id and is_right(other):
                return other
        except OSError:
            continue
    return None


def _before(folder: Path, path: Path) -> Iterator[Path]:
    if folder not in path.parents:
        return
    name = path.relative_to(folder).as_posix()
    found = []
    for other in folder.rglob("*.y*ml"):
        inside = other.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in inside.parts)
        if inside.as_posix() < name and is_recipe_file(other.name) and not is_hidden:
            found.append((inside.as_posix(), other))
    for _, other in sorted(found)[:_MOST_FILES]:
        yield other
