"""What the workspace of an edited file gives: the same as for `rouage check` beside it."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from rouage.cli.check.neighbours import first_holder, head_of
from rouage.cli.session import Session
from rouage.cli.workspace import load_settings
from rouage.errors import RouageError
from rouage.language import Language
from rouage.lsp.neighbours import Around
from rouage.recipes.folder import is_recipe_file
from rouage.secrets import SecretStore
from rouage.settings import FILE_NAME, Places

_NAME: Final = re.compile(rb"^name:[ \t]*([^\r\n]{1,200})", re.MULTILINE)
_STEPS: Final = re.compile(r"^(?:do|when):", re.MULTILINE)
_HEAD_BYTES: Final = 16_384
_MOST_RECIPES: Final = 2_000

T = TypeVar("T")
Signature = tuple[int, int, int]


class WorkspaceNeighbours:
    """Looks at the workspace of each file; what was read is kept until it changes on disk."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read: dict[tuple[str, Path], tuple[Signature, Any]] = {}

    def language(self, folder: Path | None, locale: str | None) -> Language:
        """Return what was asked for, then the settings, then the locale of the editor."""
        session = self._session
        environment = dict(session.environment)
        if locale:
            environment["LC_ALL"] = locale
        return session.elsewhere(folder or session.here, environment).language

    def around(self, path: Path | None) -> Around:
        """Return what the workspace of the file *path* gives."""
        places = self._places(path)
        if places is None:
            return Around()
        secrets = self._kept("secrets", places.secrets, lambda: self._secrets(places))
        settings = self._kept("settings", places.settings_file, lambda: self._inputs(places))
        return Around(secrets=secrets or frozenset(), inputs=settings or {})

    def recipes(self, path: Path | None) -> Mapping[str, str]:
        """Return the names of the recipes of the workspace of *path*, by id."""
        places = self._places(path)
        if places is None:
            return {}
        found: dict[str, str] = {}
        for file in _files_in(places.recipes):
            id_, name = self._kept("head", file, partial(_head, file)) or ("", "")
            if id_:
                found[id_] = name
        return found

    def owner(
        self, path: Path | None, recipe_id: str, is_right: Callable[[Path], bool]
    ) -> str | None:
        """Return the file that holds *recipe_id* first, as the folder of recipes would say."""
        places = self._places(path)
        if path is None or places is None:
            return None

        def id_of(file: Path) -> str:
            return (self._kept("head", file, partial(_head, file)) or ("", ""))[0]

        found = first_holder(places.recipes, path, recipe_id, id_of=id_of, is_right=is_right)
        return None if found is None else str(found.relative_to(places.recipes))

    def is_recipe(self, path: Path | None, text: str) -> bool:
        """Say whether a file at *path* that holds *text* is to be read as a recipe.

        In a workspace that is what stands in its folder of recipes, or looks like one.
        """
        if path is None:
            return True
        if path.name == FILE_NAME or not is_recipe_file(path.name):
            return False
        places = self._places(path)
        if places is None or places.recipes in path.parents:
            return True
        return _STEPS.search(text, 0, _HEAD_BYTES) is not None

    def _places(self, path: Path | None) -> Places | None:
        """Return the workspace of *path*: the one that was named, else the one around it."""
        start = self._session.here if path is None else path.parent
        there = self._session.elsewhere(start)
        return there.places if there.has_workspace() else None

    def _secrets(self, places: Places) -> frozenset[str]:
        return frozenset(SecretStore(places.secrets).names())

    def _inputs(self, places: Places) -> Mapping[str, Mapping[str, Any]]:
        return load_settings(places.root, self._session.environment).inputs

    def _kept(self, kind: str, path: Path, read: Callable[[], T]) -> T | None:
        """Return what *read* gives for the file *path*, asked again only when it has changed."""
        try:
            stat = path.stat()
            signature = stat.st_mtime_ns, stat.st_size, stat.st_ino
        except (OSError, ValueError):
            return None
        known = self._read.get((kind, path))
        if known is None or known[0] != signature:
            try:
                known = signature, read()
            except (OSError, RouageError):
                # A broken file gives nothing; the commands that need it say what is wrong.
                known = signature, None
            self._read[kind, path] = known
        value: T | None = known[1]
        return value


def _files_in(folder: Path) -> list[Path]:
    try:
        found = sorted(path for path in folder.rglob("*.y*ml") if is_recipe_file(path.name))
    except OSError:
        return []
    return found[:_MOST_RECIPES]


def _head(path: Path) -> tuple[str, str]:
    """Return the id and the name of the recipe in *path*, without reading all of it."""
    id_, source = head_of(path)
    name = _NAME.search(source)
    shown = "" if name is None else name[1].decode("utf-8", "replace").strip().strip("\"'")
    return id_, shown
