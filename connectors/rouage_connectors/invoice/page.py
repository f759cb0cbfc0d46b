"""What stands on the page of a document: every text and figure, in French, ready to be printed."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from rouage_connectors.invoice.amounts import ZERO, Tax, Totals, euros, plain
from rouage_connectors.invoice.cii import due_date
from rouage_connectors.invoice.legal_texts import nature_text
from rouage_connectors.invoice.mentions import exemption, notes_of
from rouage_connectors.invoice.model import TITLES, UNITS, Address, Invoice, Line
from rouage_connectors.invoice.payment_code import drawing, transfer
from rouage_connectors.invoice.pricing import Priced, Pricing

Pair = list[str]
_COUNTRIES: Final = {"DE": "Allemagne", "BE": "Belgique", "ES": "Espagne", "IT": "Italie",
                     "CH": "Suisse", "LU": "Luxembourg", "GB": "Royaume-Uni"}  # fmt: skip


def page_of(invoice: Invoice, *, number: str | None, issued_on: date) -> dict[str, Any]:
    """Return the page of *invoice*; without a *number* it is marked as a draft."""
    seller, pricing = invoice.seller, invoice.pricing
    title = TITLES[invoice.kind]
    has_vat = any(line.vat is not None for line in invoice.lines)
    code = transfer(invoice, number)
    return {
        "title": f"{title} {number or '(projet)'}",
        "author": seller.full_name,
        "heading": title,
        "mark": None if number else "PROJET",
        "seller": _seller(invoice),
        "facts": _facts(invoice, number, issued_on),
        "parties": _parties(invoice),
        "has_vat": has_vat,
        "columns": ["Désignation", "Quantité", "Prix unitaire HT"]
        + (["TVA"] if has_vat else [])
        + ["Total HT"],
        "lines": [
            _line(line, priced, has_vat=has_vat)
            for line, priced in zip(invoice.lines, pricing.lines, strict=True)
        ],
        "sums": _sums(invoice, pricing, has_vat=has_vat),
        "notices": _notices(invoice),
        "code": None if code is None else drawing(code),
        "mentions": [] if invoice.kind == "quote" else [text for _, text in notes_of(invoice)],
        "footer": _footer(invoice),
    }


def french(day: date) -> str:
    """Return *day* as written in France: 24/11/2026."""
    return day.strftime("%d/%m/%Y")


def _address(address: Address) -> list[str]:
    country = "" if address.country == "FR" else _COUNTRIES.get(address.country, address.country)
    lines = [address.street, address.more, f"{address.postcode} {address.city}", country]
    return [line for line in lines if line]


def _seller(invoice: Invoice) -> list[str]:
    seller = invoice.seller
    lines = [seller.full_name, seller.trade_name, *_address(seller.address)]
    lines += [f"SIRET {seller.siret}", seller.vat_number and f"TVA {seller.vat_number}"]
    return [line for line in (*lines, seller.phone, seller.email) if line]


def _facts(invoice: Invoice, number: str | None, issued_on: date) -> list[Pair]:
    facts = [("N°", number or "sera attribué à l’émission"), ("Date", french(issued_on))]
    if invoice.corrects is not None:
        corrected = f"{invoice.corrects.number} du {french(invoice.corrects.issued_on)}"
        facts.append(("Corrige la facture", corrected))
    if invoice.sold_until:
        start = french(invoice.sold_on or invoice.sold_until)
        facts.append(("Période", f"{start} – {french(invoice.sold_until)}"))
    elif invoice.kind not in {"deposit", "quote"}:
        facts.append(("Date de la vente", french(invoice.sold_on or issued_on)))
    if invoice.kind == "quote":
        facts.append(("Valable jusqu’au", french(due_date(invoice, issued_on))))
    elif invoice.kind != "credit":
        word = "Acquittée le" if invoice.paid_on else "Échéance"
        facts.append((word, french(due_date(invoice, issued_on))))
    facts += [("Bon de commande", invoice.order or ""), ("Devis", invoice.quote or "")]
    return [[name, value] for name, value in facts if value]


def _parties(invoice: Invoice) -> list[dict[str, Any]]:
    buyer = invoice.buyer
    lines = [buyer.name, *_address(buyer.address)]
    if buyer.siren:
        lines.append(f"SIREN {buyer.siren}")
    if buyer.vat_number:
        lines.append(f"TVA {buyer.vat_number}")
    parties = [{"title": "Client", "lines": lines}]
    if buyer.delivery is not None:
        place = {"title": "Livraison", "lines": [buyer.name, *_address(buyer.delivery)]}
        parties.append(place)
    if buyer.billing is not None:
        lines = [buyer.name, *_address(buyer.billing)]
        parties.append({"title": "Facturation", "lines": lines})
    return parties


def _line(line: Line, priced: Priced, *, has_vat: bool) -> list[Any]:
    more = [line.details] if line.details else []
    if line.discount is not None:
        more.append(f"Remise {_percent(line.discount)}")
    unit = "" if line.unit == "C62" else f"\u00a0{UNITS[line.unit][0]}"
    quantity = _comma(line.quantity) + unit
    rate = [_percent(line.vat)] if has_vat and line.vat is not None else []
    return [line.label, more, quantity, _price(priced), *rate, euros(priced.net)]


def _price(priced: Priced) -> str:
    """Return a price before tax: with more than cents where it has more, up to four decimals."""
    price = round(priced.price, 4)
    return euros(price) if price == round(price, 2) else f"{_comma(price)}\u00a0€"


def _sums(invoice: Invoice, pricing: Pricing, *, has_vat: bool) -> list[list[Any]]:
    totals = pricing.totals
    sums = _adjusted(pricing)
    sums.append(["Total HT", euros(totals.net), False])
    if has_vat:
        sums += [[f"TVA {_percent(tax.rate)}{_base(totals, tax)}", euros(tax.amount), False]
                 for tax in totals.taxes]  # fmt: skip
        sums.append(["Total TTC", euros(totals.gross), False])
    if totals.rounding:
        sums.append(["Arrondi", _signed(totals.rounding), False])
    if invoice.paid_on:
        sums.append(["Déjà payé", _signed(-totals.prepaid), False])
    else:
        sums += [
            [f"Acompte {one.number} du {french(one.issued_on)}", _signed(-one.amount), False]
            for one in invoice.deposits
        ]
    word = {"credit": "À votre crédit", "quote": "Total du devis"}.get(invoice.kind, "Net à payer")
    sums.append([word, euros(totals.due), True])
    return sums


def _adjusted(pricing: Pricing) -> list[list[Any]]:
    """Return the rows of discounts and charges on the whole, below what the lines cost."""
    if not pricing.extras:
        return []
    amounts: dict[str, Decimal] = {}
    for extra in pricing.extras:
        share = "" if extra.percent is None else f" ({_percent(abs(extra.percent))})"
        name = f"{extra.label}{share}"
        amounts[name] = amounts.get(name, ZERO) + extra.amount
    rows: list[list[Any]] = [["Total des lignes HT", euros(pricing.totals.lines), False]]
    return rows + [[name, _signed(amount), False] for name, amount in amounts.items()]


def _signed(amount: Decimal) -> str:
    return f"−{euros(-amount)}" if amount < 0 else euros(amount)


def _base(totals: Totals, tax: Tax) -> str:
    return f" sur {euros(tax.base)}" if len(totals.taxes) > 1 else ""


def _notices(invoice: Invoice) -> list[str]:
    notices = [exemption(invoice), f"Nature de l’opération : {nature_text(invoice.nature)}"]
    seller = invoice.seller
    if seller.iban and invoice.kind not in {"credit", "quote"} and not invoice.paid_on:
        bic = f" – BIC {seller.bic}" if seller.bic else ""
        grouped = " ".join(seller.iban[at : at + 4] for at in range(0, len(seller.iban), 4))
        notices.append(f"Règlement par virement : IBAN {grouped}{bic}")
    if invoice.kind == "quote":
        notices.append("Bon pour accord (date et signature) :")
    return [notice for notice in notices if notice]


def _footer(invoice: Invoice) -> str:
    seller = invoice.seller
    parts = [seller.full_name, f"SIREN {seller.siren}", seller.vat_number, seller.email]
    return " · ".join(part for part in parts if part)


def _comma(number: Decimal) -> str:
    return plain(number).replace(".", ",")


def _percent(rate: Decimal) -> str:
    return f"{_comma(rate)}\u00a0%"
