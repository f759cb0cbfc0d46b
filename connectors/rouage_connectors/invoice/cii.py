"""The XML of an invoice: UN/CEFACT CII in the profile EN 16931, as Factur-X embeds it.

The order of elements is that of the schema; the numbers in the comments (BT-…) are those of the
European standard.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from rouage.sdk.extras import require
from rouage_connectors.invoice.amounts import Tax, Totals, plain
from rouage_connectors.invoice.mentions import Note, billing_note, notes_of
from rouage_connectors.invoice.model import Address, Buyer, Invoice, Line, Seller
from rouage_connectors.invoice.pricing import Extra, Priced

DRAFT: Final = "PROJET"
"""What stands for the number in the XML of a draft, which is judged and not kept."""

PROFILE: Final = "urn:cen.eu:en16931:2017"
TYPES: Final = {"invoice": "380", "balance": "380", "deposit": "386", "credit": "381"}
_LETTERS: Final = {"services": "S", "goods": "B", "mixed": "M"}
_BASE: Final = "urn:un:unece:uncefact:data:standard:"
NAMESPACES: Final = {
    "rsm": f"{_BASE}CrossIndustryInvoice:100",
    "ram": f"{_BASE}ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{_BASE}UnqualifiedDataType:100",
    "qdt": f"{_BASE}QualifiedDataType:100",
}


class _Tree:
    """An element, and the ones that are made below it."""

    def __init__(self, etree: Any, element: Any) -> None:
        self._etree, self.element = etree, element

    def add(self, name: str, text: str | None = None, space: str = "ram", **attributes: str) -> Any:
        """Add an element and return it; with a *text* of None it is a group."""
        made = self._etree.SubElement(self.element, f"{{{NAMESPACES[space]}}}{name}", attributes)
        made.text = text
        return _Tree(self._etree, made)

    def maybe(self, name: str, text: str | None, **attributes: str) -> None:
        """Add an element unless there is no *text*."""
        if text:
            self.add(name, text, **attributes)

    def group(self, *names: str, space: str = "ram") -> "_Tree":
        """Add elements, each within the one before, and return the innermost."""
        tree = self
        for name in names:
            tree = tree.add(name, space=space)
        return tree

    def day(self, *names: str, of: date, space: str = "udt") -> None:
        """Add a date below the elements *names*."""
        self.group(*names).add("DateTimeString", of.strftime("%Y%m%d"), space, format="102")


def business_process(invoice: Invoice) -> str:
    """Return BT-23: goods, services or both, to be paid, paid already or after deposits.

    “Paid already” is for what was paid to the cent of its total: not where a cent was rounded
    (BR-FR-CO-09); then what is left to pay, nothing, says it alone.
    """
    is_paid = invoice.paid_on is not None and not _is_rounded_when_paid(invoice)
    stage = "2" if is_paid else "4" if invoice.kind == "balance" else "1"
    return _LETTERS[invoice.nature] + stage


def _is_rounded_when_paid(invoice: Invoice) -> bool:
    return invoice.paid_on is not None and bool(invoice.totals.rounding)


def due_date(invoice: Invoice, issued_on: date) -> date:
    """Return when *invoice* is to be paid."""
    if invoice.paid_on is not None:
        return invoice.paid_on
    return invoice.due_on or issued_on + timedelta(days=invoice.payment_days)


def write_xml(invoice: Invoice, *, number: str, issued_on: date) -> bytes:
    """Return the Factur-X document of *invoice*, issued as *number*."""
    etree = require("lxml.etree", "invoice")
    root = etree.Element(f"{{{NAMESPACES['rsm']}}}CrossIndustryInvoice", nsmap=NAMESPACES)
    tree = _Tree(etree, root)
    context = tree.add("ExchangedDocumentContext", space="rsm")
    process = context.group("BusinessProcessSpecifiedDocumentContextParameter")
    process.add("ID", business_process(invoice))
    context.group("GuidelineSpecifiedDocumentContextParameter").add("ID", PROFILE)
    document = tree.add("ExchangedDocument", space="rsm")
    document.add("ID", number)
    document.add("TypeCode", TYPES[invoice.kind])
    document.day("IssueDateTime", of=issued_on)
    for subject, text in _notes(invoice):
        note = document.group("IncludedNote")
        note.add("Content", text)
        note.maybe("SubjectCode", subject)
    trade = tree.add("SupplyChainTradeTransaction", space="rsm")
    pricing = invoice.pricing
    for position, (line, priced) in enumerate(zip(invoice.lines, pricing.lines, strict=True), 1):
        item = trade.group("IncludedSupplyChainTradeLineItem")
        _line(item, line, priced, position, category=_category(line.vat, invoice))
    _agreement(trade.group("ApplicableHeaderTradeAgreement"), invoice)
    _delivery(trade.group("ApplicableHeaderTradeDelivery"), invoice, issued_on)
    _settlement(trade.group("ApplicableHeaderTradeSettlement"), invoice, number, issued_on)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _notes(invoice: Invoice) -> list[Note]:
    return [*notes_of(invoice), *billing_note(invoice), ("BAR", invoice.buyer.treatment)]


def _line(tree: _Tree, line: Line, priced: Priced, position: int, *, category: str) -> None:
    tree.group("AssociatedDocumentLineDocument").add("LineID", str(position))
    product = tree.group("SpecifiedTradeProduct")
    product.add("Name", line.label)
    product.maybe("Description", line.details)
    price = tree.group("SpecifiedLineTradeAgreement", "NetPriceProductTradePrice")
    price.add("ChargeAmount", plain(priced.price))
    delivery = tree.group("SpecifiedLineTradeDelivery")
    delivery.add("BilledQuantity", plain(line.quantity), unitCode=line.unit)
    settlement = tree.group("SpecifiedLineTradeSettlement")
    _rated(settlement.group("ApplicableTradeTax"), line.vat, category)
    if line.discount is not None and priced.whole > priced.net:
        _discount(settlement.group("SpecifiedTradeAllowanceCharge"), line, priced)
    sums = settlement.group("SpecifiedTradeSettlementLineMonetarySummation")
    sums.add("LineTotalAmount", f"{priced.net:.2f}")


def _discount(tree: _Tree, line: Line, priced: Priced) -> None:
    tree.group("ChargeIndicator").add("Indicator", "false", "udt")
    tree.add("CalculationPercent", plain(line.discount or Decimal(0)))
    tree.add("BasisAmount", f"{priced.whole:.2f}")
    tree.add("ActualAmount", f"{priced.whole - priced.net:.2f}")
    tree.add("ReasonCode", "95")
    tree.add("Reason", "Remise")


def _extra(tree: _Tree, extra: Extra, *, category: str) -> None:
    """Write a discount or charge on the whole document (BG-20, BG-21)."""
    is_charge = extra.amount > 0
    tree.group("ChargeIndicator").add("Indicator", "true" if is_charge else "false", "udt")
    tree.add("ActualAmount", f"{abs(extra.amount):.2f}")
    if not is_charge:
        tree.add("ReasonCode", "95")
    tree.add("Reason", extra.label)
    _rated(tree.group("CategoryTradeTax"), extra.rate, category)


def _rated(tree: _Tree, rate: Decimal | None, category: str) -> None:
    tree.add("TypeCode", "VAT")
    tree.add("CategoryCode", category)
    if category != "O":  # what is not subject to VAT has no rate, not even zero (BR-O-05)
        tree.add("RateApplicablePercent", _rate(rate))


def _category(rate: Decimal | None, invoice: Invoice) -> str:
    """Return the category of VAT: `S`, or that of the case in which none is charged."""
    case = invoice.case
    return "S" if rate is not None else (case and case.category) or "E"


def _agreement(tree: _Tree, invoice: Invoice) -> None:
    # What is not subject to VAT must not show VAT numbers in the XML (BR-O-02).
    shows_vat = _category(None, invoice) != "O"
    _seller(tree.group("SellerTradeParty"), invoice.seller, shows_vat=shows_vat)
    _buyer(tree.group("BuyerTradeParty"), invoice.buyer, shows_vat=shows_vat)
    if invoice.order:
        tree.group("BuyerOrderReferencedDocument").add("IssuerAssignedID", invoice.order)
    if invoice.quote:
        tree.group("ContractReferencedDocument").add("IssuerAssignedID", invoice.quote)


def _seller(tree: _Tree, seller: Seller, *, shows_vat: bool) -> None:
    tree.add("GlobalID", seller.siret, schemeID="0009")  # BT-29
    tree.add("Name", seller.full_name)
    organisation = tree.group("SpecifiedLegalOrganization")
    organisation.add("ID", seller.siren, schemeID="0002")  # BT-30
    organisation.maybe("TradingBusinessName", seller.trade_name)
    if seller.email or seller.phone:
        contact = tree.group("DefinedTradeContact")
        contact.add("PersonName", seller.name)
        if seller.phone:
            contact.group("TelephoneUniversalCommunication").add("CompleteNumber", seller.phone)
        if seller.email:
            contact.group("EmailURIUniversalCommunication").add("URIID", seller.email)
    _address(tree, seller.address)
    tree.group("URIUniversalCommunication").add("URIID", seller.siren, schemeID="0225")  # BT-34
    if seller.vat_number and shows_vat:
        tree.group("SpecifiedTaxRegistration").add("ID", seller.vat_number, schemeID="VA")
    else:
        # BT-32: exempt sales need some tax number of the seller (BR-E-02), and the SIREN is one.
        tree.group("SpecifiedTaxRegistration").add("ID", seller.siren, schemeID="FC")


def _buyer(tree: _Tree, buyer: Buyer, *, shows_vat: bool) -> None:
    if buyer.siret:
        tree.add("GlobalID", buyer.siret, schemeID="0009")
    tree.add("Name", buyer.name)
    if buyer.siren:
        tree.group("SpecifiedLegalOrganization").add("ID", buyer.siren, schemeID="0002")
    _address(tree, buyer.address)
    if buyer.siren:
        tree.group("URIUniversalCommunication").add("URIID", buyer.siren, schemeID="0225")
    elif buyer.email:
        tree.group("URIUniversalCommunication").add("URIID", buyer.email, schemeID="EM")
    if buyer.vat_number and shows_vat:
        tree.group("SpecifiedTaxRegistration").add("ID", buyer.vat_number, schemeID="VA")


def _address(tree: _Tree, address: Address) -> None:
    place = tree.group("PostalTradeAddress")
    place.add("PostcodeCode", address.postcode)
    place.add("LineOne", address.street)
    place.maybe("LineTwo", address.more)
    place.add("CityName", address.city)
    place.add("CountryID", address.country)


def _delivery(tree: _Tree, invoice: Invoice, issued_on: date) -> None:
    buyer = invoice.buyer
    is_deposit = invoice.kind == "deposit"  # nothing is delivered yet
    # Goods within the Union: the country they go to must be said (BR-IC-12).
    is_intra = _category(None, invoice) == "K"
    if buyer.delivery is not None or is_deposit or is_intra:
        ship = tree.group("ShipToTradeParty")
        ship.add("Name", buyer.name)
        _address(ship, buyer.delivery or buyer.address)
    if not is_deposit:
        sold = invoice.sold_until or invoice.sold_on or issued_on
        tree.day("ActualDeliverySupplyChainEvent", "OccurrenceDateTime", of=sold)


def _settlement(tree: _Tree, invoice: Invoice, number: str, issued_on: date) -> None:
    pricing = invoice.pricing
    totals = pricing.totals
    tree.add("PaymentReference", number)
    tree.add("InvoiceCurrencyCode", "EUR")
    if invoice.seller.iban and invoice.kind != "credit":
        means = tree.group("SpecifiedTradeSettlementPaymentMeans")
        means.add("TypeCode", "30")  # credit transfer
        account = means.group("PayeePartyCreditorFinancialAccount")
        account.add("IBANID", invoice.seller.iban)
        if invoice.seller.bic:
            bank = means.group("PayeeSpecifiedCreditorFinancialInstitution")
            bank.add("BICID", invoice.seller.bic)
    for tax in totals.taxes:
        _tax(tree.group("ApplicableTradeTax"), tax, invoice)
    if invoice.sold_until:
        period = tree.group("BillingSpecifiedPeriod")
        period.day("StartDateTime", of=invoice.sold_on or invoice.sold_until)
        period.day("EndDateTime", of=invoice.sold_until)
    for extra in pricing.extras:
        charge = tree.group("SpecifiedTradeAllowanceCharge")
        _extra(charge, extra, category=_category(extra.rate, invoice))
    if invoice.kind != "credit" and not _is_rounded_when_paid(invoice):
        tree.day("SpecifiedTradePaymentTerms", "DueDateDateTime", of=due_date(invoice, issued_on))
    _sums(tree.group("SpecifiedTradeSettlementHeaderMonetarySummation"), totals)
    for reference in (*((invoice.corrects,) if invoice.corrects else ()), *invoice.deposits):
        earlier = tree.group("InvoiceReferencedDocument")
        earlier.add("IssuerAssignedID", reference.number)
        earlier.day("FormattedIssueDateTime", of=reference.issued_on, space="qdt")


def _tax(tree: _Tree, tax: Tax, invoice: Invoice) -> None:
    tree.add("CalculatedAmount", f"{tax.amount:.2f}")
    tree.add("TypeCode", "VAT")
    case = invoice.case if tax.category != "S" else None
    if case is not None:
        tree.maybe("ExemptionReason", case.text)
    tree.add("BasisAmount", f"{tax.base:.2f}")
    tree.add("CategoryCode", tax.category)
    if case is not None:
        tree.maybe("ExemptionReasonCode", case.code)
    elif invoice.seller.debits:
        tree.add("DueDateTypeCode", "5")  # the tax is due with the invoice, not with its payment
    if tax.category != "O":
        tree.add("RateApplicablePercent", _rate(tax.rate))


def _sums(tree: _Tree, totals: Totals) -> None:
    tree.add("LineTotalAmount", f"{totals.lines:.2f}")
    if totals.charges:
        tree.add("ChargeTotalAmount", f"{totals.charges:.2f}")
    if totals.discounts:
        tree.add("AllowanceTotalAmount", f"{totals.discounts:.2f}")
    tree.add("TaxBasisTotalAmount", f"{totals.net:.2f}")
    tree.add("TaxTotalAmount", f"{totals.vat:.2f}", currencyID="EUR")
    if totals.rounding:
        tree.add("RoundingAmount", f"{totals.rounding:.2f}")
    tree.add("GrandTotalAmount", f"{totals.gross:.2f}")
    if totals.prepaid:
        tree.add("TotalPrepaidAmount", f"{totals.prepaid:.2f}")
    tree.add("DuePayableAmount", f"{totals.due:.2f}")


def _rate(rate: Decimal | None) -> str:
    return f"{rate or Decimal(0):.2f}"
