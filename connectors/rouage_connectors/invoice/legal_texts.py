"""The dated file of what the law wants: mentions, rates, delays, each with its source."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Final

from rouage.sdk.records import dataclass

CURRENT: Final = "fr-2026-11"


@cache
def _law() -> Mapping[str, Any]:
    import yaml

    file = resources.files("rouage_connectors.invoice").joinpath("legal", f"{CURRENT}.yaml")
    law: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return law


def mention(name: str) -> str:
    """Return the French text of the mention *name*."""
    return str(_law()["mentions"][name]["text"])


def nature_text(nature: str) -> str:
    """Return how an invoice says that it is about services, goods or both."""
    return str(_law()["natures"][nature])


@dataclass(frozen=True, kw_only=True, slots=True)
class VatCase:
    """When VAT is not charged, or not as usual: how the XML says it, and for whom it is.

    Without a `category`, the usual rates apply. `customer` is `business`, `person` or anybody.
    """

    name: str
    category: str | None
    code: str | None
    text: str | None
    where: str
    natures: tuple[str, ...]
    regimes: tuple[str, ...]
    customer: str | None


@cache
def vat_cases() -> Mapping[str, VatCase]:
    """Return all cases by name."""
    return {
        name: VatCase(
            name=name,
            category=said.get("category"),
            code=said.get("code"),
            text=said.get("text"),
            where=said["where"],
            natures=tuple(said["natures"]),
            regimes=tuple(said["regimes"]),
            customer=said.get("customer"),
        )
        for name, said in _law()["vat_cases"].items()
    }


def report_category(nature: str, *, is_taxed: bool) -> str:
    """Return the code under which sales to persons are reported."""
    told = _law()["reporting"]
    return str(told["taxed"][nature] if is_taxed else told["untaxed"])


def place_of(country: str) -> str:
    """Return where *country* is to French VAT: `france`, `union` or `outside`."""
    if country == "FR":
        return "france"
    return "union" if country in _law()["european_union"]["members"] else "outside"


@cache
def vat_rates() -> tuple[Decimal, ...]:
    """Return the VAT rates of France, in percent."""
    return tuple(Decimal(rate) for rate in _law()["vat_rates"]["values"])


def payment_days() -> tuple[int, int]:
    """Return the usual and the longest number of days to pay."""
    payment = _law()["payment"]
    return int(payment["default_days"]), int(payment["longest_days"])


def cash_limit() -> Decimal:
    """Return the amount above which a professional may not be paid in cash."""
    return Decimal(_law()["cash_limit"]["amount"])
