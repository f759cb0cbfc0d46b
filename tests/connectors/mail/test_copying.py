"""A copy of what was sent lies in the mailbox once; without one the mail is none the worse."""

import asyncio
import logging

import pytest

from rouage.sdk.testing import run_action, simulate_action
from rouage_connectors.mail import connector
from rouage_connectors.mail.account import read_account
from rouage_connectors.mail.copying import sent_folder
from rouage_connectors.mail.session import open_session
from tests.connectors.mail.conftest import DEADLINE, Accounts, account, imap_server
from tests.connectors.mail.post import post_office


@pytest.fixture
async def post():
    async with post_office() as office:
        yield office


@pytest.fixture
def send(context_for, post):
    async def call(port, *, key="key-1", calling=run_action, **more):
        accounts = Accounts(account(imap=port, smtp=post.port, **more))
        parameters = {"to": "alice@example.org", "subject": "Votre devis", "body": "Voici."}
        async with asyncio.timeout(DEADLINE):
            return await calling(
                connector, "mail.send", parameters, context_for(key, accounts=accounts)
            )

    return call


async def test_the_copy_is_the_mail_that_left_and_is_there_once(send, post, mailbox):
    await mailbox.do(lambda client: client.create("Sent"))
    first = await send(mailbox.port)
    assert first["copied"]
    assert await send(mailbox.port) == first
    assert len(post.taken) == 1
    assert await mailbox.subjects("Sent") == ["Votre devis"]
    [flags] = await mailbox.flags("Sent")
    assert "\\Seen" in flags

    def read(client):
        client.select("Sent", readonly=True)
        return client.fetch("1", "(RFC822)")[1][0][1]

    [(_, data)] = post.taken
    assert (await mailbox.do(read)).replace(b"\r\n", b"\n") == data.replace(b"\r\n", b"\n")


async def test_a_copy_that_the_server_kept_by_itself_is_not_doubled(send, post, mailbox):
    await mailbox.do(lambda client: client.create("Sent"))
    rehearsed = await send(mailbox.port, calling=simulate_action)
    # What a provider does that stores what passes through it.
    await mailbox.deliver(
        f"Message-ID: <{rehearsed['message_id']}>\r\nSubject: Kept\r\n\r\nVoici.\r\n".encode(),
        folder="Sent",
    )
    assert (await send(mailbox.port))["copied"]
    assert await mailbox.subjects("Sent") == ["Kept"]
    assert len(post.taken) == 1


async def test_a_folder_that_was_named_is_made(send, mailbox):
    assert (await send(mailbox.port, keep_copy="Envoyés 2026"))["copied"]
    async with open_session(read_account(account(imap=mailbox.port), None)) as session:
        assert "Envoyés 2026" in await session.folders()
        await session.select("Envoyés 2026", readonly=True)
        assert await session.uids_from(1) != []


async def test_no_copy_is_made_where_none_is_wanted_or_nowhere_to_put_it(send, post, mailbox):
    before = len(mailbox.connections)
    assert not (await send(mailbox.port, keep_copy=False))["copied"]
    assert len(mailbox.connections) == before
    assert not (await send(mailbox.port, key="two"))["copied"]
    assert len(post.taken) == 2


async def test_a_mailbox_that_cannot_be_reached_fails_nothing_and_sends_nothing_again(
    send, post, caplog
):
    with caplog.at_level(logging.WARNING):
        result = await send(1)
        again = await send(1)
    assert (result["copied"], again["copied"]) == (False, False)
    assert len(post.taken) == 1
    assert "no copy" in caplog.text


async def test_a_mailbox_that_is_cut_in_the_middle_fails_nothing(send, post):
    async with imap_server() as box:
        await box.do(lambda client: client.create("Sent"))
        post.before_answer = lambda _: box.server.close()
        assert not (await send(box.port))["copied"]
    assert len(post.taken) == 1


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        ({"INBOX": [], "Gesendet": [], "Ablage": [b"\\sent"]}, "Ablage"),
        ({"INBOX": [], "INBOX.Sent": []}, "INBOX.Sent"),
        ({"INBOX": [], "Archives/Sent": [], "Sent": []}, "Sent"),
        ({"INBOX": [], "Éléments envoyés": []}, "Éléments envoyés"),
        ({"INBOX": [], "Presents": []}, None),
    ],
)
def test_the_folder_of_sent_mails_is_found(folders, expected):
    assert sent_folder({name: frozenset(marks) for name, marks in folders.items()}) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"address": "marie@orange.fr"}, True),
        ({"address": "marie@gmail.com"}, False),
        ({"address": "marie@gmail.com", "keep_copy": True}, True),
        ({"address": "a@durand.fr", "provider": "gmail"}, False),
        (
            {"address": "a@durand.fr", "imap": "imap.gmail.com:993", "smtp": "smtp.gmail.com:465"},
            False,
        ),
        ({"address": "marie@proton.me"}, False),
        ({"address": "marie@orange.fr", "keep_copy": "Envoyés"}, "Envoyés"),
    ],
)
def test_providers_that_keep_what_is_sent_get_no_copy_unless_it_is_asked_for(
    more, expected, tmp_path
):
    given = {"type": "mail", "password": "x", "account": "pro", **more}
    assert read_account(given, tmp_path).keep_copy == expected
