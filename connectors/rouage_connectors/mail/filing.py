"""`mail.move` and `mail.flag`: put a mail of an event where it belongs, and take that back."""

from typing import Any, Final

from rouage.sdk import JSON, Context, StepError, Text, Undo, param, params
from rouage_connectors.mail.declaration import connector

_MAIL: Final = Text("The mail of an event.", "Le mail d’un événement.")
_MAIL_TITLE: Final = Text("Mail", "Mail")

_NOTHING: Final = Text(
    "nothing to change: give `seen`, `flagged` or `answered`",
    "rien à changer : donnez `seen`, `flagged` ou `answered`",
)
_FLAGS: Final = ("seen", "flagged", "answered")


@params
class Moving:
    """Which mail, and where to."""

    mail: dict[str, Any] = param(_MAIL, title=_MAIL_TITLE, examples=["${{ event.mail }}"])
    target: str = param(
        Text("Folder to move it to; made if missing.", "Dossier de destination ; créé au besoin."),
        title=Text("Target", "Cible"),
        max_length=200,
        examples=["Factures"],
    )


@params
class Flagging:
    """Which mail, and how to mark it."""

    mail: dict[str, Any] = param(_MAIL, title=_MAIL_TITLE, examples=["${{ event.mail }}"])
    seen: bool | None = param(
        Text("Read (true) or unread (false).", "Lu (true) ou non lu (false)."),
        title=Text("Read", "Lu"),
        default=None,
    )
    flagged: bool | None = param(
        Text("With a star or a flag, or without.", "Avec une étoile ou un drapeau, ou sans."),
        title=Text("Flagged", "Suivi"),
        default=None,
    )
    answered: bool | None = param(
        Text("Marked as answered, or not.", "Marqué comme répondu, ou non."),
        title=Text("Answered", "Répondu"),
        default=None,
    )


async def simulate_move(params: Moving, context: Context) -> JSON:
    """Return what `move` would return, without looking into the mailbox."""
    from rouage_connectors.mail.placing import Place

    del context
    Place.of(params.mail)
    return {"folder": params.target, "uid": None}


async def _remember_place(params: Moving, context: Context) -> JSON:
    from rouage_connectors.mail.placing import Place

    del context
    return {**Place.of(params.mail).as_json(), "target": params.target}


async def _move_back(inverse: JSON, context: Context) -> JSON:
    from rouage_connectors.mail import placing

    assert isinstance(inverse, dict)  # noqa: S101 - `_remember_place` wrote it
    place = placing.Place.of(inverse)
    await placing.move_back(place, str(inverse["target"]), context)
    return {"folder": place.folder}


@connector.action(
    "move",
    title=Text("Move a mail", "Déplacer un mail"),
    about=Text(
        "Move the mail of an event into another folder of its mailbox.",
        "Déplace le mail d’un événement dans un autre dossier de sa boîte.",
    ),
    effect="outward",
    idempotent=True,
    result={
        "type": "object",
        "properties": {"folder": {"type": "string"}, "uid": {"type": ["integer", "null"]}},
        "required": ["folder", "uid"],
    },
    example={"mail": "${{ event.mail }}", "target": "Factures"},
    describe=Text("move the mail to {target}", "déplacer le mail vers {target}"),
    simulate=simulate_move,
    undo=Undo(prepare=_remember_place, apply=_move_back),
)
async def move_mail(params: Moving, context: Context) -> JSON:
    """Move a mail; one that is there already is left there."""
    from rouage_connectors.mail import placing

    uid = await placing.move(placing.Place.of(params.mail), params.target, context)
    return {"folder": params.target, "uid": uid}


async def simulate_flag(params: Flagging, context: Context) -> JSON:
    """Return what `flag` would return, without looking into the mailbox."""
    from rouage_connectors.mail.placing import Place

    del context
    Place.of(params.mail)
    return {"changed": list(_wanted(params))}


async def _remember_flags(params: Flagging, context: Context) -> JSON:
    from rouage_connectors.mail import placing

    place = placing.Place.of(params.mail)
    before: dict[str, JSON] = dict(await placing.marks_of(place, list(_wanted(params)), context))
    return {**place.as_json(), "before": before}


async def _flag_back(inverse: JSON, context: Context) -> JSON:
    from rouage_connectors.mail import placing

    assert isinstance(inverse, dict)  # noqa: S101 - `_remember_flags` wrote it
    before = inverse["before"]
    assert isinstance(before, dict)  # noqa: S101 - as above
    wanted = {name: bool(value) for name, value in before.items()}
    await placing.mark(placing.Place.of(inverse), wanted, context)
    return {"changed": list(before)}


@connector.action(
    "flag",
    title=Text("Mark a mail", "Marquer un mail"),
    about=Text(
        "Mark the mail of an event as read, starred or answered, or take that away.",
        "Marque le mail d’un événement comme lu, suivi ou répondu, ou enlève cette marque.",
    ),
    effect="outward",
    idempotent=True,
    result={
        "type": "object",
        "properties": {"changed": {"type": "array", "items": {"type": "string"}}},
        "required": ["changed"],
    },
    example={"mail": "${{ event.mail }}", "seen": True},
    describe=Text("mark the mail", "marquer le mail"),
    simulate=simulate_flag,
    undo=Undo(prepare=_remember_flags, apply=_flag_back),
)
async def flag_mail(params: Flagging, context: Context) -> JSON:
    """Mark a mail; the marks that are not named stay as they are."""
    from rouage_connectors.mail import placing

    wanted = _wanted(params)
    await placing.mark(placing.Place.of(params.mail), wanted, context)
    return {"changed": list(wanted)}


def _wanted(params: Flagging) -> dict[str, bool]:
    given = {name: getattr(params, name) for name in _FLAGS}
    wanted = {name: value for name, value in given.items() if value is not None}
    if not wanted:
        raise StepError(_NOTHING)
    return wanted
