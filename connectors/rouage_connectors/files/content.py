"""Write, append to and read text files."""

import asyncio
import re
from typing import Final, Literal

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.files import OnConflict, Tail, preview, shown, writing
from rouage.sdk.undoing import added_undo, files_undo
from rouage_connectors.files.declaration import (
    CONFLICT,
    CONFLICT_TITLE,
    PATH_TITLE,
    PLACED,
    connector,
    placed,
    told,
)

Encoding = Literal["utf-8", "utf-8-sig", "cp1252", "latin-1"]
_MOST_READ: Final = 1 << 20

_ENCODING: Final = Text(
    "How letters become bytes: utf-8, or cp1252 for old Windows programs.",
    "Comment les lettres deviennent des octets : utf-8, ou cp1252 pour de vieux logiciels Windows.",
)
_ENCODING_TITLE: Final = Text("Encoding", "Encodage")
_UNFIT: Final = Text(
    "the character “{character}” does not exist in {encoding}",
    "le caractère « {character} » n’existe pas en {encoding}",
)
_NOT_TEXT: Final = Text(
    "{path} is not a text in {encoding}", "{path} n’est pas un texte en {encoding}"
)
_EXISTS: Final = Text("{path} exists already", "{path} existe déjà")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@params
class Writing:
    """Which file, and what to write."""

    path: str = param(
        Text(
            "The file; missing folders are made.",
            "Le fichier ; les dossiers manquants sont créés.",
        ),
        title=PATH_TITLE,
        format="path",
        examples=["files/report.txt"],
    )
    text: str = param(Text("What to write.", "Ce qu’il faut écrire."), title=Text("Text", "Texte"))
    on_conflict: OnConflict = param(CONFLICT, title=CONFLICT_TITLE, default="fail")
    encoding: Encoding = param(_ENCODING, title=_ENCODING_TITLE, default="utf-8")


@params
class Appending:
    """Which file, and what to add."""

    path: str = param(
        Text(
            "The file; it is made if it is missing.", "Le fichier ; il est créé s’il n’existe pas."
        ),
        title=PATH_TITLE,
        format="path",
        examples=["files/orders.txt"],
    )
    text: str = param(Text("What to add.", "Ce qu’il faut ajouter."), title=Text("Text", "Texte"))
    line: bool = param(
        Text(
            "Make it a line of its own: line breaks are added where they are missing.",
            "En faire une ligne à part : les sauts de ligne qui manquent sont ajoutés.",
        ),
        title=Text("As a line", "Comme une ligne"),
        default=True,
    )
    on_conflict: Literal["append", "skip", "fail"] = param(
        Text(
            "What to do if the file exists: append, skip (leave it as it is), or fail.",
            "Que faire si le fichier existe : append (ajouter), skip (le laisser) ou fail "
            "(échouer).",
        ),
        title=CONFLICT_TITLE,
        default="append",
    )
    encoding: Encoding = param(_ENCODING, title=_ENCODING_TITLE, default="utf-8")


@params
class Reading:
    """Which file to read."""

    path: str = param(
        Text("The file, at most 1 MiB.", "Le fichier, 1 Mio au plus."),
        title=PATH_TITLE,
        format="path",
        examples=["${{ event.file.path }}"],
    )
    encoding: Literal["auto", "utf-8", "cp1252", "latin-1", "utf-16"] = param(
        Text(
            "How bytes become letters; auto tries UTF-8, then cp1252.",
            "Comment les octets deviennent des lettres ; auto essaie UTF-8, puis cp1252.",
        ),
        title=_ENCODING_TITLE,
        default="auto",
    )


def encoded(text: str, encoding: str) -> bytes:
    """Return *text* as bytes.

    An undecodable byte of a file name is written as an escape: the text stays valid, and the
    name can be recognised.

    Raises:
        StepError: *encoding* lacks a character.
    """
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        if _SURROGATE.search(text) is not None:
            return encoded(_SURROGATE.sub(lambda found: shown(found.group()), text), encoding)
        character = text[error.start]
        raise StepError(_UNFIT, character=shown(character), encoding=encoding) from None


async def simulate_write(params: Writing, context: Context) -> JSON:
    """Return what `write` would return, touching nothing."""
    encoded(params.text, params.encoding)
    return placed(
        await asyncio.to_thread(preview, context.files, params.path, on_conflict=params.on_conflict)
    )


@connector.action(
    "write",
    title=Text("Write a text file", "Écrire un fichier texte"),
    about=Text("Write a text into a file.", "Écrit un texte dans un fichier."),
    effect="local",
    idempotent="by key",
    result=PLACED,
    example={"path": "files/report.txt", "text": "Hello", "on_conflict": "overwrite"},
    describe=Text("write {path}", "écrire {path}"),
    simulate=simulate_write,
    undo=files_undo(targets=lambda params, _: [params.path]),
)
async def write(params: Writing, context: Context) -> JSON:
    """Write a text into a file, whole or not at all."""
    outcome = await context.files.together(
        writing(
            context.files,
            params.path,
            encoded(params.text, params.encoding),
            on_conflict=params.on_conflict,
            key=context.idempotency_key,
        )
    )
    return told(outcome, context)


async def simulate_append(params: Appending, context: Context) -> JSON:
    """Return what `append` would return, touching nothing."""
    encoded(params.text, params.encoding)
    path = context.files.check(params.path, "write")
    exists = await asyncio.to_thread(path.exists)
    if exists and params.on_conflict == "fail":
        raise StepError(_EXISTS, path=shown(path))
    return {"path": str(path), "skipped": exists and params.on_conflict == "skip"}


@connector.action(
    "append",
    title=Text("Add a line to a file", "Ajouter une ligne à un fichier"),
    about=Text("Add a text at the end of a file.", "Ajoute un texte à la fin d’un fichier."),
    effect="local",
    idempotent="by key",
    result=PLACED,
    example={"path": "files/orders.txt", "text": "${{ event.body.id }}"},
    describe=Text("add a line to {path}", "ajouter une ligne à {path}"),
    simulate=simulate_append,
    undo=added_undo(lambda params: params.path),
)
async def append(params: Appending, context: Context) -> JSON:
    """Add a text at the end of a file; appends that arrive together are synced together."""
    data = encoded(params.text, params.encoding)
    if params.line and not data.endswith(b"\n"):
        data += b"\n"

    def compose(tail: Tail) -> tuple[bytes, JSON]:
        if tail.size and params.on_conflict != "append":
            if params.on_conflict == "fail":
                raise StepError(_EXISTS, path=shown(params.path))
            return b"", True
        return (data if not params.line or tail.ends_line else b"\n" + data), False

    path = context.files.check(params.path, "write")
    skipped = await context.files.append(path, compose, key=context.idempotency_key)
    if not skipped:
        context.wrote(str(path))
    return {"path": str(path), "skipped": bool(skipped)}


@connector.action(
    "read",
    title=Text("Read a text file", "Lire un fichier texte"),
    about=Text("Read the text of a file.", "Lit le texte d’un fichier."),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "path": {"type": "string", "format": "path"},
            "text": {"type": "string"},
            "size": {"type": "integer", "description": "Bytes"},
        },
        "required": ["path", "text", "size"],
    },
    example={"path": "${{ event.file.path }}"},
    describe=Text("read {path}", "lire {path}"),
)
async def read(params: Reading, context: Context) -> JSON:
    """Read the text of a file."""
    data = await asyncio.to_thread(context.files.read_bytes, params.path, limit=_MOST_READ)
    return {
        "path": str(context.files.resolve(params.path)),
        "text": _decoded(data, params),
        "size": len(data),
    }


def _decoded(data: bytes, params: Reading) -> str:
    wanted = params.encoding
    for encoding in ("utf-8-sig", "cp1252", "latin-1") if wanted == "auto" else (wanted,):
        try:
            return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except UnicodeDecodeError:
            continue
    raise StepError(_NOT_TEXT, path=shown(params.path), encoding=wanted)
