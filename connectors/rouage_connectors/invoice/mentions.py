"""What an invoice must say in words, by seller and customer; the texts are in the dated file."""

from rouage_connectors.invoice.legal_texts import mention
from rouage_connectors.invoice.model import Address, Invoice

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


def billing_note(invoice: Invoice) -> list[Note]:
    """Return where the invoice is to be sent, if elsewhere: the standard has no field for it."""
    address = invoice.buyer.billing
    return [] if address is None else [(None, f"Adresse de facturation : {_one_line(address)}")]


def _one_line(address: Address) -> str:
    country = "" if address.country == "FR" else address.country
    lines = [address.street, address.more, f"{address.postcode} {address.city}", country]
    return ", ".join(line for line in lines if line)


def exemption(invoice: Invoice) -> str | None:
    """Return why no VAT is charged, or None when it is."""
    return None if invoice.case is None else invoice.case.text


def legal_form(invoice: Invoice) -> str | None:
    """Return what the seller says of its legal form; a one-person business says it in its name."""
    form = invoice.seller.form
    return None if form == mention("ei") else form
