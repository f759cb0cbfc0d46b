"""`invoice.sales_report`: what was sold to private persons, as the tax office wants it reported.

Sales by day, category and rate (flow 10.3), and what was received for services by day and rate
(flow 10.4). Rouage is no platform: these are the figures that yours asks for, and a table to
hand over.
"""

import asyncio
import io
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, cast

from rouage.sdk import JSON, Context, Text, param, params
from rouage.sdk.files import OnConflict, preview, write
from rouage.sdk.records import dataclass
from rouage.sdk.undoing import files_undo
from rouage_connectors.invoice.amounts import ZERO, plain
from rouage_connectors.invoice.days import GIVEN, today
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    SELLER,
    SELLER_TITLE,
    connector,
)
from rouage_connectors.invoice.fields import Fields
from rouage_connectors.invoice.intake import read_issued
from rouage_connectors.invoice.legal_texts import report_category
from rouage_connectors.invoice.model import Invoice
from rouage_connectors.invoice.pricing import Rate, spread
from rouage_connectors.invoice.register import Book, Entry
from rouage_connectors.invoice.sharing import grosses_of, nets_of, taxes_of
from rouage_connectors.invoice.trade import find_trade, register_of

_HEADINGS: Final = ("Flux", "Jour", "Catégorie", "Taux de TVA", "Nombre", "Base HT", "TVA",
                    "Encaissé TTC")  # fmt: skip
_SALES: Final = "10.3"
_PAYMENTS: Final = "10.4"


@params
class SalesReport:
    """Which days, and where to."""

    target: str = param(
        Text("The CSV file to make.", "Le fichier CSV à faire."),
        title=Text("Target", "Cible"),
        format="path",
        examples=["files/e-reporting-2026-10.csv"],
    )
    since: str | None = param(
        Text("First day; that of the last month, unless given.", "Premier jour ; celui du mois "
             "dernier, sauf indication."),
        title=Text("Since", "Depuis"),
        default=None,
        examples=["2026-10-01"],
    )  # fmt: skip
    until: str | None = param(
        Text("Last day; that of the last month, unless given.", "Dernier jour ; celui du mois "
             "dernier, sauf indication."),
        title=Text("Until", "Jusqu’au"),
        default=None,
        examples=["2026-10-31"],
    )  # fmt: skip
    on_conflict: OnConflict = param(
        Text(
            "What to do if the target exists: fail, skip, overwrite or rename.",
            "Que faire si la cible existe : fail, skip, overwrite ou rename.",
        ),
        title=Text("If it exists", "S’il existe déjà"),
        default="overwrite",
    )
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sale:
    """What one document sold at one rate, in one category; a credit note takes it back."""

    day: date
    category: str
    rate: Rate
    base: Decimal
    vat: Decimal
    number: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What was received for services at one rate, with VAT."""

    day: date
    rate: Rate
    amount: Decimal


def sales_in(book: Book, since: date, until: date) -> Iterator[Sale]:
    """Yield what was sold to persons, by document; a deposit counts once, in its own document."""
    for entry in book.all("document"):
        if not since <= entry.day <= until or not _is_reported(entry):
            continue
        invoice = read_issued(entry.content["draft"])
        sign = -1 if invoice.kind == "credit" else 1
        yield from _sales(entry, invoice, sign)
        for deposit in invoice.deposits:
            earlier = book.document(deposit.number)
            yield from _sales(entry, read_issued(earlier.content["draft"]), -sign)


def receipts_in(book: Book, since: date, until: date) -> Iterator[Receipt]:
    """Yield what was received for services: their VAT is due with the payment."""
    for entry in book.all("document"):
        if not _is_reported(entry):
            continue
        invoice = read_issued(entry.content["draft"])
        if invoice.seller.debits:
            continue
        for day, amount in _received(book, entry, invoice):
            if since <= day <= until:
                yield from _receipts(invoice, day, amount)


def _is_reported(entry: Entry) -> bool:
    """Say whether *entry* is a sale to a person: those to businesses go invoice by invoice."""
    return entry.content["kind"] != "quote" and not entry.content["draft"]["buyer"]["is_business"]


def _sales(entry: Entry, invoice: Invoice, sign: int) -> Iterator[Sale]:
    taxes = taxes_of(invoice)
    for (rate, nature), net in nets_of(invoice).items():
        yield Sale(
            day=entry.day,
            category=report_category(nature, is_taxed=rate is not None),
            rate=rate,
            base=sign * net,
            vat=sign * taxes.get((rate, nature), ZERO),
            number=entry.number,
        )


def _received(book: Book, entry: Entry, invoice: Invoice) -> Iterator[tuple[date, Decimal]]:
    sign = -1 if invoice.kind == "credit" else 1
    for payment in book.of(entry.number, "payment"):
        content = payment.content
        yield date.fromisoformat(content["paid_on"]), sign * Decimal(content["amount"])
    if invoice.paid_on is not None:
        before = sum((deposit.amount for deposit in invoice.deposits), ZERO)
        yield invoice.paid_on, invoice.totals.prepaid - before


def _receipts(invoice: Invoice, day: date, amount: Decimal) -> Iterator[Receipt]:
    grosses = grosses_of(invoice)
    for (rate, nature), part in zip(grosses, spread(amount, list(grosses.values())), strict=True):
        if nature == "services" and rate is not None:
            yield Receipt(day=day, rate=rate, amount=part)


def told_sales(sales: Iterable[Sale]) -> list[dict[str, JSON]]:
    """Return *sales* added up by day, category and rate, in this order."""
    groups: dict[tuple[date, str, Decimal], list[Sale]] = {}
    for sale in sales:
        groups.setdefault((sale.day, sale.category, sale.rate or ZERO), []).append(sale)
    return [
        {
            "day": day.isoformat(),
            "category": category,
            "rate": plain(rate),
            "count": len({sale.number for sale in found}),
            "base": f"{sum((sale.base for sale in found), ZERO):.2f}",
            "vat": f"{sum((sale.vat for sale in found), ZERO):.2f}",
        }
        for (day, category, rate), found in sorted(groups.items())
    ]


def told_receipts(receipts: Iterable[Receipt]) -> list[dict[str, JSON]]:
    """Return *receipts* added up by day and rate, in this order."""
    sums: dict[tuple[date, Decimal], Decimal] = {}
    for one in receipts:
        group = (one.day, one.rate or ZERO)
        sums[group] = sums.get(group, ZERO) + one.amount
    return [
        {"day": day.isoformat(), "rate": plain(rate), "amount": f"{amount:.2f}"}
        for (day, rate), amount in sorted(sums.items())
    ]


def _report(params: SalesReport, context: Context) -> tuple[bytes, dict[str, JSON]]:
    trade = find_trade(context, params.seller)
    last = today(context).replace(day=1) - timedelta(days=1)
    given = Fields({"since": params.since, "until": params.until}, GIVEN)
    since, until = given.day("since") or last.replace(day=1), given.day("until") or last
    with register_of(trade, context).reading() as book:
        sales = told_sales(sales_in(book, since, until))
        payments = told_receipts(receipts_in(book, since, until))
    facts: dict[str, JSON] = {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "sales": cast("JSON", sales),
        "payments": cast("JSON", payments),
        "base": _sum(sales, "base"),
        "vat": _sum(sales, "vat"),
        "received": _sum(payments, "amount"),
    }
    return _table(sales, payments), facts


def _sum(rows: list[dict[str, JSON]], name: str) -> str:
    return f"{sum((Decimal(str(row[name])) for row in rows), ZERO):.2f}"


def _table(sales: list[dict[str, JSON]], payments: list[dict[str, JSON]]) -> bytes:
    import csv  # not at the start: only this action writes tables

    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_HEADINGS)
    for row in sales:
        writer.writerow([_SALES, row["day"], row["category"], _comma(row["rate"]), row["count"],
                         _comma(row["base"]), _comma(row["vat"]), ""])  # fmt: skip
    for row in payments:
        writer.writerow([_PAYMENTS, row["day"], "", _comma(row["rate"]), "", "", "",
                         _comma(row["amount"])])  # fmt: skip
    return text.getvalue().encode("utf-8-sig")


def _comma(value: JSON) -> str:
    return str(value).replace(".", ",")


async def simulate_sales_report(params: SalesReport, context: Context) -> JSON:
    """Return what `sales_report` would return, writing nothing."""

    def look() -> JSON:
        _, facts = _report(params, context)
        outcome = preview(context.files, params.target, on_conflict=params.on_conflict)
        return {"path": outcome.path, "skipped": outcome.is_skipped, **facts}

    return await asyncio.to_thread(look)


_TEXT: Final[dict[str, JSON]] = {"type": "string"}
_SALE: Final[dict[str, JSON]] = {
    "day": {**_TEXT, "format": "date"},
    "category": {**_TEXT, "description": "TLB1 goods, TPS1 services, TNT1 without French VAT"},
    "rate": _TEXT,
    "count": {"type": "integer", "description": "How many documents"},
    "base": {**_TEXT, "description": "Before VAT, in euros"},
    "vat": _TEXT,
}
_RECEIVED: Final[dict[str, JSON]] = {
    "day": {**_TEXT, "format": "date"},
    "rate": _TEXT,
    "amount": {**_TEXT, "description": "With VAT, in euros"},
}


@connector.action(
    "sales_report",
    title=Text("Report sales to persons", "Déclarer les ventes aux particuliers"),
    about=Text(
        "Add up the sales to private persons by day and rate, for e-reporting by your platform.",
        "Additionne les ventes aux particuliers par jour et par taux, pour le e-reporting de votre "
        "plateforme.",
    ),
    effect="local",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "path": {**_TEXT, "format": "path"},
            "since": {**_TEXT, "format": "date"},
            "until": {**_TEXT, "format": "date"},
            "sales": {"type": "array", "items": {"type": "object", "properties": _SALE}},
            "payments": {
                "type": "array",
                "items": {"type": "object", "properties": _RECEIVED},
                "description": "What was received for services",
            },
            "base": {**_TEXT, "description": "All sales before VAT, in euros"},
            "vat": _TEXT,
            "received": {**_TEXT, "description": "All that was received for services"},
            "skipped": {"type": "boolean"},
        },
        "required": ["path", "sales", "payments", "base", "vat", "received", "skipped"],
    },
    example={"target": "files/e-reporting-2026-10.csv"},
    describe=Text(
        "report the sales to persons to {target}",
        "déclarer les ventes aux particuliers dans {target}",
    ),
    simulate=simulate_sales_report,
    undo=files_undo(targets=lambda params, _: [params.target]),
)
async def sales_report(params: SalesReport, context: Context) -> JSON:
    """Add up the sales to private persons by day and rate."""

    def work() -> JSON:
        data, facts = _report(params, context)
        outcome = write(
            context.files, params.target, data, on_conflict=params.on_conflict,
            key=context.idempotency_key,
        )  # fmt: skip
        if not outcome.is_skipped:
            context.wrote(outcome.path)
        return {"path": outcome.path, "skipped": outcome.is_skipped, **facts}

    return await asyncio.to_thread(work)
