"""`mail.send` and `mail.reply` as declared: a mail that leaves once, and cannot be taken back."""

from typing import Any, Final

from rouage.sdk import JSON, Context, Text, param, params
from rouage_connectors.mail.declaration import ACCOUNT, ACCOUNT_PATTERN, ACCOUNT_TITLE, connector

_BODY: Final = Text("The text.", "Le texte.")
_HTML: Final = Text(
    "The text as HTML; without `body`, the plain text is made of it.",
    "Le texte en HTML ; sans `body`, le texte simple en est tiré.",
)
_TEMPLATE: Final = Text(
    "A file with the text; .html makes HTML of it. Its expressions see `data`.",
    "Un fichier avec le texte ; .html en fait du HTML. Ses expressions voient `data`.",
)
_DATA: Final = Text(
    "What the template may use, by name.", "Ce que le modèle peut employer, par nom."
)
_ATTACH: Final = Text("Files to attach.", "Fichiers à joindre.")
_CC: Final = Text("Who gets a copy.", "Qui reçoit une copie.")
_TEXT_TITLE: Final = Text("Text", "Texte")

_SENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "message_id": {"type": "string", "description": "Without its angle brackets"},
        "to": {"type": "array", "items": {"type": "string"}, "description": "Everybody it went to"},
        "subject": {"type": "string"},
        "copied": {
            "type": "boolean",
            "description": "Whether a copy lies in the folder of sent mails of the mailbox",
        },
    },
    "required": ["message_id", "to", "subject", "copied"],
}


@params
class Outgoing:
    """What to send, and to whom."""

    to: str | list[str] = param(
        Text("Who gets it: one address, or a list.", "Qui le reçoit : une adresse, ou une liste."),
        title=Text("To", "À"),
        examples=["alice@example.org", "${{ event.mail.from }}"],
    )
    subject: str = param(
        Text("The subject.", "L’objet."),
        title=Text("Subject", "Objet"),
        max_length=1_000,
        examples=["Votre devis"],
    )
    body: str | None = param(_BODY, title=_TEXT_TITLE, default=None, examples=["Bonjour,"])
    html: str | None = param(_HTML, title=Text("HTML", "HTML"), default=None)
    template: str | None = param(
        _TEMPLATE, title=Text("Template", "Modèle"), default=None, format="path"
    )
    data: dict[str, Any] = param(_DATA, title=Text("Data", "Données"), default={})
    cc: str | list[str] = param(_CC, title=Text("Copy", "Copie"), default=[])
    bcc: str | list[str] = param(
        Text("Who gets a copy unseen.", "Qui reçoit une copie cachée."),
        title=Text("Blind copy", "Copie cachée"),
        default=[],
    )
    reply_to: str | None = param(
        Text("Where answers go, if not to the account.", "Où vont les réponses, sinon au compte."),
        title=Text("Answers to", "Réponses à"),
        default=None,
    )
    attach: list[str] = param(_ATTACH, title=Text("Attachments", "Pièces jointes"), default=[])
    account: str | None = param(
        ACCOUNT, title=ACCOUNT_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["pro"]
    )


@params
class Answer:
    """Which mail to answer, and what."""

    mail: dict[str, Any] = param(
        Text("The mail to answer.", "Le mail auquel répondre."),
        title=Text("Mail", "Mail"),
        examples=["${{ event.mail }}"],
    )
    body: str | None = param(_BODY, title=_TEXT_TITLE, default=None, examples=["Bien reçu."])
    html: str | None = param(_HTML, title=Text("HTML", "HTML"), default=None)
    template: str | None = param(
        _TEMPLATE, title=Text("Template", "Modèle"), default=None, format="path"
    )
    data: dict[str, Any] = param(_DATA, title=Text("Data", "Données"), default={})
    quote: bool = param(
        Text("Repeat the mail below the answer.", "Reprendre le mail sous la réponse."),
        title=Text("Quote", "Citer"),
        default=True,
    )
    cc: str | list[str] = param(_CC, title=Text("Copy", "Copie"), default=[])
    attach: list[str] = param(_ATTACH, title=Text("Attachments", "Pièces jointes"), default=[])
    account: str | None = param(
        Text(
            "Name of the account to answer from; the one that got the mail, if not given.",
            "Compte qui répond ; sinon, celui qui a reçu le mail.",
        ),
        title=ACCOUNT_TITLE,
        default=None,
        pattern=ACCOUNT_PATTERN,
    )


async def simulate_send(params: Outgoing, context: Context) -> JSON:
    """Return what `send` would return: everything is checked and composed, nothing leaves."""
    from rouage_connectors.mail import outgoing

    draft = await outgoing.draft_of(params, context)
    return await outgoing.rehearse(draft, params.account, context)


@connector.action(
    "send",
    title=Text("Send a mail", "Envoyer un mail"),
    about=Text(
        "Send a mail, with text, HTML and attachments, from an account of yours.",
        "Envoie un mail, avec texte, HTML et pièces jointes, depuis un de vos comptes.",
    ),
    effect="irreversible",
    unit="mails",
    idempotent="by key",
    result=_SENT,
    example={"to": "alice@example.org", "subject": "Votre devis", "body": "Bonjour Alice,"},
    describe=Text("send the mail “{subject}” to {to}", "envoyer le mail « {subject} » à {to}"),
    simulate=simulate_send,
)
async def send_mail(params: Outgoing, context: Context) -> JSON:
    """Send a mail once; a crash at the last moment is asked about, never sent over again."""
    from rouage_connectors.mail import outgoing

    draft = await outgoing.draft_of(params, context)
    return await outgoing.dispatch(draft, params.account, context)


async def simulate_reply(params: Answer, context: Context) -> JSON:
    """Return what `reply` would return: everything is checked and composed, nothing leaves."""
    from rouage_connectors.mail import outgoing

    draft = await outgoing.answer_of(params, context)
    return await outgoing.rehearse(draft, outgoing.account_of(params), context)


@connector.action(
    "reply",
    title=Text("Answer a mail", "Répondre à un mail"),
    about=Text(
        "Answer a mail within its thread; automatic mail is never answered.",
        "Répond à un mail dans son fil ; jamais à un mail automatique.",
    ),
    effect="irreversible",
    unit="mails",
    idempotent="by key",
    result=_SENT,
    example={"mail": "${{ event.mail }}", "body": "Bien reçu, merci !"},
    describe=Text("answer the mail", "répondre au mail"),
    simulate=simulate_reply,
)
async def reply(params: Answer, context: Context) -> JSON:
    """Answer a mail once, as `send` does."""
    from rouage_connectors.mail import outgoing

    draft = await outgoing.answer_of(params, context)
    return await outgoing.dispatch(draft, outgoing.account_of(params), context)
