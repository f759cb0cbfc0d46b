"""What a rehearsal took for granted, in sentences."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rouage.language import Language, Text
from rouage.rerun import static_path
from rouage.sdk.json import JSON
from rouage.sdk.quantities import write_duration

_YES: Final = Text("{step} was answered with yes: {ask}", "on a répondu oui à {step} : {ask}")
_YES_SHOWN: Final = Text(
    "{step} was answered with yes: {ask} (shown: {shown})",
    "on a répondu oui à {step} : {ask} (montré : {shown})",
)
_MOST_SHOWN: Final = 5
_LONGEST_SHOWN: Final = 200
_CAME: Final = Text(
    "the event that {step} waits for came, as the sample of its trigger",
    "l’événement qu’attend {step} est venu, tel que l’exemple de son déclencheur",
)
_PASSED: Final = Text("{step}: {duration} passed at once", "{step} : {duration} passés d’un coup")
_RESULT: Final = Text(
    "{step} ({action}) was not called; its result is made up: {result}",
    "{step} ({action}) n’a pas été appelée ; son résultat est inventé : {result}",
)

_STOPPED: Final = Text(
    "an action tried to act all the same, and was stopped ({events})",
    "une action a tenté d’agir malgré tout, et en a été empêchée ({events})",
)

_THERE: Final = Text(
    "the file {path} is there, which it is not now",
    "le fichier {path} est là, ce qui n’est pas le cas",
)

_NO_ACCOUNT: Final = Text(
    "there is an account of type {kind}, which is not described in rouage.yaml yet",
    "il y a un compte de type {kind}, qui n’est pas encore décrit dans rouage.yaml",
)

_MORE: Final = Text("{note} (and {count} more like it)", "{note} (et {count} autres pareils)")


class Notes:
    """What was taken for granted, once for each place in the recipe."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], Text] = {}
        self._more: dict[tuple[str, str], int] = {}

    def add(self, recipe: str, path: str, note: Text) -> None:
        """Note what was assumed at *path* of a run: the first turn of a loop stands for all."""
        key = recipe, static_path(path)
        if key in self._first:
            self._more[key] = self._more.get(key, 0) + 1
        else:
            self._first[key] = note

    def all(self) -> tuple[Text, ...]:
        """Return the notes in the order of the first of each."""
        return tuple(_with_more(note, self._more.get(key)) for key, note in self._first.items())


def _with_more(note: Text, more: int | None) -> Text:
    if more is None:
        return note
    return Text(*(_MORE.render(one, {"note": text, "count": more}) for one, text in _both(note)))


def _both(note: Text) -> list[tuple[Language, str]]:
    return [("en", note.en), ("fr", note.fr)]


def said_yes(step: str, question: JSON) -> Text:
    """Return the note about a question that was answered with yes."""
    given: Mapping[str, Any] = question if isinstance(question, Mapping) else {}
    items: Any = given.get("show") or ()
    seen = [_name_of(item) for item in items if isinstance(item, Mapping)]
    shown = [name for name in seen if name]
    text = _YES_SHOWN if shown else _YES
    return text.fill(step=step, ask=given.get("ask") or "?", shown=", ".join(shown[:_MOST_SHOWN]))


def _name_of(item: Mapping[str, Any]) -> str:
    """Return how a thing that is shown is called: a file by its path, a text by itself."""
    return str(item.get("path") or item.get("text") or "")[:_LONGEST_SHOWN]


def no_account(kind: str) -> Text:
    """Return the note about an account that is missing."""
    return _NO_ACCOUNT.fill(kind=kind)


def event_came(step: str) -> Text:
    """Return the note about an event that was taken to have come."""
    return _CAME.fill(step=step)


def time_passed(step: str, before: datetime, after: datetime) -> Text:
    """Return the note about a wait that was passed over."""
    return _PASSED.fill(step=step, duration=write_duration((after - before).total_seconds()))


def made_up(step: str, action: str, result: str) -> Text:
    """Return the note about a result that stands in for one that nobody knows."""
    return _RESULT.fill(step=step, action=action, result=result)


def stopped_acting(events: Sequence[str]) -> Text:
    """Return the note about an action that tried to act all the same."""
    return _STOPPED.fill(events=", ".join(dict.fromkeys(events)))


def file_is_there(path: str) -> Text:
    """Return the note about a file that the event tells of, and that is not there."""
    return _THERE.fill(path=path)
