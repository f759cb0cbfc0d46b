"""An answer written in a mail: yes, no, or yes with one value changed (features N-15).

The grammar is fixed and small. Whatever is not surely one of its sentences is refused, with the
reason: a wrong yes costs more than a second mail.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final, Literal

from rouage.errors import StepError
from rouage.flow.answers import AnswerError, check_value
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.json import JSON
from rouage.web.fields import read_field

_LONGEST: Final = 20_000
_LONGEST_SAID: Final = 200
_YES: Final = r"oui|yes|ok|okay|d['’]accord|accordé|approuvé|approved|approve|agreed"
_NO: Final = r"non|no|refusé|refused|refuse"
_THANKS: Final = r"merci(?: (?:bien|beaucoup|d['’]avance))?|thanks|thank you|svp|s['’]il vous plaît"
_PLAIN: Final = re.compile(rf"(?:({_YES})|({_NO}))(?:[\s,]+(?:{_THANKS}))?\s*[.!]?", re.IGNORECASE)
_BUT: Final = re.compile(
    rf"(?:{_YES})\s*,?\s*(?:mais|but|avec|with)\s+(?P<said>.+?)\s*[.!]?", re.IGNORECASE
)
_NAMED: Final = re.compile(r"(?P<name>[^\d:=]{1,60}?)\s*[:=]\s*(?P<value>.+)")
_LEAD: Final = re.compile(r"(?:pour|for|à|at)\s+", re.IGNORECASE)
_QUOTE: Final = re.compile(
    r">|-{2,}\s?$|-{3,}|_{5,}|(?:le|on)\s.{0,200}(?:a écrit|wrote)\s?:|(?:de|from)\s?:\s",
    re.IGNORECASE,
)
_CLOSING: Final = re.compile(
    rf"(?:{_THANKS}|cordialement|bien cordialement|bien à vous|salutations|à bientôt|bonne journée|"
    r"(?:best|kind|warm) regards|regards|best|cheers|sincerely|sent from .{1,60}|"
    r"envoyé (?:de|depuis) .{1,60})\s*[,.!]?",
    re.IGNORECASE,
)
_GREETING: Final = re.compile(r"(?:bonjour|bonsoir|hello|hi)\b[^?\d]{0,40}[,.!]?", re.IGNORECASE)

_NOTHING: Final = Text("the mail says nothing", "le mail ne dit rien")
_UNSURE: Final = Text(
    "“{said}” is not surely a yes or a no; answer `yes`, `no`, or `yes but` and a value",
    "« {said} » n’est pas sûrement un oui ou un non ; répondez « oui », « non », ou « oui mais » "
    "et une valeur",
)
_NO_FIELDS: Final = Text(
    "nothing can be changed here: answer `yes` or `no`",
    "rien n’est à changer ici : répondez « oui » ou « non »",
)
_WHICH: Final = Text(
    "“{said}” does not say which value it is: write one of {names}, a colon, and the value",
    "« {said} » ne dit pas quelle valeur c’est : écrivez l’un de {names}, deux-points, la valeur",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a mail says: yes or no, and the values that it changes."""

    choice: Literal["approve", "refuse"]
    fields: Mapping[str, JSON] = field(default_factory=dict)


def read_reply(text: str, fields: Mapping[str, Any]) -> Reply:
    """Return what the body *text* of a mail answers to a question with these *fields*.

    Raises:
        AnswerError: that is not sure, and why; nothing may be taken from it.
    """
    said = _said(text)
    plain = _PLAIN.fullmatch(said)
    if plain is not None:
        return Reply(choice="refuse" if plain[1] is None else "approve")
    changed = _BUT.fullmatch(said)
    if changed is None:
        raise AnswerError(_UNSURE, said=said[:_LONGEST_SAID])
    return Reply(choice="approve", fields=_changes(changed["said"], fields))


def _said(text: str) -> str:
    """Return the one sentence that the mail adds; greetings, closings and quotes do not count.

    Raises:
        AnswerError: there is none, or more than one.
    """
    lines: list[str] = []
    is_closing = False
    for line in text[:_LONGEST].replace("\r\n", "\n").replace("\u00a0", " ").split("\n"):
        line = " ".join(line.split())
        if _QUOTE.match(line):
            break
        if not line or (not lines and _GREETING.fullmatch(line)):
            continue
        is_closing = is_closing or (bool(lines) and _CLOSING.fullmatch(line) is not None)
        if not is_closing or _takes_back(line):
            lines.append(line)
    if not lines:
        raise AnswerError(_NOTHING)
    if len(lines) > 1:
        raise AnswerError(_UNSURE, said=" / ".join(lines)[:_LONGEST_SAID])
    return lines[0]


def _takes_back(line: str) -> bool:
    """Say whether a line below a closing is more than a name: it may change everything."""
    return (
        re.search(rf"\b(?:{_YES}|{_NO}|mais|but|sauf|except|pas|not)\b|\?", line, re.I) is not None
    )


def _changes(said: str, fields: Mapping[str, Any]) -> dict[str, JSON]:
    """Return the one value that is changed, by the name of its field."""
    if not fields:
        raise AnswerError(_NO_FIELDS)
    named = _NAMED.fullmatch(said)
    if named is not None:
        name = _field_called(named["name"], fields)
        if name is not None:
            return {name: _value(name, fields[name], named["value"])}
    fitting: dict[str, JSON] = {}
    failure: AnswerError | None = None
    for name, declared in fields.items():
        try:
            fitting[name] = _value(name, declared, _LEAD.sub("", said, count=1))
        except AnswerError as error:
            failure = error
    # A text takes anything: it is meant only where it is named.
    typed = {name: value for name, value in fitting.items() if not _is_text(fields[name])}
    if len(typed) == 1:
        return typed
    if len(fields) == 1 and failure is not None:
        raise failure
    names = ", ".join(fields)
    raise AnswerError(_WHICH, said=said[:_LONGEST_SAID], names=names)


def _field_called(said: str, fields: Mapping[str, Any]) -> str | None:
    wanted = said.strip().casefold()
    for name, declared in fields.items():
        label = declared.get("label") if isinstance(declared, Mapping) else None
        if wanted in {name.casefold(), str(label or name).casefold()}:
            return name
    return None


def _is_text(declared: Any) -> bool:
    kind = declared.get("type", "text") if isinstance(declared, Mapping) else "text"
    return kind in {"text", "choice"} and not (
        isinstance(declared, Mapping) and isinstance(declared.get("choices"), list)
    )


def _value(name: str, declared: Any, text: str) -> JSON:
    """Return *text* as the field declares it.

    Raises:
        AnswerError: it does not fit.
    """
    declaration = declared if isinstance(declared, Mapping) else {}
    try:
        value = read_field(name, declaration, text)
    except AnswerError:
        raise
    except StepError as error:
        raise AnswerError(Text(error.render("en"), error.render("fr")), field=name) from error
    return check_value(name, declaration, value)
