"""Drafts that follow from an earlier document: deposit and balance of a quote, credit note."""

import asyncio
import dataclasses
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, TypeVar

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage_connectors.invoice.amounts import ZERO, read_number, rounded
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    DRAFT,
    KEY,
    KEY_TITLE,
    LINES_TITLE,
    NUMBER_TITLE,
    SELLER,
    SELLER_TITLE,
    connector,
)
from rouage_connectors.invoice.drafting import draft_undo, drafted
from rouage_connectors.invoice.intake import (
    charges_vat,
    checked,
    days,
    read_invoice,
    read_issued,
)
from rouage_connectors.invoice.line_reading import read_lines
from rouage_connectors.invoice.model import Invoice, Line, Reference
from rouage_connectors.invoice.pricing import spread
from rouage_connectors.invoice.register import Entry
from rouage_connectors.invoice.sharing import nets_of
from rouage_connectors.invoice.standing import of_quote
from rouage_connectors.invoice.trade import Trade, find_trade, register_of

P = TypeVar("P")

_QUOTE: Final = Text(
    "Number of the quote, as invoice.issue gave it.",
    "Numéro du devis, tel qu’invoice.issue l’a donné.",
)
_QUOTE_TITLE: Final = Text("Quote", "Devis")
_OTHER_LINES: Final = Text(
    "Other lines than those of the earlier document, written as for invoice.draft.",
    "D’autres lignes que celles du document précédent, écrites comme pour invoice.draft.",
)

_NO_QUOTE: Final = Text("{number} is not a quote", "{number} n’est pas un devis")
_NOT_CREDITED: Final = Text(
    "{number} cannot be credited: it is no invoice",
    "{number} ne peut pas recevoir d’avoir : ce n’est pas une facture",
)
_SHARE: Final = Text(
    "give the deposit as `percent`, or as `amount` before tax: one of both",
    "donnez l’acompte en `percent`, ou en `amount` hors taxe : l’un des deux",
)
_SHARE_RANGE: Final = Text(
    "a deposit is above 0 and below the total of the quote, {total} €",
    "un acompte est supérieur à 0 et inférieur au total du devis, {total} €",
)


@params
class Deposit:
    """Which quote, and how much is asked in advance."""

    quote: str = param(_QUOTE, title=_QUOTE_TITLE, max_length=35, examples=["DE-2026-0007"])
    percent: str | None = param(
        Text("Share of the quote, in percent.", "Part du devis, en pour cent."),
        title=Text("Percent", "Pour cent"),
        default=None,
        examples=["30"],
    )
    amount: str | None = param(
        Text("Amount before tax, instead of a share.", "Montant hors taxe, au lieu d’une part."),
        title=Text("Amount", "Montant"),
        default=None,
        examples=["500"],
    )
    payment_days: int = param(
        Text("Days to pay.", "Jours pour payer."),
        title=Text("Days to pay", "Délai de paiement"),
        default=0,
        minimum=0,
        maximum=60,
    )
    key: str | None = param(KEY, title=KEY_TITLE, default=None, max_length=300)
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


@params
class Balance:
    """Which quote is done."""

    quote: str = param(_QUOTE, title=_QUOTE_TITLE, max_length=35, examples=["DE-2026-0007"])
    lines: Any = param(_OTHER_LINES, title=LINES_TITLE, default=None)
    payment_days: int | None = param(
        Text(
            "Days to pay, if not those of the account.", "Jours pour payer, sinon ceux du compte."
        ),
        title=Text("Days to pay", "Délai de paiement"),
        default=None,
        minimum=0,
        maximum=60,
    )
    key: str | None = param(KEY, title=KEY_TITLE, default=None, max_length=300)
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


@params
class Credit:
    """Which invoice to correct, and why."""

    number: str = param(
        Text("Number of the invoice.", "Numéro de la facture."),
        title=NUMBER_TITLE,
        max_length=35,
        examples=["FA-2026-0012"],
    )
    reason: str = param(
        Text("Why, as the customer will read it.", "Pourquoi, tel que le client le lira."),
        title=Text("Reason", "Motif"),
        max_length=500,
        examples=["Erreur de quantité"],
    )
    lines: Any = param(_OTHER_LINES, title=LINES_TITLE, default=None)
    key: str | None = param(KEY, title=KEY_TITLE, default=None, max_length=300)
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


def deposit_of(params: Deposit, trade: Trade, context: Context) -> Invoice:
    """Return the invoice of a deposit on a quote.

    Raises:
        StepError: there is no such quote, or the share is none.
    """
    quote = _quote(params.quote, trade, context)
    net = quote.totals.net
    amount = _share(params, net)
    deposit = dataclasses.replace(
        quote,
        kind="deposit",
        lines=_parts(quote, amount, params.quote),
        payment_days=days(params.payment_days),
        quote=params.quote,
        sold_on=None,
        sold_until=None,
        prices="net",
        adjustments=(),
        key=params.key or None,
    )
    return checked(deposit)


def balance_of(params: Balance, trade: Trade, context: Context) -> Invoice:
    """Return the invoice of what a quote still costs, its deposits taken off.

    Raises:
        StepError: there is no such quote.
    """
    quote = _quote(params.quote, trade, context)
    with register_of(trade, context).reading() as book:
        deposits = tuple(_reference(entry) for entry in of_quote(book, params.quote, "deposit"))
    balance = dataclasses.replace(
        quote,
        kind="balance",
        lines=_lines(params.lines, quote, trade),
        adjustments=quote.adjustments if params.lines is None else (),
        deposits=deposits,
        payment_days=days(params.payment_days, trade.payment_days),
        quote=params.quote,
        key=params.key or None,
    )
    return checked(balance)


def credit_of(params: Credit, trade: Trade, context: Context) -> Invoice:
    """Return the credit note that corrects an invoice, as a whole or by some lines.

    Raises:
        StepError: there is no such invoice.
    """
    with register_of(trade, context).reading() as book:
        entry = book.document(params.number)
    if entry.content["kind"] in {"credit", "quote"}:
        raise StepError(_NOT_CREDITED, number=entry.number)
    corrected = read_issued(entry.content["draft"])
    return dataclasses.replace(
        corrected,
        kind="credit",
        lines=_lines(params.lines, corrected, trade),
        adjustments=corrected.adjustments if params.lines is None else (),
        deposits=corrected.deposits if params.lines is None else (),
        corrects=_reference(entry),
        reason=params.reason.strip() or None,
        sold_on=corrected.sold_on or entry.day,
        due_on=None,
        paid_on=None,
        paid_with=None,
        note=None,
        key=params.key or None,
    )


def _quote(number: str, trade: Trade, context: Context) -> Invoice:
    with register_of(trade, context).reading() as book:
        entry = book.document(number)
    if entry.content["kind"] != "quote":
        raise StepError(_NO_QUOTE, number=entry.number)
    return read_invoice(entry.content["draft"])


def _lines(given: object, earlier: Invoice, trade: Trade) -> tuple[Line, ...]:
    if given is None:
        return earlier.lines
    has_vat = charges_vat(earlier.seller, earlier.vat_case)
    return read_lines(given, nature=trade.nature, rate=trade.rate, has_vat=has_vat)


def _reference(entry: Entry) -> Reference:
    gross = Decimal(entry.content["totals"]["gross"])
    return Reference(number=entry.number, issued_on=entry.day, amount=gross)


def _share(params: Deposit, net: Decimal) -> Decimal:
    percent, amount = read_number(params.percent), read_number(params.amount)
    if (percent is None) == (amount is None):
        raise StepError(_SHARE)
    asked = rounded(net * percent / 100) if percent is not None else rounded(amount or ZERO)
    if not 0 < asked < net:
        raise StepError(_SHARE_RANGE, total=net)
    return asked


def _parts(quote: Invoice, amount: Decimal, number: str) -> tuple[Line, ...]:
    """Return a line for each VAT rate and nature of *quote*, *amount* shared out among them."""
    groups = nets_of(quote)
    parts = spread(amount, list(groups.values()))
    return tuple(
        Line(
            label=f"Acompte sur le devis {number}",
            quantity=Decimal(1),
            price=part,
            unit="LS",
            nature=nature,  # type: ignore[arg-type] # a nature of a line it is
            vat=vat,
        )
        for (vat, nature), part in zip(groups, parts, strict=True)
        if part > 0
    )


async def _followed(
    make: Callable[[P, Trade, Context], Invoice], params: P, context: Context, *, is_kept: bool
) -> JSON:
    trade = find_trade(context, params.seller)  # type: ignore[attr-defined] # all have it

    def work() -> JSON:
        return drafted(make(params, trade, context), trade, context, is_kept=is_kept)

    return await asyncio.to_thread(work)


async def simulate_deposit(params: Deposit, context: Context) -> JSON:
    """Return what `deposit` would return; the PDF is not kept."""
    return await _followed(deposit_of, params, context, is_kept=False)


@connector.action(
    "deposit",
    title=Text("Draft a deposit invoice", "Préparer une facture d’acompte"),
    about=Text(
        "Prepare the invoice of a deposit on a quote that was accepted.",
        "Prépare la facture d’acompte d’un devis accepté.",
    ),
    effect="local",
    idempotent=True,
    result=DRAFT,
    example={"quote": "DE-2026-0007", "percent": "30"},
    describe=Text("draft the deposit on {quote}", "préparer l’acompte sur {quote}"),
    simulate=simulate_deposit,
    undo=draft_undo(deposit_of),
)
async def deposit(params: Deposit, context: Context) -> JSON:
    """Prepare the invoice of a deposit on a quote."""
    return await _followed(deposit_of, params, context, is_kept=True)


async def simulate_balance(params: Balance, context: Context) -> JSON:
    """Return what `balance` would return; the PDF is not kept."""
    return await _followed(balance_of, params, context, is_kept=False)


@connector.action(
    "balance",
    title=Text("Draft a balance invoice", "Préparer une facture de solde"),
    about=Text(
        "Prepare the last invoice of a quote, its deposits taken off.",
        "Prépare la dernière facture d’un devis, ses acomptes déduits.",
    ),
    effect="local",
    idempotent=True,
    result=DRAFT,
    example={"quote": "DE-2026-0007"},
    describe=Text("draft the balance of {quote}", "préparer le solde de {quote}"),
    simulate=simulate_balance,
    undo=draft_undo(balance_of),
)
async def balance(params: Balance, context: Context) -> JSON:
    """Prepare the last invoice of a quote, its deposits taken off."""
    return await _followed(balance_of, params, context, is_kept=True)


async def simulate_credit(params: Credit, context: Context) -> JSON:
    """Return what `credit` would return; the PDF is not kept."""
    return await _followed(credit_of, params, context, is_kept=False)


@connector.action(
    "credit",
    title=Text("Draft a credit note", "Préparer un avoir"),
    about=Text(
        "Prepare the credit note of an invoice: the only way to correct one.",
        "Prépare l’avoir d’une facture : la seule façon de la corriger.",
    ),
    effect="local",
    idempotent=True,
    result=DRAFT,
    example={"number": "FA-2026-0012", "reason": "Erreur de quantité"},
    describe=Text("draft a credit note of {number}", "préparer un avoir sur {number}"),
    simulate=simulate_credit,
    undo=draft_undo(credit_of),
)
async def credit(params: Credit, context: Context) -> JSON:
    """Prepare the credit note of an invoice."""
    return await _followed(credit_of, params, context, is_kept=True)
