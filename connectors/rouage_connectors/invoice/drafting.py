"""`invoice.draft`, `invoice.quote` and `invoice.issue`: from an order to a numbered document."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from rouage.sdk import JSON, Context, Text, Undo, param, params
from rouage.sdk.files import write
from rouage.sdk.undoing import files_undo
from rouage_connectors.invoice.days import today
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    CUSTOMER,
    CUSTOMER_TITLE,
    DRAFT,
    ISSUED,
    KEY,
    KEY_TITLE,
    LINES,
    LINES_TITLE,
    SELLER,
    SELLER_TITLE,
    connector,
)
from rouage_connectors.invoice.fields import Fields
from rouage_connectors.invoice.intake import checked, days, read_buyer, read_invoice, read_lines
from rouage_connectors.invoice.issuing import (
    foreseen,
    issue,
    register_key,
    told,
)
from rouage_connectors.invoice.making import look, make
from rouage_connectors.invoice.model import TITLES, Invoice, Kind, as_json, totals_json
from rouage_connectors.invoice.standing import check_references
from rouage_connectors.invoice.trade import Trade, find_trade, register_of

_GIVEN: Final = Text("the step", "l’étape")
_EXAMPLE: Final[dict[str, JSON]] = {
    "customer": {
        "name": "Boulangerie Martin",
        "siren": "404833048",
        "address": "12 rue du Port, 69002 Lyon",
        "email": "contact@example.org",
    },
    "lines": [{"label": "Pose d’étagères", "quantity": 2, "unit": "heure", "price": "45"}],
    "key": "commande-1042",
}


@params
class Ordering:
    """Who buys what."""

    customer: dict[str, Any] = param(
        CUSTOMER, title=CUSTOMER_TITLE, examples=[_EXAMPLE["customer"]]
    )
    lines: Any = param(LINES, title=LINES_TITLE, examples=[_EXAMPLE["lines"]])
    key: str | None = param(KEY, title=KEY_TITLE, default=None, max_length=300)
    sold_on: str | None = param(
        Text("Day of the sale, or first day of the period.", "Jour de la vente, ou premier jour "
             "de la période."),
        title=Text("Sold on", "Vendu le"),
        default=None,
        examples=["2026-11-20"],
    )  # fmt: skip
    sold_until: str | None = param(
        Text("Last day of the period.", "Dernier jour de la période."),
        title=Text("Until", "Jusqu’au"),
        default=None,
        examples=["2026-11-30"],
    )
    payment_days: int | None = param(
        Text(
            "Days to pay, if not those of the account.", "Jours pour payer, sinon ceux du compte."
        ),
        title=Text("Days to pay", "Délai de paiement"),
        default=None,
        minimum=0,
        maximum=60,
    )
    paid_on: str | None = param(
        Text("Day on which it was paid, if it is paid.", "Jour du paiement, si c’est déjà payé."),
        title=Text("Paid on", "Payé le"),
        default=None,
        examples=["2026-11-20"],
    )
    paid_with: str | None = param(
        Text(
            "How it was paid: transfer, card, cash, cheque, debit or other.",
            "Comment c’est payé : transfer, card, cash, cheque, debit ou other.",
        ),
        title=Text("Paid with", "Moyen de paiement"),
        default=None,
        pattern="^(transfer|card|cash|cheque|debit|other)$",
    )
    order: str | None = param(
        Text("Number of the customer’s order.", "Numéro de commande du client."),
        title=Text("Order", "Bon de commande"),
        default=None,
        max_length=100,
    )
    discount: str | None = param(
        Text("A discount on every line, in percent.", "Une remise sur chaque ligne, en pour cent."),
        title=Text("Discount", "Remise"),
        default=None,
        examples=["10"],
    )
    note: str | None = param(
        Text("A remark to print.", "Une remarque à imprimer."),
        title=Text("Remark", "Remarque"),
        default=None,
        max_length=2_000,
    )
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


@params
class Issuing:
    """Which draft to issue."""

    draft: dict[str, Any] = param(
        Text("The draft, as a draft step gave it.", "Le projet, tel que l’étape de projet l’a "
             "donné."),
        title=Text("Draft", "Projet"),
        examples=["${{ steps.draft.draft }}"],
    )  # fmt: skip
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


def ordered(params: Ordering, trade: Trade, kind: Kind) -> Invoice:
    """Return the document of *kind* that an order asks for.

    Raises:
        StepError: something is missing or cannot be right.
    """
    fields = Fields(
        {name: getattr(params, name) for name in ("sold_on", "sold_until", "paid_on")}, _GIVEN
    )
    lines = read_lines(
        params.lines, trade.seller, nature=trade.nature, rate=trade.rate, discount=params.discount
    )
    return checked(
        Invoice(
            kind=kind,
            seller=trade.seller,
            buyer=read_buyer(params.customer),
            lines=lines,
            payment_days=days(params.payment_days, trade.payment_days),
            sold_on=fields.day("sold_on"),
            sold_until=fields.day("sold_until"),
            paid_on=fields.day("paid_on"),
            paid_with=params.paid_with,
            order=params.order or None,
            key=params.key or None,
            note=params.note or None,
        )
    )


def drafted(invoice: Invoice, trade: Trade, context: Context, *, is_kept: bool) -> JSON:
    """Return the draft of *invoice*, checked by all rules, and its PDF if *is_kept*. It blocks.

    Raises:
        StepError: a rule finds fault with it.
    """
    now = context.clock.now().astimezone(context.timezone)
    with register_of(trade, context).reading() as book:
        # One that was issued for its key is given back: what it was held against has changed since.
        if book.find("document", register_key(invoice, context)) is None:
            check_references(invoice, book)
    preview = str(context.files.check(_preview(invoice, trade, now.date()), "write"))
    if is_kept:
        made = make(invoice, number=None, issued_on=now.date(), made_at=now)
        checks = made.checks
        # What is there already says the same, and somebody may be asked about it right now.
        if not write(context.files, preview, made.pdf, on_conflict="skip", key=None).is_skipped:
            context.wrote(preview)
    else:
        checks = look(invoice, number=None, issued_on=now.date())
    totals = invoice.totals
    return {
        "draft": as_json(invoice),
        "kind": invoice.kind,
        "title": f"{TITLES[invoice.kind]} – {invoice.buyer.name}",
        "customer": invoice.buyer.name,
        "totals": dict(totals_json(totals)),
        "total": float(totals.due),
        "preview": preview,
        "sha256": _hash(invoice),
        "checks": dict(checks),
    }


def draft_undo(make: Callable[[Any, Trade, Context], Invoice]) -> Undo:
    """Return how to take back the PDF of a draft; *make* is how its document is made."""

    def targets(params: Any, context: Context) -> list[str]:
        trade = find_trade(context, params.seller)
        return [_preview(make(params, trade, context), trade, today(context))]

    return files_undo(
        targets=targets,
        replaces=lambda _: True,
        results=lambda result: [str(result["preview"])],
    )


def _preview(invoice: Invoice, trade: Trade, day: date) -> str:
    """Return where the PDF of a draft lies: another draft, or another day, another file."""
    return f"{trade.folder}/drafts/{invoice.kind}-{day:%Y%m%d}-{_hash(invoice)[:12]}.pdf"


def _hash(invoice: Invoice) -> str:
    return hashlib.sha256(json.dumps(as_json(invoice), sort_keys=True).encode()).hexdigest()


async def _draft(params: Ordering, context: Context, kind: Kind, *, is_kept: bool) -> JSON:
    trade = find_trade(context, params.seller)
    invoice = ordered(params, trade, kind)
    return await asyncio.to_thread(drafted, invoice, trade, context, is_kept=is_kept)


async def simulate_draft(params: Ordering, context: Context) -> JSON:
    """Return what `draft` would return; the PDF is not kept."""
    return await _draft(params, context, "invoice", is_kept=False)


@connector.action(
    "draft",
    title=Text("Draft an invoice", "Préparer une facture"),
    about=Text(
        "Prepare an invoice and hold it against all rules; it has no number yet.",
        "Prépare une facture et la confronte à toutes les règles ; elle n’a pas encore de numéro.",
    ),
    effect="local",
    idempotent=True,
    result=DRAFT,
    example=_EXAMPLE,
    describe=Text("draft an invoice", "préparer une facture"),
    simulate=simulate_draft,
    undo=draft_undo(lambda params, trade, _: ordered(params, trade, "invoice")),
)
async def draft(params: Ordering, context: Context) -> JSON:
    """Prepare an invoice and hold it against all rules; it has no number yet."""
    return await _draft(params, context, "invoice", is_kept=True)


async def simulate_quote(params: Ordering, context: Context) -> JSON:
    """Return what `quote` would return; the PDF is not kept."""
    return await _draft(params, context, "quote", is_kept=False)


@connector.action(
    "quote",
    title=Text("Draft a quote", "Préparer un devis"),
    about=Text(
        "Prepare a quote; invoice.issue gives it its number.",
        "Prépare un devis ; invoice.issue lui donne son numéro.",
    ),
    effect="local",
    idempotent=True,
    result=DRAFT,
    example={**_EXAMPLE, "key": "demande-31"},
    describe=Text("draft a quote", "préparer un devis"),
    simulate=simulate_quote,
    undo=draft_undo(lambda params, trade, _: ordered(params, trade, "quote")),
)
async def quote(params: Ordering, context: Context) -> JSON:
    """Prepare a quote; `issue` gives it its number."""
    return await _draft(params, context, "quote", is_kept=True)


async def simulate_issue(params: Issuing, context: Context) -> JSON:
    """Return what `issue` would return, with the number it would take now; nothing is kept."""
    trade = find_trade(context, params.seller)
    invoice = read_invoice(_inner(params.draft))
    return await asyncio.to_thread(_foreseen, invoice, trade, context)


def _inner(given: dict[str, Any]) -> object:
    """Return the draft in what a draft step gave: `steps.draft` is as good as `.draft` of it."""
    inner = given.get("draft")
    return inner if isinstance(inner, dict) else given


def _foreseen(invoice: Invoice, trade: Trade, context: Context) -> JSON:
    now = context.clock.now().astimezone(context.timezone)
    register = register_of(trade, context)
    with register.reading() as book:
        known = book.find("document", register_key(invoice, context))
        if known is None:
            check_references(invoice, book)
    if known is not None:
        return told(known, context, is_new=False)
    number = register.upcoming(trade.series(invoice.kind, now.date()))
    return told(foreseen(invoice, trade, number=number, now=now), context, is_new=True)


@connector.action(
    "issue",
    title=Text("Issue an invoice", "Émettre une facture"),
    about=Text(
        "Give a draft the next number, write its Factur-X file and enter it in the register.",
        "Donne au projet le numéro suivant, écrit son fichier Factur-X et l’inscrit au registre.",
    ),
    effect="irreversible",
    idempotent="by key",
    result=ISSUED,
    example={"draft": "${{ steps.draft.draft }}"},
    describe=Text("issue the invoice", "émettre la facture"),
    simulate=simulate_issue,
)
async def issue_document(params: Issuing, context: Context) -> JSON:
    """Give a draft the next number, write its files and enter it in the register."""
    trade = find_trade(context, params.seller)
    invoice = read_invoice(_inner(params.draft))
    entry, is_new = await asyncio.to_thread(issue, invoice, trade, context)
    return told(entry, context, is_new=is_new)
