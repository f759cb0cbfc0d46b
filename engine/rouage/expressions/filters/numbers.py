"""Filters on numbers and money."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from rouage.expressions.dates import excerpt
from rouage.expressions.faults import Fault
from rouage.expressions.filters.spec import Argument, FilterSpec
from rouage.expressions.filters.text import whole
from rouage.expressions.operators import affirm, decimal_of
from rouage.expressions.values import INTEGER_LIMIT
from rouage.language import Text

_TEXT_LIMIT: Final = 60
_BLANKS: Final = re.compile(r"[\s\u00a0\u202f']")
_GROUPED: Final = re.compile(r"\d{1,3}(?:[ \u00a0\u202f'.,]\d{3})+")
_PLAIN: Final = re.compile(r"([-+−]?) ?(\d[\d \u00a0\u202f'.,]*)")
_CENT: Final = Decimal("0.01")
_DECIMALS: Final = 12


def number(value: Any) -> int | Decimal | float:
    """Return the number that a text tells: `1 234,56` is 1234.56. Numbers pass."""
    if not isinstance(value, str):
        return affirm(value)  # type: ignore[no-any-return] # a number, see `takes`
    clean = value.strip().rstrip("€").rstrip() if len(value) <= _TEXT_LIMIT else ""
    found = _PLAIN.fullmatch(clean) if clean.isascii() or clean else None
    digits = _plain_digits(found[2]) if found else None
    if found is None or digits is None:
        raise Fault("RG491", value=excerpt(value))
    sign = -1 if found[1] in {"-", "−"} else 1
    if "." in digits:
        return sign * Decimal(digits)
    if len(digits.lstrip("0")) > 39 or int(digits) >= INTEGER_LIMIT:
        raise Fault("RG472")
    return sign * int(digits)


def _plain_digits(written: str) -> str | None:
    """Return *written* with a decimal point and no separators, or None if it makes no sense."""
    if not written.replace(".", "").replace(",", "").replace(" ", "").isascii():
        written = written.replace("\u00a0", " ").replace("\u202f", " ")
    points = [sign for sign in written if sign in ".,"]
    last = max(written.rfind("."), written.rfind(","))
    # Separators of one kind only, several times, group thousands: 1.234.567
    groups_only = len(points) > 1 and len(set(points)) == 1
    if last < 0 or groups_only:
        entire, decimals = written, ""
    else:
        entire, decimals = written[:last], written[last + 1 :]
    if not (entire.isdigit() or _GROUPED.fullmatch(entire)):
        return None
    if last >= 0 and not groups_only and not (decimals.isascii() and decimals.isdigit()):
        return None
    bare = _BLANKS.sub("", entire).replace(".", "").replace(",", "")
    if not bare.isascii():
        return None
    return f"{bare}.{decimals}" if decimals else bare


def integer(value: Any) -> int:
    """Return the whole part of a number, or of the number that a text tells."""
    found = number(value)
    return int(affirm(int(found)))


def rounded(value: Any, digits: int = 0) -> int | float | Decimal:
    """Return a number rounded the way people do (2.5 is 3), to *digits* decimals."""
    places = whole("digits", digits, most=_DECIMALS)
    exact = decimal_of(affirm(value))
    if exact.adjusted() > 40:
        raise Fault("RG472")
    scale = Decimal(1).scaleb(-places)
    result = (exact / scale).to_integral_value(rounding=ROUND_HALF_UP) * scale
    if places == 0:
        return int(result)
    return float(result) if isinstance(value, float) else result


def absolute(value: Any) -> Any:
    """Return a number without its sign."""
    return abs(affirm(value))


def euros(value: Any) -> str:
    """Return an amount as French people write it: `1 234,56 €`."""
    amount = decimal_of(number(value))
    if amount.adjusted() > 20:
        raise Fault("RG472")
    cents = amount.quantize(_CENT, rounding=ROUND_HALF_UP)
    return f"{cents:,.2f}".replace(",", " ").replace(".", ",") + " €"


NUMBER_FILTERS: Final = (
    FilterSpec(
        name="int",
        call=integer,
        about=Text("the whole part", "la partie entière"),
        example="'12,7' | int",
        takes=("text", "number"),
        gives="number",
    ),
    FilterSpec(
        name="number",
        call=number,
        about=Text("the number that a text tells", "le nombre qu’un texte exprime"),
        example="'1 234,56' | number",
        takes=("text", "number"),
        gives="number",
    ),
    FilterSpec(
        name="round",
        call=rounded,
        about=Text("rounded to some decimals", "arrondi à quelques décimales"),
        example="2.345 | round(2)",
        takes=("number",),
        gives="number",
        arguments=(Argument(name="digits", kinds=("number",), required=False),),
    ),
    FilterSpec(
        name="abs",
        call=absolute,
        about=Text("without its sign", "sans son signe"),
        example="-3 | abs",
        takes=("number",),
        gives="number",
    ),
    FilterSpec(
        name="euros",
        call=euros,
        about=Text("an amount in euros", "un montant en euros"),
        example="1234.56 | euros",
        takes=("text", "number"),
    ),
)
"""The filters of this file."""
