"""The sums and rows of a printed invoice, where the figures themselves prove what they are.

Labels stand beside their amounts, or in a column of their own. Where they do not say it, three
amounts that add up at a rate of VAT are the totals, and a row whose quantity times price is its
amount is a line.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from rouage.sdk import JSON
from rouage_connectors.invoice.amounts import CENT, read_number, rounded

_RATES: Final = tuple(Decimal(rate) for rate in ("20", "10", "5.5", "2.1", "8.5"))
_MOST_AMOUNTS: Final = 200
_MOST_ROWS: Final = 200

AMOUNT: Final = (
    r"(-?\d{1,3}(?:[\s\u00a0\u202f.]\d{3})*,\d{2}(?!\d)|-?\d{1,3}(?:,\d{3})+\.\d{2}(?!\d)"
    r"|-?\d+\.\d{2}(?!\d))"
)
_NUMBER: Final = r"(\d{1,3}(?:[\u00a0\u202f]\d{3})*(?:[.,]\d{1,6})?|\d{1,9}(?:[.,]\d{1,6})?)"
_SIGN: Final = r"[ \t\u00a0\u202f]*(?:€|EUR|euros?)?"
_AMOUNTS: Final = re.compile(rf"(?<![\d.,/-]){AMOUNT}")
_ROW: Final = re.compile(
    rf"^(?P<label>\S.{{0,200}}?)[ \t\u00a0]+{_NUMBER}[ \t]*"
    rf"(?:h|heures?|j|jours?|u|pces?|unités?|kg|m²|m2|ml|forfait|mois|l)?[ \t\u00a0]+"
    rf"{_NUMBER}{_SIGN}[ \t\u00a0]+(?:{_NUMBER}[ \t\u00a0]*%[ \t\u00a0]+)?{_NUMBER}{_SIGN}$"
)


def money(text: str | None) -> Decimal | None:
    """Return the amount that *text* is, written the French way or the English one."""
    if text is None:
        return None
    if re.search(r",\d{2}$", text):
        text = text.replace(".", "")
    elif "." in text:
        text = text.replace(",", "")
    return read_number(text)


def totals_by_sums(text: str) -> tuple[Decimal, Decimal, Decimal] | None:
    """Return net, VAT and gross of *text*: the greatest amounts that add up at a rate."""
    found = {number for number in map(money, _AMOUNTS.findall(text)) if number and number > 0}
    amounts = sorted(found, reverse=True)[:_MOST_AMOUNTS]
    known = set(amounts)
    for gross in amounts:
        for rate in _RATES:
            middle = rounded(gross * 100 / (100 + rate))
            for net in (middle, middle - CENT, middle + CENT):
                if net in known and gross - net in known:
                    return net, gross - net, gross
    return None


def rows_of(lines: Sequence[str], sums: Sequence[Decimal | None]) -> list[JSON]:
    """Return the lines of an invoice if they add up to one of *sums*; a mere guess is not kept."""
    rows: list[JSON] = []
    total = Decimal(0)
    for line in lines:
        found = _row(line)
        if found is not None and len(rows) < _MOST_ROWS:
            row, net = found
            rows.append(row)
            total += net
    return rows if any(total == one for one in sums if one is not None) else []


def _row(line: str) -> tuple[dict[str, JSON], Decimal] | None:
    found = _ROW.match(line) if len(line) < 400 else None
    if found is None:
        return None
    label, quantity, price, rate, net = found.groups()
    numbers = [money(quantity), money(price), money(net)]
    if None in numbers:
        return None
    amount, unit, whole = (number or Decimal(0) for number in numbers)
    if not whole or abs(rounded(amount * unit) - whole) > CENT:
        return None
    row: dict[str, JSON] = {
        "label": label.strip()[:200],
        "quantity": str(amount),
        "price": str(unit),
        "vat": None if rate is None else str(money(rate)),
        "net": f"{whole:.2f}",
    }
    return row, whole
