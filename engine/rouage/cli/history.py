"""`rouage history RECIPE`: its accepted versions, and the way back to one of them."""

import argparse
import os
from pathlib import Path
from typing import Any, Final

from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time
from rouage.cli.versions import (
    SHORT,
    file_of,
    is_kept,
    name_of,
    source_of,
    version_named,
    versions_of,
)
from rouage.durable.port import DefinitionRecord
from rouage.errors import WorkspaceError
from rouage.language import Text

_RECIPE: Final = Text("id of the recipe", "identifiant de la recette")
_RESTORE: Final = Text(
    "write this version back to its file (the first letters of its hash do)",
    "réécrire cette version dans son fichier (le début de son empreinte suffit)",
)
_HEADS: Final = (
    Text("VERSION", "VERSION"),
    Text("ACCEPTED", "ACCEPTÉE"),
    Text("FILE", "FICHIER"),
    Text("", ""),
)
_PRESENT: Final = Text("present", "actuelle")
_RESTORED: Final = Text(
    "{file} is version {version} again", "{file} est de nouveau la version {version}"
)
_SAME: Final = Text("{file} is version {version} already", "{file} est déjà la version {version}")
_ASIDE: Final = Text(
    "what it held was no accepted version; it is kept in {path}",
    "son contenu n’était pas une version acceptée ; il est gardé dans {path}",
)
_NOWHERE: Final = Text(
    "the file of the recipe {recipe} is not known",
    "le fichier de la recette {recipe} n’est pas connu",
)
_UNWRITABLE: Final = Text(
    "{path} cannot be written: {cause}", "{path} ne peut pas être écrit : {cause}"
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("recipe", about=_RECIPE, metavar=parser.say(Text("RECIPE", "RECETTE")))
    parser.take("--restore", about=_RESTORE, metavar="VERSION")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the versions, or bring one back."""
    versions = versions_of(session, arguments.recipe)
    if arguments.restore is not None:
        return restore(session, versions, arguments.restore)
    if session.is_json:
        data = {"recipe": arguments.recipe, "versions": [_as_json(one) for one in versions]}
        session.output.data(data)
    else:
        rows = [_row(session, one, is_newest=one is versions[0]) for one in versions]
        session.output.table([session.say(head) for head in _HEADS], rows)
    return OK


def _as_json(version: DefinitionRecord) -> dict[str, Any]:
    return {
        "hash": version.hash,
        "accepted": version.accepted.isoformat(timespec="milliseconds"),
        "file": version.file,
        "has_text": version.source is not None,
    }


def _row(session: Session, version: DefinitionRecord, *, is_newest: bool) -> list[object]:
    return [
        version.hash[:SHORT],
        local_time(version.accepted, session.settings.zone),
        version.file or "–",
        session.say(_PRESENT) if is_newest else "",
    ]


def restore(session: Session, versions: tuple[DefinitionRecord, ...], wish: str) -> int:
    """Write a version back, whole or not at all; what the file held is not lost.

    Raises:
        UsageError: there is no such version.
        WorkspaceError: its text was not kept, or the file cannot be written.
    """
    version = version_named(versions, wish)
    text = source_of(version).text
    path = file_of(session, versions)
    if path is None:
        raise WorkspaceError(_NOWHERE, recipe=version.recipe)
    facts: dict[str, Any] = {
        "file": str(path.relative_to(session.places.root)),
        "version": version.hash[:SHORT],
    }
    before = _content(path)
    aside = None
    if before is not None and before != text and not is_kept(before, versions):
        aside = session.places.state / "replaced" / f"{path.stem}-{name_of(before)}{path.suffix}"
        _write(aside, before)
    if before != text:
        _write(path, text)
    if session.is_json:
        kept = None if aside is None else str(aside)
        session.output.data(
            {**facts, "version": version.hash, "is_changed": before != text, "kept": kept}
        )
    session.tell(_SAME if before == text else _RESTORED, **facts)
    if aside is not None:
        session.tell(_ASIDE, path=aside)
    return OK


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _write(path: Path, text: bytes) -> None:
    """Write *text* beside *path*, bring it to the disk, then give it the name."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        try:
            with draft.open("xb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise WorkspaceError(_UNWRITABLE, path=path, cause=error.strerror) from error
