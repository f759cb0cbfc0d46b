"""An invoice as plain data: who, to whom, what, when; all amounts follow from its lines."""

import dataclasses
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final, Literal

from rouage.sdk.records import dataclass
from rouage_connectors.invoice.amounts import ZERO, Totals, line_amount, plain
from rouage_connectors.invoice.legal_texts import VatCase, vat_cases
from rouage_connectors.invoice.pricing import Pricing, price

Kind = Literal["invoice", "deposit", "balance", "credit", "quote"]
KINDS: Final = ("invoice", "deposit", "balance", "credit", "quote")
NATURES: Final = ("services", "goods")
PRICES: Final = ("net", "gross")
"""What prices are: before VAT, or with it."""
TITLES: Final = {
    "invoice": "Facture",
    "deposit": "Facture d’acompte",
    "balance": "Facture de solde",
    "credit": "Avoir",
    "quote": "Devis",
}
UNITS: Final = {
    "C62": ("unité", "unite", "pièce", "piece", "pce", "unit"),
    "HUR": ("h", "heure", "heures", "hour", "hours"),
    "DAY": ("j", "jour", "jours", "day", "days"),
    "MON": ("mois", "month"),
    "KMT": ("km", "kilomètre", "kilomètres"),
    "MTR": ("m", "mètre", "mètres", "ml"),
    "MTK": ("m²", "m2"),
    "MTQ": ("m³", "m3"),
    "KGM": ("kg", "kilo", "kilos"),
    "LTR": ("l", "litre", "litres"),
    "LS": ("forfait", "flat"),
}
"""UN/ECE code of a unit, and the words people use; the first one is printed (of `C62`, nothing)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where somebody is."""

    street: str
    postcode: str
    city: str
    country: str = "FR"
    more: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seller:
    """Who invoices, as printed; `form` is `EI` or what a company must say of itself."""

    name: str
    address: Address
    siret: str
    form: str
    regime: Literal["franchise", "vat"]
    vat_number: str | None = None
    trade_name: str | None = None
    registration: str | None = None
    insurance: str | None = None
    email: str | None = None
    phone: str | None = None
    iban: str | None = None
    bic: str | None = None
    debits: bool = False
    penalties: str | None = None
    discount: str | None = None

    @property
    def siren(self) -> str:
        """Return the number of the business, of which the SIRET is one address."""
        return self.siret[:9]

    @property
    def full_name(self) -> str:
        """Return the name as the law wants it on every document."""
        return f"{self.name} EI" if self.form == "EI" else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Buyer:
    """Who pays. Without SIREN: a person, or a business abroad (`is_business`)."""

    name: str
    address: Address
    is_business: bool
    siren: str | None = None
    siret: str | None = None
    vat_number: str | None = None
    email: str | None = None
    delivery: Address | None = None
    billing: Address | None = None

    @property
    def treatment(self) -> str:
        """Return how the invoice is dealt with by platforms: `B2B`, `B2C`, `B2BINT`, `B2CINT`."""
        kind = "B2B" if self.is_business else "B2C"
        return kind if self.address.country == "FR" else kind + "INT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing sold. `discount` and `vat` are in percent; `vat` is None where none is charged."""

    label: str
    quantity: Decimal
    price: Decimal
    unit: str
    nature: Literal["services", "goods"]
    vat: Decimal | None
    discount: Decimal | None = None
    details: str | None = None

    @property
    def amount(self) -> Decimal:
        """Return what the line costs, as its price is given: before tax, or with it."""
        return line_amount(self.quantity, self.price, self.discount)


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjustment:
    """A discount (below zero) or charge on the whole document, as an amount or in percent.

    Without `vat` it has the rates of what is sold, in proportion.
    """

    label: str
    amount: Decimal | None = None
    percent: Decimal | None = None
    vat: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An earlier document: the one that a credit note corrects, a deposit that was paid."""

    number: str
    issued_on: date
    amount: Decimal = ZERO


@dataclass(frozen=True, kw_only=True, slots=True)
class Invoice:
    """A document without its number and date: those come when it is issued."""

    kind: Kind
    seller: Seller
    buyer: Buyer
    lines: tuple[Line, ...]
    payment_days: int
    sold_on: date | None = None
    sold_until: date | None = None
    due_on: date | None = None
    paid_on: date | None = None
    paid_with: str | None = None
    order: str | None = None
    quote: str | None = None
    key: str | None = None
    note: str | None = None
    reason: str | None = None
    corrects: Reference | None = None
    deposits: tuple[Reference, ...] = ()
    prices: Literal["net", "gross"] = "net"
    vat_case: str | None = None
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def nature(self) -> str:
        """Return whether it is about `services`, `goods` or both (`mixed`)."""
        natures = {line.nature for line in self.lines}
        return natures.pop() if len(natures) == 1 else "mixed"

    @property
    def case(self) -> VatCase | None:
        """Return why VAT is not charged as usual, or None when it is."""
        franchise = "franchise" if self.seller.regime == "franchise" else None
        name = self.vat_case or franchise
        return None if name is None else vat_cases()[name]

    @property
    def pricing(self) -> Pricing:
        """Return all amounts, before and with tax."""
        case = self.case
        priced = price(
            self.lines,
            self.adjustments,
            is_gross=self.prices == "gross",
            exempt=(case and case.category) or "E",
            prepaid=sum((deposit.amount for deposit in self.deposits), ZERO),
        )
        if self.paid_on is None:
            return priced
        totals = priced.totals
        whole = totals.gross + totals.rounding
        return dataclasses.replace(
            priced, totals=dataclasses.replace(totals, prepaid=whole, due=ZERO)
        )

    @property
    def totals(self) -> Totals:
        """Return the sums."""
        return self.pricing.totals


def as_json(value: Any) -> Any:
    """Return *value*, made of the classes above, as JSON: numbers and dates as text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    kind: Any = type(value)
    return {name: as_json(getattr(value, name)) for name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def totals_json(totals: Totals) -> dict[str, str]:
    """Return the sums as texts in euros and cents."""
    names = ("net", "vat", "gross", "rounding", "prepaid", "due")
    return {name: f"{getattr(totals, name):.2f}" for name in names}
