"""Is this answer to a question one? Judged by the flow, and by whoever takes answers in."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from rouage.errors import StepError
from rouage.language import Text, as_text
from rouage.sdk.json import JSON
from rouage.sdk.quantities import parse_duration

CHOICES: Final = ("approve", "refuse")
_LONGEST_REASON: Final = 2_000
_LONGEST_TEXT: Final = 65_536
_EMAIL: Final = re.compile(r"[^@\s<>]+@[^@\s<>.]+(?:\.[^@\s<>.]+)+")
_MONEY: Final = re.compile(r"[-+]?\d[\d\s'’.,]*(?:\s?[€$£]|\s?[A-Z]{3})?", re.ASCII)
_PHONE: Final = re.compile(r"\+?[\d\s().\-/]{3,40}")
_URL: Final = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)

_NO_CHOICE: Final = Text(
    "an answer says approve or refuse",
    "une réponse dit approve (accepter) ou refuse (refuser)",
)
_CHANGED: Final = Text(
    "what was shown has changed since; look at the question again",
    "ce qui était montré a changé entre-temps ; relisez la question",
)
_NOT_ASKED: Final = Text(
    "{author} is not among those who may answer: {people}",
    "{author} n’est pas parmi ceux qui peuvent répondre : {people}",
)
_UNKNOWN_FIELD: Final = Text("“{field}” is not asked for", "« {field} » n’est pas demandé")
_MISSING: Final = Text("“{field}” must be filled in", "« {field} » doit être rempli")
_UNFIT: Final = Text("“{field}” must be {wanted}", "« {field} » doit être {wanted}")
_LEAST: Final = Text(
    "“{field}” must be at least {limit}", "« {field} » doit valoir au moins {limit}"
)
_MOST: Final = Text("“{field}” must be at most {limit}", "« {field} » doit valoir au plus {limit}")
_PATTERN: Final = Text(
    "“{field}” does not have the form that is wanted",
    "« {field} » n’a pas la forme attendue",
)


class AnswerError(StepError):
    """Report an answer that cannot be taken; `field` says which field is at fault, if one is."""

    def __init__(self, message: Text, *, field: str | None = None, **facts: Any) -> None:
        self.field = field
        if field is not None:
            facts["field"] = field
        super().__init__(message, **facts)


def check_answer(question: Mapping[str, Any], payload: JSON, author: str) -> dict[str, JSON]:
    """Return *payload* as it is to be recorded.

    Raises:
        AnswerError: it does not answer *question*, or *author* may not answer it.
    """
    if not isinstance(payload, Mapping) or payload.get("choice") not in CHOICES:
        raise AnswerError(_NO_CHOICE)
    people = question.get("from") or []
    if people and author not in people:
        raise AnswerError(_NOT_ASKED, author=author, people=", ".join(map(str, people)))
    shown = question.get("digest")
    if payload.get("shown", shown) != shown:
        raise AnswerError(_CHANGED)
    reason = payload.get("reason")
    clean: dict[str, JSON] = {
        "choice": payload["choice"],
        "reason": str(reason)[:_LONGEST_REASON] if reason else None,
        "shown": shown,
        "fields": {},
    }
    if payload["choice"] == "approve":
        clean["fields"] = check_fields(question.get("fields") or {}, payload.get("fields") or {})
    return clean


def check_fields(declared: Mapping[str, Any], given: Any) -> dict[str, JSON]:
    """Return the value of every declared field, those not given as they were proposed.

    Raises:
        AnswerError: one is unknown, missing or unfit.
    """
    values = given if isinstance(given, Mapping) else {}
    for name in values:
        if name not in declared:
            raise AnswerError(_UNKNOWN_FIELD, field=str(name))
    return {name: _value(name, one, values) for name, one in declared.items()}


def _value(name: str, declared: Any, given: Mapping[str, Any]) -> JSON:
    declaration = declared if isinstance(declared, Mapping) else {}
    value = given.get(name, declaration.get("value", declaration.get("default")))
    if value is None or value == "":
        if declaration.get("required", True) is False:
            return None
        raise AnswerError(_MISSING, field=name)
    return check_value(name, declaration, value)


def check_value(name: str, declaration: Mapping[str, Any], value: Any) -> JSON:
    """Return *value* as the declaration of an input wants it.

    Raises:
        AnswerError: it does not fit.
    """
    kind = str(declaration.get("type", "text"))
    wanted, fits = _KINDS.get(kind, _KINDS["text"])
    if not fits(value):
        raise AnswerError(_UNFIT, field=name, wanted=wanted)
    choices = declaration.get("choices")
    if isinstance(choices, list) and value not in choices:
        listed = ", ".join(map(str, choices))
        wanted = Text(f"one of {listed}", f"l’un de {listed}")
        raise AnswerError(_UNFIT, field=name, wanted=wanted)
    _check_bounds(name, declaration, value)
    found: JSON = value
    return found


def _check_bounds(name: str, declaration: Mapping[str, Any], value: Any) -> None:
    least, most = declaration.get("min"), declaration.get("max")
    size = value if isinstance(value, int | float) else len(value) if value else 0
    if isinstance(least, int | float) and size < least:
        raise AnswerError(_LEAST, field=name, limit=least)
    if isinstance(most, int | float) and size > most:
        raise AnswerError(_MOST, field=name, limit=most)
    pattern = declaration.get("pattern")
    if isinstance(pattern, str) and isinstance(value, str) and not _matches(pattern, value):
        raise AnswerError(_PATTERN, field=name)


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value[:1_000]) is not None
    except re.error:
        return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reads(read: Callable[[str], Any]) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        try:
            read(str(value))
        except ValueError:
            return False
        return isinstance(value, str)

    return fits


def _any(_: Any) -> bool:
    return True


_KINDS: Final[Mapping[str, tuple[Text, Callable[[Any], bool]]]] = {
    "text": (Text("a text", "un texte"), _is_text),
    "number": (Text("a number", "un nombre"), _is_number),
    "money": (
        Text("an amount, such as 12.50", "un montant, comme 12,50"),
        lambda v: _is_number(v) or (_is_text(v) and _MONEY.fullmatch(v.strip()) is not None),
    ),
    "duration": (Text("a duration, such as 3d", "une durée, comme 3d"), _reads(parse_duration)),
    "phone": (
        Text("a phone number", "un numéro de téléphone"),
        lambda v: _is_text(v) and _PHONE.fullmatch(v.strip()) is not None,
    ),
    "integer": (
        Text("a whole number", "un nombre entier"),
        lambda v: isinstance(v, int) and not isinstance(v, bool),
    ),
    "boolean": (Text("yes or no", "oui ou non"), lambda v: isinstance(v, bool)),
    "date": (Text("a date, such as 2026-11-24", "une date, comme 2026-11-24"),
             _reads(date.fromisoformat)),
    "time": (Text("a time, such as 18:30", "une heure, comme 18:30"), _reads(time.fromisoformat)),
    "datetime": (
        Text("a date and time", "une date et une heure"), _reads(datetime.fromisoformat)
    ),
    "email": (
        Text("an e-mail address", "une adresse e-mail"),
        lambda v: isinstance(v, str) and _EMAIL.fullmatch(v) is not None,
    ),
    "url": (
        Text("a web address", "une adresse web"),
        lambda v: isinstance(v, str) and _URL.match(v) is not None,
    ),
    "list": (Text("a list", "une liste"), lambda v: isinstance(v, list)),
    "map": (Text("names with values", "des noms avec des valeurs"), lambda v: isinstance(v, dict)),
    "choice": (Text("one of the choices", "l’un des choix"), _any),
    "table": (Text("a table", "un tableau"), _any),
}  # fmt: skip


def as_error(error: AnswerError) -> Text:
    """Return the sentence of *error* in both languages."""
    return as_text(Text(error.render("en"), error.render("fr")))
