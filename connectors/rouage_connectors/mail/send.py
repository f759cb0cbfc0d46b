"""`mail.send` and `mail.reply` as declared: a mail that leaves once, and cannot be taken back."""

from typing import Final

from rouage.sdk import JSON, Context, Text
from rouage_connectors.mail.declaration import connector
from rouage_connectors.mail.wishes import Answer, Outgoing

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
