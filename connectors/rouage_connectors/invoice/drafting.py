"""`invoice.draft`, `invoice.quote` and `invoice.issue`: from an order to a numbered document."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from datetime import date
from typing import Any

from rouage.sdk import JSON, Context, Text, Undo, param, params
from rouage.sdk.files import write
from rouage.sdk.undoing import files_undo
from rouage_connectors.invoice.days import today
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    DRAFT,
    ISSUED,
    SELLER,
    SELLER_TITLE,
    connector,
)
from rouage_connectors.invoice.intake import read_invoice
from rouage_connectors.invoice.issuing import foreseen, issue, register_key, told
from rouage_connectors.invoice.making import look, make
from rouage_connectors.invoice.model import TITLES, Invoice, Kind, as_json, totals_json
from rouage_connectors.invoice.ordering import EXAMPLE, Ordering, ordered
from rouage_connectors.invoice.standing import check_references
from rouage_connectors.invoice.trade import Trade, find_trade, register_of


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
        expected = book.upcoming(trade.series(invoice.kind, now.date()))
    preview = str(context.files.check(_preview(invoice, trade, now.date()), "write"))
    if is_kept:
        made = make(invoice, number=None, issued_on=now.date(), made_at=now, foreseen=expected)
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
    example=EXAMPLE,
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
    example={**EXAMPLE, "key": "demande-31"},
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
    with register_of(trade, context).reading() as book:
        known = book.find("document", register_key(invoice, context))
        if known is None:
            check_references(invoice, book)
        number = book.upcoming(trade.series(invoice.kind, now.date()))
    if known is not None:
        return told(known, context, is_new=False)
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
