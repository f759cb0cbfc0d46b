"""Guess the fields of an invoice from its printed text: what a person would look for first."""

import re
from decimal import Decimal
from typing import Final

from rouage.sdk import JSON
from rouage_connectors.invoice.text_amounts import AMOUNT, money, rows_of, totals_by_sums
from rouage_connectors.invoice.text_parties import buyer_of, iban_of, seller_of

_MONTHS: Final = ("janv", "févr", "fevr", "mars", "avr", "mai", "juin", "juil", "août", "aout",
                  "sept", "oct", "nov", "déc", "dec", "jan", "feb", "mar", "apr", "may", "jun",
                  "jul", "aug", "sep")  # fmt: skip
_MONTH: Final = {
    "janv": 1, "jan": 1, "févr": 2, "fevr": 2, "feb": 2, "mars": 3, "mar": 3, "avr": 4, "apr": 4,
    "mai": 5, "may": 5, "juin": 6, "jun": 6, "juil": 7, "jul": 7, "août": 8, "aout": 8, "aug": 8,
    "sept": 9, "sep": 9, "oct": 10, "nov": 11, "déc": 12, "dec": 12,
}  # fmt: skip
_WORD: Final = rf"((?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})[a-zéû]{{0,6}})\.?"
_DAY: Final = (
    r"(?:(\d{1,2})\s?[/.\-]\s?(\d{1,2})\s?[/.\-]\s?(\d{4}|\d{2})(?!\d)|(\d{4})-(\d{2})-(\d{2})"
    rf"|(\d{{1,2}})(?:er|st|nd|rd|th)?\s+{_WORD}\s+(\d{{4}})|{_WORD}\s+(\d{{1,2}}),?\s+(\d{{4}}))"
)
_GAP: Final = r"[^\d\n]{0,40}"
_NEXT: Final = r"\s*:?\s*"
_CODE: Final = r"((?=[A-Z0-9_/.-]*\d)[A-Z0-9][A-Z0-9_/.-]{1,34})"

_NUMBERS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:num[ée]ro|n[°º]|r[ée]f[ée]rence|r[ée]f\.?)\s+(?:de\s+)?(?:la\s+)?(?:facture|l.avoir){_NEXT}{_CODE}",
        rf"(?:invoice|credit\s+note|receipt)\s+(?:number|no\.?|n[°º]|#){_NEXT}{_CODE}",
        r"(?:facture|avoir|invoice)(?:\s+d.acompte|\s+de\s+solde)?\s*"
        rf"(?:n[°ºo]?\.?|num[ée]ro|no\.?|#)?{_NEXT}(?!du\b|le\b){_CODE}",
        rf"\bn[°º]\s*:?\s*{_CODE}",
    )
)
_ISSUED: Final = re.compile(
    r"(?:date\s+(?:de\s+(?:la\s+)?facture|d.[ée]mission|de\s+facturation|of\s+issue|issued)"
    r"|invoice\s+date|émise?\s+le|factur[ée]e?\s+le|(?<![a-z]\s)date|facture\b[^\n]{0,60}?\s+du"
    rf"|(?:le|du))(?:\s*/[^\n\d]{{0,30}})?\s*:?\s*{_DAY}",
    re.IGNORECASE,
)
_DUE: Final = re.compile(
    r"(?:échéance|[àa]\s+(?:payer|régler)\s+(?:avant\s+le|avant|le|au\s+plus\s+tard\s+le)"
    r"|payable\s+(?:le|avant(?:\s+le)?)|date\s+limite(?:\s+de\s+paiement)?|prélev[ée]e?\s+(?:le|à\s+partir\s+du)"
    rf"|prélèvement\s+le|date\s+due|due\s+(?:date|on|by)){_GAP}?{_DAY}",
    re.IGNORECASE,
)
_ANY_DAY: Final = re.compile(_DAY, re.IGNORECASE)
_GROSS: Final = re.compile(
    rf"(?:(?:total|montant|prix)\s+(?:à\s+payer\s+)?(?:T\.?T\.?C\.?|toutes\s+taxes\s+comprises)"
    rf"|total\s+including\s+(?:vat|tax)|T\.?T\.?C\.?){_GAP}{AMOUNT}",
    re.IGNORECASE,
)
_DUE_AMOUNT: Final = re.compile(
    r"(?:net\s+à\s+payer|reste\s+(?:à\s+payer|dû)|(?:total|montant|somme|solde)\s+(?:à\s+(?:payer|régler)|dû|due)"
    rf"|amount\s+due|balance\s+due){_GAP}{AMOUNT}",
    re.IGNORECASE,
)
_NET: Final = re.compile(
    r"(?:(?:total|montant|sous-?total|prix)\s+(?:net\s+)?(?:H\.?T\.?(?!V)|hors\s+taxes?)(?![A-Z])"
    rf"|sub-?total(?:\s+\(?excl[^\d\n]*)?|total\s+excluding\s+(?:vat|tax)){_GAP}{AMOUNT}",
    re.IGNORECASE,
)
_VAT: Final = re.compile(
    r"(?:(?:total|montant)\s+)?(?:de\s+la\s+)?(?:T\.?V\.?A\.?|VAT)\b(?:\s*[^\d\n%]{0,20}\(?\d{1,2}"
    rf"(?:[.,]\d{{1,2}})?\s*%\)?)?{_GAP}{AMOUNT}",
    re.IGNORECASE,
)
_PLAIN_TOTAL: Final = re.compile(rf"^\s*total(?:\s+général)?{_GAP}{AMOUNT}", re.I | re.M)
_ORDER: Final = re.compile(
    rf"(?:bon\s+de\s+commande|commande|purchase\s+order|order|v/réf\.?)\s*(?:n[°º]|num[ée]ro|number|no\.?|#)?{_NEXT}{_CODE}",
    re.IGNORECASE,
)
_CORRECTED: Final = re.compile(
    rf"(?:annule|corrige|relatif\s+à|sur|concernant)\s+(?:la\s+)?facture\s*(?:n[°º])?{_NEXT}{_CODE}",
    re.IGNORECASE,
)
_CREDIT: Final = re.compile(r"^\s*(?:facture\s+d.)?(?:avoir|credit\s+note)\b", re.I | re.M)
_DEPOSIT: Final = re.compile(r"facture\s+d.acompte", re.I)


def guess(text: str) -> dict[str, JSON]:
    """Return the fields that *text* seems to say; what is not found is null."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    net, vat, gross, due = _sums(text)
    kind = "credit" if _CREDIT.search(text) else "invoice"
    if kind == "invoice" and _DEPOSIT.search(text):
        kind = "deposit"
    return {
        "number": _number(text),
        "kind": kind,
        "issued_on": _day(_ISSUED, text) or _day(_ANY_DAY, text),
        "due_on": _day(_DUE, text),
        "currency": "EUR" if "€" in text or "EUR" in text else None,
        "order": _first(_ORDER, text),
        "corrects": _first(_CORRECTED, text) if kind == "credit" else None,
        "iban": iban_of(text),
        "profile": None,
        "seller": seller_of(text, lines),
        "buyer": buyer_of(lines),
        "totals": {"net": _told(net), "vat": _told(vat), "gross": _told(gross), "due": _told(due)},
        "lines": rows_of(lines, (net, gross)),
    }


def _sums(text: str) -> tuple[Decimal | None, ...]:
    """Return net, VAT, gross and what is due: by their labels, else by amounts that add up."""
    net, gross, due = _money(_NET, text), _money(_GROSS, text), _money(_DUE_AMOUNT, text)
    vat = _money(_VAT, text)
    if gross is None and net is not None:
        gross = _money(_PLAIN_TOTAL, text)
    if net is not None and gross is not None and gross >= net:
        return net, gross - net, gross, due or gross  # surer than one of several rates
    summed = totals_by_sums(text)
    if summed is not None and (due is None or due <= summed[2]):
        return *summed, due or summed[2]
    whole = gross or due or _money(_PLAIN_TOTAL, text)
    return net, vat, whole, due or whole


def _number(text: str) -> str | None:
    for pattern in _NUMBERS:
        for found in pattern.finditer(text):
            number = found[1].rstrip(".-/")
            if _ANY_DAY.fullmatch(number) is None:  # “Facture 12/10/2026” says a day
                return number
    return None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else found[1].rstrip(".-/")


def _money(pattern: re.Pattern[str], text: str) -> Decimal | None:
    """Return the last amount that *pattern* finds: totals stand below what they sum up."""
    found = pattern.findall(text)
    return money(found[-1].strip()) if found else None


def _told(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:.2f}"


def _day(pattern: re.Pattern[str], text: str) -> str | None:
    """Return the first day that *pattern* finds and that is one."""
    for found in pattern.finditer(text):
        day, month, year, year_2, month_2, day_2, day_3, word, year_3, word_4, day_4, year_4 = (
            found.groups()
        )
        if word or word_4:
            month = str(_month(word or word_4))
        parts = (
            year or year_2 or year_3 or year_4,
            month or month_2,
            day or day_2 or day_3 or day_4,
        )
        known = [int(part) for part in parts if part]
        if len(known) == 3 and 1 <= known[1] <= 12 and 1 <= known[2] <= 31:
            whole = known[0] + 2000 if known[0] < 100 else known[0]
            return f"{whole}-{known[1]:02d}-{known[2]:02d}"
    return None


def _month(word: str) -> int:
    lower = word.lower()
    return next(
        (month for start, month in sorted(_MONTH.items(), key=lambda item: -len(item[0]))
         if lower.startswith(start)),
        0,
    )  # fmt: skip
