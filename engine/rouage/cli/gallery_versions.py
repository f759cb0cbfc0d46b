"""Recipes that were made from the gallery, and those of which it has a newer version (U-1.8)."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.recipe_files import read_source
from rouage.cli.session import Session
from rouage.errors import UsageError
from rouage.language import LANGUAGES, Text
from rouage.records import dataclass
from rouage.resources import shipped

if TYPE_CHECKING:
    from rouage.analysis.drafting.gallery import Template
    from rouage.cli.versions import Source

GALLERY: Final = "gallery"
"""The word for the version that the gallery has now, where a version is asked for."""

# Read without a reader of YAML: this is asked for every recipe at every check.
_BLOCK: Final = re.compile(rb"^gallery:[ \t]*(\{[^}\n]*\}|(?:\r?\n(?:[ \t]+[^\n]*)?)+)", re.M)
_ID: Final = re.compile(rb"(?:^|[\s{,])id:[ \t]*[\"']?([a-z][a-z0-9-]{0,62})")
_VERSION: Final = re.compile(rb"(?:^|[\s{,])version:[ \t]*(\d{1,6})\b")

_NEWER: Final = Text(
    "{file} is made from version {version} of “{origin}”, and the gallery has version {newest}: "
    "`rouage diff {recipe} gallery` shows the difference",
    "{file} vient de la version {version} de « {origin} », et la galerie en est à la version "
    "{newest} : « rouage diff {recipe} gallery » montre la différence",
)
_NOT_FROM_THERE: Final = Text(
    "the recipe {recipe} does not come from the gallery, or the gallery no longer has it",
    "la recette {recipe} ne vient pas de la galerie, ou la galerie ne l’a plus",
)
_NO_RECIPE: Final = Text(
    "there is no recipe “{recipe}” here", "il n’y a pas de recette « {recipe} » ici"
)
_SEE: Final = Text(
    "`rouage check` lists the recipes, `rouage new --list` what the gallery has",
    "« rouage check » liste les recettes, « rouage new --list » ce qu’a la galerie",
)
_LABEL: Final = Text("gallery: {origin} {version}", "galerie : {origin} {version}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Which recipe of the gallery a text comes from; version 0 is one that is not written."""

    id: str
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outdated:
    """A recipe of which the gallery has a newer version."""

    path: Path
    origin: Origin
    newest: int

    def as_json(self) -> dict[str, Any]:
        """Return it as data."""
        return {
            "file": self.path.name,
            "template": self.origin.id,
            "version": self.origin.version,
            "newest": self.newest,
        }


def origin_of(source: bytes) -> Origin | None:
    """Return where the recipe *source* says that it comes from."""
    block = _BLOCK.search(source)
    name = None if block is None else _ID.search(block[1])
    if block is None or name is None:
        return None
    version = _VERSION.search(block[1])
    return Origin(id=name[1].decode("ascii"), version=int(version[1]) if version else 0)


def outdated(files: Iterable[Path], shelf: Path | None = None) -> list[Outdated]:
    """Return those of *files* of which the gallery on *shelf* has a newer version."""
    made: dict[Path, Origin] = {}
    for path in files:
        try:
            origin = origin_of(read_source(path))
        except UsageError:
            continue  # its check tells why it cannot be read
        if origin is not None:
            made[path] = origin
    newest = _newest(shelf or shipped("recipes")) if made else {}
    return [
        Outdated(path=path, origin=origin, newest=newest[origin.id])
        for path, origin in made.items()
        if newest.get(origin.id, 0) > origin.version
    ]


def _newest(shelf: Path) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for path in shelf.rglob("*.yaml"):
        origin = origin_of(read_source(path))
        if origin is not None:
            found[origin.id] = max(found.get(origin.id, 0), origin.version)
    return found


def sentence(session: Session, one: Outdated) -> str:
    """Return what is told of an outdated recipe, with the gesture to see the difference."""
    facts = {"version": one.origin.version or "?", "newest": one.newest, "origin": one.origin.id}
    return session.say(_NEWER, file=one.path.name, recipe=one.path.stem, **facts)


def pair_with_gallery(
    session: Session, recipe: str, shelf: Path | None = None
) -> "tuple[Source, Source]":
    """Return the file of *recipe*, and what the gallery would make of the same answers now.

    Raises:
        UsageError: there is no such recipe, or it does not come from there.
    """
    from rouage.cli.new.file import ids_in
    from rouage.cli.versions import Source

    path = ids_in(session.places.recipes).get(recipe)
    if path is None:
        raise UsageError(_NO_RECIPE, hint=_SEE, recipe=recipe[:60])
    text = read_source(path)
    origin = origin_of(text)
    found = None if origin is None else _nearest(text, origin, shelf or shipped("recipes"))
    if origin is None or found is None:
        raise UsageError(_NOT_FROM_THERE, hint=_SEE, recipe=recipe)
    version = found.origin.get("version", "?")
    label = session.say(_LABEL, origin=origin.id, version=version)
    shown = str(path.relative_to(session.places.root))
    return Source(label=shown, text=text), Source(label=label, text=_with_answers(found, text))


def _nearest(text: bytes, origin: Origin, shelf: Path) -> "Template | None":
    """Return the template that *text* was made from, in the language of *text*."""
    from rouage.analysis.drafting.gallery import gallery

    found = {
        template.source: template
        for language in LANGUAGES
        for template in gallery(shelf, language)
        if template.origin.get("id") == origin.id
    }
    words = set(text.split())

    def likeness(source: bytes) -> float:
        other = set(source.split())
        return len(words & other) / max(1, len(words | other))

    best = max(found, key=likeness, default=None)
    return None if best is None else found[best]


def _with_answers(template: "Template", text: bytes) -> bytes:
    """Return the text of *template* with the answers that the recipe *text* has."""
    from rouage.analysis.drafting.filling import UnfillableError, fill
    from rouage.recipes.reader import read

    data: Any = read(text).data
    inputs = data.get("inputs") if isinstance(data, Mapping) else None
    answers = {
        name: one["default"]
        for name, one in (inputs.items() if isinstance(inputs, Mapping) else ())
        if isinstance(one, Mapping) and "default" in one and name in template.inputs
    }
    try:
        return fill(template.source, answers).encode()
    except UnfillableError:
        return template.source
