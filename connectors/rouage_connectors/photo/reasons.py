"""Why a photo cannot be used, said as the error of a whole step."""

from typing import Final

from rouage.sdk import StepError, Text
from rouage.sdk.files import shown

_ONE: Final = Text("{path}: {reason}", "{path} : {reason}")
_ALL: Final = Text(
    "none of the {count} photos can be used; {path}: {reason}",
    "aucune des {count} photos n’est utilisable ; {path} : {reason}",
)


def unusable(path: str, reason: StepError, *, of: int = 1) -> StepError:
    """Return the error of a step that can use none *of* so many photos: *path*, for *reason*."""
    hint = None
    if reason.hint is not None:
        hint = Text(reason.render_hint("en") or "", reason.render_hint("fr") or "")
    why = Text(reason.render("en"), reason.render("fr"))
    text = _ONE if of == 1 else _ALL
    return StepError(text, hint=hint, count=of, path=shown(path), reason=why)
