"""How a document stands in the register: what was paid, credited, and asked for in advance."""

from decimal import Decimal
from typing import Final

from rouage.sdk import StepError, Text
from rouage_connectors.invoice.amounts import ZERO
from rouage_connectors.invoice.model import Invoice
from rouage_connectors.invoice.register import Book, Entry

_OTHER_BOOK: Final = Text(
    "this register belongs to the seller {siren}: each seller needs a register",
    "ce registre est celui du vendeur {siren} : chaque vendeur a besoin du sien",
)
_OTHER_BOOK_HINT: Final = Text(
    "write another `folder:` in the account of the second seller",
    "écrivez un autre `folder:` dans le compte du second vendeur",
)
_TOO_MUCH: Final = Text(
    "only {rest} € of {number} can still be credited, not {amount} €",
    "il ne reste que {rest} € de {number} à créditer, pas {amount} €",
)
_NOT_CORRECTED: Final = Text(
    "{number} is not an invoice: it cannot be credited",
    "{number} n’est pas une facture : elle ne peut pas être créditée",
)
_DEPOSITS: Final = Text(
    "the deposits of {quote} are not those of the draft: make the draft again",
    "les acomptes de {quote} ne sont plus ceux du projet : refaites le projet",
)
_BALANCED: Final = Text(
    "the balance of {quote} was invoiced already: {number}",
    "le solde de {quote} a déjà été facturé : {number}",
)
_MORE_THAN_QUOTED: Final = Text(
    "the deposits on {quote} would exceed it: {asked} € of {total} €",
    "les acomptes sur {quote} le dépasseraient : {asked} € pour {total} €",
)


def about(invoice: Invoice) -> str | None:
    """Return the earlier document that *invoice* belongs to."""
    return invoice.corrects.number if invoice.corrects is not None else invoice.quote


def check_references(invoice: Invoice, book: Book) -> None:
    """Refuse what does not fit the documents before it, whatever it said when it was drafted.

    Raises:
        StepError: a credit note above what is left, a balance whose deposits have changed or that
            was invoiced already, deposits above their quote; or it is the register of another.
    """
    first = book.first()
    siren = None if first is None else str(first.content["draft"]["seller"]["siret"])[:9]
    if siren is not None and siren != invoice.seller.siren:
        raise StepError(_OTHER_BOOK, hint=_OTHER_BOOK_HINT, siren=siren)
    if invoice.kind == "credit" and invoice.corrects is not None:
        _check_credit(invoice, book, invoice.corrects.number)
    elif invoice.kind == "balance" and invoice.quote is not None:
        _check_balance(invoice, book, invoice.quote)
    elif invoice.kind == "deposit" and invoice.quote is not None:
        _check_deposit(invoice, book, invoice.quote)


def _check_credit(invoice: Invoice, book: Book, number: str) -> None:
    corrected = book.document(number)
    if corrected.content["kind"] in {"credit", "quote"}:
        raise StepError(_NOT_CORRECTED, number=number)
    rest = _sum(corrected, "gross") - credited(book, number)
    if invoice.totals.gross > rest:
        raise StepError(_TOO_MUCH, number=number, rest=rest, amount=invoice.totals.gross)


def _check_balance(invoice: Invoice, book: Book, quote: str) -> None:
    for earlier in of_quote(book, quote, "balance"):
        raise StepError(_BALANCED, quote=quote, number=earlier.number)
    known = {entry.number for entry in of_quote(book, quote, "deposit")}
    if known != {deposit.number for deposit in invoice.deposits}:
        raise StepError(_DEPOSITS, quote=quote)


def _check_deposit(invoice: Invoice, book: Book, quote: str) -> None:
    for earlier in of_quote(book, quote, "balance"):
        raise StepError(_BALANCED, quote=quote, number=earlier.number)
    total = _sum(book.document(quote), "gross")
    before = sum((_sum(one, "gross") for one in of_quote(book, quote, "deposit")), ZERO)
    asked = before + invoice.totals.gross
    if asked > total:
        raise StepError(_MORE_THAN_QUOTED, quote=quote, asked=asked, total=total)


def of_quote(book: Book, quote: str, kind: str) -> list[Entry]:
    """Return the deposits or balances of *quote* that no credit note took back."""
    return [
        entry
        for entry in book.about(quote)
        if entry.content["kind"] == kind and credited(book, entry.number) < _sum(entry, "gross")
    ]


def credited(book: Book, number: str, amount: str = "gross") -> Decimal:
    """Return how much of the document *number* credit notes took back."""
    notes = [entry for entry in book.about(number) if entry.content["kind"] == "credit"]
    return sum((_sum(note, amount) for note in notes), ZERO)


def paid_of(book: Book, entry: Entry) -> Decimal:
    """Return what was received for a document."""
    payments = book.of(entry.number, "payment")
    return sum((Decimal(one.content["amount"]) for one in payments), ZERO)


def rest_of(book: Book, entry: Entry) -> Decimal:
    """Return what is still to be paid of a document, credit notes taken off."""
    rest = _sum(entry, "due") - paid_of(book, entry)
    if entry.content["kind"] == "credit":
        return rest
    return max(ZERO, rest - credited(book, entry.number, "due"))


def _sum(entry: Entry, name: str) -> Decimal:
    return Decimal(entry.content["totals"][name])
