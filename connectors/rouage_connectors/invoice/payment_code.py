"""The code by which a bank’s app fills in the transfer of an invoice: EPC069-12 (SEPA)."""

from typing import Final

from rouage.sdk.extras import require
from rouage_connectors.invoice.model import Invoice

_LONGEST_NAME: Final = 70
_LONGEST_REMARK: Final = 140
_MOST: Final = 999_999_999


def transfer(invoice: Invoice, number: str | None) -> str | None:
    """Return what the code of *invoice* says, or None where nothing is to be transferred.

    A draft has none: its number, by which a payment is recognised, is yet to come.
    """
    seller, due = invoice.seller, invoice.totals.due
    if number is None or seller.iban is None or invoice.kind in {"credit", "quote"}:
        return None
    if not 0 < due <= _MOST:
        return None
    lines = (
        "BCD",
        "002",
        "1",  # UTF-8
        "SCT",
        seller.bic or "",
        seller.name[:_LONGEST_NAME],
        seller.iban,
        f"EUR{due:.2f}",
        "",  # purpose
        "",  # structured reference: ours is a free one
        number[:_LONGEST_REMARK],
    )
    return "\n".join(lines)


def drawing(text: str) -> str:
    """Return the code that says *text*, as SVG: level M, as the standard wants it."""
    segno = require("segno", "invoice")
    code = segno.make_qr(text, error="m", boost_error=False, encoding="utf-8")
    drawn: str = code.svg_inline(border=4, omitsize=True)
    return drawn
