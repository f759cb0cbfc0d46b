"""The action `photo.gallery`: photos with a page that shows them, as a folder or as one ZIP."""

import asyncio
from typing import Any, Final, Literal

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage.sdk.extras import require
from rouage.sdk.files import OnConflict, preview
from rouage.sdk.undoing import files_undo
from rouage_connectors.photo.darkroom import Darkroom
from rouage_connectors.photo.declaration import (
    CONFLICT_TITLE,
    EXTRA,
    FAILED,
    LIMITS,
    MATCH,
    MATCH_TITLE,
    PHOTOS_TITLE,
    TARGET_TITLE,
    connector,
)
from rouage_connectors.photo.gallery_contents import Contents, Entry, collect, entries_of
from rouage_connectors.photo.gallery_placing import place_folder, place_zip

_INDEX: Final = "index.html"
_TITLE: Final = "Photos"
_RENAME: Final = Text(
    "a gallery in a folder cannot be given another name by itself",
    "une galerie dans un dossier ne peut pas prendre un autre nom d’elle-même",
)
_RENAME_HINT: Final = Text(
    "give a target that ends in .zip, or another folder",
    "donnez une cible qui finit par .zip, ou un autre dossier",
)


@params
class Gallery:
    """Which photos, where to, and what the page says."""

    photos: str | list[str] = param(
        Text(
            "A photo, a list of photos, or a folder of them. They are handed over as they are: "
            "`photo.process` first takes out where they were taken.",
            "Une photo, une liste de photos, ou un dossier de photos. Elles sont remises telles "
            "quelles : « photo.process » en retire d’abord le lieu de prise de vue.",
        ),
        title=PHOTOS_TITLE,
        format="path",
        examples=["files/photos"],
    )
    target: str = param(
        Text(
            "The gallery to make: a folder, or one file to hand over if it ends in .zip.",
            "La galerie à faire : un dossier, ou un seul fichier à remettre si elle finit "
            "par .zip.",
        ),
        title=TARGET_TITLE,
        format="path",
        examples=["files/gallery.zip"],
    )
    title: str = param(
        Text("Title of the page.", "Titre de la page."),
        title=Text("Title", "Titre"),
        default=_TITLE,
        max_length=200,
    )
    text: str = param(
        Text("A sentence below the title.", "Une phrase sous le titre."),
        title=Text("Text", "Texte"),
        default="",
        max_length=2_000,
    )
    match: str | list[str] | None = param(MATCH, title=MATCH_TITLE, default=None, format="glob")
    small: int = param(
        Text("Longest side of the small photos, in pixels.", "Plus grand côté des vignettes, "
             "en pixels."),
        title=Text("Small photos", "Vignettes"),
        default=640,
        minimum=160,
        maximum=2_000,
    )  # fmt: skip
    language: Literal["en", "fr"] = param(
        Text("Language of the page.", "Langue de la page."),
        title=Text("Language", "Langue"),
        default="fr",
    )
    on_conflict: OnConflict = param(
        Text(
            "What to do if it exists: fail, skip, overwrite, or (a .zip only) rename.",
            "Que faire si elle existe : fail, skip, overwrite, ou (un .zip seulement) rename.",
        ),
        title=CONFLICT_TITLE,
        default="fail",
    )


def _is_zip(params: Gallery) -> bool:
    return params.target.lower().endswith(".zip")


def _entries(params: Gallery, context: Context) -> list[Entry]:
    apart = None if _is_zip(params) else params.target
    return entries_of(context, params.photos, params.match, apart=apart)


def _root(params: Gallery, context: Context) -> str:
    """Return the archive, or the folder of the gallery.

    Raises:
        StepError: it is not allowed.
    """
    if not _is_zip(params) and params.on_conflict == "rename":
        raise StepError(_RENAME, hint=_RENAME_HINT)
    return str(context.files.check(params.target, "write"))


def _targets(params: Gallery, context: Context) -> list[str]:
    root = _root(params, context)
    if _is_zip(params):
        return [root]
    names = [name for one in _entries(params, context) for name in (one.large, one.small)]
    return [f"{root}/{name}" for name in (_INDEX, *names)]


async def simulate_gallery(params: Gallery, context: Context) -> JSON:
    """Return what `gallery` would return if every photo can be read."""

    def foresee() -> JSON:
        count = len(_entries(params, context))
        outcomes = [
            preview(context.files, target, on_conflict=params.on_conflict)
            for target in _targets(params, context)
        ]
        if outcomes[0].is_skipped:
            return _result(outcomes[0].path, [], count, None)
        paths = [outcome.path for outcome in outcomes if not outcome.is_skipped]
        return _result(paths[0], paths, count, None)

    return await asyncio.to_thread(foresee)


def _paths(result: Any) -> list[str]:
    return [str(path) for path in result["files"]]


@connector.action(
    "gallery",
    title=Text("Make a gallery", "Faire une galerie"),
    about=Text(
        "Hand photos over with a page that shows them, as a folder or as one ZIP.",
        "Remet des photos avec une page qui les montre, en un dossier ou en un seul ZIP.",
    ),
    effect="local",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "path": {
                "type": "string",
                "format": "path",
                "description": "The page, or the ZIP that holds it",
            },
            "photos": {"type": "integer", "description": "How many photos it shows"},
            "files": {
                "type": "array",
                "items": {"type": "string", "format": "path"},
                "description": "All files made, the page first",
            },
            "failed": FAILED,
            "skipped": {"type": "boolean", "description": "Whether nothing was done"},
        },
        "required": ["path", "photos", "files", "failed", "skipped"],
    },
    example={"photos": "files/photos", "target": "files/gallery.zip", "title": "Spring"},
    describe=Text(
        "make a gallery of {photos} in {target}", "faire une galerie de {photos} dans {target}"
    ),
    simulate=simulate_gallery,
    undo=files_undo(targets=_targets, results=_paths),
    isolated=True,
    limits=LIMITS,
)
async def gallery(params: Gallery, context: Context) -> JSON:
    """Hand photos over with a page that shows them; one that cannot be read is left out."""
    return await asyncio.to_thread(_make, params, context)


def _make(params: Gallery, context: Context) -> JSON:
    require("PIL.Image", EXTRA)
    root, entries = _root(params, context), _entries(params, context)
    with Darkroom() as room, collect(context, room, entries, longest=params.small) as contents:
        page = contents.page(params.title or _TITLE, params.text, language=params.language)
        place = place_zip if _is_zip(params) else place_folder
        paths = place(context, root, page, contents, on_conflict=params.on_conflict)
        for path in paths:
            context.wrote(path)
        opened = paths[0] if paths else root if _is_zip(params) else f"{root}/{_INDEX}"
        return _result(opened, paths, len(contents.items), contents)


def _result(path: str, paths: list[str], count: int, contents: Contents | None) -> JSON:
    return {
        "path": path,
        "photos": count,
        "files": [*paths],
        "failed": [] if contents is None else [one.record() for one in contents.missed],
        "skipped": not paths,
    }
