"""What a document sells, by rate of VAT and nature: for deposits, and for what is reported."""

from collections.abc import Mapping
from decimal import Decimal

from rouage_connectors.invoice.amounts import ZERO
from rouage_connectors.invoice.model import Invoice
from rouage_connectors.invoice.pricing import Rate, spread

Group = tuple[Rate, str]
"""A rate of VAT (None: not charged) and `services` or `goods`."""


def nets_of(invoice: Invoice) -> dict[Group, Decimal]:
    """Return what *invoice* sells before tax, discounts and charges on the whole included."""
    pricing, groups = invoice.pricing, dict[Group, Decimal]()
    for line, priced in zip(invoice.lines, pricing.lines, strict=True):
        group: Group = (line.vat, line.nature)
        groups[group] = groups.get(group, ZERO) + priced.net
    for extra in pricing.extras:
        with_rate = [group for group in groups if group[0] == extra.rate]
        group = with_rate[0] if with_rate else (extra.rate, invoice.lines[0].nature)
        groups[group] = groups.get(group, ZERO) + extra.amount
    return groups


def taxes_of(invoice: Invoice) -> dict[Group, Decimal]:
    """Return the VAT of each group of *invoice*: what a rate brings in, shared out."""
    nets, shared = nets_of(invoice), dict[Group, Decimal]()
    for tax in invoice.totals.taxes:
        rate = tax.rate if tax.category == "S" else None
        groups = {group: net for group, net in nets.items() if group[0] == rate}
        if tax.base:
            parts = spread(tax.amount, list(groups.values()))
            shared |= dict(zip(groups, parts, strict=True))
    return shared


def grosses_of(invoice: Invoice) -> Mapping[Group, Decimal]:
    """Return what each group of *invoice* costs with VAT."""
    taxes = taxes_of(invoice)
    return {group: net + taxes.get(group, ZERO) for group, net in nets_of(invoice).items()}
