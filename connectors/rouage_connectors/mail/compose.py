"""A mail as we write it: parsed addresses, clean headers, a Message-ID that stays the same."""

import hashlib
import html as markup
import mimetypes
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Final

from rouage.sdk import JSON, Context, Letter, StepError, Text
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass
from rouage_connectors.mail.account import Account
from rouage_connectors.mail.headers import MESSAGE_ID, clean, mailbox
from rouage_connectors.mail.kinds import RUN_HEADER
from rouage_connectors.mail.markup import plain_text
from rouage_connectors.mail.quoting import answer_subject

MOST_RECIPIENTS: Final = 50
MOST_ATTACHED_BYTES: Final = 25 << 20
LONGEST_TEXT: Final = 1 << 20

_NOT_ADDRESS: Final = Text(
    "“{value}” is not one mail address", "« {value} » n’est pas une adresse mail"
)
_NOT_ADDRESS_HINT: Final = Text(
    "write alice@example.org or Alice <alice@example.org>; several addresses make a list",
    "écrivez alice@exemple.fr ou Alice <alice@exemple.fr> ; plusieurs adresses font une liste",
)
_NOBODY: Final = Text("the mail goes to nobody", "le mail ne s’adresse à personne")
_NOBODY_HINT: Final = Text(
    "`to` is empty: check where its value comes from",
    "`to` est vide : vérifiez d’où vient sa valeur",
)
_TOO_MANY: Final = Text(
    "a mail goes to {limit} people at most, this one to {count}",
    "un mail s’adresse à {limit} personnes au plus, celui-ci à {count}",
)
_NOT_ALLOWED: Final = Text(
    "the account “{account}” may not write to {address}",
    "le compte « {account} » ne peut pas écrire à {address}",
)
_NOT_ALLOWED_HINT: Final = Text(
    "`recipients` of this account in rouage.yaml lists whom it may write to",
    "`recipients` de ce compte dans rouage.yaml dit à qui il peut écrire",
)
_TOO_LARGE: Final = Text(
    "the attachments are larger than {limit} MiB together, which mail servers refuse",
    "les pièces jointes dépassent ensemble {limit} Mio, ce que les serveurs de mail refusent",
)
_TOO_LONG: Final = Text("the text of the mail is too long", "le texte du mail est trop long")
_NOTHING: Final = Text(
    "the mail has no text: give `body`, `html` or `template`",
    "le mail n’a pas de texte : donnez `body`, `html` ou `template`",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A mail to be sent, as far as it does not depend on the account."""

    to: Sequence[str]
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    reply_to: str | None = None
    subject: str
    body: str | None
    html: str | None
    attach: Sequence[str] = ()
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    submitted: str = "auto-generated"

    @property
    def recipients(self) -> list[str]:
        """Return the addresses that the mail goes to, each once.

        Raises:
            StepError: one is none, or there are none or too many.
        """
        parsed = [_address(value) for value in (*self.to, *self.cc, *self.bcc)]
        found = list(dict.fromkeys(one.addr_spec for one in parsed))
        if not found:
            raise StepError(_NOBODY, hint=_NOBODY_HINT)
        if len(found) > MOST_RECIPIENTS:
            raise StepError(_TOO_MANY, limit=MOST_RECIPIENTS, count=len(found))
        return found


def check_recipients(account: Account, recipients: Sequence[str]) -> None:
    """Check that *account* may write to all *recipients*.

    Raises:
        StepError: it may not.
    """
    for address in recipients:
        wanted = account.recipients
        if wanted and not any(fnmatchcase(address.lower(), pattern) for pattern in wanted):
            raise StepError(
                _NOT_ALLOWED, hint=_NOT_ALLOWED_HINT, account=account.account, address=address
            )


def message_id(key: str, domain: str) -> str:
    """Return the Message-ID of the mail that the step with this idempotency key sends."""
    digest = hashlib.blake2s(key.encode(), digest_size=16).hexdigest()
    return f"rouage.{digest}@{domain}"


def compose(draft: Draft, account: Account, context: Context) -> EmailMessage:
    """Return the whole mail; reads the attached files.

    Raises:
        StepError: an address, a text or an attachment cannot be used.
    """
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = Address(account.sender or "", addr_spec=account.address)
    for name, values in (("To", draft.to), ("Cc", draft.cc)):
        if values:
            mail[name] = [_address(value) for value in values]
    if draft.reply_to is not None:
        mail["Reply-To"] = _address(draft.reply_to)
    mail["Subject"] = clean(draft.subject, 500)
    mail["Date"] = format_datetime(context.clock.now().astimezone(context.timezone))
    mail["Message-ID"] = f"<{message_id(context.idempotency_key, account.domain)}>"
    if draft.in_reply_to is not None:
        mail["In-Reply-To"] = f"<{draft.in_reply_to}>"
        mail["References"] = " ".join(f"<{one}>" for one in draft.references)
    # Absence messages and other programs shall not answer (RFC 3834).
    mail["Auto-Submitted"] = draft.submitted
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    mail[RUN_HEADER] = context.run_id
    _fill(mail, draft)
    _attach(mail, draft.attach, context)
    return mail


def compose_letter(letter: Letter, account: Account, now: datetime) -> EmailMessage:
    """Return a letter of the engine as a mail."""
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = Address(account.sender or "", addr_spec=account.address)
    mail["To"] = _address(letter.to)
    mail["Subject"] = answer_subject(letter.subject) if letter.is_reply else letter.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{letter.id}>"
    answered = letter.answers
    if answered and MESSAGE_ID.fullmatch(f"<{answered}>") and answered.isascii():
        mail["In-Reply-To"] = mail["References"] = f"<{answered}>"
    mail["Auto-Submitted"] = "auto-replied" if letter.is_reply else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    mail.set_content(_lines(letter.text))
    for one in letter.enclosures:
        _enclose(mail, one.name, one.data)
    return mail


def escaped(value: JSON) -> JSON:
    """Return *value* with its texts fit to stand in HTML: event data must not become markup."""
    if isinstance(value, str):
        return markup.escape(value)
    if isinstance(value, Mapping):
        return {name: escaped(item) for name, item in value.items()}
    return [escaped(item) for item in value] if isinstance(value, list) else value


def _fill(mail: EmailMessage, draft: Draft) -> None:
    text, html = draft.body, draft.html
    if not (text or html):
        raise StepError(_NOTHING)
    if max(len(text or ""), len(html or "")) > LONGEST_TEXT:
        raise StepError(_TOO_LONG)
    mail.set_content(_lines(plain_text(html or "") if text is None else text))
    if html is not None:
        mail.add_alternative(_lines(html), subtype="html")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()


def _attach(mail: EmailMessage, paths: Sequence[str], context: Context) -> None:
    left = MOST_ATTACHED_BYTES
    for path in paths:
        with context.files.open_read(path) as file:
            data = file.read(left + 1)
        left -= len(data)
        if left < 0:
            raise StepError(_TOO_LARGE, limit=MOST_ATTACHED_BYTES >> 20)
        _enclose(mail, PurePath(path).name, data)


def _enclose(mail: EmailMessage, name: str, data: bytes) -> None:
    name = clean(name, 200)
    kind, encoding = mimetypes.guess_type(name)
    main, _, sub = (kind if kind and not encoding else "application/octet-stream").partition("/")
    mail.add_attachment(data, maintype=main, subtype=sub, filename=name)


def _address(value: str) -> Address:
    found = mailbox(value)
    if found is None:
        raise StepError(_NOT_ADDRESS, hint=_NOT_ADDRESS_HINT, value=shown(value[:120]))
    address, name = found
    return Address(name, addr_spec=address)
