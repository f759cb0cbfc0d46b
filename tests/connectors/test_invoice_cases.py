"""Reverse charge, customers abroad, prices with VAT, discounts and charges on the whole."""

import base64
import io
import re
from decimal import Decimal
from importlib.util import find_spec

import pikepdf
import pypdf
import pytest

from rouage.errors import StepError
from rouage_connectors.invoice.apart import Workshop
from rouage_connectors.invoice.legal_texts import vat_cases
from rouage_connectors.invoice.model import Reference, as_json
from rouage_connectors.invoice.payment_code import transfer
from rouage_connectors.invoice.pricing import tax_of
from rouage_connectors.invoice.vat_cases import CASES
from tests.connectors.invoicing import (
    BERLIN,
    BUSINESS,
    FRANCHISE,
    GENEVA,
    GOODS,
    LIABLE,
    PERSON,
    SERVICE,
    WORKS,
    Bench,
    day,
    invoice_of,
)

EARLIER = Reference(number="FA-2026-0001", issued_on=day("2026-11-01"), amount=Decimal(10))
NUMBERED = {**FRANCHISE, "vat_number": "FR44732829320"}
ODD = {"label": "Coffret", "price": "20.01", "nature": "goods"}
SHOP = [
    {"label": "Savon", "price": "9.99", "quantity": 3, "discount": 15, "nature": "goods"},
    {"label": "Miel", "price": "4.50", "quantity": "2.5", "vat": "5.5", "nature": "goods"},
    {"label": "Carte", "price": "0.49", "quantity": 7, "nature": "goods"},
]
SHIPPED = [{"label": "Port", "amount": "6.90"}, {"label": "Fidélité", "percent": -5}]
BRUSSELS = {"name": "Mme Peeters", "street": "Rue Haute 1", "postcode": "1000",
            "city": "Bruxelles", "country": "BE", "email": "p@example.org"}  # fmt: skip
BUILDING, SERVICES = {"vat_case": "building"}, {"vat_case": "eu_services"}
OUTSIDE = {"vat_case": "outside_services"}
CREDIT = {"kind": "credit", "corrects": EARLIER}
GOOD = {
    "building": (LIABLE, WORKS, [SERVICE], BUILDING),
    "building with goods": (LIABLE, WORKS, [SERVICE, GOODS], BUILDING),
    "building, deposit": (LIABLE, WORKS, [SERVICE], {**BUILDING, "kind": "deposit"}),
    "building, credit": (LIABLE, WORKS, [SERVICE], {**BUILDING, **CREDIT}),
    "building, discount": (LIABLE, WORKS, [SERVICE], {**BUILDING, "adjustments": SHIPPED}),
    "services in the Union": (LIABLE, BERLIN, [SERVICE], SERVICES),
    "services in the Union, franchise": (NUMBERED, BERLIN, [SERVICE], SERVICES),
    "goods in the Union": (LIABLE, BERLIN, [GOODS], {"vat_case": "eu_goods"}),
    "export": (LIABLE, GENEVA, [GOODS], {"vat_case": "export"}),
    "services outside": (LIABLE, GENEVA, [SERVICE], OUTSIDE),
    "services outside, franchise": (FRANCHISE, GENEVA, [SERVICE], OUTSIDE),
    "services outside, credit": (LIABLE, GENEVA, [SERVICE], {**OUTSIDE, **CREDIT}),
    "services outside, discount": (
        LIABLE, GENEVA, [SERVICE], {**OUTSIDE, "adjustments": SHIPPED}),
    "billed elsewhere": (
        LIABLE, {**BUSINESS, "billing": "BP 12, 69001 Lyon"}, [SERVICE], {}),
    "person in the Union": (LIABLE, BRUSSELS, [GOODS], {"vat_case": "french"}),
    "prices with VAT": (LIABLE, PERSON, SHOP, {"prices": "gross", "adjustments": SHIPPED}),
    "a cent that no base gives": (LIABLE, PERSON, [ODD], {"prices": "gross"}),
    "a cent, paid": (LIABLE, PERSON, [ODD], {"prices": "gross", "paid_on": day("2026-11-20")}),
    "a cent, credit": (LIABLE, PERSON, [ODD], {"prices": "gross", **CREDIT}),
    "a cent, balance": (
        LIABLE, PERSON, [ODD], {"prices": "gross", "kind": "balance", "deposits": (EARLIER,)}),
    "prices with VAT, franchise": (FRANCHISE, PERSON, [ODD], {"prices": "gross"}),
    "discount and charge": (
        LIABLE, BUSINESS, [SERVICE, {**GOODS, "vat": "5.5"}],
        {"adjustments": [{"label": "Remise", "amount": -20},
                         {"label": "Port", "amount": "6.9", "vat": 20}]}),
    "discount and charge, franchise": (FRANCHISE, BUSINESS, [SERVICE], {"adjustments": SHIPPED}),
}  # fmt: skip


@pytest.fixture(scope="module")
def workshop():
    if find_spec("saxonche") is None:
        pytest.skip("the official rules need saxonche")
    shop = Workshop()
    yield shop
    shop.close()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, LIABLE)


def _made(workshop, name):
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
    answer = _made(workshop, name)
    assert answer["findings"] == []
    assert answer["rules"] is True


def test_the_same_document_is_the_same_to_the_byte_and_says_each_thing_once(workshop):
    first, again = [base64.b64decode(_made(workshop, "building")["pdf"]) for _ in range(2)]
    assert first == again
    with pikepdf.open(io.BytesIO(first)) as document:
        told = document.Root.Metadata.read_bytes()
        assert "/Filter" not in document.Root.Metadata
        assert str(document.Root.AF[0].EF.F.Params.ModDate) == "D:20261124100000+00'00'"
    for once in (b"<pdfaExtension:schemas>", b"<fx:ConformanceLevel>", b"<pdfaid:part>"):
        assert told.count(once) == 1


BROKEN = {
    "no reason of the reverse charge": (
        r"<ram:ExemptionReason(Code)?>.*?</ram:ExemptionReason(Code)?>", "", "building",
        "BR-AE-10"),
    "tax in spite of it": (
        r"<ram:CalculatedAmount>0.00<", "<ram:CalculatedAmount>18.00<", "building", "BR-AE-09"),
    "no VAT number of the customer": (
        r"<ram:SpecifiedTaxRegistration><ram:ID schemeID=\"VA\">DE.*?"
        r"</ram:SpecifiedTaxRegistration>", "", "goods in the Union", "BR-IC-02"),
    "no country of delivery": (
        r"<ram:ShipToTradeParty>.*?</ram:ShipToTradeParty>", "", "goods in the Union",
        "BR-IC-12"),
    "no VAT number of the exporter": (
        r"<ram:SpecifiedTaxRegistration>.*?</ram:SpecifiedTaxRegistration>", "", "export",
        "BR-G-02"),
    "VAT number where none may be": (
        "schemeID=\"FC\"", "schemeID=\"VA\"", "services outside", "BR-O-02"),
    "discounts that are not summed up": (
        r"<ram:AllowanceTotalAmount>.*?<", "<ram:AllowanceTotalAmount>1.00<",
        "discount and charge", "BR-CO-11"),
    "charges that are not summed up": (
        r"<ram:ChargeTotalAmount>.*?<", "<ram:ChargeTotalAmount>1.00<",
        "discount and charge", "BR-CO-12"),
    "a charge without its name": (
        r"<ram:Reason>Port</ram:Reason>", "", "discount and charge", "BR-38"),
    "a cent that is lost": (
        r"<ram:RoundingAmount>.*?</ram:RoundingAmount>", "", "a cent that no base gives",
        "BR-CO-16"),
    "paid in full, to the cent": (
        "<ram:ID>B1</ram:ID>", "<ram:ID>B2</ram:ID>", "a cent, paid", "BR-FR-CO-09"),
    "a unit that nobody knows": (
        'unitCode="HUR"', 'unitCode="HOURS"', "building", "FX-SCH-A-000613"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_caught_by_its_rule(workshop, name):
    pattern, instead, base, expected = BROKEN[name]
    xml = base64.b64decode(_made(workshop, base)["xml"]).decode()
    broken = re.sub(pattern, instead, xml, flags=re.DOTALL)
    assert broken != xml
    answer = workshop.ask("check", xml=base64.b64encode(broken.encode()).decode())
    assert expected in {finding["rule"] for finding in answer["findings"]}


# -- amounts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", ["20", "10", "5.5", "2.1", "8.5"])
def test_prices_with_vat_come_to_the_cent_whatever_they_are(rate):
    for cents in range(1, 1_200, 7):
        asked = Decimal(cents) / 100
        line = {"label": "x", "price": str(asked), "vat": rate, "quantity": 3}
        pricing = invoice_of(LIABLE, PERSON, [line, line], prices="gross").pricing
        totals = pricing.totals
        assert totals.due == asked * 6
        assert abs(totals.rounding) <= Decimal("0.01")
        assert totals.vat == tax_of(totals.net, Decimal(rate))
        assert sum(line.net for line in pricing.lines) == totals.net


def test_a_discount_follows_the_rates_of_what_is_sold():
    lines = [{"label": "a", "price": 60, "vat": 20}, {"label": "b", "price": 30, "vat": "5.5"}]
    off = [{"label": "Remise", "amount": "-10"}]
    totals = invoice_of(LIABLE, BUSINESS, lines, adjustments=off).totals
    assert [(str(tax.rate), str(tax.base)) for tax in totals.taxes] == [
        ("20", "53.33"), ("5.5", "26.67"),
    ]  # fmt: skip
    assert (str(totals.lines), str(totals.discounts), str(totals.net)) == (
        "90.00", "10.00", "80.00",
    )  # fmt: skip


# -- what is printed ------------------------------------------------------------------------------


async def test_a_reverse_charge_is_printed_with_its_article(bench):
    issued = await bench.issue(customer=WORKS, lines=[SERVICE], **BUILDING)
    text = _text(issued["pdf"])
    assert "Autoliquidation (sous-traitance" in text
    assert "art. 283, 2 nonies du CGI" in text
    assert "FR83404833048" in text
    assert "Total TTC" not in text
    assert issued["totals"]["vat"] == "0.00"


async def test_another_address_for_the_bill_is_printed(bench):
    billed = {**BUSINESS, "billing": "BP 12, 69001 Lyon", "delivery": "5 quai Neuf, 69007 Lyon"}
    issued = await bench.issue(customer=billed, lines=[SERVICE])
    text = _text(issued["pdf"])
    assert "Facturation" in text
    assert "BP 12" in text
    assert "5 quai Neuf" in text
    with open(issued["xml"], encoding="utf-8") as file:
        assert "Adresse de facturation : BP 12, 69001 Lyon" in file.read()


async def test_a_rounded_cent_is_printed_and_the_sum_is_what_was_asked(bench):
    issued = await bench.issue(customer=PERSON, lines=[ODD], prices="gross")
    assert (issued["totals"]["gross"], issued["totals"]["due"]) == ("20.02", "20.01")
    assert "Arrondi" in _text(issued["pdf"])


async def test_what_is_received_is_what_was_asked_and_not_a_cent_more(bench):
    open_ = await bench.issue(customer=PERSON, lines=[ODD], prices="gross", key="1")
    assert (await bench.do("mark_paid", number=open_["number"]))["amount"] == "20.01"
    paid = {"paid_on": "2026-11-24", "paid_with": "card"}
    await bench.issue(customer=PERSON, lines=[ODD], prices="gross", key="2", **paid)
    book = await bench.do("income_book", target="files/book.csv")
    assert (book["count"], book["total"]) == (2, "40.02")
    assert (await bench.do("late", day="2027-12-31"))["count"] == 0


def test_every_case_is_in_the_file_of_the_law():
    assert set(CASES) == set(vat_cases())
    for case in vat_cases().values():
        assert (case.category is None) == (case.code is None) == (case.text is None)


async def test_the_account_may_say_that_prices_include_vat(tmp_path):
    bench = Bench(tmp_path, {**LIABLE, "prices": "gross"})
    drafted = await bench.do("draft", customer=PERSON, lines=[{"label": "x", "price": 12}])
    assert drafted["totals"]["net"] == "10.00"


def test_the_code_for_the_bank_says_what_to_transfer():
    invoice = invoice_of({**FRANCHISE, "bic": "BNPAFRPP"}, BUSINESS, [SERVICE])
    assert transfer(invoice, "FA-2026-0042").split("\n") == [
        "BCD", "002", "1", "SCT", "BNPAFRPP", "Marie Durand", "FR7630006000011234567890189",
        "EUR90.00", "", "", "FA-2026-0042",
    ]  # fmt: skip
    assert transfer(invoice, None) is None
    for more in ({"paid_on": day("2026-11-20")}, {"kind": "quote"}, CREDIT):
        assert transfer(invoice_of(FRANCHISE, BUSINESS, [SERVICE], **more), "X-1") is None


async def test_the_code_is_on_the_page(bench):
    issued = await bench.issue(customer=PERSON, lines=[SERVICE])
    assert "à scanner" in _text(issued["pdf"])
    paid = await bench.issue(customer=PERSON, lines=[SERVICE], paid_on="2026-11-24", key="2")
    assert "à scanner" not in _text(paid["pdf"])


# -- what is refused ------------------------------------------------------------------------------

REFUSED = {
    "abroad without a word": (LIABLE, BERLIN, SERVICE, {}, "eu_services, eu_goods"),
    "services of a franchise in the Union": (NUMBERED, BERLIN, SERVICE, {}, "eu_services"),
    "not in the Union": (LIABLE, GENEVA, SERVICE, SERVICES, "in another country of the Union"),
    "not outside": (LIABLE, BERLIN, GOODS, {"vat_case": "export"}, "outside the Union"),
    "goods that are services": (LIABLE, BERLIN, GOODS, SERVICES, "not for goods"),
    "works for a person": (LIABLE, PERSON, SERVICE, BUILDING, "for businesses"),
    "works under the franchise": (FRANCHISE, WORKS, SERVICE, BUILDING, "this VAT regime"),
    "no VAT number of the customer": (
        LIABLE, BUSINESS, SERVICE, BUILDING, "`vat_number` of the customer"),
    "no VAT number of the seller": (
        FRANCHISE, BERLIN, SERVICE, SERVICES, "`vat_number` of the account of the seller"),
    "VAT number of another country": (
        LIABLE, {**BERLIN, "vat_number": "FR83404833048"}, SERVICE, SERVICES, "begins with FR"),
    "business in spite of French VAT": (
        LIABLE, BERLIN, SERVICE, {"vat_case": "french"}, "for private persons"),
    "a rate in spite of the case": (
        LIABLE, BERLIN, {**SERVICE, "vat": 20}, SERVICES, "charges no VAT"),
    "no mail address of a business abroad": (
        LIABLE, {**BERLIN, "email": None}, SERVICE, SERVICES, "needs `email`"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_a_case_that_does_not_fit_is_refused_with_the_next_gesture(tmp_path, name):
    seller, customer, line, more, said = REFUSED[name]
    bench = Bench(tmp_path, seller)
    customer = {key: value for key, value in customer.items() if value is not None}
    with pytest.raises(StepError) as refused:
        await bench.do("draft", customer=customer, lines=[line], **more)
    error = refused.value
    assert said in f"{error.render('en')} {error.render_hint('en')}"
    assert error.render("fr") != error.render("en")
    assert error.render_hint("fr")
    assert bench.picture() == {}


async def test_a_draft_cannot_be_turned_into_a_sale_without_vat(bench):
    drafted = (await bench.do("draft", customer=BUSINESS, lines=[SERVICE]))["draft"]
    drafted["vat_case"] = "building"
    drafted["lines"][0]["vat"] = None
    with pytest.raises(StepError, match="vat_number"):
        await bench.do("issue", draft=drafted)
    drafted["vat_case"] = None
    with pytest.raises(StepError, match="`vat` of line 1 is missing"):
        await bench.do("issue", draft=drafted)


# -- from quote to balance ------------------------------------------------------------------------


async def test_a_quote_with_prices_and_discounts_is_followed_to_its_balance(bench):
    order = {"customer": PERSON, "lines": SHOP, "prices": "gross", "adjustments": SHIPPED}
    quote = await bench.issue("quote", **order)
    assert quote["totals"]["due"] == "45.04"
    deposit = await bench.issue("deposit", quote=quote["number"], percent="30")
    assert deposit["totals"]["net"] == "11.69"
    balance = await bench.issue("balance", quote=quote["number"])
    due = Decimal("45.04") - Decimal(deposit["totals"]["gross"])
    assert Decimal(balance["totals"]["due"]) == due
    credit = await bench.issue("credit", number=balance["number"], reason="Erreur")
    assert credit["totals"]["due"] == balance["totals"]["due"]
    assert (await bench.do("verify"))["is_valid"]


async def test_works_are_followed_from_quote_to_credit_note_without_vat(bench):
    quote = await bench.issue("quote", customer=WORKS, lines=[SERVICE], **BUILDING)
    for action, more in (("deposit", {"quote": quote["number"], "amount": "40"}),
                         ("balance", {"quote": quote["number"]})):  # fmt: skip
        issued = await bench.issue(action, **more)
        assert issued["totals"]["vat"] == "0.00"
    line = {"label": "Trop facturé", "price": 10}
    credit = await bench.issue("credit", number=issued["number"], reason="Erreur", lines=[line])
    assert credit["totals"] == {**credit["totals"], "vat": "0.00", "gross": "10.00"}
    assert "Autoliquidation" in _text(credit["pdf"])


async def test_a_deposit_on_goods_for_the_union_is_not_invoiced(bench):
    quote = await bench.issue("quote", customer=BERLIN, lines=[GOODS], vat_case="eu_goods")
    with pytest.raises(StepError, match="is not invoiced"):
        await bench.issue("deposit", quote=quote["number"], percent="30")


async def test_what_was_agreed_is_compared_with_what_the_lines_come_to(bench):
    order = {"customer": PERSON, "lines": [ODD], "prices": "gross", "expected_total": "20,01"}
    assert (await bench.do("draft", **order))["totals"]["due"] == "20.01"
    with pytest.raises(StepError, match=r"20,01.€ was agreed"):
        await bench.do("draft", **{**order, "prices": "net"})


def _text(path):
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
