"""Where a recipe comes from, in a sentence: which one of the gallery, its cost, its gain."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.sentences.parts import Teller
from rouage.analysis.sentences.voice import Line
from rouage.language import Text

_FROM: Final = Text(
    "it is made from “{id}” of the gallery", "elle vient de « {id} » dans la galerie"
)
_VERSION: Final = Text("version {said}", "version {said}")
_COST: Final = Text("costs {said}", "coûte {said}")
_MINUTES: Final = Text("saves {said} minutes each time", "fait gagner {said} minutes à chaque fois")
_NEEDS: Final = Text("uses accounts of type {said}", "utilise des comptes de type {said}")
_WORDS: Final = Text("is found by {said}", "se trouve par {said}")
_PARTS: Final = (
    ("version", _VERSION),
    ("cost", _COST),
    ("minutes", _MINUTES),
    ("needs", _NEEDS),
    ("words", _WORDS),
)


def tell_origin(teller: Teller, gallery: Any) -> list[Line]:
    """Return the sentence about `gallery`, if there is one."""
    if not isinstance(gallery, Mapping):
        return []
    told = [teller.say(_FROM, id=gallery.get("id", "?"))]
    for name, text in _PARTS:
        if gallery.get(name) is not None:
            told.append(teller.say(text, said=teller.values.value(gallery[name])))
    return [Line(depth=0, text=teller.voice.sentence(", ".join(told)), path=("gallery",))]
