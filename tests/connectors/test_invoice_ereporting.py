"""Sales to private persons, added up as platforms report them."""

import pytest

from rouage_connectors.invoice import connector
from tests.connectors.invoicing import BUSINESS, FRANCHISE, GOODS, LIABLE, PERSON, SERVICE, Bench

SOAP = {"label": "Savon", "price": 10, "quantity": 2, "nature": "goods"}
HONEY = {"label": "Miel", "price": 20, "vat": "5.5", "nature": "goods"}
NOVEMBER = {"target": "files/report.csv", "since": "2026-11-01", "until": "2026-11-30"}


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, LIABLE)


async def test_sales_to_persons_are_added_up_by_day_category_and_rate(bench):
    await bench.issue(customer=PERSON, lines=[SOAP, SERVICE], key="1")
    await bench.issue(customer=PERSON, lines=[SOAP, HONEY], key="2")
    await bench.issue(customer=BUSINESS, lines=[SOAP], key="3")
    await bench.issue("quote", customer=PERSON, lines=[SOAP], key="4")
    await bench.pass_days(1)
    await bench.issue(customer=PERSON, lines=[SOAP], key="5")
    report = await bench.do("sales_report", **NOVEMBER)
    assert report["sales"] == [
        {"day": "2026-11-24", "category": "TLB1", "rate": "5.5", "count": 1, "base": "20.00",
         "vat": "1.10"},
        {"day": "2026-11-24", "category": "TLB1", "rate": "20", "count": 2, "base": "40.00",
         "vat": "8.00"},
        {"day": "2026-11-24", "category": "TPS1", "rate": "20", "count": 1, "base": "90.00",
         "vat": "18.00"},
        {"day": "2026-11-25", "category": "TLB1", "rate": "20", "count": 1, "base": "20.00",
         "vat": "4.00"},
    ]  # fmt: skip
    assert (report["base"], report["vat"]) == ("170.00", "31.10")
    with open(report["path"], encoding="utf-8-sig") as file:
        assert file.read().splitlines()[2] == "10.3;2026-11-24;TLB1;20;2;40,00;8,00;"


async def test_a_deposit_counts_once_and_a_credit_note_takes_back(bench):
    quote = await bench.issue("quote", customer=PERSON, lines=[SERVICE], key="q")
    await bench.issue("deposit", quote=quote["number"], percent="30")
    balance = await bench.issue("balance", quote=quote["number"])
    report = await bench.do("sales_report", **NOVEMBER)
    assert (report["base"], report["vat"]) == ("90.00", "18.00")
    await bench.issue("credit", number=balance["number"], reason="Erreur")
    report = await bench.do("sales_report", **NOVEMBER)
    assert (report["base"], report["vat"]) == ("27.00", "5.40")


async def test_what_is_received_for_services_is_reported_by_its_day(bench):
    mixed = await bench.issue(customer=PERSON, lines=[SERVICE, SOAP], key="1")
    await bench.issue(customer=PERSON, lines=[SERVICE], paid_on="2026-11-20", key="2")
    await bench.issue(customer=PERSON, lines=[SERVICE], key="3")
    await bench.do("mark_paid", number=mixed["number"], amount="66")
    report = await bench.do("sales_report", **NOVEMBER)
    assert report["payments"] == [
        {"day": "2026-11-20", "rate": "20", "amount": "108.00"},
        {"day": "2026-11-24", "rate": "20", "amount": "54.00"},
    ]
    assert report["received"] == "162.00"


async def test_a_seller_whose_tax_is_due_with_the_invoice_reports_no_payments(tmp_path):
    bench = Bench(tmp_path, {**LIABLE, "debits": True})
    await bench.issue(customer=PERSON, lines=[SERVICE], paid_on="2026-11-20")
    assert (await bench.do("sales_report", **NOVEMBER))["payments"] == []


async def test_sales_under_the_franchise_have_their_own_category(tmp_path):
    bench = Bench(tmp_path, FRANCHISE)
    await bench.issue(customer=PERSON, lines=[GOODS, SERVICE])
    report = await bench.do("sales_report", **NOVEMBER)
    assert [(one["category"], one["rate"]) for one in report["sales"]] == [("TNT1", "0")]
    assert report["payments"] == []


async def test_the_last_month_is_meant_unless_days_are_given(bench):
    report = await bench.simulate("sales_report", target="files/r.csv")
    assert (report["since"], report["until"]) == ("2026-10-01", "2026-10-31")
    assert (report["sales"], report["base"]) == ([], "0.00")
    assert bench.picture() == {}


async def test_a_report_can_be_undone(bench):
    spec = connector.actions["invoice.sales_report"]
    parameters, context = spec.parameters.build(NOVEMBER), bench.context()
    inverse = await spec.undo.prepare(parameters, context)
    result = await spec.run(parameters, context)
    inverse = await spec.undo.complete(parameters, inverse, result, context)
    await spec.undo.apply(inverse, bench.context())
    assert bench.picture() == {}
