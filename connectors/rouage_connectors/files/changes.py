"""Move, copy, rename and delete files.

All are idempotent by key: before the effect, the identity of the file (device, inode, size)
and its target are noted under the key of the step; a repetition after a crash compares them
with the world and never acts twice.
"""

import asyncio
from typing import Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.files import (
    OnConflict,
    copying,
    deleting,
    discarding,
    moving,
    preview,
    shown,
    target_of,
)
from rouage.sdk.undoing import files_undo
from rouage_connectors.files.declaration import (
    CONFLICT,
    CONFLICT_TITLE,
    PATH_TITLE,
    PLACED,
    TARGET,
    connector,
    placed,
    told,
)

_NAME: Final = Text(
    "“{name}” is not a name: it holds a “/”", "« {name} » n’est pas un nom : il contient un « / »"
)
_NAME_HINT: Final = Text(
    "use files.move to put it into another folder",
    "utilisez files.move pour le mettre dans un autre dossier",
)


@params
class Transfer:
    """Which file, and where to."""

    source: str = param(
        Text("The file.", "Le fichier."),
        title=PATH_TITLE,
        format="path",
        examples=["${{ event.file.path }}"],
    )
    target: str = param(
        TARGET, title=Text("Target", "Cible"), format="path", examples=["files/invoices/"]
    )
    on_conflict: OnConflict = param(CONFLICT, title=CONFLICT_TITLE, default="fail")


@params
class Renaming:
    """Which file, and its new name."""

    path: str = param(
        Text("The file.", "Le fichier."),
        title=PATH_TITLE,
        format="path",
        examples=["${{ event.file.path }}"],
    )
    name: str = param(
        Text("Its new name, in the same folder.", "Son nouveau nom, dans le même dossier."),
        title=Text("New name", "Nouveau nom"),
        examples=["invoice-2026-01.pdf"],
    )
    on_conflict: OnConflict = param(CONFLICT, title=CONFLICT_TITLE, default="fail")


@params
class Deletion:
    """Which file to delete."""

    path: str = param(
        Text("The file.", "Le fichier."),
        title=PATH_TITLE,
        format="path",
        examples=["${{ event.file.path }}"],
    )
    to_trash: bool = param(
        Text(
            "Put it into the trash rather than destroy it.",
            "Le mettre à la corbeille plutôt que de le détruire.",
        ),
        title=Text("To the trash", "À la corbeille"),
        default=True,
    )


def _target(params: Transfer, context: Context) -> list[str]:
    source = context.files.whole(params.source)
    return [target_of(params.target, source.rpartition("/")[2])]


_UNDO_MOVE: Final = files_undo(targets=_target, source=lambda params, _: params.source)


def _preview(params: Transfer, context: Context) -> JSON:
    with context.files.open_read(params.source):
        pass
    source = context.files.resolve(params.source)
    target = target_of(params.target, source.name)
    if context.files.resolve(target) == source:
        return {"path": str(source), "skipped": False}
    return placed(preview(context.files, target, on_conflict=params.on_conflict))


async def simulate_transfer(params: Transfer, context: Context) -> JSON:
    """Return what `move` or `copy` would return, touching nothing."""
    return await asyncio.to_thread(_preview, params, context)


@connector.action(
    "move",
    title=Text("Move a file", "Déplacer un fichier"),
    about=Text("Move a file.", "Déplace un fichier."),
    effect="local",
    idempotent="by key",
    result=PLACED,
    example={"source": "${{ event.file.path }}", "target": "files/invoices/"},
    describe=Text("move {source} to {target}", "déplacer {source} vers {target}"),
    simulate=simulate_transfer,
    undo=_UNDO_MOVE,
)
async def move_file(params: Transfer, context: Context) -> JSON:
    """Move a file; across disks it is copied, synced and then removed at its old place."""
    outcome = await context.files.together(
        moving(
            context.files,
            params.source,
            params.target,
            on_conflict=params.on_conflict,
            key=context.idempotency_key,
        )
    )
    if not outcome.is_skipped:
        context.wrote(context.files.whole(params.source))
    return told(outcome, context)


@connector.action(
    "copy",
    title=Text("Copy a file", "Copier un fichier"),
    about=Text("Copy a file.", "Copie un fichier."),
    effect="local",
    idempotent="by key",
    result=PLACED,
    example={"source": "${{ event.file.path }}", "target": "files/copies/"},
    describe=Text("copy {source} to {target}", "copier {source} vers {target}"),
    simulate=simulate_transfer,
    undo=files_undo(targets=_target),
)
async def copy_file(params: Transfer, context: Context) -> JSON:
    """Copy a file, with its date and permissions."""
    outcome = await context.files.together(
        copying(
            context.files,
            params.source,
            params.target,
            on_conflict=params.on_conflict,
            key=context.idempotency_key,
        )
    )
    return told(outcome, context)


def _renamed(params: Renaming) -> Transfer:
    if "/" in params.name or params.name in {"", ".", ".."}:
        raise StepError(_NAME, hint=_NAME_HINT, name=shown(params.name))
    folder, slash, _ = params.path.rpartition("/")
    return Transfer(
        source=params.path,
        target=folder + slash + params.name,
        on_conflict=params.on_conflict,
    )


async def simulate_rename(params: Renaming, context: Context) -> JSON:
    """Return what `rename` would return, touching nothing."""
    return await simulate_transfer(_renamed(params), context)


@connector.action(
    "rename",
    title=Text("Rename a file", "Renommer un fichier"),
    about=Text(
        "Give a file another name in its folder.",
        "Donne un autre nom à un fichier dans son dossier.",
    ),
    effect="local",
    idempotent="by key",
    result=PLACED,
    example={"path": "${{ event.file.path }}", "name": "invoice-2026-01.pdf"},
    describe=Text("rename {path} to {name}", "renommer {path} en {name}"),
    simulate=simulate_rename,
    undo=files_undo(
        targets=lambda params, context: _target(_renamed(params), context),
        source=lambda params, _: params.path,
    ),
)
async def rename_file(params: Renaming, context: Context) -> JSON:
    """Give a file another name in its folder."""
    return await move_file(_renamed(params), context)


async def simulate_delete(params: Deletion, context: Context) -> JSON:
    """Return what `delete` would return, touching nothing."""

    def look() -> JSON:
        context.files.check(params.path, "write")
        with context.files.open_read(params.path):
            return {"path": str(context.files.resolve(params.path)), "trash": None}

    return await asyncio.to_thread(look)


@connector.action(
    "delete",
    title=Text("Delete a file", "Supprimer un fichier"),
    about=Text(
        "Delete a file, into the trash unless told otherwise.",
        "Supprime un fichier, vers la corbeille sauf avis contraire.",
    ),
    effect="irreversible",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "path": {"type": "string", "format": "path", "description": "Where it was"},
            "trash": {"type": ["string", "null"], "description": "Where it is in the trash"},
        },
        "required": ["path", "trash"],
    },
    example={"path": "${{ event.file.path }}"},
    describe=Text("delete {path}", "supprimer {path}"),
    simulate=simulate_delete,
    undo=files_undo(
        targets=lambda params, context: [],  # noqa: ARG005 - the trash chooses the name
        source=lambda params, _: params.path if params.to_trash else None,
        results=lambda result: [result["trash"]] if result["trash"] else [],
    ),
)
async def delete_file(params: Deletion, context: Context) -> JSON:
    """Delete a file, into the trash unless told otherwise."""
    key, files = context.idempotency_key, context.files
    if params.to_trash:
        now = context.clock.now().astimezone(context.timezone)
        gone = await files.together(discarding(files, params.path, key=key, now=now))
    else:
        gone = await files.together(deleting(files, params.path, key=key))
    context.wrote(gone.path)
    return {"path": gone.path, "trash": gone.trash}
