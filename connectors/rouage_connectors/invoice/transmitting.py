"""`invoice.transmit` and `invoice.platform_status`: invoices for an approved platform."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage_connectors.invoice.days import today
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    NUMBER_TITLE,
    SELLER,
    SELLER_TITLE,
    connector,
)
from rouage_connectors.invoice.intake import read_issued
from rouage_connectors.invoice.platform import Account, Flow, find_account, opened
from rouage_connectors.invoice.register import Entry
from rouage_connectors.invoice.trade import Trade, find_trade, register_of

_MOST_BYTES: Final = 50 << 20
_ACCOUNT: Final = Text(
    "Name of the account of type platform; not needed when there is only one.",
    "Nom du compte de type platform ; inutile quand il n’y en a qu’un.",
)
_ACCOUNT_TITLE: Final = Text("Platform", "Plateforme")
_NUMBER: Final = Text("Number of the invoice.", "Numéro de la facture.")

_QUOTE: Final = Text(
    "{number} is a quote: platforms take invoices only",
    "{number} est un devis : les plateformes ne prennent que des factures",
)
_CHANGED: Final = Text(
    "the file of {number} is not the one that was issued: it was changed",
    "le fichier de {number} n’est pas celui qui a été émis : il a été modifié",
)
_CHANGED_HINT: Final = Text("take it back from a backup", "reprenez-le d’une sauvegarde")
_NOT_SENT: Final = Text(
    "{number} was not handed over to a platform",
    "{number} n’a pas été transmise à une plateforme",
)
_NOT_SENT_HINT: Final = Text("use invoice.transmit first", "utilisez d’abord invoice.transmit")


@params
class Transmitting:
    """Which invoice, and to which platform."""

    number: str = param(_NUMBER, title=NUMBER_TITLE, max_length=35, examples=["FA-2026-0012"])
    account: str | None = param(
        _ACCOUNT, title=_ACCOUNT_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["pa"]
    )
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


_RESULT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "flow": {"type": ["string", "null"], "description": "Its id at the platform"},
        "state": {"type": "string", "description": "Pending, Ok or Error"},
        "reasons": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Why the platform refuses it",
        },
        "is_new": {"type": "boolean", "description": "False when it had been handed over before"},
    },
    "required": ["number", "flow", "state", "reasons", "is_new"],
}


class _Handing:
    """One invoice on its way: what the register says of it, and its file."""

    def __init__(self, params: Transmitting, context: Context) -> None:
        self.trade: Trade = find_trade(context, params.seller)
        self.account: Account = find_account(context, params.account)
        self.context, self.number = context, params.number
        self.key = f"{self.account.name}:{params.number}"
        with register_of(self.trade, context).reading() as book:
            self.entry: Entry = book.document(params.number)
            self.known = book.find("transmission", self.key)
        if self.entry.content["kind"] == "quote":
            raise StepError(_QUOTE, number=self.number)

    def file(self) -> tuple[str, bytes]:
        """Return the name and the bytes of the file, as they were issued."""
        kept = self.entry.content["pdf"]
        data = self.context.files.read_bytes(kept["path"], limit=_MOST_BYTES)
        if hashlib.sha256(data).hexdigest() != kept["sha256"]:
            raise StepError(_CHANGED, hint=_CHANGED_HINT, number=self.number)
        return Path(kept["path"]).name, data

    def about(self, name: str) -> dict[str, JSON]:
        """Return what the platform is told of the file."""
        invoice = read_issued(self.entry.content["draft"])
        return {
            "name": name,
            "flowSyntax": "Factur-X",
            "flowProfile": "CIUS",
            "processingRule": invoice.buyer.treatment,
            "trackingId": self.number,
            "sha256": self.entry.content["pdf"]["sha256"],
        }

    def note(self, flow: Flow) -> Entry:
        """Enter in the register that the invoice was handed over."""
        return register_of(self.trade, self.context, create=True).add(
            "transmission",
            self.number,
            day=today(self.context),
            key=self.key,
            content=lambda: {"flow": flow.id, "account": self.account.name},
        )


def _told(number: str, flow: Flow, *, is_new: bool) -> JSON:
    reasons: list[JSON] = list(flow.reasons)
    return {
        "number": number,
        "flow": flow.id,
        "state": flow.state,
        "reasons": reasons,
        "is_new": is_new,
    }


async def simulate_transmit(params: Transmitting, context: Context) -> JSON:
    """Return what `transmit` would return; the file is read and compared, nothing leaves."""

    def look() -> JSON:
        handing = _Handing(params, context)
        handing.about(handing.file()[0])
        known = handing.known
        flow = None if known is None else known.content["flow"]
        return {
            "number": handing.number,
            "flow": flow,
            "state": "Pending",
            "reasons": [],
            "is_new": known is None,
        }

    return await asyncio.to_thread(look)


@connector.action(
    "transmit",
    title=Text("Hand over to a platform", "Transmettre à une plateforme"),
    about=Text(
        "Hand an invoice over to your approved platform, once.",
        "Transmet une facture à votre plateforme agréée, une fois.",
    ),
    effect="irreversible",
    idempotent="by key",
    result=_RESULT,
    example={"number": "FA-2026-0012"},
    describe=Text("hand {number} over to the platform", "transmettre {number} à la plateforme"),
    simulate=simulate_transmit,
)
async def transmit(params: Transmitting, context: Context) -> JSON:
    """Hand an invoice over to an approved platform, once.

    The number is the tracking id: before it is sent again, the platform is asked for it.
    """
    handing = await asyncio.to_thread(_Handing, params, context)
    async with opened(handing.account) as platform:
        if handing.known is not None:
            flow = await platform.state(str(handing.known.content["flow"]))
            return _told(handing.number, flow, is_new=False)
        found = await platform.find(handing.number)
        if found is None:
            name, data = await asyncio.to_thread(handing.file)
            flow = await platform.send(handing.about(name), name, data)
        else:
            flow = found
    await asyncio.to_thread(handing.note, flow)
    return _told(handing.number, flow, is_new=found is None)


@connector.action(
    "platform_status",
    title=Text("Ask the platform", "Interroger la plateforme"),
    about=Text(
        "Ask the platform what became of an invoice that was handed over.",
        "Demande à la plateforme ce qu’est devenue une facture transmise.",
    ),
    effect="none",
    idempotent=True,
    result=_RESULT,
    example={"number": "FA-2026-0012"},
    describe=Text("ask the platform about {number}", "interroger la plateforme sur {number}"),
)
async def platform_status(params: Transmitting, context: Context) -> JSON:
    """Ask the platform what became of an invoice that was handed over."""
    handing = await asyncio.to_thread(_Handing, params, context)
    known: Any = handing.known
    if known is None:
        raise StepError(_NOT_SENT, hint=_NOT_SENT_HINT, number=handing.number)
    async with opened(handing.account) as platform:
        flow = await platform.state(str(known.content["flow"]))
    return _told(handing.number, flow, is_new=False)
