"""An invoice as plain data: who, to whom, what, when; all amounts follow from its lines."""

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from rouage.sdk.records import dataclass
from rouage_connectors.invoice.amounts import ZERO, Totals, line_net, plain, sum_up

Kind = Literal["invoice", "deposit", "balance", "credit", "quote"]
KINDS: Final = ("invoice", "deposit", "balance", "credit", "quote")
NATURES: Final = ("services", "goods")
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

    @property
    def treatment(self) -> str:
        """Return how the invoice is dealt with by platforms: `B2B`, `B2C`, `B2BINT`, `B2CINT`."""
        kind = "B2B" if self.is_business else "B2C"
        return kind if self.address.country == "FR" else kind + "INT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing sold. `discount` and `vat` are in percent; `vat` is None under the franchise."""

    label: str
    quantity: Decimal
    price: Decimal
    unit: str
    nature: Literal["services", "goods"]
    vat: Decimal | None
    discount: Decimal | None = None
    details: str | None = None

    @property
    def net(self) -> Decimal:
        """Return what the line costs before tax."""
        return line_net(self.quantity, self.price, self.discount)


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

    @property
    def nature(self) -> str:
        """Return whether it is about `services`, `goods` or both (`mixed`)."""
        natures = {line.nature for line in self.lines}
        return natures.pop() if len(natures) == 1 else "mixed"

    @property
    def totals(self) -> Totals:
        """Return the sums."""
        nets = [(line.vat, line.net) for line in self.lines]
        prepaid = sum((deposit.amount for deposit in self.deposits), ZERO)
        totals = sum_up(nets, prepaid)
        return totals if self.paid_on is None else sum_up(nets, totals.gross)


def as_json(value: Any) -> Any:
    """Return *value*, made of the classes above, as JSON: numbers and dates as text."""
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: as_json(getattr(value, field.name)) for field in fields}
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else value


def totals_json(totals: Totals) -> dict[str, str]:
    """Return the sums as texts in euros and cents."""
    names = ("net", "vat", "gross", "prepaid", "due")
    return {name: f"{getattr(totals, name):.2f}" for name in names}
