"""The action `pdf.split`: one document becomes several."""

import asyncio
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.extras import require
from rouage.sdk.files import OnConflict, preview
from rouage.sdk.records import dataclass
from rouage.sdk.undoing import files_undo
from rouage_connectors.pdf.declaration import (
    CONFLICT,
    CONFLICT_TITLE,
    FILE_TITLE,
    LIMITS,
    PASSWORD,
    PASSWORD_TITLE,
    connector,
)
from rouage_connectors.pdf.document import chosen, explained, opened, save

_MOST_PARTS: Final = 1_000
_BOTH: Final = Text(
    "give either `every` or `parts`, not both", "donnez soit `every`, soit `parts`, pas les deux"
)
_MANY: Final = Text(
    "this would make more than {limit} documents",
    "cela ferait plus de {limit} documents",
)


@params
class Splitting:
    """Which document, and where to cut it."""

    file: str = param(
        Text("The document.", "Le document."),
        title=FILE_TITLE,
        format="path",
        examples=["${{ event.file.path }}"],
    )
    folder: str = param(
        Text(
            "Where the new documents go; they are called like the old one, with a number.",
            "Où vont les nouveaux documents ; ils portent le nom de l’ancien, avec un numéro.",
        ),
        title=Text("Folder", "Dossier"),
        format="folder",
        examples=["files/pages"],
    )
    every: int | None = param(
        Text(
            "How many pages each gets; 1, unless parts are given.",
            "Combien de pages pour chacun ; 1, sauf si des parties sont données.",
        ),
        title=Text("Every", "Toutes les"),
        default=None,
        minimum=1,
        maximum=5_000,
    )
    parts: list[str] = param(
        Text(
            "Which pages each gets, one entry per new document.",
            "Quelles pages pour chacun, une ligne par nouveau document.",
        ),
        title=Text("Parts", "Parties"),
        default=[],
        examples=[["1-2", "3-5,9"]],
    )
    password: str | None = param(PASSWORD, title=PASSWORD_TITLE, default=None, secret=True)
    on_conflict: OnConflict = param(CONFLICT, title=CONFLICT_TITLE, default="fail")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One document to make: where, and of which pages."""

    target: str
    pages: Sequence[int]


async def simulate_split(params: Splitting, context: Context) -> JSON:
    """Return what `split` would return, touching nothing."""

    def foresee() -> JSON:
        with opened(context, params.file, params.password) as reader:
            parts = _parts(params, len(reader.pages))
        outcomes = [
            preview(context.files, part.target, on_conflict=params.on_conflict) for part in parts
        ]
        return {"paths": [outcome.path for outcome in outcomes], "count": len(parts)}

    return await asyncio.to_thread(foresee)


def _targets(params: Splitting, context: Context) -> list[str]:
    with opened(context, params.file, params.password) as reader:
        return [part.target for part in _parts(params, len(reader.pages))]


def _paths(result: Any) -> list[str]:
    return [str(path) for path in result["paths"]]


@connector.action(
    "split",
    title=Text("Split a PDF", "Découper un PDF"),
    about=Text(
        "Make several PDFs of one: page by page, or in given parts.",
        "Fait plusieurs PDF d’un seul : page par page, ou en parties données.",
    ),
    effect="local",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "paths": {
                "type": "array",
                "items": {"type": "string", "format": "path"},
                "description": "The new documents, in order",
            },
            "count": {"type": "integer"},
        },
        "required": ["paths", "count"],
    },
    example={"file": "${{ event.file.path }}", "folder": "files/pages"},
    describe=Text("split {file} into {folder}", "découper {file} dans {folder}"),
    simulate=simulate_split,
    undo=files_undo(targets=_targets, results=_paths),
    isolated=True,
    limits=LIMITS,
)
async def split(params: Splitting, context: Context) -> JSON:
    """Make several PDFs of one."""
    return await asyncio.to_thread(_split, params, context)


def _split(params: Splitting, context: Context) -> JSON:
    paths: list[JSON] = []
    with opened(context, params.file, params.password) as reader:
        for number, part in enumerate(_parts(params, len(reader.pages)), start=1):
            outcome = save(
                context,
                part.target,
                _filler(reader, part.pages, params.file),
                on_conflict=params.on_conflict,
                part=f"/{number}",
            )
            paths.append(outcome.path)
    return {"paths": paths, "count": len(paths)}


def _filler(reader: Any, pages: Sequence[int], path: str) -> Any:
    def fill(file: BinaryIO) -> None:
        with explained(path):
            writer = require("pypdf", "pdf").PdfWriter()
            for number in pages:
                writer.add_page(reader.pages[number])
            writer.write(file)

    return fill


def _parts(params: Splitting, count: int) -> list[_Part]:
    if params.every is not None and params.parts:
        raise StepError(_BOTH)
    every = params.every or 1
    groups: list[Sequence[int]] = (
        [chosen(part, count, params.file) for part in params.parts]
        if params.parts
        else [range(begin, min(begin + every, count)) for begin in range(0, count, every)]
    )
    if len(groups) > _MOST_PARTS:
        raise StepError(_MANY, limit=_MOST_PARTS)
    stem, width = PurePosixPath(params.file).stem, len(str(len(groups)))
    folder = params.folder.rstrip("/") or "/"
    return [
        _Part(target=f"{folder}/{stem}-{number:0{width}}.pdf", pages=pages)
        for number, pages in enumerate(groups, start=1)
    ]
