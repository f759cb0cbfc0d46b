"""Guess the fields of an invoice from its printed text: what a person would look for first."""

import re
from decimal import Decimal
from typing import Final

from rouage.sdk import JSON
from rouage_connectors.invoice.amounts import read_number

_MONTHS: Final = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
                  "septembre", "octobre", "novembre", "décembre")  # fmt: skip
_DAY: Final = (
    r"(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4})|(\d{4})-(\d{2})-(\d{2})"
    rf"|(\d{{1,2}})(?:er)?\s+({'|'.join(_MONTHS)})\s+(\d{{4}})"
)
_AMOUNT: Final = r"(-?\d{1,3}(?:[\s\u00a0\u202f.]\d{3})*(?:,\d{2})|-?\d+[.,]\d{2})"
_GAP: Final = r"[^\d\n]{0,40}"

_NUMBER: Final = re.compile(
    r"(?:facture|avoir|invoice)\s*(?:n[°ºo]?|num[ée]ro|no\.?|#)?\s*[:.]?\s*"
    r"((?=[A-Z0-9_/.-]*\d)[A-Z0-9][A-Z0-9_/.-]{1,34})",
    re.IGNORECASE,
)
_NUMBER_AFTER: Final = re.compile(
    r"\bn[°º]\s*:?\s*((?=[A-Z0-9_/-]*\d)[A-Z0-9][A-Z0-9_/-]{1,34})", re.I
)
_ISSUED: Final = re.compile(
    rf"(?:date(?:\s+de\s+facture|\s+d.émission)?|émise?\s+le|du)\s*:?\s*(?:{_DAY})", re.I
)
_DUE: Final = re.compile(
    rf"(?:échéance|payable\s+(?:le|avant)|à\s+payer\s+avant|à\s+régler\s+(?:le|avant)){_GAP}?(?:{_DAY})",
    re.I,
)
_ANY_DAY: Final = re.compile(_DAY, re.I)
_GROSS: Final = re.compile(rf"(?:total|montant)\s+(?:T\.?T\.?C\.?){_GAP}{_AMOUNT}", re.I)
_DUE_AMOUNT: Final = re.compile(
    rf"(?:net\s+à\s+payer|reste\s+à\s+payer|total\s+à\s+payer){_GAP}{_AMOUNT}", re.I
)
_NET: Final = re.compile(
    rf"(?:total|montant)\s+(?:net\s+)?(?:H\.?T\.?)(?![A-Z]){_GAP}{_AMOUNT}", re.I
)
_VAT: Final = re.compile(
    rf"(?:(?:total|montant)\s+)?T\.?V\.?A\.?\b(?:\s*\(?\d{{1,2}}(?:[.,]\d{{1,2}})?\s*%\)?)?{_GAP}{_AMOUNT}",
    re.I,
)
_SIRET: Final = re.compile(r"SIRET\s*:?\s*((?:\d[\s\u00a0.]?){13}\d)", re.I)
_SIREN: Final = re.compile(r"SIREN\s*:?\s*((?:\d[\s\u00a0.]?){8}\d)", re.I)
_VAT_NUMBER: Final = re.compile(r"\bFR\s?[0-9A-Z]{2}\s?\d{3}\s?\d{3}\s?\d{3}\b")
_IBAN: Final = re.compile(r"\bFR\d{2}(?:\s?[0-9A-Z]{4}){5}\s?[0-9A-Z]{3}\b")


def guess(text: str) -> dict[str, JSON]:
    """Return the fields that *text* seems to say; what is not found is null."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    net, gross = _money(_NET, text), _money(_GROSS, text)
    due = _money(_DUE_AMOUNT, text)
    siret = _digits(_SIRET, text)
    return {
        "number": _first(_NUMBER, text) or _first(_NUMBER_AFTER, text),
        "kind": "credit" if re.search(r"^\s*avoir\b", text, re.I | re.M) else "invoice",
        "issued_on": _day(_ISSUED, text) or _day(_ANY_DAY, text),
        "due_on": _day(_DUE, text),
        "currency": "EUR" if "€" in text or "EUR" in text else None,
        "order": None,
        "corrects": None,
        "iban": _bare(_IBAN, text),
        "profile": None,
        "seller": {
            "name": lines[0][:200] if lines else None,
            "siren": siret[:9] if siret else _digits(_SIREN, text),
            "siret": siret,
            "vat_number": _bare(_VAT_NUMBER, text),
            "street": None,
            "postcode": None,
            "city": None,
            "country": None,
        },
        "buyer": None,
        "totals": {
            "net": net,
            "vat": _difference(gross, net) or _money(_VAT, text),
            "gross": gross or due,
            "due": due or gross,
        },
        "lines": [],
    }


def _difference(gross: str | None, net: str | None) -> str | None:
    """Return the tax as what lies between two totals: surer than one of several rates."""
    if gross is None or net is None or Decimal(gross) < Decimal(net):
        return None
    return f"{Decimal(gross) - Decimal(net):.2f}"


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else found[1].rstrip(".-/")


def _bare(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else re.sub(r"\s", "", found[0])


def _digits(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else re.sub(r"\D", "", found[1])


def _money(pattern: re.Pattern[str], text: str) -> str | None:
    """Return the last amount that *pattern* finds: totals stand below what they sum up."""
    found = pattern.findall(text)
    if not found:
        return None
    amount = found[-1].strip()
    if "," in amount:
        amount = amount.replace(".", "")
    number = read_number(amount)
    return None if number is None else f"{number:.2f}"


def _day(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    if found is None:
        return None
    day, month, year, year_2, month_2, day_2, day_3, word, year_3 = found.groups()
    if word:
        month_3 = str(_MONTHS.index(word.lower()) + 1)
        day, month, year = day_3, month_3, year_3
    elif year_2:
        day, month, year = day_2, month_2, year_2
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    return f"{year}-{int(month):02d}-{int(day):02d}"
