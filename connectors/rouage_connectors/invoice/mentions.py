"""What an invoice must say in words, by seller and customer; the texts are in the dated file."""

from rouage_connectors.invoice.legal_texts import mention
from rouage_connectors.invoice.model import Invoice

Note = tuple[str | None, str]
"""A subject code of Factur-X (None: a free note) and the text."""


def notes_of(invoice: Invoice) -> list[Note]:
    """Return the mentions of *invoice*, in the order in which they are printed."""
    seller, is_business = invoice.seller, invoice.buyer.is_business
    recovery = "recovery_business" if is_business else "recovery_consumer"
    notes: list[Note] = [
        ("PMT", mention(recovery)),
        ("PMD", seller.penalties or mention("penalties")),
        ("AAB", seller.discount or mention("no_discount")),
    ]
    if seller.debits:
        notes.append((None, mention("debits")))
    if invoice.reason:
        notes.append((None, f"Motif : {invoice.reason}"))
    free = (legal_form(invoice), seller.registration, seller.insurance, invoice.note)
    notes += [(None, text) for text in free if text]
    return notes


def exemption(invoice: Invoice) -> str | None:
    """Return why no VAT is charged, or None when it is."""
    return mention("franchise") if invoice.seller.regime == "franchise" else None


def legal_form(invoice: Invoice) -> str | None:
    """Return what the seller says of its legal form; a one-person business says it in its name."""
    form = invoice.seller.form
    return None if form == mention("ei") else form
