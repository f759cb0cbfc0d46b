"""What a rehearsed run waits for: answered as it was told, else with yes, or with silence."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.errors import RouageError
from rouage.flow.answers import AnswerError, check_answer
from rouage.language import Text
from rouage.model.run import WaitRecord
from rouage.rehearsal.answers import Answer
from rouage.sdk.json import JSON

SOMEBODY: Final = Text("somebody", "quelqu’un")

_MADE_UP: Final[Mapping[str, JSON]] = {
    "number": 1,
    "money": 1,
    "integer": 1,
    "boolean": True,
    "date": "2026-01-15",
    "time": "09:00",
    "datetime": "2026-01-15T09:00:00+00:00",
    "email": "somebody@example.org",
    "url": "https://example.org/",
    "list": [],
    "map": {},
    "table": [],
}
_UNFIT: Final = Text(
    "the answer for {step} does not fit: {why}", "la réponse pour {step} ne convient pas : {why}"
)
_NO_ERROR: Final = Text(
    "the step {step} asks or waits: it can be answered, or given `timeout: true`, but no error",
    "l’étape {step} demande ou attend : on peut y répondre, ou écrire « timeout: true », mais pas "
    "d’erreur",
)


class UnfitAnswer(RouageError):  # noqa: N818 - a state, told by its name
    """What was written as an answer cannot be one."""


def replies(wait: WaitRecord, answer: Answer | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield who says what to the question of *wait*: as many people as it needs.

    Raises:
        UnfitAnswer: it would not be accepted.
    """
    asked: Any = wait.question
    question: dict[str, Any] = dict(asked) if isinstance(asked, Mapping) else {}
    given = _given(wait, answer)
    choice = "approve" if given.get("approved", True) else "refuse"
    fields: Any = given.get("fields") or {}
    if answer is None:
        fields = {name: _made_up(one) for name, one in (question.get("fields") or {}).items()}
    payload = {"choice": choice, "fields": fields, "reason": given.get("reason")}
    needed = int(question.get("need") or 1) if choice == "approve" else 1
    people = [str(one) for one in question.get("from") or []]
    named = given.get("by")
    names = [one.strip() for one in str(named).split(",")] if named else people
    for number in range(needed):
        who = names[number] if number < len(names) else f"{SOMEBODY.en} {number + 1}"
        try:
            check_answer(question, payload, who)
        except AnswerError as error:
            why = Text(error.render("en"), error.render("fr"))
            raise UnfitAnswer(_UNFIT, step=wait.path, why=why) from error
        yield who, payload


def refuse_error(wait: WaitRecord) -> UnfitAnswer:
    """Return why a failure cannot be the answer of *wait*."""
    return UnfitAnswer(_NO_ERROR, step=wait.path)


def _given(wait: WaitRecord, answer: Answer | None) -> Mapping[str, Any]:
    if answer is None:
        return {"approved": True}
    if answer.kind == "error":
        raise refuse_error(wait)
    if isinstance(answer.value, bool):
        return {"approved": answer.value}
    return answer.value if isinstance(answer.value, Mapping) else {}


def _made_up(declared: Any) -> JSON:
    """Return what stands in for what somebody would write into a field."""
    declaration: Mapping[str, Any] = declared if isinstance(declared, Mapping) else {}
    value: JSON = declaration.get("value", declaration.get("default"))
    if value is not None:
        return value
    choices = declaration.get("choices")
    if isinstance(choices, list) and choices:
        first: JSON = choices[0]
        return first
    return _MADE_UP.get(str(declaration.get("type", "text")), "…")
