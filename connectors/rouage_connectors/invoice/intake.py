"""From an earlier draft to an `Invoice`, and what must fit together in one.

Drafts are read by the same functions as the words of a recipe, so that nothing in an approved
draft escapes the checks.
"""

from decimal import Decimal
from typing import Any, Final, cast

from rouage.sdk import StepError, Text
from rouage_connectors.invoice.amounts import euros
from rouage_connectors.invoice.fields import Fields
from rouage_connectors.invoice.legal_texts import cash_limit, payment_days, vat_cases
from rouage_connectors.invoice.line_reading import read_adjustments, read_lines
from rouage_connectors.invoice.model import KINDS, PRICES, Invoice, Kind, Reference, Seller
from rouage_connectors.invoice.parties import read_buyer, read_seller
from rouage_connectors.invoice.vat_cases import CASES, check_vat_case

_INVOICE: Final = Text("the draft", "le projet")
_REFERENCE: Final = Text("the earlier document", "le document précédent")

_DAYS: Final = Text(
    "`payment_days` is a whole number from 0 to {limit}",
    "`payment_days` est un nombre entier de 0 à {limit}",
)
_DAYS_HINT: Final = Text(
    "the law allows no longer delay between businesses",
    "la loi n’autorise pas de délai plus long entre professionnels",
)
_OVERPAID: Final = Text(
    "the deposits exceed the invoice by {due}",
    "les acomptes dépassent la facture de {due}",
)
_OVERPAID_HINT: Final = Text(
    "credit one of the deposits first (invoice.credit)",
    "faites d’abord l’avoir de l’un des acomptes (invoice.credit)",
)
_NOTHING: Final = Text(
    "the lines come to 0.00 €: there is nothing to invoice",
    "les lignes font 0,00 € : il n’y a rien à facturer",
)
_NOTHING_HINT: Final = Text(
    "correct `price` or `quantity` of the lines", "corrigez `price` ou `quantity` dans les lignes"
)
_TOO_MUCH_OFF: Final = Text(
    "the discounts are more than what is sold: {left} would be left",
    "les remises dépassent ce qui est vendu : il resterait {left}",
)
_TOO_MUCH_OFF_HINT: Final = Text(
    "correct `adjustments`; money that goes back to the customer is a credit note (invoice.credit)",
    "corrigez `adjustments` ; rendre de l’argent au client passe par un avoir (invoice.credit)",
)
_CASH: Final = Text(
    "a professional may not be paid more than {limit} in cash",
    "un professionnel ne peut pas recevoir plus de {limit} en espèces",
)
_CASH_HINT: Final = Text(
    "correct `paid_with`, or ask for another way to pay",
    "corrigez `paid_with`, ou demandez un autre moyen de paiement",
)
_PERIOD: Final = Text(
    "the sale ends ({until}) before it begins ({on})",
    "la prestation finit ({until}) avant d’avoir commencé ({on})",
)
_PERIOD_HINT: Final = Text(
    "correct `sold_on` or `sold_until`", "corrigez `sold_on` ou `sold_until`"
)
_NO_EMAIL: Final = Text(
    "a business abroad needs `email`: it is its electronic address on the invoice",
    "une entreprise étrangère doit avoir un `email` : c’est son adresse électronique sur la "
    "facture",
)
_NO_EMAIL_HINT: Final = Text("write `email` of the customer", "écrivez l’`email` du client")


def read_invoice(given: object) -> Invoice:
    """Return the invoice that a draft holds.

    Raises:
        StepError: somebody changed it into what cannot be right.
    """
    return checked(read_issued(given))


def read_issued(given: object) -> Invoice:
    """Return the invoice that an entry of the register holds: it was checked when it was issued.

    Raises:
        StepError: a field of it cannot be right.
    """
    fields = Fields(given, _INVOICE)
    seller = read_seller(fields.get("seller"))
    corrects = fields.get("corrects")
    vat_case = fields.choice("vat_case", CASES, "") or None
    has_vat = charges_vat(seller, vat_case)
    invoice = Invoice(
        kind=cast("Kind", fields.choice("kind", KINDS, "invoice")),
        seller=seller,
        buyer=read_buyer(fields.get("buyer")),
        lines=read_lines(fields.get("lines"), nature="services", rate=None, has_vat=has_vat),
        payment_days=days(fields.get("payment_days")),
        sold_on=fields.day("sold_on"),
        sold_until=fields.day("sold_until"),
        due_on=fields.day("due_on"),
        paid_on=fields.day("paid_on"),
        paid_with=fields.maybe("paid_with", longest=20),
        order=fields.maybe("order", longest=100),
        quote=fields.maybe("quote", longest=100),
        key=fields.maybe("key", longest=300),
        note=fields.maybe("note"),
        reason=fields.maybe("reason", longest=500),
        corrects=None if corrects is None else read_reference(corrects),
        deposits=tuple(read_reference(item) for item in fields.get("deposits") or ()),
        prices=cast("Any", fields.choice("prices", PRICES, "net")),
        vat_case=vat_case,
        adjustments=read_adjustments(fields.get("adjustments") or None, has_vat=has_vat),
    )
    fields.done()
    return invoice


def charges_vat(seller: Seller, vat_case: str | None) -> bool:
    """Say whether the lines of a document have a rate of VAT."""
    name = vat_case or ("franchise" if seller.regime == "franchise" else None)
    return name is None or vat_cases()[name].category is None


def checked(invoice: Invoice) -> Invoice:
    """Return *invoice* if its parts fit together.

    Raises:
        StepError: they do not.
    """
    totals = invoice.totals
    if invoice.kind != "credit":  # which takes back what was issued, as it was
        check_vat_case(invoice)
        _check_address(invoice)
    if invoice.sold_on and invoice.sold_until and invoice.sold_until < invoice.sold_on:
        raise StepError(_PERIOD, hint=_PERIOD_HINT, on=invoice.sold_on, until=invoice.sold_until)
    if not totals.lines:
        raise StepError(_NOTHING, hint=_NOTHING_HINT)
    lowest = min(tax.base for tax in totals.taxes)
    if lowest < 0 or totals.gross <= 0:
        raise StepError(_TOO_MUCH_OFF, hint=_TOO_MUCH_OFF_HINT, left=euros(lowest))
    if totals.due < 0:
        raise StepError(_OVERPAID, hint=_OVERPAID_HINT, due=euros(-totals.due))
    if invoice.paid_with == "cash" and totals.gross > cash_limit():
        raise StepError(_CASH, hint=_CASH_HINT, limit=euros(cash_limit()))
    return invoice


def _check_address(invoice: Invoice) -> None:
    buyer = invoice.buyer
    if buyer.is_business and buyer.siren is None and buyer.email is None:
        raise StepError(_NO_EMAIL, hint=_NO_EMAIL_HINT)


def read_reference(given: object) -> Reference:
    """Return the earlier document that *given* names.

    Raises:
        StepError: a field is missing or cannot be right.
    """
    fields = Fields(given, _REFERENCE)
    day = fields.day("issued_on")
    if day is None:
        fields.text("issued_on")
    amount = fields.number("amount", most_decimals=2)
    reference = Reference(
        number=fields.text("number", longest=35),
        issued_on=cast("Any", day),
        amount=Decimal(0) if amount is None else amount,
    )
    fields.done()
    return reference


def days(given: object, default: int | None = None) -> int:
    """Return how many days the customer has to pay.

    Raises:
        StepError: it is no whole number, or longer than the law allows.
    """
    usual, longest = payment_days()
    if given is None:
        return usual if default is None else default
    text = str(given)
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= longest):
        raise StepError(_DAYS, hint=_DAYS_HINT, limit=longest)
    return int(text)
