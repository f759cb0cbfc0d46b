"""Read the XML of a supplier, tolerantly: what is missing is null, what is odd is a warning.

CII (Factur-X of all profiles, ZUGFeRD 2) and UBL are read into the same fields.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from rouage.sdk import JSON
from rouage_connectors.invoice.amounts import read_number
from rouage_connectors.invoice.cii import NAMESPACES

_UBL: Final = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
_KINDS: Final = {"380": "invoice", "381": "credit", "384": "corrected", "386": "deposit",
                 "389": "self-billed", "326": "partial", "261": "credit"}  # fmt: skip
_DAY: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_MOST_LINES: Final = 1_000
_LONGEST: Final = 500

_SETTLEMENT: Final = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement"
_AGREEMENT: Final = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement"
_SUMS: Final = f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
Find = Callable[[str], str | None]


def fields_of(root: Any) -> dict[str, JSON] | None:
    """Return the fields of the invoice below *root*, or None when it is no invoice."""
    name = str(root.tag).rpartition("}")[2]
    if name == "CrossIndustryInvoice":
        return _read_cii(root)
    return _read_ubl(root) if name in {"Invoice", "CreditNote"} else None


def _finder(node: Any, spaces: Mapping[str, str]) -> Find:
    def find(path: str) -> str | None:
        element = node.find(path, spaces)
        text = None if element is None or element.text is None else element.text.strip()
        return text[:_LONGEST] if text else None

    return find


def _read_cii(root: Any) -> dict[str, JSON]:
    find = _finder(root, NAMESPACES)
    transaction = "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem"
    agreement, settlement = _AGREEMENT, _SETTLEMENT
    account = "ram:SpecifiedTradeSettlementPaymentMeans/ram:PayeePartyCreditorFinancialAccount"
    earlier = f"{settlement}/ram:InvoiceReferencedDocument/ram:IssuerAssignedID"
    order = f"{agreement}/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"
    return {
        "number": find("rsm:ExchangedDocument/ram:ID"),
        "kind": _KINDS.get(find("rsm:ExchangedDocument/ram:TypeCode") or ""),
        "issued_on": _day(find("rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString")),
        "due_on": _day(
            find(
                f"{settlement}/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString"
            )
        ),
        "currency": find(f"{settlement}/ram:InvoiceCurrencyCode"),
        "order": find(order),
        "corrects": find(earlier),
        "iban": find(f"{settlement}/{account}/ram:IBANID"),
        "profile": find(
            "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
        ),
        "seller": _cii_party(root.find(f"{agreement}/ram:SellerTradeParty", NAMESPACES)),
        "buyer": _cii_party(root.find(f"{agreement}/ram:BuyerTradeParty", NAMESPACES)),
        "totals": {
            "net": _money(find(f"{_SUMS}/ram:TaxBasisTotalAmount")),
            "vat": _money(find(f"{_SUMS}/ram:TaxTotalAmount")),
            "gross": _money(find(f"{_SUMS}/ram:GrandTotalAmount")),
            "due": _money(find(f"{_SUMS}/ram:DuePayableAmount")),
        },
        "lines": [_cii_line(line) for line in root.findall(transaction, NAMESPACES)[:_MOST_LINES]],
    }


def _cii_party(node: Any) -> JSON:
    if node is None:
        return None
    find = _finder(node, NAMESPACES)
    place = "ram:PostalTradeAddress/ram:"
    return _party(
        name=find("ram:Name"),
        ids=[find("ram:SpecifiedLegalOrganization/ram:ID"), find("ram:GlobalID")],
        vat_number=find("ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']"),
        place=[find(place + name) for name in ("LineOne", "PostcodeCode", "CityName", "CountryID")],
    )


def _cii_line(node: Any) -> JSON:
    find = _finder(node, NAMESPACES)
    settlement = "ram:SpecifiedLineTradeSettlement"
    net = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    price = "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount"
    return {
        "label": find("ram:SpecifiedTradeProduct/ram:Name"),
        "quantity": find("ram:SpecifiedLineTradeDelivery/ram:BilledQuantity"),
        "price": find(price),
        "vat": find(f"{settlement}/ram:ApplicableTradeTax/ram:RateApplicablePercent"),
        "net": _money(find(f"{settlement}/{net}")),
    }


def _read_ubl(root: Any) -> dict[str, JSON]:
    find = _finder(root, _UBL)
    is_credit = str(root.tag).endswith("}CreditNote")
    line = "cac:CreditNoteLine" if is_credit else "cac:InvoiceLine"
    code = find("cbc:CreditNoteTypeCode") if is_credit else find("cbc:InvoiceTypeCode")
    sums = "cac:LegalMonetaryTotal"
    return {
        "number": find("cbc:ID"),
        "kind": "credit" if is_credit else _KINDS.get(code or "", "invoice"),
        "issued_on": _day(find("cbc:IssueDate")),
        "due_on": _day(find("cbc:DueDate")),
        "currency": find("cbc:DocumentCurrencyCode"),
        "order": find("cac:OrderReference/cbc:ID"),
        "corrects": find("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
        "iban": find("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID"),
        "profile": find("cbc:CustomizationID"),
        "seller": _ubl_party(root.find("cac:AccountingSupplierParty/cac:Party", _UBL)),
        "buyer": _ubl_party(root.find("cac:AccountingCustomerParty/cac:Party", _UBL)),
        "totals": {
            "net": _money(find(f"{sums}/cbc:TaxExclusiveAmount")),
            "vat": _money(find("cac:TaxTotal/cbc:TaxAmount")),
            "gross": _money(find(f"{sums}/cbc:TaxInclusiveAmount")),
            "due": _money(find(f"{sums}/cbc:PayableAmount")),
        },
        "lines": [_ubl_line(node, is_credit) for node in root.findall(line, _UBL)[:_MOST_LINES]],
    }


def _ubl_party(node: Any) -> JSON:
    if node is None:
        return None
    find = _finder(node, _UBL)
    place = "cac:PostalAddress/"
    names = ("cbc:StreetName", "cbc:PostalZone", "cbc:CityName",
             "cac:Country/cbc:IdentificationCode")  # fmt: skip
    legal = "cac:PartyLegalEntity/cbc:"
    return _party(
        name=find(f"{legal}RegistrationName") or find("cac:PartyName/cbc:Name"),
        ids=[find(f"{legal}CompanyID"), find("cac:PartyIdentification/cbc:ID")],
        vat_number=find("cac:PartyTaxScheme/cbc:CompanyID"),
        place=[find(place + name) for name in names],
    )


def _ubl_line(node: Any, is_credit: bool) -> JSON:
    find = _finder(node, _UBL)
    return {
        "label": find("cac:Item/cbc:Name"),
        "quantity": find("cbc:CreditedQuantity" if is_credit else "cbc:InvoicedQuantity"),
        "price": find("cac:Price/cbc:PriceAmount"),
        "vat": find("cac:Item/cac:ClassifiedTaxCategory/cbc:Percent"),
        "net": _money(find("cbc:LineExtensionAmount")),
    }


def _party(
    *,
    name: str | None,
    ids: list[str | None],
    vat_number: str | None,
    place: list[str | None],
) -> JSON:
    digits = [re.sub(r"\s", "", value) for value in ids if value]
    siret = next((value for value in digits if re.fullmatch(r"\d{14}", value)), None)
    siren = next((value for value in digits if re.fullmatch(r"\d{9}", value)), None)
    street, postcode, city, country = place
    return {
        "name": name,
        "siren": siren or (siret and siret[:9]),
        "siret": siret,
        "vat_number": vat_number,
        "street": street,
        "postcode": postcode,
        "city": city,
        "country": country,
    }


def _day(text: str | None) -> str | None:
    found = _DAY.fullmatch(text[:10]) if text else None
    return None if found is None else "-".join(found.groups())


def _money(text: str | None) -> str | None:
    number = read_number(text)
    return None if number is None else f"{number:.2f}"


def doubts(fields: Mapping[str, Any]) -> list[str]:
    """Return what does not fit together in the *fields* of an invoice, by short names."""
    totals = {name: read_number(value) for name, value in fields["totals"].items()}
    found = [name for name in ("number", "issued_on") if not fields[name]]
    found += ["seller"] if not (fields["seller"] or {}).get("name") else []
    net, vat, gross = totals["net"], totals["vat"], totals["gross"]
    if gross is None and totals["due"] is None:
        found.append("total")
    if None not in (net, vat, gross) and abs(_sum(net, vat) - _sum(gross)) > Decimal("0.01"):
        found.append("sums")
    return found


def _sum(*numbers: Decimal | None) -> Decimal:
    return sum((number for number in numbers if number is not None), Decimal(0))
