"""What people read when they are asked by mail: the question with its proof, and answers back."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.language import Language, Text
from rouage.model.run import WaitRecord
from rouage.sdk.json import JSON
from rouage.web.fields import write_field
from rouage.web.questions import ShownFile, fields_of, table_rows
from rouage.web.runs import closing_of
from rouage.web.wording import size_of, when

_LONGEST_SUBJECT: Final = 150
_LONGEST_CELL: Final = 200
_LONGEST_TEXT: Final = 20_000
_MOST_ROWS: Final = 200

_SUBJECTS: Final[Mapping[str, Text]] = {
    "approval_waiting": Text("Your decision: {ask}", "Votre décision : {ask}"),
    "approval_reminder": Text("Reminder, your decision: {ask}", "Rappel, votre décision : {ask}"),
    "approval_escalated": Text("Your decision: {ask}", "Votre décision : {ask}"),
}
_HELD_SUBJECTS: Final[Mapping[str, Text]] = {
    "outbox_held": Text("About to leave: {ask}", "Sur le départ : {ask}"),
    "outbox_repeated": Text("A second time today: {ask}", "Deuxième fois aujourd’hui : {ask}"),
}
_LEAVES: Final = Text(
    "It leaves by itself on {time}.\nAnswer this mail with one line: no, and it does not leave; "
    "yes, and it leaves at once.",
    "Le départ se fait seul le {time}.\nRépondez à ce mail par une ligne : non, et rien ne part ; "
    "oui, et cela part tout de suite.",
)
_REPEATED: Final = Text(
    "The same left today already, in the run {run}.",
    "La même chose est déjà partie aujourd’hui, dans l’exécution {run}.",
)
_ESCALATED: Final = Text(
    "Nobody decided in time, so you are asked.",
    "Personne n’a décidé à temps : c’est à vous que la question est posée.",
)
_ATTACHED: Final = Text("Attached: {name} ({size})", "Pièce jointe : {name} ({size})")
_NOT_ATTACHED: Final = Text(
    "Not attached, since it is large: {name} ({size}, SHA-256 {digest})",
    "Non joint, car volumineux : {name} ({size}, SHA-256 {digest})",
)
_CHANGED: Final = Text(
    "{name} has changed since the question was asked: a yes will not be taken",
    "{name} a changé depuis que la question est posée : un oui ne sera pas pris en compte",
)
_PROPOSED: Final = Text("{label}: {value}", "{label} : {value}")
_EMPTY: Final = Text("{label}: (nothing yet)", "{label} : (rien pour l’instant)")
_HOW: Final = Text(
    "Answer this mail with one line: yes, or no.",
    "Répondez à ce mail par une ligne : oui, ou non.",
)
_HOW_FIELDS: Final = Text(
    "Answer this mail with one line: yes, no, or yes with another value, such as “{example}”.",
    "Répondez à ce mail par une ligne : oui, non, ou oui avec une autre valeur, "
    "comme « {example} ».",
)
_EXAMPLE: Final = Text("yes but {label}: {value}", "oui mais {label} : {value}")
_A_VALUE: Final = Text("the value", "la valeur")
_UNTIL: Final = Text(
    "Until {time}. Without an answer, nothing is taken for a yes.",
    "Jusqu’au {time}. Sans réponse, rien ne vaut oui.",
)
_WHENEVER: Final = Text(
    "Without an answer, nothing is taken for a yes.", "Sans réponse, rien ne vaut oui."
)
_TAKEN: Final[Mapping[str, Text]] = {
    "approve": Text("Noted: yes.", "C’est noté : oui."),
    "refuse": Text("Noted: no.", "C’est noté : non."),
    "send": Text("Noted: it leaves now.", "C’est noté : cela part maintenant."),
    "cancel": Text("Noted: it does not leave.", "C’est noté : rien ne part."),
}
_ABOUT: Final = Text("The question was: {ask}", "La question était : {ask}")
_NOT_TAKEN: Final = Text("Nothing was decided: {reason}.", "Rien n’a été décidé : {reason}.")


def subject_of(kind: str, ask: str, language: Language) -> str:
    """Return the subject of a letter of this *kind* about the question *ask*."""
    known = {**_SUBJECTS, **_HELD_SUBJECTS}
    said = known.get(kind, known["approval_waiting"]).render(language, {"ask": ask})
    return " ".join("".join(one if one.isprintable() else " " for one in said).split())[
        :_LONGEST_SUBJECT
    ]


def asked_of(wait: WaitRecord | None) -> str:
    """Return what is asked in one sentence; of a call in the outbox, what it would do."""
    question = None if wait is None else wait.question
    if not isinstance(question, Mapping):
        return ""
    return str(question.get("ask") or question.get("say") or "")


def question_text(
    wait: WaitRecord, kind: str, files: Mapping[ShownFile, str], zone: ZoneInfo, language: Language
) -> str:
    """Return the text of a letter that asks; *files* says of each whether it is attached."""
    if wait.kind == "hold":
        return held_text(wait, zone, language)
    question: Any = wait.question if isinstance(wait.question, Mapping) else {}
    parts = [str(question.get("ask", ""))]
    if kind == "approval_escalated":
        parts.insert(0, _ESCALATED.render(language))
    parts += ["\n".join(_shown(item)) for item in question.get("show") or () if "path" not in item]
    told = {"attached": _ATTACHED, "large": _NOT_ATTACHED, "changed": _CHANGED}
    lines = [
        told[state].render(
            language,
            {"name": one.name, "size": size_of(one.size, language), "digest": one.sha256[:16]},
        )
        for one, state in files.items()
    ]
    parts.append("\n".join(lines))
    fields = fields_of(question)
    parts.append("\n".join(_proposed(name, one, language) for name, one in fields.items()))
    parts += [how_to_answer(fields, language), _closing(wait, zone, language)]
    return "\n\n".join(part for part in parts if part) + "\n"


def held_text(wait: WaitRecord, zone: ZoneInfo, language: Language) -> str:
    """Return the text of a letter about a call in the outbox: what leaves, and when."""
    held: Any = wait.question if isinstance(wait.question, Mapping) else {}
    parts = [str(held.get("say", ""))]
    if held.get("same_as"):
        parts.append(_REPEATED.render(language, {"run": held["same_as"]}))
    parts.append("\n".join(_shown({"table": held.get("with") or {}})))
    parts.append(_LEAVES.render(language, {"time": when(_leaves(wait), zone, language)}))
    return "\n\n".join(part for part in parts if part) + "\n"


def _leaves(wait: WaitRecord) -> datetime:
    """Return when a call in the outbox leaves by itself."""
    due = wait.question.get("due") if isinstance(wait.question, Mapping) else None
    assert isinstance(due, str)  # noqa: S101 - every call that is held has one
    return datetime.fromisoformat(due)


def how_to_answer(fields: Mapping[str, Any], language: Language) -> str:
    """Return what to write, with an example that fits the question."""
    if not fields:
        return _HOW.render(language)
    name = next(iter(fields))
    declared = fields[name]
    value = write_field(declared.get("value")) or _A_VALUE.render(language)
    facts = {"label": _label(name, declared), "value": value}
    return _HOW_FIELDS.render(language, {"example": _EXAMPLE.render(language, facts)})


def taken_text(
    ask: str, fields: Mapping[str, Any], answer: Mapping[str, Any], language: Language
) -> str:
    """Return what is told when an answer was taken: what was understood, value by value."""
    choice = str(answer.get("choice"))
    given: Mapping[str, JSON] = answer.get("fields") or {}
    lines = [
        _PROPOSED.render(
            language, {"label": _label(name, fields.get(name)), "value": write_field(value)}
        )
        for name, value in given.items()
        if value is not None
    ]
    parts = [_TAKEN[choice].render(language), "\n".join(lines)]
    parts.append(_ABOUT.render(language, {"ask": ask}))
    return "\n\n".join(part for part in parts if part) + "\n"


def not_taken_text(
    reason: str, ask: str, fields: Mapping[str, Any] | None, language: Language
) -> str:
    """Return what is told when nothing was decided: why, and what to write (None: nothing)."""
    parts = [_NOT_TAKEN.render(language, {"reason": reason.rstrip(".")})]
    if fields is not None:
        parts.append(how_to_answer(fields, language))
    if ask:
        parts.append(_ABOUT.render(language, {"ask": ask}))
    return "\n\n".join(parts) + "\n"


def _shown(item: Any) -> Iterator[str]:
    if isinstance(item, Mapping) and "table" in item:
        rows = table_rows(item["table"])
        for cells in rows[:_MOST_ROWS]:
            yield " | ".join(" ".join(write_field(c).split())[:_LONGEST_CELL] for c in cells)
        if len(rows) > _MOST_ROWS:
            yield "…"
        return
    text = item.get("text") if isinstance(item, Mapping) else item
    yield str(text or "")[:_LONGEST_TEXT]


def _proposed(name: str, declared: Any, language: Language) -> str:
    value = write_field(declared.get("value"))
    text = _PROPOSED if value else _EMPTY
    return text.render(language, {"label": _label(name, declared), "value": value})


def _label(name: str, declared: Any) -> str:
    label = declared.get("label") if isinstance(declared, Mapping) else None
    return str(label or name)


def _closing(wait: WaitRecord, zone: ZoneInfo, language: Language) -> str:
    until = closing_of(wait)
    if until is None:
        return _WHENEVER.render(language)
    return _UNTIL.render(language, {"time": when(until, zone, language)})
