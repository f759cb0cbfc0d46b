"""The Message-ID of a mail that asks: only ours counts, and only from whom was asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rouage.web.links import Links
from rouage.web.reply_tokens import Asked, ReplyTokens

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEY = b"k" * 32
ASKED = Asked(
    run="r" * 26,
    path="do.2[3].for_each.do.0",
    digest="d" * 64,
    person="Ana@Example.org",
    expires=NOW + timedelta(days=3),
)


def test_an_answer_leads_back_to_its_question() -> None:
    tokens = ReplyTokens(KEY)
    message_id = tokens.message_id(ASKED, "example.org")
    assert message_id.endswith("@example.org")
    found = tokens.read(["other@x", f"<{message_id}>"], sender="ana@example.org", now=NOW)
    assert found is not None
    assert (found.run, found.path, found.digest) == (ASKED.run, ASKED.path, "d" * 16)


def test_it_counts_from_the_address_that_was_asked_alone_and_not_for_ever() -> None:
    tokens = ReplyTokens(KEY)
    message_id = tokens.message_id(ASKED, "example.org")
    assert tokens.read([message_id], sender="eve@example.org", now=NOW) is None
    late = NOW + timedelta(days=4)
    assert tokens.read([message_id], sender="ana@example.org", now=late) is None


def test_nobody_else_can_make_one() -> None:
    message_id = ReplyTokens(KEY).message_id(ASKED, "example.org")
    assert ReplyTokens(b"x" * 32).read([message_id], sender="ana@example.org", now=NOW) is None
    changed = message_id.replace("rg1.", "rg1.A", 1)
    for wrong in (changed, "rg1.é.a@x", "rg1..@x", "rg1.%%%.%%%@x", message_id[4:], ""):
        assert ReplyTokens(KEY).read([wrong], sender="ana@example.org", now=NOW) is None


def test_it_is_no_link_that_a_scanner_could_follow() -> None:
    local = ReplyTokens(KEY).message_id(ASKED, "example.org").partition("@")[0]
    assert Links(KEY).read(local) is None
    assert Links(KEY).read(local.removeprefix("rg1.")) is None


def test_two_letters_about_one_question_have_two_ids_and_both_are_ours():
    tokens = ReplyTokens(KEY)
    one, two = (
        tokens.message_id(replace(ASKED, letter=mark), "example.org") for mark in ("a", "b")
    )
    assert one != two
    assert tokens.is_ours(["m1@example.org", one])
    assert tokens.run_of(f"<{two}>") == ASKED.run
    assert not tokens.is_ours([one.replace("rg1.W", "rg1.X"), "m1@example.org"])
    assert tokens.run_of("m1@example.org") is None
