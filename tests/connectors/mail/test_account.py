"""What `rouage.yaml` may say of a mailbox, and what `rouage account test` says of it."""

import json
from pathlib import Path

import pytest

from rouage.errors import StepError
from rouage_connectors.mail import connector
from rouage_connectors.mail.account import ADDRESS, find_provider, read_account
from tests.connectors.mail.conftest import PASSWORD, account, imap_server
from tests.connectors.mail.post import post_office

PROVIDERS = json.loads(
    (Path(find_provider.__code__.co_filename).parent / "providers.json").read_text()
)["providers"]
BASE = {"type": "mail", "account": "pro", "address": "marie@orange.fr", "password": "x"}


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one["id"])
def test_every_provider_gives_an_account_that_can_be_used(provider):
    for domain in provider["domains"] or ["my-own.example"]:
        given = {**BASE, "address": f"marie@{domain}", "provider": provider["id"]}
        found = read_account(given, Path())
        assert found.imap.security in {"tls", "starttls"}
        assert found.smtp.security in {"tls", "starttls"}
        assert find_provider(f"marie@{domain}", provider["id"]) is not None
        if provider["domains"]:
            assert find_provider(f"marie@{domain.upper()}")["id"] == provider["id"]
        assert found.advice is None or found.advice.en != found.advice.fr


def test_no_domain_belongs_to_two_providers():
    domains = [domain for provider in PROVIDERS for domain in provider["domains"]]
    assert len(domains) == len(set(domains))
    assert all(ADDRESS.fullmatch(f"a@{domain}") for domain in domains)


def test_the_address_is_enough_for_a_known_provider():
    found = read_account(BASE, Path())
    assert (str(found.imap), str(found.smtp)) == ("imap.orange.fr:993", "smtp.orange.fr:465")
    assert found.username == "marie@orange.fr"
    assert "s3cret" not in repr(read_account({**BASE, "password": "s3cret"}, Path()))
    assert read_account({**BASE, "address": "marie@free.fr"}, Path()).username == "marie"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("imap.example.org", ("imap.example.org", 993, "tls")),
        ("imap.example.org:143", ("imap.example.org", 143, "starttls")),
        ({"host": "imap.example.org", "port": 1143}, ("imap.example.org", 1143, "tls")),
        ({"host": "127.0.0.1", "port": 1143, "security": "none"}, ("127.0.0.1", 1143, "none")),
        ("[::1]:993", ("::1", 993, "tls")),
    ],
)
def test_a_server_may_be_written_in_short_or_in_full(written, told):
    found = read_account({**BASE, "imap": written}, Path()).imap
    assert (found.host, found.port, found.security) == told


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"address": "marie"}, "address"),
        ({"address": "marie@nowhere.example"}, "servers of nowhere.example"),
        ({"provider": "orage", "address": "m@x.example"}, "servers of x.example"),
        ({"password": None}, "password"),
        ({"pasword": "x"}, "pasword"),
        ({"imap": "imap.example.org:99999"}, "host:port"),
        ({"imap": {"host": "imap.example.org", "security": "ssl"}}, "host:port"),
        ({"imap": {"host": "imap.example.org", "tls": True}}, "host:port"),
        ({"smtp": "http://x"}, "host:port"),
        ({"imap": {"host": "imap.example.org", "security": "none"}}, "in clear"),
        ({"name": "Marie\nBcc: x"}, "one line"),
        ({"recipients": 5}, "recipients"),
    ],
)
def test_a_mistake_is_said_with_the_account_and_the_line(change, word):
    with pytest.raises(StepError) as error:
        read_account({**BASE, **change}, Path())
    assert "“pro”" in str(error.value)
    assert word in str(error.value)
    assert "{" not in error.value.render("fr")


async def test_a_mailbox_that_works_is_said_to_work(mailbox):
    async with post_office() as office:
        given = {**account(imap=mailbox.port, smtp=office.port), "account": "pro"}
        found = await connector.account_tests["mail"](given, Path())
        assert office.taken == []
    assert [one.state for one in found] == ["ok", "ok", "ok"]
    assert "INBOX" in found[0].what.en


async def test_each_way_says_what_is_wrong_with_it():
    async with imap_server(idle=False) as box, post_office() as office:
        given = {**account(imap=box.port, smtp=office.port), "account": "pro"}
        wrong = await connector.account_tests["mail"]({**given, "password": "nope"}, Path())
        poor = await connector.account_tests["mail"](given, Path())
    assert [one.state for one in wrong] == ["failed", "failed"]
    assert all("refuse" in one.what.fr and one.hint for one in wrong)
    assert [one.state for one in poor] == ["ok", "warning", "ok"]
    down = await connector.account_tests["mail"](given, Path())
    assert [one.state for one in down] == ["failed", "failed"]
    mistaken = await connector.account_tests["mail"]({**given, "address": "x"}, Path())
    assert [one.state for one in mistaken] == ["failed"]
    assert PASSWORD not in str([wrong, poor, down, mistaken])
