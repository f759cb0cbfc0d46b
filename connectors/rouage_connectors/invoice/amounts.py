"""Money: decimal numbers only, rounded half up, and the totals of an invoice."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from rouage.sdk.records import dataclass

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal("0.00")
_MOST: Final = Decimal(10) ** 12
_SPACES: Final = re.compile(r"[\s\u00a0\u202f]+")
_ENGLISH: Final = re.compile(r"\d{1,3}(,\d{3})+\.\d+")


def read_number(value: object) -> Decimal | None:
    """Return the number that *value* means (`12.5`, `"1 234,50 €"`), or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    text = _SPACES.sub("", str(value)).removesuffix("€").removesuffix("EUR").removesuffix("%")
    if _ENGLISH.fullmatch(text.lstrip("-")):
        text = text.replace(",", "")
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < _MOST else None


def rounded(number: Decimal) -> Decimal:
    """Return *number* in cents, half a cent away from zero."""
    return number.quantize(CENT, rounding=ROUND_HALF_UP)


def decimals(number: Decimal) -> int:
    """Return how many decimals *number* needs."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def plain(number: Decimal) -> str:
    """Return *number* as XML wants it: a point, no exponent, no useless zero."""
    return format(number.normalize(), "f") if number else "0"


def euros(number: Decimal) -> str:
    """Return *number* as a French reader expects an amount: `1 234,50 €`."""
    return f"{number:,.2f}".replace(",", "\u202f").replace(".", ",") + "\u00a0€"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tax:
    """One line of the VAT breakdown: category (`S`, `E`, `AE`…), rate, base and tax."""

    category: str
    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """The sums of an invoice.

    `lines` is what its lines cost, `discounts` and `charges` what is taken off and added on the
    whole; then net of tax, tax, with tax, paid before, rounded, to pay.
    """

    lines: Decimal
    discounts: Decimal
    charges: Decimal
    net: Decimal
    taxes: tuple[Tax, ...]
    vat: Decimal
    gross: Decimal
    rounding: Decimal
    prepaid: Decimal
    due: Decimal


def line_amount(quantity: Decimal, price: Decimal, discount: Decimal | None) -> Decimal:
    """Return what a line costs: the discount (in %) is taken from the rounded total."""
    whole = rounded(quantity * price)
    return whole if discount is None else whole - rounded(whole * discount / 100)
