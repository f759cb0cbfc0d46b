"""From the parameters of `mail.send` and `mail.reply` to a mail that is on its way."""

import asyncio
from collections.abc import Mapping
from typing import Final

from rouage.sdk import JSON, Context, StepError, Text
from rouage_connectors.mail.account import read_account
from rouage_connectors.mail.compose import (
    Draft,
    check_recipients,
    compose,
    escaped,
    message_id,
)
from rouage_connectors.mail.copying import keep_copy
from rouage_connectors.mail.headers import MESSAGE_ID, clean
from rouage_connectors.mail.kinds import KINDS
from rouage_connectors.mail.quoting import answer_subject, with_quote
from rouage_connectors.mail.sending import as_sent, send
from rouage_connectors.mail.wishes import Answer, Outgoing

_LARGEST_TEMPLATE: Final = 1 << 20
_MOST_REFERENCES: Final = 50
_UNKNOWN_DOMAIN: Final = "localhost"

_TWO_TEXTS: Final = Text(
    "give either `template` or `body` and `html`, not both",
    "donnez soit `template`, soit `body` et `html`, pas les deux",
)
_NOT_A_MAIL: Final = Text(
    "`mail` must be the mail of an event: ${{ event.mail }}",
    "`mail` doit être le mail d’un événement : ${{ event.mail }}",
)
_NO_SENDER: Final = Text(
    "nobody can be answered: the mail does not say clearly who wrote it",
    "il n’y a personne à qui répondre : le mail ne dit pas clairement qui l’a écrit",
)
_AUTOMATIC: Final = Text(
    "automatic mail ({kind}) is not answered: the other side might answer again, for ever",
    "on ne répond pas à un mail automatique ({kind}) : l’autre côté pourrait répondre sans fin",
)
_AUTOMATIC_HINT: Final = Text(
    "add this to the step:  if: event.mail.automatic == null",
    "ajoutez à l’étape :  if: event.mail.automatic == null",
)


async def dispatch(draft: Draft, name: str | None, context: Context) -> JSON:
    """Compose the mail and send it once, from the account called *name*."""
    account = read_account(context.accounts.find("mail", name), context.workspace)
    recipients = draft.recipients
    check_recipients(account, recipients)
    mail = await asyncio.to_thread(compose, draft, account, context)
    await send(account, mail, recipients, context)
    is_copied = await keep_copy(account, mail, as_sent(mail), context)
    return _told(draft, account.domain, context, is_copied=is_copied)


async def rehearse(draft: Draft, name: str | None, context: Context) -> JSON:
    """Check and compose the mail as `dispatch` does; nothing leaves."""
    recipients = draft.recipients
    try:
        account = read_account(context.accounts.find("mail", name), context.workspace)
    except StepError:
        return _told(draft, _UNKNOWN_DOMAIN, context)  # a rehearsal needs no account
    check_recipients(account, recipients)
    await asyncio.to_thread(compose, draft, account, context)
    return _told(draft, account.domain, context, is_copied=account.keep_copy is not False)


def _told(draft: Draft, domain: str, context: Context, *, is_copied: bool = False) -> JSON:
    return {
        "message_id": message_id(context.idempotency_key, domain),
        "to": list(draft.recipients),
        "subject": clean(draft.subject, 500),
        "copied": is_copied,
    }


async def draft_of(params: Outgoing, context: Context) -> Draft:
    """Return the mail that `mail.send` is asked for."""
    body, html = await _texts(params, context)
    return Draft(
        to=_listed(params.to),
        cc=_listed(params.cc),
        bcc=_listed(params.bcc),
        reply_to=params.reply_to,
        subject=params.subject,
        body=body,
        html=html,
        attach=params.attach,
    )


async def answer_of(params: Answer, context: Context) -> Draft:
    """Return the mail that `mail.reply` is asked for.

    Raises:
        StepError: nobody can be answered, or a program would be.
    """
    mail = params.mail
    kind = mail.get("automatic")
    if kind is not None:
        shown_kind = kind if kind in KINDS else "?"
        raise StepError(_AUTOMATIC, hint=_AUTOMATIC_HINT, kind=shown_kind)
    if not {"from", "subject", "message_id"} <= set(mail):
        raise StepError(_NOT_A_MAIL)
    sender = mail.get("reply_to") or mail["from"]
    if not isinstance(sender, str):
        raise StepError(_NO_SENDER)
    body, html = await _texts(params, context)
    if params.quote and html is None and body is not None:
        body = with_quote(body, mail)
    original = _id(mail["message_id"])
    earlier = mail.get("references")
    known = [_id(one) for one in earlier] if isinstance(earlier, list) else []
    return Draft(
        to=[sender],
        cc=_listed(params.cc),
        subject=answer_subject(str(mail["subject"])),
        body=body,
        html=html,
        attach=params.attach,
        in_reply_to=original,
        references=[one for one in (*known, original) if one][-_MOST_REFERENCES:],
        submitted="auto-replied",
    )


async def _texts(params: Outgoing | Answer, context: Context) -> tuple[str | None, str | None]:
    """Return the plain text and the HTML of a mail, from its parameters or its template."""
    if params.template is None:
        return params.body, params.html
    if params.body is not None or params.html is not None:
        raise StepError(_TWO_TEXTS)
    text = await asyncio.to_thread(_read_template, params.template, context)
    if not params.template.lower().endswith((".html", ".htm")):
        return context.render(text, params.data), None
    safe = escaped(params.data)
    return None, context.render(text, safe if isinstance(safe, Mapping) else {})


def _read_template(path: str, context: Context) -> str:
    with context.files.open_read(path) as file:
        return file.read(_LARGEST_TEMPLATE).decode("utf-8", "replace")


def account_of(params: Answer) -> str | None:
    """Return the account that an answer leaves from."""
    given = params.account or params.mail.get("account")
    return given if isinstance(given, str) else None


def _id(value: object) -> str | None:
    """Return *value* if it can stand between angle brackets in a header."""
    fits = isinstance(value, str) and MESSAGE_ID.fullmatch(f"<{value}>") is not None
    return value if fits and isinstance(value, str) and value.isascii() else None


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
