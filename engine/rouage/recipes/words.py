"""How a sentence names what was wanted and what was found: no Python words."""

from collections.abc import Sequence
from typing import Any, Final

from rouage.language import Text

_KINDS: Final = {
    "string": Text("a text", "un texte"),
    "number": Text("a number", "un nombre"),
    "integer": Text("a whole number", "un nombre entier"),
    "boolean": Text("true or false", "true ou false"),
    "array": Text("a list", "une liste"),
    "object": Text("names with values", "des noms avec des valeurs"),
    "null": Text("nothing", "rien"),
}
_EMPTY: Final = Text("nothing", "rien")
_LIST: Final = Text("a list", "une liste")
_OBJECT: Final = Text("names with values", "des noms avec des valeurs")
_ANY: Final = Text("a value", "une valeur")
_LONGEST: Final = 40


def wanted(kinds: Sequence[str]) -> Text:
    """Return the kinds of values that fit, as a sentence lists them."""
    shown = [kind for kind in kinds if kind != "null"]
    if "string" in shown:
        # A number is welcome as a text; to say so would only confuse.
        shown = [kind for kind in shown if kind not in {"number", "integer"}]
    texts = [_KINDS[kind] for kind in shown if kind in _KINDS]
    if not texts:
        return _ANY
    return Text(" or ".join(text.en for text in texts), " ou ".join(text.fr for text in texts))


def found(value: Any, source: str | None = None) -> Text:
    """Return *value* as a sentence names it."""
    if value is None:
        return _EMPTY
    if isinstance(value, list):
        return _LIST
    if isinstance(value, dict):
        return _OBJECT
    written = source if source is not None else value
    text = str(written).lower() if isinstance(written, bool) else str(written)
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return Text(f"“{short}”", f"« {short} »")
