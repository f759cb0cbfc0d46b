"""From prices as people give them to the amounts of an invoice, before and with tax.

The standard (EN 16931) computes VAT once for each rate, on the sum of what has that rate. Prices
with VAT are turned back: what a rate brings in with tax is exact to the cent, and its base is
shared out among its lines. Where no base gives the very sum (20.01 € at 20 %), the cent that is
left is the rounding of the standard (BT-114): VAT is right, and so is what is to be paid.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from rouage.sdk.records import dataclass
from rouage_connectors.invoice.amounts import CENT, ZERO, Tax, Totals, rounded

if TYPE_CHECKING:
    from rouage_connectors.invoice.model import Adjustment, Line

_FINEST: Final = Decimal("0.000001")
Rate = Decimal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Priced:
    """A line before tax: its unit price, what it costs, and what is left after its discount."""

    price: Decimal
    whole: Decimal
    net: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Extra:
    """A discount (below zero) or charge on the whole document, before tax, at one rate of VAT."""

    label: str
    rate: Rate
    amount: Decimal
    percent: Decimal | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pricing:
    """All amounts of an invoice."""

    lines: tuple[Priced, ...]
    extras: tuple[Extra, ...]
    totals: Totals


def price(
    lines: Sequence["Line"],
    adjustments: Sequence["Adjustment"],
    *,
    is_gross: bool,
    exempt: str,
    prepaid: Decimal,
) -> Pricing:
    """Return the amounts of an invoice; *is_gross*: its prices include VAT.

    *exempt* is the category of what has no rate.
    """
    extras = _extras(lines, adjustments)
    shares = [(line.vat, line.amount) for line in lines]
    shares += [(extra.rate, extra.amount) for extra in extras]
    sums = _by_rate(shares)
    bases = {rate: _base(gross, rate) for rate, gross in sums.items()} if is_gross else sums
    nets = _shared(shares, bases) if is_gross else [amount for _, amount in shares]
    priced = tuple(
        _priced(line, net, is_gross=is_gross)
        for line, net in zip(lines, nets[: len(lines)], strict=True)
    )
    at_net = tuple(
        Extra(label=extra.label, rate=extra.rate, amount=net, percent=extra.percent)
        for extra, net in zip(extras, nets[len(lines) :], strict=True)
    )
    asked = sum(sums.values(), ZERO) if is_gross else None
    totals = _totals(priced, at_net, bases, exempt=exempt, asked=asked, prepaid=prepaid)
    return Pricing(lines=priced, extras=at_net, totals=totals)


def tax_of(base: Decimal, rate: Rate) -> Decimal:
    """Return the VAT on *base*."""
    return rounded(base * (rate or ZERO) / 100)


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Share *amount* out by *weights*, to the cent: the parts add up to it."""
    whole = sum(weights, ZERO)
    if not whole:
        return [amount, *[ZERO] * (len(weights) - 1)]
    exact = [amount * weight / whole for weight in weights]
    return _to_cents(exact, amount)


def _by_rate(shares: Iterable[tuple[Rate, Decimal]]) -> dict[Rate, Decimal]:
    sums: dict[Rate, Decimal] = {}
    for rate, amount in shares:
        sums[rate] = sums.get(rate, ZERO) + amount
    return sums


def _extras(lines: Sequence["Line"], adjustments: Sequence["Adjustment"]) -> list[Extra]:
    """Return *adjustments* as amounts by rate: one that says no rate follows what is sold."""
    sold = _by_rate((line.vat, line.amount) for line in lines)
    found: list[Extra] = []
    for one in adjustments:
        rates = list(sold) if one.vat is None else [one.vat]
        bases = [sold.get(rate, ZERO) for rate in rates]
        if one.percent is not None:
            parts = [rounded(base * one.percent / 100) for base in bases]
        elif one.vat is None:
            parts = spread(one.amount or ZERO, bases)
        else:
            parts = [one.amount or ZERO]
        found += [
            Extra(label=one.label, rate=rate, amount=part, percent=one.percent)
            for rate, part in zip(rates, parts, strict=True)
            if part
        ]
    return found


def _base(gross: Decimal, rate: Rate) -> Decimal:
    """Return the base that comes nearest to *gross* with its tax."""
    if rate is None:
        return gross
    middle = rounded(gross * 100 / (100 + rate))
    return min(
        (middle, middle - CENT, middle + CENT),
        key=lambda base: abs(gross - base - tax_of(base, rate)),
    )


def _shared(shares: Sequence[tuple[Rate, Decimal]], bases: dict[Rate, Decimal]) -> list[Decimal]:
    """Return each share before tax, so that those of a rate add up to its base."""
    nets = [ZERO] * len(shares)
    for rate, base in bases.items():
        places = [at for at, share in enumerate(shares) if share[0] == rate]
        exact = [shares[at][1] * 100 / (100 + (rate or ZERO)) for at in places]
        for at, net in zip(places, _to_cents(exact, base), strict=True):
            nets[at] = net
    return nets


def _to_cents(exact: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    """Round *exact* so that the parts add up to *total*; the cents go where they err least."""
    parts = [rounded(one) for one in exact]
    left = total - sum(parts, ZERO)
    step = CENT if left > 0 else -CENT
    order = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at]) * step)
    for turn in range(int(abs(left) / CENT)):
        parts[order[turn % len(order)]] += step
    return parts


def _priced(line: "Line", net: Decimal, *, is_gross: bool) -> Priced:
    if not is_gross or line.vat is None:
        return Priced(price=line.price, whole=rounded(line.quantity * line.price), net=net)
    whole = net
    if line.discount is not None:
        whole = max(net, rounded(line.quantity * line.price * 100 / (100 + line.vat)))
    unit = (line.price * 100 / (100 + line.vat)).quantize(_FINEST, rounding=ROUND_HALF_UP)
    if rounded(line.quantity * unit) != whole:
        unit = (whole / line.quantity).quantize(_FINEST, rounding=ROUND_HALF_UP)
    return Priced(price=unit, whole=whole, net=net)


def _totals(
    lines: Sequence[Priced],
    extras: Sequence[Extra],
    bases: dict[Rate, Decimal],
    *,
    exempt: str,
    asked: Decimal | None,
    prepaid: Decimal,
) -> Totals:
    """Return the sums; *asked* is what is to be paid with tax, where prices say so."""
    ordered = sorted(
        bases.items(), key=lambda item: -1 if item[0] is None else item[0], reverse=True
    )
    taxes = tuple(
        Tax(
            category=exempt if rate is None else "S",
            rate=rate or ZERO,
            base=base,
            amount=tax_of(base, rate),
        )
        for rate, base in ordered
    )
    net = sum((tax.base for tax in taxes), ZERO)
    vat = sum((tax.amount for tax in taxes), ZERO)
    gross = net + vat
    rounding = ZERO if asked is None else asked - gross
    return Totals(
        lines=sum((line.net for line in lines), ZERO),
        discounts=-sum((extra.amount for extra in extras if extra.amount < 0), ZERO),
        charges=sum((extra.amount for extra in extras if extra.amount > 0), ZERO),
        net=net,
        taxes=taxes,
        vat=vat,
        gross=gross,
        rounding=rounding,
        prepaid=prepaid,
        due=gross + rounding - prepaid,
    )
