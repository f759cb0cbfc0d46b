"""`invoice.mark_paid`: a payment, entered in the register once."""

import asyncio
from decimal import Decimal
from typing import Any, Final

from rouage.sdk import JSON, Context, StepError, Text, param, params
from rouage_connectors.invoice.amounts import ZERO, euros, read_number, rounded
from rouage_connectors.invoice.days import day_of, today
from rouage_connectors.invoice.declaration import (
    ACCOUNT_PATTERN,
    NUMBER_TITLE,
    SELLER,
    SELLER_TITLE,
    connector,
)
from rouage_connectors.invoice.legal_texts import cash_limit
from rouage_connectors.invoice.register import Book, Entry
from rouage_connectors.invoice.standing import paid_of, rest_of
from rouage_connectors.invoice.trade import find_trade, register_of

_NO_AMOUNT: Final = Text(
    "`amount` must be a number such as 120,50", "`amount` doit être un nombre comme 120,50"
)
_FUTURE: Final = Text("{day} is still to come", "le {day} n’est pas encore arrivé")
_NOT_RECEIVED: Final = Text(
    "no more than {received} was received for {number}",
    "il n’a pas été reçu plus de {received} pour {number}",
)
_TOO_MUCH: Final = Text(
    "{amount} is more than what is left to pay of {number}, {rest}",
    "{amount} dépasse ce qui reste à payer sur {number}, {rest}",
)
_TOO_MUCH_HINT: Final = Text(
    "check the invoice and the amount; a payment for two invoices is entered twice",
    "vérifiez la facture et le montant ; un règlement pour deux factures s’inscrit en deux fois",
)
_PAID: Final = Text("{number} is paid already", "{number} est déjà payée")
_NOT_DUE: Final = Text(
    "{number} is a quote: there is nothing to pay", "{number} est un devis : rien n’est à payer"
)
_CASH: Final = Text(
    "a professional may not be paid more than {limit} in cash",
    "un professionnel ne peut pas recevoir plus de {limit} en espèces",
)
_NUMBER: Final = Text("Number of the invoice.", "Numéro de la facture.")


@params
class Payment:
    """What was paid, when and how."""

    number: str = param(_NUMBER, title=NUMBER_TITLE, max_length=35, examples=["FA-2026-0012"])
    amount: str | None = param(
        Text(
            "How much, if not all that is left; below zero to take back an entry made by mistake.",
            "Combien, si ce n’est pas tout le reste ; négatif pour annuler une erreur de saisie.",
        ),
        title=Text("Amount", "Montant"),
        default=None,
        examples=["120,50"],
    )
    paid_on: str | None = param(
        Text("When; today, unless given.", "Quand ; aujourd’hui, sauf indication."),
        title=Text("Paid on", "Payé le"),
        default=None,
        examples=["2026-11-20"],
    )
    mode: str = param(
        Text(
            "transfer, card, cash, cheque, debit or other.",
            "transfer, card, cash, cheque, debit ou other.",
        ),
        title=Text("Mode", "Mode de règlement"),
        default="transfer",
        pattern="^(transfer|card|cash|cheque|debit|other)$",
    )
    reference: str | None = param(
        Text(
            "What names this payment, such as the line of the bank: it is entered once.",
            "Ce qui désigne ce règlement, comme la ligne de la banque : il est inscrit une fois.",
        ),
        title=Text("Reference", "Référence"),
        default=None,
        max_length=200,
    )
    seller: str | None = param(
        SELLER, title=SELLER_TITLE, default=None, pattern=ACCOUNT_PATTERN, examples=["atelier"]
    )


class _Receipt:
    """One payment, between what is asked for and what the register says."""

    def __init__(self, params: Payment, context: Context) -> None:
        self.params = params
        self.day = day_of(params.paid_on, "paid_on", context)
        self.amount = None if params.amount is None else read_number(params.amount)
        if params.amount is not None and not self.amount:
            raise StepError(_NO_AMOUNT)
        if self.day > today(context):
            raise StepError(_FUTURE, day=self.day.isoformat())
        reference = params.reference
        self.key = f"{params.number}:{reference or 'step/' + context.idempotency_key}"

    def check(self, book: Book) -> None:
        """Settle the amount, and refuse one that cannot be right."""
        entry = book.document(self.params.number)
        if entry.content["kind"] == "quote":
            raise StepError(_NOT_DUE, number=entry.number)
        rest = rest_of(book, entry)
        amount = rest if self.amount is None else rounded(self.amount)
        if amount < 0:
            self._check_correction(book, entry, -amount)
        elif rest <= 0:
            raise StepError(_PAID, number=entry.number)
        if amount > rest:
            raise StepError(
                _TOO_MUCH, hint=_TOO_MUCH_HINT, number=entry.number, amount=euros(amount),
                rest=euros(rest),
            )  # fmt: skip
        if self.params.mode == "cash" and amount > cash_limit():
            raise StepError(_CASH, limit=euros(cash_limit()))
        self.amount = amount

    def _check_correction(self, book: Book, entry: Entry, amount: Decimal) -> None:
        """Refuse to take back more than was received: entries are corrected, never erased."""
        received = paid_of(book, entry)
        if amount > received:
            raise StepError(_NOT_RECEIVED, number=entry.number, received=euros(received))

    def content(self) -> dict[str, JSON]:
        """Return what the register says of the payment."""
        return {
            "amount": f"{self.amount:.2f}",
            "paid_on": self.day.isoformat(),
            "mode": self.params.mode,
            "reference": self.params.reference,
        }


def _mark(params: Payment, context: Context) -> JSON:
    trade = find_trade(context, params.seller)
    receipt = _Receipt(params, context)
    register = register_of(trade, context, create=True)
    entry = register.add(
        "payment",
        params.number,
        day=today(context),
        key=receipt.key,
        content=receipt.content,
        check=receipt.check,
    )
    with register.reading() as book:
        rest = rest_of(book, book.document(entry.number))
    return _marked(entry.content, entry.number, rest, is_new=entry.is_new)


def _marked(content: Any, number: str, rest: Decimal, *, is_new: bool) -> JSON:
    return {
        "number": number,
        "amount": content["amount"],
        "paid_on": content["paid_on"],
        "rest": f"{rest:.2f}",
        "is_paid": rest == ZERO,
        "is_new": is_new,
    }


async def simulate_mark_paid(params: Payment, context: Context) -> JSON:
    """Return what `mark_paid` would return, entering nothing."""

    def look() -> JSON:
        trade, receipt = find_trade(context, params.seller), _Receipt(params, context)
        with register_of(trade, context).reading() as book:
            known = book.find("payment", receipt.key)
            document = book.document(params.number)
            if known is not None:
                return _marked(known.content, params.number, rest_of(book, document), is_new=False)
            receipt.check(book)
            rest = rest_of(book, document) - (receipt.amount or ZERO)
        return _marked(receipt.content(), params.number, rest, is_new=True)

    return await asyncio.to_thread(look)


@connector.action(
    "mark_paid",
    title=Text("Note a payment", "Noter un règlement"),
    about=Text(
        "Enter a payment in the register, for the income book and the reminders.",
        "Inscrit un règlement au registre, pour le livre des recettes et les relances.",
    ),
    effect="irreversible",
    idempotent="by key",
    result={
        "type": "object",
        "properties": {
            "number": {"type": "string"},
            "amount": {"type": "string"},
            "paid_on": {"type": "string", "format": "date"},
            "rest": {"type": "string", "description": "What is still to be paid"},
            "is_paid": {"type": "boolean"},
            "is_new": {"type": "boolean", "description": "False when it had been entered before"},
        },
        "required": ["number", "amount", "rest", "is_paid", "is_new"],
    },
    example={"number": "FA-2026-0012", "amount": "120,50", "reference": "VIR-8812"},
    describe=Text("note the payment of {number}", "noter le règlement de {number}"),
    simulate=simulate_mark_paid,
)
async def mark_paid(params: Payment, context: Context) -> JSON:
    """Enter a payment in the register."""
    return await asyncio.to_thread(_mark, params, context)
