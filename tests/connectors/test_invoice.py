"""Drafts that become invoices: numbers, files, register, and what is refused before that."""

import asyncio
import os

import pikepdf
import pypdf
import pytest

from rouage.errors import StepError
from rouage_connectors.invoice import connector
from rouage_connectors.invoice.amounts import read_number, rounded
from rouage_connectors.invoice.pdf import check_structure, digest
from rouage_connectors.invoice.trade import read_trade, try_seller
from tests.connectors.invoicing import (
    BUSINESS,
    FRANCHISE,
    GOODS,
    LIABLE,
    PERSON,
    SERVICE,
    Bench,
    invoice_of,
)

ORDER = {"customer": BUSINESS, "lines": [SERVICE], "key": "order-1"}


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


# -- drafts ---------------------------------------------------------------------------------------


async def test_a_draft_is_checked_and_shown_without_a_number(bench):
    drafted = await bench.do("draft", **ORDER)
    assert drafted["totals"] == {
        "net": "90.00", "vat": "0.00", "gross": "90.00", "rounding": "0.00", "prepaid": "0.00",
        "due": "90.00",
    }  # fmt: skip
    assert drafted["total"] == 90.0
    assert drafted["checks"]["schema"] is True
    text = _text(drafted["preview"])
    assert "sera attribué à l’émission" in text
    assert "TVA non applicable, art. 293 B du CGI" in text
    assert not (bench.workspace / "files/invoices/register.db").exists()


async def test_the_same_order_gives_the_same_draft(bench):
    first, again = [await bench.do("draft", **ORDER) for _ in range(2)]
    assert first == again
    assert len(bench.picture()) == 1


async def test_simulating_changes_nothing(bench):
    drafted = await bench.do("draft", **ORDER)
    before = bench.picture()
    simulated = await bench.simulate("draft", **{**ORDER, "key": "other"})
    foreseen = await bench.simulate("issue", draft=drafted["draft"])
    assert bench.picture() == before
    assert simulated["totals"] == drafted["totals"]
    issued = await bench.do("issue", draft=drafted["draft"])
    made = {name: issued[name] for name in ("hash", "sha256", "checks")}
    assert {**foreseen, **made} == issued
    assert foreseen["checks"]["schema"] is True


async def test_a_draft_can_be_undone(bench):
    spec = connector.actions["invoice.draft"]
    parameters, context = spec.parameters.build(ORDER), bench.context()
    inverse = await spec.undo.prepare(parameters, context)
    result = await spec.run(parameters, context)
    inverse = await spec.undo.complete(parameters, inverse, result, context)
    await spec.undo.apply(inverse, bench.context())
    assert bench.picture() == {}


# -- issuing --------------------------------------------------------------------------------------


async def test_an_issued_invoice_is_a_sound_factur_x_file_in_the_register(bench):
    issued = await bench.issue(**ORDER)
    assert issued["number"] == "FA-2026-0001"
    assert (issued["issued_on"], issued["due_on"]) == ("2026-11-24", "2026-12-24")
    with open(issued["pdf"], "rb") as pdf, open(issued["xml"], "rb") as xml:
        data, inside = pdf.read(), xml.read()
    assert digest(data) == issued["sha256"]
    assert check_structure(data, inside) == []
    assert not os.stat(issued["pdf"]).st_mode & 0o222
    text = _text(issued["pdf"])
    for said in ("Marie Durand EI", "SIRET 73282932000074", "SIREN 404833048", "24/12/2026",
                 "Prestation de services", "L441-10", "trois fois", "Pas d’escompte",
                 "FR76 3000 6000"):  # fmt: skip
        assert said in text
    assert (await bench.do("verify"))["is_valid"]


async def test_ten_replays_of_one_order_give_one_invoice(bench):
    drafted = await bench.do("draft", **ORDER)
    issued = [await bench.do("issue", draft=drafted["draft"]) for _ in range(10)]
    assert {one["number"] for one in issued} == {"FA-2026-0001"}
    assert [one["is_new"] for one in issued] == [True] + [False] * 9
    assert len(list((bench.workspace / "files/invoices/2026").iterdir())) == 2


async def test_the_whole_result_of_a_draft_step_will_do(bench):
    drafted = await bench.do("draft", **ORDER)
    assert (await bench.do("issue", draft=drafted))["number"] == "FA-2026-0001"


async def test_ten_repetitions_of_one_step_give_one_invoice(bench):
    order = {"customer": BUSINESS, "lines": [SERVICE]}
    issued = [await bench.issue(step="the-step", **order) for _ in range(10)]
    assert {one["number"] for one in issued} == {"FA-2026-0001"}
    assert (await bench.issue(step="another-step", **order))["number"] == "FA-2026-0002"


async def test_steps_at_the_same_time_get_numbers_of_their_own(bench):
    drafts = [await bench.do("draft", **{**ORDER, "key": f"order-{n}"}) for n in range(6)]
    issued = await asyncio.gather(*(bench.do("issue", draft=one["draft"]) for one in drafts))
    assert sorted(one["number"] for one in issued) == [f"FA-2026-000{n}" for n in range(1, 7)]


async def test_another_order_under_the_same_key_is_refused(bench):
    await bench.issue(**ORDER)
    with pytest.raises(StepError, match="says something else") as refused:
        await bench.issue(**{**ORDER, "lines": [GOODS]})
    assert "invoice.credit" in str(refused.value.render_hint("en"))


async def test_a_draft_that_breaks_a_rule_is_not_issued(bench):
    drafted = (await bench.do("draft", **ORDER))["draft"]
    drafted["due_on"] = "2026-01-01"
    with pytest.raises(StepError, match="BR-FR-CO-07"):
        await bench.do("issue", draft=drafted)
    assert (await bench.issue(**ORDER))["number"] == "FA-2026-0001"


async def test_files_of_a_crash_before_the_end_are_replaced(bench):
    folder = bench.workspace / "files/invoices/2026"
    folder.mkdir(parents=True)
    (folder / "FA-2026-0001.pdf").write_bytes(b"what a crash left")
    issued = await bench.issue(**ORDER)
    assert (await bench.do("verify", file=issued["pdf"]))["is_valid"]


async def test_amounts_are_computed_and_never_believed(bench):
    drafted = (await bench.do("draft", **ORDER))["draft"]
    drafted["lines"][0]["net"] = "1.00"
    assert (await bench.do("issue", draft=drafted))["totals"]["net"] == "90.00"


async def test_a_draft_of_another_seller_is_refused(bench):
    drafted = (await bench.do("draft", **ORDER))["draft"]
    bench.accounts.accounts["seller"] = {**FRANCHISE, "siret": "40483304800022"}
    with pytest.raises(StepError, match="of the seller"):
        await bench.do("issue", draft=drafted)


async def test_a_register_has_one_seller(bench):
    await bench.issue(**ORDER)
    other = {**FRANCHISE, "siret": "40483304800022"}
    bench.accounts.accounts["seller"] = other
    with pytest.raises(StepError, match="belongs to the seller 732829320"):
        await bench.issue(**{**ORDER, "key": "next"})
    bench.accounts.accounts["seller"] = {**other, "folder": "files/second"}
    assert (await bench.issue(**{**ORDER, "key": "next"}))["number"] == "FA-2026-0001"


async def test_what_no_font_has_is_said(bench):
    with pytest.raises(StepError, match="“😀” cannot be printed"):
        await bench.do("draft", **{**ORDER, "customer": {**BUSINESS, "name": "Chez 😀"}})


async def test_what_is_written_is_printed_and_never_run(bench):
    name = "#panic() $x$ *b* <a> & \\ @c"
    issued = await bench.issue(**{**ORDER, "customer": {**BUSINESS, "name": name}})
    assert name in _text(issued["pdf"])
    assert (await bench.do("read", file=issued["xml"]))["buyer"]["name"] == name


async def test_a_new_year_begins_a_new_series(bench):
    await bench.issue(**ORDER)
    await bench.pass_days(60)
    assert (await bench.issue(**{**ORDER, "key": "next"}))["number"] == "FA-2027-0001"


async def test_a_clock_that_went_back_is_noticed(bench):
    await bench.issue(**ORDER)
    await bench.pass_days(-3)
    with pytest.raises(StepError, match="cannot follow"):
        await bench.issue(**{**ORDER, "key": "next"})


async def test_vat_is_shown_by_rate(tmp_path):
    bench = Bench(tmp_path, LIABLE)
    issued = await bench.issue(
        customer=PERSON, lines=[{**SERVICE, "vat": 10}, GOODS], note="Merci.", discount=None
    )
    assert issued["totals"]["vat"] == "9.72"
    text = _text(issued["pdf"])
    assert "FR44732829320" in text
    assert "293 B" not in text
    assert "non professionnel" in text
    assert "Merci." in text


async def test_a_person_without_a_mail_address_gets_an_invoice(bench):
    customer = {name: value for name, value in PERSON.items() if name != "email"}
    issued = await bench.issue(customer=customer, lines=[SERVICE])
    assert issued["email"] is None


async def test_an_invoice_that_was_paid_says_so(bench):
    issued = await bench.issue(**ORDER, paid_on="2026-11-20", paid_with="card")
    assert issued["totals"]["due"] == "0.00"
    assert "Acquittée le" in _text(issued["pdf"])
    assert "à régler" not in issued["mail"]["body"]


# -- what is refused ------------------------------------------------------------------------------


REFUSED = {
    "no name": ({"name": ""}, {}, "`name` of the customer is missing"),
    "no address": ({"address": None}, {}, "the customer has no address"),
    "odd address": ({"address": "Lyon"}, {}, "the address of the customer must be like"),
    "wrong SIREN": ({"siren": "404833049"}, {}, "SIREN of the customer"),
    "SIRET of another": ({"siret": "73282932000074"}, {}, "does not begin with its SIREN"),
    "business without SIREN": ({"siren": None, "is_business": True}, {}, "needs its `siren`"),
    "wrong mail": ({"email": "nobody"}, {}, "mail of the customer"),
    "unknown field": ({"siern": "1"}, {}, "unknown field “siern”"),
    "no lines": ({}, {"lines": []}, "at least one line"),
    "lines that are a text": ({}, {"lines": "two hours"}, "at least one line"),
    "no price": ({}, {"lines": [{"label": "x"}]}, "`price` of line 1 is missing"),
    "price that is none": ({}, {"lines": [{"label": "x", "price": "a lot"}]}, "must be a number"),
    "negative price": ({}, {"lines": [{"label": "x", "price": -1}]}, "must be above zero"),
    "too precise": (
        {}, {"lines": [{"label": "x", "price": 1, "quantity": "0.00001"}]}, "4 decimals"),
    "unit": ({}, {"lines": [{**SERVICE, "unit": "bushel"}]}, "“bushel” is not known"),
    "VAT under franchise": ({}, {"lines": [{**SERVICE, "vat": 20}]}, "charges no VAT"),
    "discount": ({}, {"lines": [{**SERVICE, "discount": 100}]}, "percentage below 100"),
    "date": ({}, {"sold_on": "tomorrow"}, "must be a date"),
    "cash": (
        {}, {"lines": [{"label": "x", "price": 1001}], "paid_on": "2026-11-20",
             "paid_with": "cash"}, "in cash"),
    "period": ({}, {"sold_on": "2026-11-02", "sold_until": "2026-11-01"}, "before it begins"),
    "nothing to pay": ({}, {"lines": [{"label": "x", "price": "0.001"}]}, "nothing to invoice"),
    "another total": ({}, {"expected_total": "99"}, "come to 90,00"),
    "adjustment of nothing": ({}, {"adjustments": [{"label": "x"}]}, "an `amount` or a `percent`"),
    "more off than sold": (
        {}, {"adjustments": [{"label": "x", "amount": -91}]}, "more than what is sold"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_right_is_said_in_both_languages(bench, name):
    customer, more, said = REFUSED[name]
    customer = {key: value for key, value in {**BUSINESS, **customer}.items() if value is not None}
    with pytest.raises(StepError, match=said) as refused:
        await bench.do("draft", **{**ORDER, **more, "customer": customer})
    assert refused.value.render("fr") != refused.value.render("en")
    assert refused.value.render_hint("fr") or " such as " in refused.value.render("en")
    assert bench.picture() == {}


async def test_a_rate_that_is_not_french_is_refused(tmp_path):
    bench = Bench(tmp_path, LIABLE)
    with pytest.raises(StepError, match="not a French rate"):
        await bench.do("draft", customer=BUSINESS, lines=[{**SERVICE, "vat": 19}])


# -- the seller -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"siret": "73282932000075"}, "SIRET of the seller"),
        ({"regime": "vat"}, "`vat_number` of the seller is missing"),
        ({"iban": "FR7630006000011234567890180"}, "IBAN of the seller"),
        ({"prefixes": {"invoice": "a/b"}}, "may hold letters"),
        ({"prefixes": {"quote": "FA-{year}-"}}, "another prefix"),
        ({"payment_days": 90}, "from 0 to 60"),
        ({"adress": "x"}, "unknown field “adress”"),
    ],
)
async def test_a_seller_that_cannot_be_right_is_found_by_the_test_of_the_account(
    tmp_path, change, said
):
    account = {"account": "atelier", "type": "seller", **FRANCHISE, **change}
    found = await try_seller(account, tmp_path)
    assert [one.state for one in found] == ["failed"]
    assert said in found[0].what.en
    assert "atelier" in found[0].what.fr


async def test_a_good_seller_passes_the_test_of_the_account(tmp_path):
    account = {"account": "atelier", "type": "seller", **FRANCHISE}
    assert [one.state for one in await try_seller(account, tmp_path)] == ["ok"]
    del account["iban"]
    assert [one.state for one in await try_seller(account, tmp_path)] == ["ok", "warning"]


def test_habits_of_the_seller_are_read():
    trade = read_trade({**LIABLE, "activity": "goods", "vat": "5,5", "folder": "files/f/",
                        "prefixes": {"invoice": "F{year}{month}-"}})  # fmt: skip
    assert (trade.nature, str(trade.rate), trade.folder) == ("goods", "5.5", "files/f")


# -- amounts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "meant"),
    [("1 234,50 €", "1234.50"), ("1,234.50", "1234.50"), (0.1, "0.1"), ("12 %", "12"),
     ("-3", "-3"), ("", None), ("12,5,0", None), ("1e400", None), ("NaN", None), (True, None)],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(given, meant):
    number = read_number(given)
    assert (None if number is None else str(number)) == meant


def test_half_a_cent_is_rounded_up():
    assert str(rounded(read_number("0.125"))) == "0.13"
    totals = invoice_of(LIABLE, BUSINESS, [{"label": "x", "price": "0.03"}]).totals
    assert (str(totals.vat), str(totals.gross)) == ("0.01", "0.04")


def _text(path):
    with pikepdf.open(path):
        pass  # it is a sound PDF to qpdf too
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
