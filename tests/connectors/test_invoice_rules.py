"""The XML of invoices, held against the schema, EN 16931 and the French rules."""

import base64
import os
import re
import signal
import sys
from importlib.util import find_spec

import pytest

from rouage.errors import StepError
from rouage_connectors.invoice.apart import Workshop
from rouage_connectors.invoice.model import Reference, as_json
from tests.connectors.invoicing import (
    BERLIN,
    BUSINESS,
    FRANCHISE,
    GOODS,
    LIABLE,
    PERSON,
    SERVICE,
    day,
    invoice_of,
)

if find_spec("saxonche") is None:  # asked without loading it: it belongs into a process of its own
    pytest.skip("the official rules need saxonche", allow_module_level=True)

EARLIER = Reference(number="FA-2026-0001", issued_on=day("2026-11-01"), amount=10)
DELIVERED = {**BUSINESS, "delivery": {"address": "5 quai Neuf, 69007 Lyon"}}
REDUCED = {**SERVICE, "vat": "5,5"}
GOOD = {
    "services": (FRANCHISE, BUSINESS, [SERVICE], {}),
    "goods": (FRANCHISE, BUSINESS, [GOODS], {}),
    "mixed": (FRANCHISE, PERSON, [SERVICE, GOODS], {}),
    "services with VAT": (LIABLE, BUSINESS, [SERVICE], {}),
    "goods with VAT": (LIABLE, PERSON, [GOODS], {}),
    "two rates": (LIABLE, BUSINESS, [REDUCED, GOODS], {}),
    "deposit": (LIABLE, BUSINESS, [SERVICE], {"kind": "deposit"}),
    "deposit without VAT": (FRANCHISE, PERSON, [SERVICE], {"kind": "deposit"}),
    "balance": (LIABLE, BUSINESS, [SERVICE], {"kind": "balance", "deposits": (EARLIER,)}),
    "balance without VAT": (
        FRANCHISE, BUSINESS, [GOODS], {"kind": "balance", "deposits": (
            Reference(number="FA-1", issued_on=day("2026-11-01"), amount=1),)}),
    "credit": (FRANCHISE, BUSINESS, [SERVICE], {"kind": "credit", "corrects": EARLIER}),
    "credit with VAT": (LIABLE, PERSON, [SERVICE, GOODS], {"kind": "credit", "corrects": EARLIER}),
    "paid": (FRANCHISE, PERSON, [SERVICE], {"paid_on": day("2026-11-02")}),
    "period": (LIABLE, BUSINESS, [SERVICE],
               {"sold_on": day("2026-10-01"), "sold_until": day("2026-10-31")}),
    "debits": ({**LIABLE, "debits": True}, BUSINESS, [SERVICE], {}),
    "delivery and order": (FRANCHISE, DELIVERED, [GOODS], {"order": "PO-1", "quote": "DE-1"}),
    "goods abroad": (FRANCHISE, BERLIN, [GOODS], {}),
    "company": ({**LIABLE, "form": "SARL au capital de 1 000 €", "trade_name": "L’Atelier",
                 "phone": "06 01 02 03 04"}, BUSINESS, [SERVICE], {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def workshop():
    shop = Workshop()
    yield shop
    shop.close()


def _make(workshop, name):
    seller, buyer, lines, more = GOOD[name]
    return workshop.ask(
        "make",
        invoice=as_json(invoice_of(seller, buyer, lines, **more)),
        number="FA-2026-0042",
        issued_on="2026-11-24",
        made_at="2026-11-24T10:00:00+00:00",
    )


@pytest.mark.parametrize("name", GOOD)
def test_a_document_passes_every_official_rule(workshop, name):
    answer = _make(workshop, name)
    assert answer["findings"] == []
    assert answer["rules"] is True


def _without(pattern):
    return lambda xml: re.sub(pattern, "", xml, flags=re.DOTALL)


def _instead(old, new):
    return lambda xml: xml.replace(old, new)


NOTES = (
    r"<ram:IncludedNote>(?:(?!</ram:IncludedNote>).)*"
    r"<ram:SubjectCode>{}</ram:SubjectCode></ram:IncludedNote>"
)
BROKEN = {
    "no recovery fee": (_without(NOTES.format("PMT")), "services", {"BR-FR-05"}),
    "no penalties": (_without(NOTES.format("PMD")), "services", {"BR-FR-05"}),
    "no discount terms": (_without(NOTES.format("AAB")), "services", {"BR-FR-05"}),
    "no business process": (
        _without(r"<ram:BusinessProcess.*?</ram:BusinessProcess\w+>"), "services", {"BR-FR-08"}),
    "no address of the buyer": (
        _without(r"<ram:URIUniversalCommunication><ram:URIID schemeID=\"0225\">404833048.*?"
                 r"</ram:URIUniversalCommunication>"), "services", {"BR-FR-12", "BR-FR-21"}),
    "no address of the seller": (
        _without(r"<ram:URIUniversalCommunication><ram:URIID schemeID=\"0225\">732829320.*?"
                 r"</ram:URIUniversalCommunication>"), "services", {"BR-FR-13"}),
    "SIRET of another": (_instead("73282932000074", "40483304800022"), "services", {"BR-FR-09"}),
    "due before issued": (_instead("20261224", "20261101"), "services", {"BR-FR-CO-07"}),
    "credit without reference": (
        _without(r"<ram:InvoiceReferencedDocument>.*?</ram:InvoiceReferencedDocument>"),
        "credit", {"BR-FR-CO-05"}),
    "no tax number": (
        _without(r"<ram:SpecifiedTaxRegistration>.*?</ram:SpecifiedTaxRegistration>"),
        "services", {"BR-E-02"}),
    "sums that do not add up": (
        _instead("<ram:LineTotalAmount>90.00</ram:LineTotalAmount>",
                 "<ram:LineTotalAmount>91.00</ram:LineTotalAmount>"), "services", {"BR-CO-13"}),
    "unknown rate": (_instead("20.00</ram:Rate", "19.99</ram:Rate"), "services with VAT",
                     {"BR-FR-16"}),
    "another profile": (
        _instead("urn:cen.eu:en16931:2017<", "urn:factur-x.eu:1p0:minimum<"), "services",
        {"PROFILE"}),
    "no buyer": (_without(r"<ram:BuyerTradeParty>.*?</ram:BuyerTradeParty>"), "services", {"XSD"}),
    "no XML at all": (lambda xml: xml[:-20], "services", {"XML"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_caught_by_its_rule(workshop, name):
    breaking, base, expected = BROKEN[name]
    xml = base64.b64decode(_make(workshop, base)["xml"]).decode()
    broken = breaking(xml)
    assert broken != xml
    answer = workshop.ask("check", xml=base64.b64encode(broken.encode()).decode())
    assert expected <= {finding["rule"] for finding in answer["findings"]}
    if not expected & {"BR-CO-13", "BR-FR-16", "XSD"}:
        assert expected == {finding["rule"] for finding in answer["findings"]}


def test_the_workshop_comes_back_after_it_was_killed(workshop):
    assert _make(workshop, "services")["findings"] == []
    first = workshop.pid
    os.kill(first, signal.SIGKILL)
    assert _make(workshop, "services")["findings"] == []
    assert workshop.pid != first


def test_a_document_that_takes_too_long_is_given_up():
    shop = Workshop(seconds=0)
    try:
        with pytest.raises(StepError, match="within 0 seconds"):
            shop.ask("warm")
        assert shop.pid is None
    finally:
        shop.close()


def test_saxon_is_never_loaded_where_actions_run():
    assert "saxonche" not in sys.modules
    assert "typst" not in sys.modules
