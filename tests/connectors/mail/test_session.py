"""The line to an IMAP server, when the server is slow, hostile, or not one at all."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rouage_connectors.mail.account import read_account
from rouage_connectors.mail.refusals import explain
from rouage_connectors.mail.session import LINE_ERRORS, open_session
from tests.connectors.mail.conftest import DEADLINE, Accounts, account

GREETING = b"* OK ready\r\n"
HELLO = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n%b OK\r\n",
    b"LOGIN": b"%b OK\r\n",
    b"NOOP": b"%b OK\r\n",
    b"LOGOUT": b"* BYE\r\n%b OK\r\n",
}


@asynccontextmanager
async def scripted(answers, *, greeting=GREETING):
    """Serve what *answers* says for the first word of each command; nothing for an unknown one."""
    seen = []

    async def serve(reader, writer):
        writer.write(greeting)
        while line := await reader.readline():
            tag, _, command = line.strip().partition(b" ")
            seen.append(line)
            key = next((one for one in answers if command.startswith(one)), None)
            if key is None and line.strip() in answers:
                writer.write(answers[line.strip()])
            elif key is not None:
                writer.write(answers[key].replace(b"%b", tag))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield read_account({**account(imap=port), "account": "pro"}, Path()), seen


async def trouble(account_, *, seconds=DEADLINE, work=None):
    """Return what goes wrong with a line to the server, in words."""
    try:
        async with (
            asyncio.timeout(DEADLINE),
            open_session(account_, answer_seconds=seconds) as session,
        ):
            if work is not None:
                await work(session)
    except LINE_ERRORS as error:
        return explain(error, account_, account_.imap)
    return None


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever():
    async with scripted({}, greeting=b"") as (described, _):
        found = await trouble(described, seconds=0.1)
    assert found.kind == "silent"
    assert found.is_passing


async def test_a_server_that_falls_silent_during_a_command_is_left():
    async with scripted({**HELLO, b"NOOP": b""}) as (described, _):
        found = await trouble(described, seconds=0.2, work=lambda session: session.check())
    assert found.kind == "silent"


@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail ESMTP\r\n", b"\x16\x03\x01\x00\n", b"* (\r\n",
     b"* 1 FETCH {99999999}\r\n", b"x" * 2_000_000 + b"\n"],
)  # fmt: skip
async def test_what_is_no_imap_server_is_said_to_be_none(greeting):
    async with scripted({}, greeting=greeting) as (described, _):
        found = await trouble(described)
    assert found.kind == "protocol"
    assert "port" in found.hint.fr


async def test_a_server_that_turns_us_away_is_quoted():
    async with scripted({}, greeting=b"* BYE too many connections {x}\r\n") as (described, _):
        found = await trouble(described)
    assert "too many connections" in found.what.render("fr", {"any": 1})
    assert found.is_passing


async def test_nothing_listens_is_told_apart_from_no_such_name():
    async with scripted({}) as (described, _):
        pass
    assert (await trouble(described)).kind == "refused"
    given = {**account(), "account": "pro", "imap": "imap.does-not-exist.invalid:993"}
    unknown = read_account(given, Path())
    found = await trouble(unknown)
    assert found.kind in {"name", "refused"}
    assert found.is_passing


async def test_news_in_the_same_breath_as_the_start_of_idle_are_heard():
    answers = {**HELLO, b"IDLE": b"+ idling\r\n* 5 EXISTS\r\n", b"DONE": b"R5 OK\r\n"}
    async with scripted(answers) as (described, seen):
        async with open_session(described) as session:
            async with asyncio.timeout(DEADLINE):
                assert await session.wait_for_news(600)
    assert b"DONE\r\n" in seen


async def test_idle_without_news_ends_by_itself():
    answers = {**HELLO, b"IDLE": b"+ idling\r\n", b"DONE": b"R5 OK\r\n"}
    async with scripted(answers) as (described, _), open_session(described) as session:
        async with asyncio.timeout(DEADLINE):
            assert not await session.wait_for_news(0.05)


async def test_a_dead_line_is_noticed_when_idle_is_renewed():
    async with scripted({**HELLO, b"IDLE": b"+ idling\r\n"}) as (described, _):
        found = await trouble(
            described, seconds=0.1, work=lambda session: session.wait_for_news(0.05)
        )
    assert found.kind == "silent"


async def test_a_message_never_exceeds_what_was_asked_for():
    flood = b"* 1 FETCH (UID 7 BODY[]<0> {3000}\r\n" + b"x" * 3000 + b")\r\n%b OK\r\n"
    async with scripted({**HELLO, b"UID FETCH": flood}) as (described, _):
        async with open_session(described) as session:
            got = [piece async for piece in session.pieces(7, most_bytes=1000)]
    assert sum(map(len, got)) == 1000


async def test_a_password_with_quotes_and_a_line_end_injects_no_command():
    async with scripted(HELLO) as (described, seen):
        import dataclasses

        quoted = dataclasses.replace(described, password='a"b\\c')
        assert await trouble(quoted) is None
        broken = dataclasses.replace(described, password="a\r\nX LOGOUT")
        assert (await trouble(broken)).kind == "protocol"
    assert any(line.endswith(b'"a\\"b\\\\c"\r\n') for line in seen)
    assert not any(line.startswith(b"X ") for line in seen)


async def test_one_mail_that_cannot_be_fetched_does_not_block_the_others(listen):
    header = b"Subject: Odd\r\nFrom: a@example.org\r\n\r\n"
    answers = {
        **HELLO,
        b"SELECT": b"* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 8] x\r\n%b OK\r\n",
        b"UID SEARCH": b"* SEARCH 7\r\n%b OK\r\n",
        b"UID FETCH 7 (UID FLAGS": b"* 1 FETCH (UID 7 FLAGS () RFC822.SIZE 9)\r\n%b OK\r\n",
        b"UID FETCH 7 (UID BODY.PEEK[HEADER]": b"* 1 FETCH (UID 7 BODY[HEADER]<0> {%d}\r\n%b)\r\n"
        % (len(header), header)
        + b"%b OK\r\n",
        b"UID FETCH 7 (UID BODY.PEEK[]": b"* 1 FETCH (UID 7 BODY[]<0> {99999999}\r\n",
        b"IDLE": b"+ idling\r\n",
    }
    async with scripted(answers) as (described, _):
        accounts = Accounts(account(imap=described.imap.port))
        async with listen(accounts, existing="process") as listening:
            await listening.until(lambda one: one.mails)
            await listening.until_state("listening")
    assert listening.mails[0]["subject"] == "Odd"
    assert listening.mails[0]["is_truncated"]
