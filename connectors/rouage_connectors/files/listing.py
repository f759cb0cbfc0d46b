"""List the files of a folder, and make folders."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.files import Found, shown, walk
from rouage.sdk.undoing import folder_undo
from rouage_connectors.files.declaration import connector

_MOST_LISTED: Final = 10_000
_FOLDER_TITLE: Final = Text("Folder", "Dossier")
_TOO_MANY: Final = Text(
    "{path} holds more than {limit} matching files",
    "{path} contient plus de {limit} fichiers correspondants",
)
_TOO_MANY_HINT: Final = Text("narrow `match`", "restreignez `match`")


@params
class Listing:
    """Which folder, and which files of it."""

    path: str = param(
        Text("The folder.", "Le dossier."),
        title=_FOLDER_TITLE,
        format="folder",
        examples=["files/inbox"],
    )
    match: str | list[str] = param(
        Text("Which names: a pattern or several.", "Quels noms : un motif ou plusieurs."),
        title=Text("Names", "Noms"),
        default="*",
        format="glob",
        examples=["*.pdf"],
    )
    recursive: bool = param(
        Text("Look into the folders below too.", "Regarder aussi dans les sous-dossiers."),
        title=Text("With subfolders", "Avec les sous-dossiers"),
        default=False,
    )


@params
class Making:
    """Which folder to make."""

    path: str = param(
        Text("The folder, and those above it.", "Le dossier, et ceux au-dessus."),
        title=_FOLDER_TITLE,
        format="folder",
        examples=["files/2026/01"],
    )


@connector.action(
    "list",
    title=Text("List files", "Lister des fichiers"),
    about=Text(
        "List the files of a folder, sorted by path.",
        "Liste les fichiers d’un dossier, triés par chemin.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "files": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "path": {"type": "string", "format": "path"},
                        "name": {"type": "string"},
                        "stem": {"type": "string"},
                        "ext": {"type": "string"},
                        "folder": {"type": "string"},
                        "size": {"type": "integer"},
                        "modified": {"type": "string"},
                    },
                },
            },
        },
        "required": ["count", "files"],
    },
    example={"path": "files/inbox", "match": "*.pdf"},
    describe=Text("list the files of {path}", "lister les fichiers de {path}"),
)
async def list_files(params: Listing, context: Context) -> JSON:
    """List the files of a folder, sorted by path; hidden ones and links are left out."""
    files = await asyncio.to_thread(_listed, params, context)
    return {"count": len(files), "files": files}


def _listed(params: Listing, context: Context) -> list[JSON]:
    files: list[JSON] = []
    for found in walk(context.files, params.path, match=params.match, recursive=params.recursive):
        if len(files) == _MOST_LISTED:
            raise StepError(
                _TOO_MANY, hint=_TOO_MANY_HINT, path=shown(params.path), limit=_MOST_LISTED
            )
        files.append(_described(found))
    return files


def _described(found: Found) -> JSON:
    path = PurePath(found.path)
    return {
        "path": found.path,
        "name": path.name,
        "stem": path.stem,
        "ext": path.suffix,
        "folder": str(path.parent),
        "size": found.size,
        "modified": datetime.fromtimestamp(found.modified, UTC).isoformat(),
    }


async def simulate_mkdir(params: Making, context: Context) -> JSON:
    """Return what `mkdir` would return, touching nothing."""
    path = context.files.check(params.path, "write")
    return {"path": str(path), "created": not await asyncio.to_thread(path.is_dir)}


@connector.action(
    "mkdir",
    title=Text("Make a folder", "Créer un dossier"),
    about=Text(
        "Make a folder, and those above it; fine if it exists.",
        "Crée un dossier et ceux au-dessus ; convient aussi s’il existe.",
    ),
    effect="local",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "path": {"type": "string", "format": "folder"},
            "created": {"type": "boolean"},
        },
        "required": ["path", "created"],
    },
    example={"path": "files/2026/01"},
    describe=Text("make the folder {path}", "créer le dossier {path}"),
    simulate=simulate_mkdir,
    undo=folder_undo(lambda params: params.path),
)
async def mkdir(params: Making, context: Context) -> JSON:
    """Make a folder, and those above it; fine if it exists."""
    return await asyncio.to_thread(_made, params.path, context)


def _made(path: str, context: Context) -> JSON:
    whole = context.files.check(path, "write")
    existed = os.path.isdir(whole)  # noqa: PTH112 - maybe not decodable
    with context.files.folder(whole, "write", create=True):
        return {"path": str(whole), "created": not existed}
