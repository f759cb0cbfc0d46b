"""To the SMTP server of an account: what it refuses is known, what it took is known, or asked.

The one moment of doubt is between the last byte of a mail and the answer of the server. A note
under the key of the step is written right before it, so that a repetition after a crash sends
when nothing was sent, gives the result again when the mail is gone, and asks otherwise.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Final

from rouage.sdk import Context, EffectInDoubt, RetryableError, StepError, Text
from rouage.sdk.extras import require
from rouage_connectors.mail.account import Account, Server
from rouage_connectors.mail.connecting import tls_context
from rouage_connectors.mail.probes import PROBE_HEADER
from rouage_connectors.mail.refusals import Trouble, explain, no_encryption, refused_login

_CONNECT_SECONDS: Final = 30.0
_ANSWER_SECONDS: Final = 120.0

_DOUBT: Final = Text(
    "the mail may have been sent already: the connection to {server} broke at the last moment",
    "le mail est peut-être déjà parti : la liaison avec {server} a été coupée au dernier moment",
)
_DOUBT_HINT: Final = Text(
    "look into the folder of sent mails, or ask {to}; then `rouage resolve RUN --retry` sends it, "
    "`rouage resolve RUN --done` does not",
    "regardez dans les mails envoyés, ou demandez à {to} ; puis « rouage resolve EXÉCUTION "
    "--retry » l’envoie, « rouage resolve EXÉCUTION --done » non",
)
_RECIPIENT: Final = Text(
    "{server} does not take mail for {address}; nothing was sent (it says: {words})",
    "{server} n’accepte pas de mail pour {address} ; rien n’est parti (il dit : {words})",
)
_RECIPIENT_HINT: Final = Text(
    "check the spelling of the address", "vérifiez l’orthographe de l’adresse"
)
_REFUSED: Final = Text(
    "{server} refuses the mail; nothing was sent (it says: {words})",
    "{server} refuse le mail ; rien n’est parti (il dit : {words})",
)


async def send(
    account: Account, mail: EmailMessage, recipients: Sequence[str], context: Context
) -> None:
    """Send *mail* once for the key of the step.

    Raises:
        RetryableError: nothing was sent, and trying again may help.
        EffectInDoubt: nobody knows whether it was sent.
        StepError: nothing was sent.
    """
    ledger, server = _Ledger(context), account.smtp
    in_doubt = EffectInDoubt(_DOUBT, hint=_DOUBT_HINT, server=server, to=", ".join(recipients[:3]))
    if await ledger.was_sent(in_doubt):
        return
    smtp = require("aiosmtplib", "mail")
    data = as_sent(mail)
    async with _line(account) as line:
        await _address(line, account, recipients)
        await ledger.note("sending")
        try:
            await line.data(data)
        except smtp.SMTPDataError as error:
            await ledger.note("refused")
            raise _refusal(_REFUSED, error, server) from error
        except (smtp.SMTPException, OSError) as error:
            await ledger.note("asked")
            raise in_doubt from error
        await ledger.note("sent")


def as_sent(mail: EmailMessage) -> bytes:
    """Return *mail* as it travels."""
    return mail.as_bytes(policy=SMTP.clone(cte_type="7bit"))


async def send_probe(account: Account, token: str) -> None:
    """Send a mail to the mailbox itself, which the trigger there recognises by *token*."""
    mail = EmailMessage()
    mail["From"] = mail["To"] = account.address
    mail["Subject"] = "Rouage"
    mail["Auto-Submitted"] = "auto-generated"
    mail[PROBE_HEADER] = token
    mail.set_content("Rouage checks that this mailbox works, and removes this mail.\n")
    async with _line(account) as line:
        await _address(line, account, [account.address])
        await line.data(mail.as_bytes(policy=SMTP))


async def send_letter(account: Account, mail: EmailMessage, recipient: str) -> None:
    """Send a letter to one person; without an answer of the server, it counts as not sent.

    Raises:
        RetryableError: it was not sent, or nobody knows; sending it again does no harm.
        StepError: it was not sent.
    """
    smtp, server = require("aiosmtplib", "mail"), account.smtp
    async with _line(account) as line:
        await _address(line, account, [recipient])
        try:
            await line.data(as_sent(mail))
        except smtp.SMTPDataError as error:
            raise _refusal(_REFUSED, error, server) from error
        except (smtp.SMTPException, OSError) as error:
            raise explain(EOFError(), account, server).as_error() from error


async def try_login(account: Account) -> None:
    """Log in to the SMTP server and leave again.

    Raises:
        StepError: it cannot be reached, or refuses.
    """
    async with _line(account):
        pass


class _Ledger:
    """The notes of one step about its mail."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def was_sent(self, in_doubt: EffectInDoubt) -> bool:
        """Say whether the mail was sent under this key before.

        Raises:
            EffectInDoubt: nobody knows, and nobody has decided yet.
        """
        context = self._context
        intents, key = context.files.intents, context.idempotency_key
        noted = await asyncio.to_thread(intents.find, key)
        state, attempt = noted if isinstance(noted, list) and len(noted) == 2 else (None, 0)
        if state == "sending":
            await self.note("asked")
            raise in_doubt
        # A later attempt than the one that asked: somebody decided to send.
        if state == "asked" and context.attempt <= int(str(attempt)):
            raise in_doubt
        return state == "sent"

    async def note(self, state: str) -> None:
        """Note durably how far the mail is."""
        context = self._context
        note: list[object] = [state, context.attempt]
        await asyncio.to_thread(context.files.intents.note, context.idempotency_key, note)


@contextlib.asynccontextmanager
async def _line(account: Account) -> AsyncIterator[Any]:
    """Connect to the SMTP server of *account* and log in."""
    smtp, server = require("aiosmtplib", "mail"), account.smtp
    try:
        context = await asyncio.to_thread(tls_context, account)
    except OSError as error:
        raise explain(error, account, server).as_error() from error
    client = smtp.SMTP(
        hostname=server.host,
        port=server.port,
        timeout=_CONNECT_SECONDS,
        use_tls=server.security == "tls",
        start_tls=False,
        tls_context=context,
        # Not the name of this machine, which is nobody's business.
        local_hostname=account.domain,
    )
    try:
        await _open(client, account, smtp, context)
        client.timeout = _ANSWER_SECONDS
        yield client
        with contextlib.suppress(smtp.SMTPException, OSError):
            async with asyncio.timeout(2):
                await client.quit()
    finally:
        client.close()


async def _open(client: Any, account: Account, smtp: Any, context: ssl.SSLContext) -> None:
    server = account.smtp
    try:
        await client.connect()
        if server.security == "starttls":
            if not client.supports_extension("starttls"):
                await client.ehlo()
            if not client.supports_extension("starttls"):
                raise no_encryption(server).as_error()
            await client.starttls(tls_context=context, validate_certs=True)
        await client.login(account.username, account.password)
    except smtp.SMTPAuthenticationError as error:
        raise refused_login(account, server, _words(error)).as_error() from error
    except (smtp.SMTPException, OSError, EOFError) as error:
        raise _explained(error, account, smtp).as_error() from error


def _explained(error: BaseException, account: Account, smtp: Any) -> Trouble:
    """Return what an error of the library means; it wraps those of the system."""
    cause = error.__cause__ or error.__context__
    if isinstance(error, smtp.SMTPTimeoutError):
        return explain(TimeoutError(), account, account.smtp)
    if any(isinstance(one, smtp.SMTPServerDisconnected) for one in (error, cause)):
        return explain(EOFError(), account, account.smtp)
    if isinstance(error, smtp.SMTPException) and isinstance(cause, OSError):
        return explain(cause, account, account.smtp)
    if isinstance(error, OSError):
        return explain(error, account, account.smtp)
    if isinstance(error, smtp.SMTPResponseException):
        return refused_login(account, account.smtp, _words(error))
    return no_encryption(account.smtp)


async def _address(line: Any, account: Account, recipients: Sequence[str]) -> None:
    """Say from whom and to whom; one address that is refused stops the whole mail."""
    smtp, server = require("aiosmtplib", "mail"), account.smtp
    try:
        await line.mail(account.address)
        for address in recipients:
            try:
                await line.rcpt(address)
            except smtp.SMTPRecipientRefused as error:
                refused = _RECIPIENT.fill(address=address)
                raise _refusal(refused, error, server, hint=_RECIPIENT_HINT) from error
    except smtp.SMTPSenderRefused as error:
        raise _refusal(_REFUSED, error, server) from error
    except (smtp.SMTPException, OSError) as error:
        raise explain(EOFError(), account, server).as_error() from error


def _refusal(text: Text, error: Any, server: Server, *, hint: Text | None = None) -> StepError:
    what = text.fill(server=server, words=_words(error))
    return RetryableError(what) if 400 <= error.code < 500 else StepError(what, hint=hint)


def _words(error: Any) -> str:
    said = f"{error.code} {error.message}"
    # No braces: the sentence is a template until it is shown.
    return "".join(one if one.isprintable() and one not in "{}" else " " for one in said)[:200]
