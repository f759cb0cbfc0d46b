"""The action `notify.send`: one message to every address of an account.

The addresses hold tokens and passwords: they live in `rouage.yaml` as secrets, and no message,
result or log line ever shows more of one than its service (`ntfy`, `tgram`).
"""

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal
from urllib.parse import unquote

from rouage.sdk import (
    JSON,
    Connector,
    Context,
    Limits,
    RetryableError,
    StepError,
    Text,
    param,
    params,
)
from rouage.sdk.extras import require

connector = Connector(
    "notify",
    title=Text("Notifications", "Notifications"),
    about=Text(
        "Notifications to your phone or chat: ntfy, Telegram, Signal, SMS, Slack and many more.",
        "Notifications sur votre téléphone ou votre messagerie : ntfy, Telegram, Signal, SMS, "
        "Slack et bien d’autres.",
    ),
)

KIND: Final = "notify"
_MOST_ADDRESSES: Final = 20
_LONGEST_REASON: Final = 200
_SERVICE: Final = re.compile(r"([a-z][a-z0-9+.-]{1,30})://", re.IGNORECASE)
_PIECE: Final = re.compile(r"[^\s/:@?&=]{5,}")
# These would act on this machine or carry files off it, which no message should.
_REFUSED_SERVICES: Final = frozenset(
    {"dbus", "glib", "gnome", "kde", "qt", "macosx", "syslog", "windows", "file"}
)

_NO_URLS: Final = Text(
    "the account “{account}” has no address: write `urls: [ntfy://…]`",
    "le compte « {account} » n’a pas d’adresse : écrivez `urls: [ntfy://…]`",
)
_MANY_URLS: Final = Text(
    "the account “{account}” has more than {limit} addresses",
    "le compte « {account} » a plus de {limit} adresses",
)
_BAD_URL: Final = Text(
    "address {number} of the account “{account}” is of no known service",
    "l’adresse {number} du compte « {account} » n’est d’aucun service connu",
)
_BAD_URL_HINT: Final = Text(
    "see how addresses are written: https://github.com/caronc/apprise/wiki",
    "voyez comment s’écrivent les adresses : https://github.com/caronc/apprise/wiki",
)
_NOT_SENT: Final = Text(
    "{service} did not take the notification: {reason}",
    "{service} n’a pas pris la notification : {reason}",
)
_NOT_SENT_HINT: Final = Text(
    "check the address in the account “{account}” of rouage.yaml, and its secrets",
    "vérifiez l’adresse dans le compte « {account} » de rouage.yaml, et ses secrets",
)
_NO_REASON: Final = Text("no reason given", "aucune raison donnée")
_EMPTY: Final = Text("there is no text to send", "il n’y a pas de texte à envoyer")


@params
class Message:
    """What to say, and to whom."""

    text: str = param(
        Text("What to say.", "Ce qu’il faut dire."),
        title=Text("Text", "Texte"),
        max_length=20_000,
        examples=["Invoice blocked: ${{ error.message }}"],
    )
    title: str | None = param(
        Text("A title above it.", "Un titre au-dessus."),
        title=Text("Title", "Titre"),
        default=None,
        max_length=250,
    )
    channel: str | None = param(
        Text(
            "Which account of type notify in rouage.yaml; the only one, unless given.",
            "Quel compte de type notify dans rouage.yaml ; le seul, sauf indication.",
        ),
        title=Text("Channel", "Canal"),
        default=None,
        max_length=31,
    )
    level: Literal["info", "success", "warning", "failure"] = param(
        Text(
            "What kind of news it is; services show it by a colour or a sign.",
            "Quel genre de nouvelle c’est ; les services le montrent par une couleur ou un signe.",
        ),
        title=Text("Kind", "Genre"),
        default="info",
    )


async def simulate_send(params: Message, context: Context) -> JSON:
    """Return to which services the message would go, and send nothing."""
    account, urls = _addresses(params, context)
    services: list[JSON] = [service_of(url) for url in urls]
    return {"channel": str(account["account"]), "services": services}


@connector.action(
    "send",
    title=Text("Send a notification", "Envoyer une notification"),
    about=Text(
        "Send a notification to every address of a channel.",
        "Envoie une notification à chaque adresse d’un canal.",
    ),
    effect="irreversible",
    unit="messages",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "channel": {"type": "string", "description": "The account that was used"},
            "services": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The services that took it, such as ntfy",
            },
        },
        "required": ["channel", "services"],
    },
    example={"text": "The invoice ${{ event.file.name }} is filed", "title": "Invoices"},
    describe=Text("notify {channel}: {text}", "notifier {channel} : {text}"),
    simulate=simulate_send,
    isolated=True,
    limits=Limits(seconds=120, processor_seconds=60, memory_bytes=384 << 20),
)
async def send(params: Message, context: Context) -> JSON:
    """Send one message to every address of a channel.

    An address that took it is noted at once and left out by a repetition. Only the one that
    was being written to when the machine stopped may get it twice: no service says whether it
    knows a message already.
    """
    account, urls = _addresses(params, context)
    apprise = require("apprise", "notify")
    for number, url in enumerate(urls):
        note = f"{context.idempotency_key}/{number}"
        if await asyncio.to_thread(context.files.intents.find, note) is not None:
            continue
        server = server_of(apprise, url, number, account)
        await asyncio.to_thread(_send, apprise, server, params, url, account)
        await asyncio.to_thread(context.files.intents.note, note, {"sent": service_of(url)})
    return {"channel": str(account["account"]), "services": [service_of(url) for url in urls]}


def _addresses(params: Message, context: Context) -> tuple[Mapping[str, JSON], list[str]]:
    """Return the account and its addresses."""
    if not params.text.strip() and not (params.title or "").strip():
        raise StepError(_EMPTY)
    account = context.accounts.find(KIND, params.channel)
    return account, urls_of(account)


def urls_of(account: Mapping[str, JSON]) -> list[str]:
    """Return the addresses of a channel.

    Raises:
        StepError: it has none, or too many.
    """
    given = account.get("urls", account.get("url"))
    urls = [given] if isinstance(given, str) else given
    if not isinstance(urls, list) or not urls or not all(isinstance(url, str) for url in urls):
        raise StepError(_NO_URLS, account=account["account"])
    if len(urls) > _MOST_ADDRESSES:
        raise StepError(_MANY_URLS, account=account["account"], limit=_MOST_ADDRESSES)
    return [str(url) for url in urls]


def service_of(url: str) -> str:
    """Return the name of the service that *url* leads to; nothing else of it may be shown."""
    found = _SERVICE.match(url)
    return found[1].lower() if found else "?"


def server_of(apprise: Any, url: str, number: int, account: Mapping[str, JSON]) -> Any:
    """Return what speaks to the service of *url*, which is address *number* of *account*.

    Raises:
        StepError: it is of no service, or of one that would act on this machine.
    """
    is_refused = service_of(url) in _REFUSED_SERVICES
    server = None if is_refused else apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if server is None:
        facts = {"number": number + 1, "account": account["account"]}
        raise StepError(_BAD_URL, hint=_BAD_URL_HINT, **facts)
    return server


def _send(
    apprise: Any, server: Any, params: Message, url: str, account: Mapping[str, JSON]
) -> None:
    """Send to one service, and wait for its answer.

    Raises:
        RetryableError: it was not taken; Apprise does not say whether trying again may help.
    """
    one = apprise.Apprise()
    one.add(server)
    with _listening() as said:
        is_sent = one.notify(
            body=params.text or " ",
            title=params.title or "",
            notify_type=params.level,
            body_format=apprise.NotifyFormat.TEXT,
            interpret_escapes=False,
        )
    if not is_sent:
        reason = _reason(said, url)
        raise RetryableError(
            _NOT_SENT,
            hint=_NOT_SENT_HINT,
            service=service_of(url),
            account=account["account"],
            reason=reason or _NO_REASON,
        )


class _Listener(logging.Handler):
    """Keeps what Apprise complains about, which it tells its log alone."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the words of *record*."""
        if len(self.said) < _MOST_ADDRESSES:
            self.said.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Gather the complaints of Apprise, which go nowhere else: they may hold an address."""
    logger, listener = logging.getLogger("apprise"), _Listener()
    before = logger.propagate, logger.level
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    logger.addHandler(listener)
    try:
        yield listener.said
    finally:
        logger.removeHandler(listener)
        logger.propagate, logger.level = before


def _reason(said: list[str], url: str) -> str:
    """Return the first complaint, without any longer piece of the address in it."""
    reason = next(iter(said), "")
    for piece in sorted(_PIECE.findall(url) + _PIECE.findall(unquote(url)), key=len, reverse=True):
        reason = reason.replace(piece, "•••")
    return reason[:_LONGEST_REASON].rstrip(". ")
