"""Unpack a ZIP archive: judged whole and read through once before any file is written."""

import asyncio
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.files import OnConflict, Outcome, explaining, preview, shown, write
from rouage.sdk.undoing import files_undo
from rouage_connectors.archive.declaration import CHUNK, CONFLICT_TITLE, LIMITS, connector
from rouage_connectors.archive.members import Member, check_end, judged

if TYPE_CHECKING:
    from zipfile import ZipFile

_DAMAGED: Final = Text(
    "{path} is damaged: {name} cannot be read", "{path} est abîmée : {name} est illisible"
)


@params
class Unpacking:
    """What to unpack, and where to."""

    source: str = param(
        Text("The archive.", "L’archive."),
        title=Text("Archive", "Archive"),
        format="path",
        examples=["${{ event.file.path }}"],
    )
    target: str = param(
        Text(
            "The folder for its files; it is made if it is missing.",
            "Le dossier pour ses fichiers ; il est créé s’il n’existe pas.",
        ),
        title=Text("Folder", "Dossier"),
        format="folder",
        examples=["files/unpacked/"],
    )
    on_conflict: OnConflict = param(
        Text(
            "What to do with a file that exists: fail, skip, overwrite or rename.",
            "Que faire d’un fichier qui existe : fail, skip, overwrite ou rename.",
        ),
        title=CONFLICT_TITLE,
        default="fail",
    )


def _targets(params: Unpacking, context: Context) -> list[str]:
    """Return the files that are about to be written; none, if the archive cannot be judged."""
    folder = str(context.files.check(params.target, "write"))
    with _opened(params.source, context) as archive:
        return [f"{folder}/{member.name}" for member in judged(archive, params.source)]


async def simulate_unpack(params: Unpacking, context: Context) -> JSON:
    """Return what `unzip` would return, touching nothing."""

    def look() -> JSON:
        folder = str(context.files.check(params.target, "write"))
        outcomes = [
            preview(context.files, target, on_conflict=params.on_conflict)
            for target in _targets(params, context)
        ]
        return _result(folder, outcomes)

    return await asyncio.to_thread(look)


@connector.action(
    "unzip",
    title=Text("Unpack an archive", "Ouvrir une archive"),
    about=Text("Unpack a ZIP archive into a folder.", "Ouvre une archive ZIP dans un dossier."),
    effect="local",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "path": {"type": "string", "format": "folder", "description": "The folder"},
            "count": {"type": "integer", "description": "Files written"},
            "skipped": {"type": "integer", "description": "Files left alone"},
            "files": {"type": "array", "items": {"type": "string", "format": "path"}},
        },
        "required": ["path", "count", "skipped", "files"],
    },
    example={"source": "${{ event.file.path }}", "target": "files/unpacked/"},
    describe=Text("unpack {source} into {target}", "ouvrir {source} dans {target}"),
    simulate=simulate_unpack,
    undo=files_undo(targets=_targets, results=lambda result: list(result["files"])),
    isolated=True,
    limits=LIMITS,
)
async def unpack(params: Unpacking, context: Context) -> JSON:
    """Unpack a ZIP archive into a folder; nothing is written if any of it is unsafe."""
    return await asyncio.to_thread(_unpack, params, context)


def _unpack(params: Unpacking, context: Context) -> JSON:
    folder = str(context.files.check(params.target, "write"))
    with _opened(params.source, context) as archive:
        members = judged(archive, params.source)
        pending = [
            (f"{context.idempotency_key}/{position}", f"{folder}/{member.name}", member)
            for position, member in enumerate(members)
        ]
        for key, target, member in pending:
            if context.files.intents.find(key) is None:
                preview(context.files, target, on_conflict=params.on_conflict)
            for _ in _content(archive, member, params.source):
                pass  # what cannot be read must be known before anything is written
        outcomes = [
            write(
                context.files,
                target,
                _content(archive, member, params.source),
                on_conflict=params.on_conflict,
                key=key,
            )
            for key, target, member in pending
        ]
    for outcome in outcomes:
        if not outcome.is_skipped:
            context.wrote(outcome.path)
    return _result(folder, outcomes)


def _result(folder: str, outcomes: list[Outcome]) -> JSON:
    written: list[JSON] = [outcome.path for outcome in outcomes if not outcome.is_skipped]
    return {
        "path": folder,
        "count": len(written),
        "skipped": len(outcomes) - len(written),
        "files": written,
    }


@contextmanager
def _opened(source: str, context: Context) -> "Iterator[ZipFile]":
    from zipfile import BadZipFile, ZipFile

    with context.files.open_read(source) as file:
        with explaining(source):
            check_end(file, source)
        try:
            archive = ZipFile(file)
        except (BadZipFile, ValueError, NotImplementedError, EOFError):
            raise _damaged(source, "…") from None
        with archive:
            yield archive


def _content(archive: "ZipFile", member: Member, source: str) -> Iterator[bytes]:
    """Yield the content of *member*, never more than the archive says it holds."""
    from zipfile import BadZipFile

    try:
        with archive.open(member.entry) as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except (BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError):
        raise _damaged(source, member.name) from None


def _damaged(source: str, name: str) -> StepError:
    return StepError(_DAMAGED, path=shown(source), name=shown(name))
