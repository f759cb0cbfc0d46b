"""Who invoices whom, as a printed page shows it: names, addresses, numbers that check out."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rouage.sdk import JSON
from rouage.sdk.extras import require

_HEADING: Final = re.compile(
    r"^(?:duplicata|facture|avoir|invoice|credit note|receipt|reçu|devis|bon de|page|date|n[°º]"
    r"|num[ée]ro|client|factur[ée]|bill(?:ed)? to|destinataire|émetteur|vendeur|fournisseur"
    r"|tel|tél|www\.|http|\W*$)",
    re.IGNORECASE,
)
_FORM: Final = (
    r"(?:S\.?A\.?R\.?L\.?|S\.?A\.?S\.?U?|EURL|S\.?A|SNC|SCOP|SELARL|GmbH|Ltd|B\.?V\.?|E\.?I\.?"
    r"|Entreprise individuelle|Auto-?entrepreneur|Micro-?entreprise)"
)
_WITH_FORM: Final = re.compile(rf"(?:^|\s){_FORM}(?=\W|$)")
_SOLD_BY: Final = re.compile(
    r"^(?:vendu|expédié|émise?|facturée?)\s+par\s*:?\s*|^sold\s+by\s*:?\s*", re.I
)
_COMPANY: Final = re.compile(rf"^(.{{2,80}}?\s{_FORM})(?=\W.*(?:capital|SIRE[NT]|RCS|R\.C\.S))")
_TOWN: Final = re.compile(r"^(?:F-|FR-)?(\d{5})\s+([A-ZÀ-Ý][^\d,;|]{1,60}?)(?:\s*[,;|–-].*)?$")
_INLINE: Final = re.compile(
    r"^(.{3,80}?)\s*[,;–|·-]\s*(?:F-|FR-)?(\d{5})\s+([A-ZÀ-Ý][^\d,;|]{1,60}?)(?:\s*[,;|–·-].*)?$"
)
_BUYER: Final = re.compile(
    r"^(?:factur[ée]e?\s+à|adresse\s+de\s+facturation|client(?:\s+factur[ée])?|destinataire"
    r"|bill(?:ed)?\s+to|à\s+l.attention\s+de)\b\s*:?\s*(.*)$",
    re.IGNORECASE,
)
_SIRET: Final = re.compile(r"SIRET\s*(?:n[°º])?\s*:?\s*((?:\d[\s\u00a0.]{0,2}){13}\d)", re.I)
_SIREN: Final = re.compile(
    r"(?:SIREN|R\.?C\.?S\.?(?:\s+[A-ZÀ-Ý][\w-]+)?(?:\s+[A-Z])?)\s*(?:n[°º])?\s*:?\s*"
    r"((?:\d[\s\u00a0.]{0,2}){8}\d)(?!\s?\d)",
    re.I,
)
_VAT: Final = re.compile(
    r"\b(FR\s?[0-9A-Z]{2}(?:\s?\d{3}){3}|(?:DE|BE|ES|IT|LU|NL|PT|AT|SE|DK|PL|CZ|IE)\s?[0-9A-Z]"
    r"(?:\s?[0-9A-Z]){6,11})\b"
)
_IBAN: Final = re.compile(
    r"\b[A-Z]{2}\d{2}(?:[ \u00a0]?[0-9A-Z]{4}){3,7}(?:[ \u00a0]?[0-9A-Z]{1,3})?\b"
)
_NEAR: Final = 6


def seller_of(text: str, lines: Sequence[str]) -> dict[str, JSON]:
    """Return who seems to invoice: the name on top, or at a legal form; numbers that are right."""
    siret = _first_right(_SIRET, text, "stdnum.fr.siret")
    siren = siret[:9] if siret else _first_right(_SIREN, text, "stdnum.fr.siren")
    at, name = _name(lines)
    return {
        "name": name,
        "siren": siren,
        "siret": siret,
        "vat_number": _first_right(_VAT, text, "stdnum.eu.vat"),
        **_place(lines[at + 1 : at + _NEAR]),
    }


def buyer_of(lines: Sequence[str]) -> dict[str, JSON] | None:
    """Return who seems to be invoiced, below “Facturé à” and the like; None when nobody is."""
    for at, line in enumerate(lines):
        found = _BUYER.match(line)
        if found is None:
            continue
        after = [found[1].strip(), *lines[at + 1 : at + _NEAR]]
        names = [one for one in after if one and _HEADING.match(one) is None]
        place = _place(after)
        if names and place["postcode"] is not None and re.search(r"[^\W\d]{2}", names[0]):
            empty = dict.fromkeys(("siren", "siret", "vat_number"))
            return {"name": names[0][:200], **empty, **place}
    return None


def iban_of(text: str) -> str | None:
    """Return the first IBAN that checks out."""
    return _first_right(_IBAN, text, "stdnum.iban")


def _name(lines: Sequence[str]) -> tuple[int, str | None]:
    """Return where the name of the seller stands, and what it is.

    On top, at a legal form; else where the capital or the number of a company is told; else the
    first line that is no heading.
    """
    top = [(at, line) for at, line in enumerate(_before_buyer(lines)) if _is_name(line)]
    for at, line in top:
        if _WITH_FORM.search(line):
            whole = _COMPANY.match(line)
            return at, _SOLD_BY.sub("", line if whole is None else whole[1])[:200]
    for at, line in enumerate(lines):
        found = _COMPANY.match(line)
        if found is not None and _is_name(line):
            return at, found[1].strip()[:200]
    return top[0] if top else (0, lines[0][:200] if lines else None)


def _before_buyer(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:_NEAR]:
        if _BUYER.match(line):
            return
        yield line[:200]


def _is_name(line: str) -> bool:
    return _HEADING.match(line) is None and re.search(r"[^\W\d]{2}", line) is not None


def _place(lines: Sequence[str]) -> dict[str, JSON]:
    """Return the address in *lines*: a street, then a postcode and a town."""
    before: str | None = None
    for line in lines:
        inline = _INLINE.match(line)
        town = _TOWN.match(line)
        if town is not None:
            return _address(before, town[1], town[2])
        if inline is not None:
            return _address(inline[1], inline[2], inline[3])
        before = line or before
    return {"street": None, "postcode": None, "city": None, "country": None}


def _address(street: str | None, postcode: str, city: str) -> dict[str, JSON]:
    return {
        "street": street and street[:200],
        "postcode": postcode,
        "city": city.strip()[:100],
        "country": "FR",
    }


def _first_right(pattern: re.Pattern[str], text: str, module: str) -> str | None:
    """Return the first number of *pattern* whose check digits are right."""
    for found in pattern.finditer(text):
        number = re.sub(r"[\s\u00a0.]", "", found[1] if pattern.groups else found[0])
        if require(module, "invoice").is_valid(number):
            return number
    return None
