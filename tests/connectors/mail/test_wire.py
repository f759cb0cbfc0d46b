"""IMAP responses taken apart, the right ones and the wrong ones."""

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rouage_connectors.mail.replies import instant_of, items_of
from rouage_connectors.mail.wire import (
    WireError,
    decode_folder,
    encode_folder,
    quoted,
    read_response,
    tokenize,
)


async def responses(data: bytes):
    reader = asyncio.StreamReader(limit=1 << 20)
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    try:
        while True:
            found.append(await read_response(reader))
    except EOFError:
        return found


async def test_a_message_with_literals_is_one_response():
    data = (
        b"* 12 FETCH (UID 5 FLAGS (\\Seen $Junk) BODY[]<0> {5}\r\n"
        b'ab\r\nc X "q\\"x")\r\nR1 OK done\r\n'
    )
    fetched, done = await responses(data)
    items = items_of(fetched)
    assert items[b"UID"] == b"5"
    assert items[b"FLAGS"] == [b"\\Seen", b"$Junk"]
    assert items[b"BODY[]<0>"] == b"ab\r\nc"
    assert items[b"X"] == b'q"x'
    assert (done.tag, done.status, done.text) == (b"R1", "OK", "done")


async def test_codes_are_told_apart_from_words():
    [found] = await responses(b"* OK [UIDVALIDITY 38505] UIDs (valid\r\n")
    assert (found.status, found.code, found.text) == ("OK", "UIDVALIDITY 38505", "UIDs (valid")
    [found] = await responses(b"* NO\r\n")
    assert (found.status, found.text) == ("NO", "")


@pytest.mark.parametrize(
    "name", ["INBOX", "Traités", "R&D", "日本語", "a/b", 'say "hi"', "100 % €"]
)
def test_names_of_folders_survive_the_way(name):
    wire = encode_folder(name)
    assert wire.isascii()
    assert decode_folder(tokenize([wire])[0]) == name


def test_a_text_with_a_line_end_cannot_be_sent():
    for text in ("a\r\nb", "é", "\0"):
        with pytest.raises(WireError):
            quoted(text)


def test_dates_of_servers_are_read():
    assert instant_of(b"17-Jul-2026 02:44:25 -0700").isoformat() == "2026-07-17T02:44:25-07:00"
    assert instant_of(b" 7-Jan-2026 02:44:25 +0000").day == 7
    assert instant_of(b"rubbish") is None


@given(st.lists(st.sampled_from([b"*", b"(", b")", b'"', b"\\", b"[", b"]", b" ", b"\r\n", b"{3}",
    b"{", b"}", b"NIL", b"FETCH", b"OK", b"1", b"\xff", b"+"]), max_size=60))  # fmt: skip
def test_whatever_a_server_says_is_a_response_or_refused(pieces):
    with contextlib.suppress(WireError):
        asyncio.run(responses(b"".join(pieces)))
