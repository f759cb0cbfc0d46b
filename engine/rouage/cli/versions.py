"""The accepted versions of a recipe, and the file that it has now."""

import hashlib
from pathlib import Path
from typing import Final

from rouage.cli.journal import ask
from rouage.cli.session import Session
from rouage.durable.port import DefinitionRecord
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text
from rouage.records import dataclass

FILE: Final = "file"
"""The word for the text that the file has now, where a version is asked for."""
_SHORTEST: Final = 4
SHORT: Final = 12
"""So many letters of a hash are shown."""

_UNKNOWN: Final = Text(
    "no version of a recipe called “{recipe}” was ever accepted here",
    "aucune version d’une recette « {recipe} » n’a été acceptée ici",
)
_SEE_STATUS: Final = Text(
    "`rouage status` lists the recipes, `rouage check` tells what is wrong",
    "« rouage status » liste les recettes, « rouage check » dit ce qui ne va pas",
)
_NO_VERSION: Final = Text(
    "the recipe {recipe} has no version “{version}”",
    "la recette {recipe} n’a pas de version « {version} »",
)
_SEVERAL: Final = Text(
    "“{version}” is the beginning of several versions",
    "« {version} » est le début de plusieurs versions",
)
_SEE_HISTORY: Final = Text(
    "`rouage history {recipe}` lists them", "« rouage history {recipe} » en donne la liste"
)
_NO_TEXT: Final = Text(
    "the text of version {version} was not kept: it was accepted by an older Rouage",
    "le texte de la version {version} n’a pas été gardé : un Rouage plus ancien l’a acceptée",
)
_NO_FILE: Final = Text(
    "the recipe {recipe} has no file now", "la recette {recipe} n’a pas de fichier en ce moment"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One text of a recipe: an accepted version, or what its file holds now."""

    label: str
    text: bytes


def versions_of(session: Session, recipe: str) -> tuple[DefinitionRecord, ...]:
    """Return the accepted versions of *recipe*, the newest first.

    Raises:
        WorkspaceError: there is no journal yet.
        UsageError: there are none.
    """
    found = ask(session, lambda reader: reader.list_definitions(recipe))
    if not found:
        raise UsageError(_UNKNOWN, hint=_SEE_STATUS, recipe=recipe[:60])
    return found


def version_named(versions: tuple[DefinitionRecord, ...], wish: str) -> DefinitionRecord:
    """Return the version whose hash is or begins with *wish*.

    Raises:
        UsageError: there is none, or more than one.
    """
    recipe = versions[0].recipe
    hashes = {one.hash: one for one in reversed(versions) if one.hash.startswith(wish.lower())}
    if len(hashes) == 1 and len(wish) >= _SHORTEST:
        return next(iter(hashes.values()))
    message = _SEVERAL if len(hashes) > 1 else _NO_VERSION
    raise UsageError(message, hint=_SEE_HISTORY, recipe=recipe, version=wish[:64])


def source_of(version: DefinitionRecord) -> Source:
    """Return the text of an accepted version.

    Raises:
        WorkspaceError: it was not kept.
    """
    if version.source is None:
        raise WorkspaceError(_NO_TEXT, version=version.hash[:SHORT])
    return Source(label=f"{version.recipe} {version.hash[:SHORT]}", text=version.source)


def file_of(session: Session, versions: tuple[DefinitionRecord, ...]) -> Path | None:
    """Return the file of the recipe: where its newest version was read from."""
    name = next((one.file for one in versions if one.file is not None), None)
    return None if name is None else session.places.recipes / name


def present_source(session: Session, versions: tuple[DefinitionRecord, ...]) -> Source:
    """Return what the file of the recipe holds now, accepted or not.

    Raises:
        WorkspaceError: there is no such file.
    """
    path = file_of(session, versions)
    try:
        text = None if path is None else path.read_bytes()
    except OSError:
        text = None
    if path is None or text is None:
        raise WorkspaceError(_NO_FILE, recipe=versions[0].recipe)
    return Source(label=str(path.relative_to(session.places.root)), text=text)


def is_kept(text: bytes, versions: tuple[DefinitionRecord, ...]) -> bool:
    """Say whether exactly *text* is among the accepted versions."""
    return any(one.source == text for one in versions)


def name_of(text: bytes) -> str:
    """Return a short name for a text that is no accepted version."""
    return hashlib.sha256(text).hexdigest()[:SHORT]
