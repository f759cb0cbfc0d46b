"""What follows a document: deposits and balance of a quote, credit notes, payments, reminders."""

import csv
import sqlite3

import pytest

from rouage.errors import StepError
from tests.connectors.invoicing import BUSINESS, GOODS, LIABLE, PERSON, SERVICE, Bench

ORDER = {"customer": BUSINESS, "lines": [SERVICE, {**GOODS, "vat": "5,5"}]}


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, LIABLE)


# -- quotes, deposits, balances -------------------------------------------------------------------


async def test_a_quote_becomes_deposits_and_a_balance_that_add_up(bench):
    quote = await bench.issue("quote", **ORDER)
    first = await bench.issue("deposit", quote=quote["number"], percent="30")
    second = await bench.issue("deposit", quote=quote["number"], amount="20,01")
    balance = await bench.issue("balance", quote=quote["number"])
    assert (quote["number"], quote["xml"]) == ("DE-2026-0001", None)
    assert [first["number"], second["number"], balance["number"]] == [
        "FA-2026-0001", "FA-2026-0002", "FA-2026-0003",
    ]  # fmt: skip
    asked = sum(_cents(one, "due") for one in (first, second, balance))
    assert asked == _cents(quote, "gross")
    assert _cents(first, "net") == 2_808  # 30 % of 93.60
    assert _cents(second, "net") == 2_001
    assert (await bench.do("verify"))["is_valid"]
    assert (await bench.do("verify", file=balance["xml"]))["is_valid"]


async def test_a_deposit_that_was_credited_is_not_taken_off(bench):
    quote = await bench.issue("quote", **ORDER)
    deposit = await bench.issue("deposit", quote=quote["number"], percent="50")
    await bench.issue("credit", number=deposit["number"], reason="Annulé")
    balance = await bench.issue("balance", quote=quote["number"])
    assert balance["totals"]["due"] == quote["totals"]["gross"]


async def test_a_balance_whose_deposits_have_changed_is_not_issued(bench):
    quote = await bench.issue("quote", **ORDER)
    balance = await bench.do("balance", quote=quote["number"])
    await bench.issue("deposit", quote=quote["number"], percent="10")
    with pytest.raises(StepError, match="make the draft again"):
        await bench.do("issue", draft=balance["draft"])


async def test_a_quote_has_one_balance_and_no_deposit_after_it(bench):
    number = (await bench.issue("quote", **ORDER))["number"]
    balance = await bench.issue("balance", quote=number)
    for action, more in (("balance", {}), ("deposit", {"percent": "10"})):
        with pytest.raises(StepError, match="was invoiced already"):
            await bench.do(action, quote=number, **more)
    await bench.issue("credit", number=balance["number"], reason="Refait")
    assert (await bench.issue("balance", quote=number))["is_new"]


async def test_deposits_do_not_exceed_their_quote_nor_the_balance(bench):
    number = (await bench.issue("quote", **ORDER))["number"]
    await bench.issue("deposit", quote=number, percent="60")
    with pytest.raises(StepError, match="would exceed"):
        await bench.do("deposit", quote=number, percent="41")
    with pytest.raises(StepError, match="deposits exceed the invoice"):
        await bench.do("balance", quote=number, lines=[{"label": "x", "price": 10}])


@pytest.mark.parametrize(
    ("share", "said"),
    [({}, "one of both"), ({"percent": "10", "amount": "5"}, "one of both"),
     ({"percent": "100"}, "below the total"), ({"amount": "0"}, "below the total")],
)  # fmt: skip
async def test_a_deposit_is_a_part_of_its_quote(bench, share, said):
    quote = await bench.issue("quote", **ORDER)
    with pytest.raises(StepError, match=said):
        await bench.do("deposit", quote=quote["number"], **share)


async def test_only_a_quote_has_deposits(bench):
    invoice = await bench.issue(**ORDER)
    with pytest.raises(StepError, match="not a quote"):
        await bench.do("deposit", quote=invoice["number"], percent="10")
    with pytest.raises(StepError, match="no document DE-1"):
        await bench.do("balance", quote="DE-1")


# -- credit notes ---------------------------------------------------------------------------------


async def test_a_credit_note_takes_an_invoice_back_once(bench):
    invoice = await bench.issue(**ORDER)
    credit = await bench.issue("credit", number=invoice["number"], reason="Erreur")
    assert credit["number"] == "AV-2026-0001"
    assert credit["totals"]["gross"] == invoice["totals"]["gross"]
    assert (await bench.do("verify", file=credit["pdf"]))["is_valid"]
    with pytest.raises(StepError, match=r"only 0\.00 €"):
        await bench.do("credit", number=invoice["number"], reason="Encore")


async def test_the_same_request_for_a_credit_note_gives_it_back(bench):
    number = (await bench.issue(**ORDER))["number"]
    wanted = {"number": number, "reason": "Erreur", "key": "request-7"}
    notes = [await bench.issue("credit", **wanted) for _ in range(3)]
    assert [one["number"] for one in notes] == ["AV-2026-0001"] * 3
    assert [one["is_new"] for one in notes] == [True, False, False]


async def test_two_credit_notes_at_once_do_not_take_back_too_much(bench):
    invoice = await bench.issue(**ORDER)
    drafts = [
        await bench.do("credit", number=invoice["number"], reason=reason)
        for reason in ("Erreur", "Doublon")
    ]
    await bench.do("issue", draft=drafts[0]["draft"])
    with pytest.raises(StepError, match=r"only 0\.00 €"):
        await bench.do("issue", draft=drafts[1]["draft"])


async def test_a_part_can_be_credited(bench):
    invoice = await bench.issue(**ORDER)
    part = [{"label": "Geste commercial", "price": 10}]
    await bench.issue("credit", number=invoice["number"], reason="Retard", lines=part)
    rest = (await bench.do("mark_paid", number=invoice["number"]))["amount"]
    assert float(rest) == float(invoice["totals"]["due"]) - 12


async def test_neither_quotes_nor_credit_notes_are_credited(bench):
    quote = await bench.issue("quote", **ORDER)
    with pytest.raises(StepError, match="cannot be credited"):
        await bench.do("credit", number=quote["number"], reason="x")


# -- payments -------------------------------------------------------------------------------------


async def test_payments_are_noted_until_nothing_is_left(bench):
    number = (await bench.issue(**ORDER))["number"]
    foreseen = await bench.simulate("mark_paid", number=number, amount="11,80")
    first = await bench.do("mark_paid", number=number, amount="11,80")
    assert foreseen == first
    assert (first["rest"], first["is_paid"]) == ("100.00", False)
    last = await bench.do("mark_paid", number=number)
    assert (last["amount"], last["is_paid"]) == ("100.00", True)
    with pytest.raises(StepError, match="paid already"):
        await bench.do("mark_paid", number=number)


async def test_one_line_of_the_bank_is_one_payment(bench):
    number = (await bench.issue(**ORDER))["number"]
    noted = [
        await bench.do("mark_paid", number=number, amount=10, reference="VIR-1") for _ in range(3)
    ]
    assert [one["is_new"] for one in noted] == [True, False, False]
    assert noted[-1]["rest"] == "101.80"


async def test_a_payment_noted_by_mistake_is_taken_back_by_another(bench):
    number = (await bench.issue(**ORDER))["number"]
    await bench.do("mark_paid", number=number, amount=50)
    with pytest.raises(StepError, match="no more than"):
        await bench.do("mark_paid", number=number, amount=-60)
    assert (await bench.do("mark_paid", number=number, amount=-50))["rest"] == "111.80"


@pytest.mark.parametrize(
    ("payment", "said"),
    [
        ({"amount": "1000"}, "more than what is left"),
        ({"amount": "much"}, "must be a number"),
        ({"paid_on": "2030-01-01"}, "still to come"),
        ({"number": "FA-9"}, "no document FA-9"),
    ],
)
async def test_a_payment_that_cannot_be_right_is_refused(bench, payment, said):
    number = (await bench.issue(**ORDER))["number"]
    with pytest.raises(StepError, match=said):
        await bench.do("mark_paid", **{"number": number, **payment})


async def test_cash_has_its_limit(bench):
    number = (await bench.issue(customer=BUSINESS, lines=[{"label": "x", "price": 2_000}]))[
        "number"
    ]
    with pytest.raises(StepError, match="in cash"):
        await bench.do("mark_paid", number=number, amount=1_001, mode="cash")
    await bench.do("mark_paid", number=number, amount=1_000, mode="cash")


async def test_the_income_book_says_what_came_in(bench):
    first = (await bench.issue(**ORDER))["number"]
    await bench.issue(**{**ORDER, "customer": {**PERSON, "name": "=SUM(A1)"}},
                      paid_on="2026-11-03", paid_with="card")  # fmt: skip
    await bench.do("mark_paid", number=first, paid_on="2026-11-20", reference="VIR-1")
    credit = await bench.issue("credit", number=first, reason="Erreur")
    await bench.do("mark_paid", number=credit["number"], mode="transfer")
    foreseen = await bench.simulate("income_book", target="files/book.csv")
    book = await bench.do("income_book", target="files/book.csv")
    assert foreseen == book
    assert (book["count"], book["total"]) == (3, "111.80")
    with open(book["path"], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert [row[0] for row in rows[1:]] == ["03/11/2026", "20/11/2026", "24/11/2026"]
    assert [row[4] for row in rows[1:]] == ["111,80", "111,80", "-111,80"]
    assert rows[1][2] == "'=SUM(A1)"
    november = await bench.do(
        "income_book", target="files/part.csv", since="2026-11-04", until="2026-11-20"
    )
    assert november["count"] == 1


# -- reminders ------------------------------------------------------------------------------------


async def test_reminders_come_one_after_the_other_and_once(bench):
    number = (await bench.issue(**ORDER))["number"]
    assert (await bench.do("late"))["count"] == 0
    levels = []
    for _ in range(90):
        await bench.pass_days(1)
        for late in (await bench.do("late"))["reminders"]:
            reminder = await bench.do("remind", number=late["number"])
            assert reminder["mail"] == late["mail"]
            levels.append((late["days_late"], late["level"]))
    assert levels == [(3, 1), (15, 2), (30, 3)]
    with pytest.raises(StepError, match="no reminder"):
        await bench.do("remind", number=number)


async def test_a_customer_found_late_has_time_between_reminders(bench):
    number = (await bench.issue(**ORDER))["number"]
    await bench.pass_days(100)
    assert (await bench.do("remind", number=number))["level"] == 1
    with pytest.raises(StepError, match="no reminder"):
        await bench.do("remind", number=number)
    await bench.pass_days(8)
    second = await bench.do("remind", number=number)
    assert second["level"] == 2
    assert "40,00" in second["mail"]["body"]


async def test_a_person_is_not_asked_for_the_fee_of_professionals(bench):
    number = (await bench.issue(customer=PERSON, lines=[SERVICE]))["number"]
    await bench.pass_days(60)
    await bench.do("remind", number=number)
    await bench.pass_days(9)
    assert "40,00" not in (await bench.do("remind", number=number))["mail"]["body"]


async def test_what_was_paid_or_credited_is_not_late(bench):
    paid = (await bench.issue(**ORDER))["number"]
    credited = (await bench.issue(**ORDER))["number"]
    await bench.do("mark_paid", number=paid)
    await bench.issue("credit", number=credited, reason="x")
    await bench.pass_days(90)
    assert (await bench.do("late"))["invoices"] == []
    with pytest.raises(StepError, match="paid already"):
        await bench.do("remind", number=paid)


async def test_the_whole_story_is_one_unbroken_chain(bench):
    number = (await bench.issue(**ORDER))["number"]
    await bench.do("mark_paid", number=number, amount=1)
    await bench.pass_days(60)
    await bench.do("remind", number=number)
    assert (await bench.do("verify"))["is_valid"]
    path = bench.workspace / "files/invoices/register.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "DROP TRIGGER never_changed;"
        "UPDATE entries SET content = replace(content, '\"1.00\"', '\"9.00\"')"
        " WHERE kind = 'payment';"
    )
    connection.close()
    found = await bench.do("verify")
    assert [one["rule"] for one in found["findings"]] == ["chain"]


def _cents(document, name):
    return round(float(document["totals"][name]) * 100)
