"""`invoice.income_book`: what was received, as the tax office wants to see it."""

import asyncio
import io
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rouage.sdk import JSON, Context, Text, param, params
from rouage.sdk.files import OnConflict, preview, write
from rouage.sdk.undoing import files_undo
from rouage_connectors.invoice.amounts import ZERO
from rouage_connectors.invoice.days import GIVEN, day_of
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    SELLER,
    SELLER_TITLE,
    connector,
)
from rouage_connectors.invoice.fields import Fields
from rouage_connectors.invoice.register import Book, Entry
from rouage_connectors.invoice.trade import find_trade, register_of

MODES: Final = {
    "transfer": "virement",
    "card": "carte",
    "cash": "espèces",
    "cheque": "chèque",
    "debit": "prélèvement",
    "other": "autre",
}
_HEADINGS: Final = (
    "Date d’encaissement", "Numéro", "Client", "Nature", "Montant", "Mode de règlement",
    "Référence", "Empreinte",
)  # fmt: skip
_NATURES: Final = {"services": "Prestations", "goods": "Ventes", "mixed": "Ventes et prestations"}


@params
class IncomeBook:
    """Which receipts, and where to."""

    target: str = param(
        Text("The CSV file to make.", "Le fichier CSV à faire."),
        title=Text("Target", "Cible"),
        format="path",
        examples=["files/income-2026.csv"],
    )
    since: str | None = param(
        Text("First day.", "Premier jour."),
        title=Text("Since", "Depuis"),
        default=None,
        examples=["2026-01-01"],
    )
    until: str | None = param(
        Text("Last day.", "Dernier jour."),
        title=Text("Until", "Jusqu’au"),
        default=None,
        examples=["2026-12-31"],
    )
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


def _receipts(book: Book, since: date, until: date) -> list[tuple[str, list[str]]]:
    """Return the rows of the income book with their days: in the order of the receipts."""
    rows: list[tuple[str, list[str]]] = []
    for entry in book.all("payment"):
        document = book.document(entry.number)
        sign = -1 if document.content["kind"] == "credit" else 1
        rows.append(_row(document, entry.content, sign * Decimal(entry.content["amount"]), entry))
    for document in book.all("document"):
        draft = document.content["draft"]
        if draft["paid_on"]:
            said = {"paid_on": draft["paid_on"], "mode": draft["paid_with"] or "other"}
            rows.append(_row(document, said, _paid_at_once(document), document))
    chosen = [row for row in rows if since.isoformat() <= row[0] <= until.isoformat()]
    return sorted(chosen, key=lambda row: row[0])


def _row(document: Entry, said: Any, amount: Decimal, entry: Entry) -> tuple[str, list[str]]:
    draft = document.content["draft"]
    natures = {line["nature"] for line in draft["lines"]}
    nature = natures.pop() if len(natures) == 1 else "mixed"
    paid_on = str(said["paid_on"])
    return paid_on, [
        date.fromisoformat(paid_on).strftime("%d/%m/%Y"),
        document.number,
        _harmless(draft["buyer"]["name"]),
        _NATURES[nature],
        f"{amount:.2f}".replace(".", ","),
        MODES[said["mode"]],
        _harmless(said.get("reference") or ""),
        entry.hash,
    ]


def _paid_at_once(document: Entry) -> Decimal:
    """Return what came in for a document that was paid when it was issued: not its deposits."""
    totals = document.content["totals"]
    whole = Decimal(totals["gross"]) + Decimal(totals.get("rounding", 0))
    deposits = document.content["draft"]["deposits"]
    return whole - sum((Decimal(one["amount"]) for one in deposits), ZERO)


def _harmless(text: str) -> str:
    """Return *text* so that no spreadsheet takes it for a formula (security S-47)."""
    return "'" + text if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _book(params: IncomeBook, context: Context) -> tuple[bytes, dict[str, JSON]]:
    trade = find_trade(context, params.seller)
    since = Fields({"since": params.since}, GIVEN).day("since") or date.min
    until = day_of(params.until, "until", context)
    with register_of(trade, context).reading() as book:
        rows = _receipts(book, since, until)
    import csv  # not at the start: only this action writes tables

    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_HEADINGS)
    writer.writerows(row for _, row in rows)
    total = sum((Decimal(row[4].replace(",", ".")) for _, row in rows), ZERO)
    return text.getvalue().encode("utf-8-sig"), {"count": len(rows), "total": f"{total:.2f}"}


async def simulate_income_book(params: IncomeBook, context: Context) -> JSON:
    """Return what `income_book` would return, writing nothing."""

    def look() -> JSON:
        _, facts = _book(params, context)
        outcome = preview(context.files, params.target, on_conflict=params.on_conflict)
        return {"path": outcome.path, "skipped": outcome.is_skipped, **facts}

    return await asyncio.to_thread(look)


@connector.action(
    "income_book",
    title=Text("Write the income book", "Écrire le livre des recettes"),
    about=Text(
        "Write the income book as CSV: what was received, when, from whom, how.",
        "Écrit le livre des recettes en CSV : ce qui a été reçu, quand, de qui, comment.",
    ),
    effect="local",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "path": {"type": "string", "format": "path"},
            "count": {"type": "integer", "description": "How many receipts"},
            "total": {"type": "string", "description": "What was received, in euros"},
            "skipped": {"type": "boolean"},
        },
        "required": ["path", "count", "total", "skipped"],
    },
    example={"target": "files/income-2026.csv", "since": "2026-01-01", "until": "2026-12-31"},
    describe=Text("write the income book to {target}", "écrire le livre des recettes {target}"),
    simulate=simulate_income_book,
    undo=files_undo(targets=lambda params, _: [params.target]),
)
async def income_book(params: IncomeBook, context: Context) -> JSON:
    """Write the income book as CSV."""

    def work() -> JSON:
        data, facts = _book(params, context)
        outcome = write(
            context.files, params.target, data, on_conflict=params.on_conflict,
            key=context.idempotency_key,
        )  # fmt: skip
        if not outcome.is_skipped:
            context.wrote(outcome.path)
        return {"path": outcome.path, "skipped": outcome.is_skipped, **facts}

    return await asyncio.to_thread(work)
