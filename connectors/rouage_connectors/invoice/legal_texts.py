"""The dated file of what the law wants: mentions, rates, delays, each with its source."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Final

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


def exemption_code(regime: str) -> str:
    """Return the VATEX code of *regime*."""
    return str(_law()["exemptions"][regime]["code"])


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
