"""How a rehearsal ended, in the words of tests: a state, and why the recipe would not start."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.language import Text
from rouage.model.event import Verdict
from rouage.rehearsal.scene import Performance

NOT_TRIGGERED: Final = "not_triggered"

_REFUSED: Final = Text(
    "the condition is false: {expression}", "la condition est fausse : {expression}"
)
_FAILED: Final = Text(
    "a condition could not be worked out: {message}",
    "une condition n’a pas pu être calculée : {message}",
)
_LOOPED: Final = Text("recipes start each other in a circle", "des recettes se lancent en rond")
_OTHER: Final = Text(
    "the event was not taken: {outcome}", "l’événement n’a pas été pris : {outcome}"
)


def state_of(performance: Performance) -> str:
    """Return the state of the run, or `not_triggered`."""
    return NOT_TRIGGERED if performance.run is None else performance.run.state


def why_not(verdict: Verdict) -> Text:
    """Return why the recipe would not start."""
    if verdict.outcome == "refused":
        last: Any = verdict.conditions[-1] if verdict.conditions else {}
        return _REFUSED.fill(expression=last.get("expression", "?"))
    if verdict.outcome == "failed":
        return message_of(verdict.error, _FAILED)
    return _LOOPED if verdict.outcome == "looped" else _OTHER.fill(outcome=verdict.outcome)


def message_of(record: Any, text: Text | None = None) -> Text:
    """Return the sentence of an error's *record*, inside *text* where given."""
    message = record.get("message") if isinstance(record, Mapping) else None
    if isinstance(message, Mapping):
        found = Text(str(message.get("en", "?")), str(message.get("fr", "?")))
    else:
        found = Text(str(message or record), str(message or record))
    if text is None:
        return found
    return Text(text.render("en", {"message": found.en}), text.render("fr", {"message": found.fr}))
