"""The action `pdf.stamp`: a text on the pages of a copy, the original stays as it is."""

import asyncio
from typing import Any, BinaryIO, Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.extras import require
from rouage.sdk.files import OnConflict
from rouage.sdk.undoing import files_undo
from rouage_connectors.pdf.declaration import (
    CONFLICT,
    CONFLICT_TITLE,
    FILE_TITLE,
    LIMITS,
    MADE,
    PAGES,
    PAGES_TITLE,
    PASSWORD,
    PASSWORD_TITLE,
    TARGET_TITLE,
    connector,
)
from rouage_connectors.pdf.document import (
    check_apart,
    chosen,
    count_pages,
    explained,
    foreseen,
    opened,
    save,
)
from rouage_connectors.pdf.overlay import Box, Color, Position, Style, overlay_page

_EMPTY: Final = Text("there is no text to stamp", "il n’y a pas de texte à tamponner")


@params
class Stamping:
    """Which document, where to, and what to stamp on it."""

    file: str = param(
        Text("The document; it stays as it is.", "Le document ; il reste tel quel."),
        title=FILE_TITLE,
        format="path",
        examples=["${{ event.file.path }}"],
    )
    target: str = param(
        Text("The stamped copy.", "La copie tamponnée."),
        title=TARGET_TITLE,
        format="path",
        examples=["files/stamped/${{ event.file.name }}"],
    )
    text: str = param(
        Text(
            "What to stamp; {page} and {pages} stand for the number of the page and of all pages.",
            "Ce qu’il faut tamponner ; {page} et {pages} sont le numéro de la page et le nombre "
            "de pages.",
        ),
        title=Text("Text", "Texte"),
        max_length=500,
        examples=["COPY", "Paid on ${{ today() }}", "{page}/{pages}"],
    )
    position: Position = param(
        Text("Where on the page.", "Où sur la page."),
        title=Text("Position", "Position"),
        default="top-right",
    )
    pages: str | None = param(
        PAGES, title=PAGES_TITLE, default=None, max_length=200, examples=["1"]
    )
    size: float = param(
        Text("Height of the letters, in points.", "Hauteur des lettres, en points."),
        title=Text("Size", "Taille"),
        default=12.0,
        minimum=4,
        maximum=200,
    )
    margin: float = param(
        Text("Distance from the edge, in points.", "Distance du bord, en points."),
        title=Text("Margin", "Marge"),
        default=28.0,
        minimum=0,
        maximum=500,
    )
    color: Color = param(
        Text("Its colour.", "Sa couleur."), title=Text("Colour", "Couleur"), default="red"
    )
    opacity: float = param(
        Text("From 0.05 (hardly seen) to 1 (solid).", "De 0,05 (à peine visible) à 1 (plein)."),
        title=Text("Opacity", "Opacité"),
        default=1.0,
        minimum=0.05,
        maximum=1,
    )
    password: str | None = param(PASSWORD, title=PASSWORD_TITLE, default=None, secret=True)
    on_conflict: OnConflict = param(CONFLICT, title=CONFLICT_TITLE, default="fail")


async def simulate_stamp(params: Stamping, context: Context) -> JSON:
    """Return what `stamp` would return, touching nothing."""
    _check(params, context)

    def count() -> int:
        with opened(context, params.file, params.password) as reader:
            chosen(params.pages, len(reader.pages), params.file)
            return len(reader.pages)

    pages = await asyncio.to_thread(count)
    return await foreseen(context, params.target, pages, on_conflict=params.on_conflict)


@connector.action(
    "stamp",
    title=Text("Stamp a PDF", "Tamponner un PDF"),
    about=Text(
        "Write a text on the pages of a copy of a PDF: a mark, a date, page numbers.",
        "Écrit un texte sur les pages d’une copie d’un PDF : une mention, une date, des numéros.",
    ),
    effect="local",
    idempotent="by key",
    result=MADE,
    example={
        "file": "${{ event.file.path }}",
        "target": "files/stamped/${{ event.file.name }}",
        "text": "PAID",
    },
    describe=Text("stamp “{text}” on {file}", "tamponner « {text} » sur {file}"),
    simulate=simulate_stamp,
    undo=files_undo(targets=lambda params, _: [params.target]),
    isolated=True,
    limits=LIMITS,
)
async def stamp(params: Stamping, context: Context) -> JSON:
    """Write a text on the pages of a copy of a PDF."""
    _check(params, context)
    return await asyncio.to_thread(_stamp, params, context)


def _check(params: Stamping, context: Context) -> None:
    if not params.text.strip():
        raise StepError(_EMPTY)
    check_apart(context, params.file, params.target)


def _stamp(params: Stamping, context: Context) -> JSON:
    def fill(file: BinaryIO) -> None:
        with opened(context, params.file, params.password) as reader:
            writer = require("pypdf", "pdf").PdfWriter(clone_from=reader)
            for number in chosen(params.pages, len(writer.pages), params.file):
                _stamp_page(writer.pages[number], number + 1, len(writer.pages), params)
            writer.write(file)

    outcome = save(context, params.target, fill, on_conflict=params.on_conflict)
    with explained(outcome.path):
        pages = count_pages(context, outcome.path)
    return {"path": outcome.path, "pages": pages, "skipped": outcome.is_skipped}


def _stamp_page(page: Any, number: int, count: int, params: Stamping) -> None:
    if page.rotation:
        page.transfer_rotation_to_content()  # so that up is up for what is laid over it
    seen = page.cropbox
    box = Box(
        left=float(seen.left),
        bottom=float(seen.bottom),
        width=float(seen.width),
        height=float(seen.height),
    )
    style = Style(
        position=params.position,
        size=params.size,
        margin=params.margin,
        color=params.color,
        opacity=params.opacity,
    )
    text = params.text.replace("{pages}", str(count)).replace("{page}", str(number))
    page.merge_page(overlay_page(text, box, style))
