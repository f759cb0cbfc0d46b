"""The action `photo.contact_sheet`: many photos on few pages, alone or as before and after."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

from rouage.sdk import JSON, Context, StepError, Text
from rouage.sdk.extras import require
from rouage.sdk.files import Outcome, preview, shown, write
from rouage.sdk.records import dataclass
from rouage.sdk.undoing import files_undo
from rouage_connectors.photo.choosing import sources
from rouage_connectors.photo.contact_sheet_drawing import Page, Shot, draw_page
from rouage_connectors.photo.contact_sheet_layout import Layout, lay_out
from rouage_connectors.photo.contact_sheet_pdf import PicturePdf
from rouage_connectors.photo.contact_sheet_wishes import Sheet
from rouage_connectors.photo.darkroom import Darkroom
from rouage_connectors.photo.declaration import EXTRA, FAILED, LIMITS, connector
from rouage_connectors.photo.gallery_photos import Missed, Small, smaller

_BEFORE: Final = Text("before", "avant")
_AFTER: Final = Text("after", "après")
_UNREADABLE: Final = Text("cannot be read", "illisible")
_UNLIKE: Final = Text(
    "there are {photos} photos and {before} photos from before",
    "il y a {photos} photos et {before} photos d’avant",
)
_UNLIKE_HINT: Final = Text(
    "give one photo from before for each photo, in the same order",
    "donnez une photo d’avant pour chaque photo, dans le même ordre",
)
_AMONG: Final = Text(
    "{path} would lie among the photos, and be taken for one of them the next time",
    "{path} serait parmi les photos, et prise pour l’une d’elles la fois suivante",
)
_AMONG_HINT: Final = Text(
    "put the sheet into another folder, or make a .pdf of it",
    "mettez la planche dans un autre dossier, ou faites-en un .pdf",
)
_ORIGINAL: Final = Text(
    "{path} is one of the photos and would be replaced: give another target",
    "{path} est l’une des photos et serait remplacée : donnez une autre cible",
)
_ENDING: Final = Text(
    "a contact sheet is a JPEG or a PDF, not “{name}”",
    "une planche contact est un JPEG ou un PDF, pas « {name} »",
)
_ENDING_HINT: Final = Text(
    "let the target end in .jpg or .pdf", "faites finir la cible par .jpg ou .pdf"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """What goes on which page, and where each page goes."""

    paths: list[str]
    before: list[str]
    layout: Layout
    targets: list[str]
    is_pdf: bool

    def photos_of(self, part: range) -> list[str]:
        """Return the photos of one page; of a pair, the earlier one first."""
        if not self.before:
            return [self.paths[number] for number in part]
        return [one for n in part for one in (self.before[n], self.paths[n])]

    @property
    def parts(self) -> list[range]:
        """Return the numbers of the photos of each page."""
        return list(self.layout.parts(len(self.paths)))


def _plan(params: Sheet, context: Context) -> _Plan:
    target = context.files.check(params.target, "write")
    ending = target.suffix.lower()
    if ending not in {".jpg", ".jpeg", ".pdf"}:
        raise StepError(_ENDING, hint=_ENDING_HINT, name=shown(target.name))
    paths = _photos(params, context, target)
    before = [str(context.files.check(path, "read")) for path in params.before]
    if before and len(before) != len(paths):
        raise StepError(_UNLIKE, hint=_UNLIKE_HINT, photos=len(paths), before=len(before))
    layout = lay_out(
        len(paths),
        longest=params.longest,
        shape=params.shape,
        columns=params.columns,
        has_pairs=bool(before),
        has_title=bool(params.title),
    )
    is_pdf = ending == ".pdf"
    targets = _targets(target, 1 if is_pdf else layout.pages(len(paths)))
    for path in {*targets} & {*paths, *before}:
        raise StepError(_ORIGINAL, path=shown(path))
    return _Plan(paths=paths, before=before, layout=layout, targets=targets, is_pdf=is_pdf)


def _targets(target: Path, files: int) -> list[str]:
    if files == 1:
        return [str(target)]
    width = len(str(files))
    names = (f"{target.stem}-{n:0{width}}{target.suffix}" for n in range(1, files + 1))
    return [str(target.with_name(name)) for name in names]


def _photos(params: Sheet, context: Context, target: Path) -> list[str]:
    """Return the photos to show.

    Raises:
        StepError: the sheet would lie among them, and be taken for one of them the next time.
    """
    named = [params.photos] if isinstance(params.photos, str) else params.photos
    if target.suffix.lower() != ".pdf":
        for name in named:
            folder = context.files.check(name, "read")
            if folder in target.parents and folder.is_dir():
                raise StepError(_AMONG, hint=_AMONG_HINT, path=shown(target))
    return [source.path for source in sources(context, params.photos, params.match)]


async def simulate_sheet(params: Sheet, context: Context) -> JSON:
    """Return what `contact_sheet` would return if every photo can be read."""

    def foresee() -> JSON:
        plan = _plan(params, context)
        outcomes = [
            preview(context.files, target, on_conflict=params.on_conflict)
            for target in plan.targets
        ]
        return _result(plan, outcomes, [])

    return await asyncio.to_thread(foresee)


def _paths(result: Any) -> list[str]:
    return [str(path) for path in result["paths"]]


@connector.action(
    "contact_sheet",
    title=Text("Make a contact sheet", "Faire une planche contact"),
    about=Text(
        "Show many photos on few pages, alone or as before and after.",
        "Montre beaucoup de photos sur quelques pages, seules ou avant et après.",
    ),
    effect="local",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "path": {"type": "string", "format": "path", "description": "The first page"},
            "paths": {
                "type": "array",
                "items": {"type": "string", "format": "path"},
                "description": "All files made",
            },
            "pages": {"type": "integer", "description": "How many pages"},
            "photos": {"type": "integer", "description": "How many photos or pairs"},
            "failed": FAILED,
            "skipped": {"type": "boolean", "description": "Whether nothing was done"},
        },
        "required": ["path", "paths", "pages", "photos", "failed", "skipped"],
    },
    example={"photos": "files/photos", "target": "files/sheet.pdf", "title": "Spring"},
    describe=Text(
        "make a contact sheet of {photos} in {target}",
        "faire une planche contact de {photos} dans {target}",
    ),
    simulate=simulate_sheet,
    undo=files_undo(targets=lambda params, context: _plan(params, context).targets, results=_paths),
    isolated=True,
    limits=LIMITS,
)
async def contact_sheet(params: Sheet, context: Context) -> JSON:
    """Show many photos on few pages; one that cannot be read leaves a place with its name."""
    return await asyncio.to_thread(_make, params, context)


def _make(params: Sheet, context: Context) -> JSON:
    require("PIL.Image", EXTRA)
    plan = _plan(params, context)
    with Darkroom() as room:
        maker = _Maker(params, context, plan, room)
        outcomes = maker.write_pdf() if plan.is_pdf else maker.write_pages()
        missed = maker.missed()
    for outcome in outcomes:
        if not outcome.is_skipped:
            context.wrote(outcome.path)
    return _result(plan, outcomes, missed)


def _result(plan: _Plan, outcomes: Sequence[Outcome], missed: Sequence[Missed]) -> JSON:
    return {
        "path": outcomes[0].path,
        "paths": [outcome.path for outcome in outcomes if not outcome.is_skipped],
        "pages": plan.layout.pages(len(plan.paths)),
        "photos": len(plan.paths),
        "failed": [one.record() for one in missed],
        "skipped": all(outcome.is_skipped for outcome in outcomes),
    }


class _Maker:
    """Makes the pages one after the other: no more than one is in memory."""

    def __init__(self, params: Sheet, context: Context, plan: _Plan, room: Darkroom) -> None:
        self._params, self._context, self._plan, self._room = params, context, plan, room
        self._missed: dict[str, Missed] = {}
        self._drawn: set[int] = set()
        self._is_skipped = False

    def write_pdf(self) -> list[Outcome]:
        """Write all pages into one document."""

        def fill(file: BinaryIO) -> None:
            document = PicturePdf(file)
            for number in range(len(self._plan.parts)):
                picture, width, height = self._page(number)
                document.add(picture, width=width, height=height)
            document.end(language=self._params.language)

        return [self._write(self._plan.targets[0], fill, part="")]

    def write_pages(self) -> list[Outcome]:
        """Write each page into a file of its own."""

        def filling(number: int) -> Any:
            return lambda file: file.write(self._page(number)[0])

        return [
            self._write(target, filling(number), part=f"/{number}")
            for number, target in enumerate(self._plan.targets)
        ]

    def missed(self) -> list[Missed]:
        """Return the photos that could not be read, in their order.

        A page of an earlier call with this key is not drawn again: its photos are looked at.
        """
        for number, part in enumerate(self._plan.parts):
            if number not in self._drawn and not self._is_skipped:
                for one in self._small(part, 64):
                    self._note(one)
        every = self._plan.photos_of(range(len(self._plan.paths)))
        return [self._missed[path] for path in dict.fromkeys(every) if path in self._missed]

    def _write(self, target: str, fill: Any, *, part: str) -> Outcome:
        outcome = write(
            self._context.files,
            target,
            fill,
            on_conflict=self._params.on_conflict,
            key=self._context.idempotency_key + part,
        )
        self._is_skipped |= outcome.is_skipped
        return outcome

    def _page(self, number: int) -> tuple[bytes, int, int]:
        plan, part = self._plan, self._plan.parts[number]
        count, said = len(plan.parts), self._params.language
        cells = list(self._cells(part))
        self._drawn.add(number)
        around = Page(
            title=shown(self._params.title) or None,
            foot=f"{number + 1} / {count}" if count > 1 else None,
            unreadable=_UNREADABLE.fr if said == "fr" else _UNREADABLE.en,
        )
        return draw_page(plan.layout, around, cells, is_cut=not plan.is_pdf)

    def _cells(self, part: range) -> Iterator[list[Shot]]:
        """Yield the photos of one page, each alone or with the one from before."""
        together = 2 if self._plan.before else 1
        shots: list[Shot] = []
        for place, one in enumerate(self._small(part, max(self._plan.layout.box))):
            self._note(one)
            path = self._plan.photos_of(part)[place]
            shots.append(Shot(picture=one, caption=self._caption(path, place)))
            if len(shots) == together:
                yield shots
                shots = []

    def _caption(self, path: str, place: int) -> str:
        name = shown(PurePosixPath(path).name) if self._params.names else ""
        if not self._plan.before:
            return name
        text = _AFTER if place % 2 else _BEFORE
        word = text.fr if self._params.language == "fr" else text.en
        return f"{word} : {name}" if name else word.capitalize()

    def _small(self, part: range, longest: int) -> Iterator[Small | Missed]:
        paths = self._plan.photos_of(part)
        return smaller(self._context, self._room, paths, longest=longest, form="pixels")

    def _note(self, one: Small | Missed) -> None:
        if isinstance(one, Missed):
            self._missed[one.source] = one
