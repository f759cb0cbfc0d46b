"""The action `pdf.merge`: several documents become one."""

import asyncio
from typing import BinaryIO, Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.extras import require
from rouage.sdk.files import OnConflict
from rouage.sdk.undoing import files_undo
from rouage_connectors.pdf.declaration import (
    CONFLICT,
    CONFLICT_TITLE,
    LIMITS,
    MADE,
    TARGET_TITLE,
    connector,
)
from rouage_connectors.pdf.document import (
    MOST_PAGES,
    check_apart,
    count_pages,
    explained,
    foreseen,
    opened,
    save,
)

_MOST_FILES: Final = 500
_FEW: Final = Text("there is no document to merge", "il n’y a aucun document à assembler")
_MANY: Final = Text(
    "more than {limit} documents cannot be merged at once",
    "on ne peut pas assembler plus de {limit} documents à la fois",
)
_LONG: Final = Text(
    "together they have more than {limit} pages", "ensemble, ils ont plus de {limit} pages"
)


@params
class Merging:
    """Which documents, and where to."""

    files: list[str] = param(
        Text("The documents, in order.", "Les documents, dans l’ordre."),
        title=Text("Documents", "Documents"),
        format="path",
        examples=[["files/cover.pdf", "files/report.pdf"]],
    )
    target: str = param(
        Text("The document to make.", "Le document à faire."),
        title=TARGET_TITLE,
        format="path",
        examples=["files/whole.pdf"],
    )
    on_conflict: OnConflict = param(CONFLICT, title=CONFLICT_TITLE, default="fail")


async def simulate_merge(params: Merging, context: Context) -> JSON:
    """Return what `merge` would return, touching nothing."""
    _check(params, context)

    def count() -> int:
        return sum(count_pages(context, path) for path in params.files)

    pages = await asyncio.to_thread(count)
    return await foreseen(context, params.target, pages, on_conflict=params.on_conflict)


@connector.action(
    "merge",
    title=Text("Merge PDFs", "Assembler des PDF"),
    about=Text("Make one PDF of several.", "Fait un seul PDF de plusieurs."),
    effect="local",
    idempotent="by key",
    result=MADE,
    example={"files": ["files/cover.pdf", "files/report.pdf"], "target": "files/whole.pdf"},
    describe=Text("merge {files} into {target}", "assembler {files} dans {target}"),
    simulate=simulate_merge,
    undo=files_undo(targets=lambda params, _: [params.target]),
    isolated=True,
    limits=LIMITS,
)
async def merge(params: Merging, context: Context) -> JSON:
    """Make one PDF of several."""
    _check(params, context)
    return await asyncio.to_thread(_merge, params, context)


def _check(params: Merging, context: Context) -> None:
    if not params.files:
        raise StepError(_FEW)
    if len(params.files) > _MOST_FILES:
        raise StepError(_MANY, limit=_MOST_FILES)
    for path in params.files:
        check_apart(context, path, params.target)


def _merge(params: Merging, context: Context) -> JSON:
    def fill(file: BinaryIO) -> None:
        writer = require("pypdf", "pdf").PdfWriter()
        for path in params.files:
            with opened(context, path) as reader:
                writer.append(reader)
            if len(writer.pages) > MOST_PAGES:
                raise StepError(_LONG, limit=MOST_PAGES)
        with explained(params.target):
            writer.write(file)

    outcome = save(context, params.target, fill, on_conflict=params.on_conflict)
    pages = count_pages(context, outcome.path)
    return {"path": outcome.path, "pages": pages, "skipped": outcome.is_skipped}
