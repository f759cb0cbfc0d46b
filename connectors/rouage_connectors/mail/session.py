"""One connection to an IMAP server: commands, bounded in time and size (RFC 3501, 2177, 6851).

It runs on the event loop alone. A thread per mailbox that blocks for ten minutes could not be
cancelled, and a message is streamed to disk in pieces rather than held in memory.
"""

import asyncio
import base64
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Final

from rouage.sdk.records import dataclass
from rouage_connectors.mail.account import Account
from rouage_connectors.mail.connecting import CONNECT_SECONDS, connect, tls_context
from rouage_connectors.mail.replies import (
    Facts,
    body_of,
    flags_of,
    imap_date,
    instant_of,
    items_of,
    numbers_of,
    uid_after,
)
from rouage_connectors.mail.wire import (
    Response,
    Token,
    WireError,
    decode_folder,
    encode_folder,
    quoted,
    read_response,
)

ANSWER_SECONDS: Final = 60.0
PIECE_BYTES: Final = 1 << 20
HEADER_BYTES: Final = 128 << 10
_LEAVE_SECONDS: Final = 2.0
_MOST_UNTAGGED: Final = 200_000
_CODE_NUMBER: Final = re.compile(r"(UIDVALIDITY|UIDNEXT) (\d{1,10})", re.ASCII | re.I)


class ImapRefusal(Exception):  # noqa: N818 - what the server did
    """Report that the server said no; `code` is its word for why, `words` its sentence."""

    def __init__(self, command: str, response: Response) -> None:
        self.command = command
        self.status = response.status
        self.code = response.code.upper()
        self.words = response.text[:300]
        super().__init__(f"{command}: {self.words}")


LINE_ERRORS: Final = (ImapRefusal, WireError, OSError, EOFError)
"""What the methods of a session raise (a `TimeoutError` is an `OSError`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """A folder as it was selected: the era of its numbers, and the next number to come."""

    name: str
    uidvalidity: int
    uidnext: int


class ImapSession:
    """A connection; use `open_session`, which also closes it.

    Every method raises `ImapRefusal` when the server says no, `WireError` when it does not
    speak IMAP, and `OSError`, `EOFError` or `TimeoutError` when the line is broken.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._answer_seconds = answer_seconds
        self._reader = reader
        self._writer = writer
        self._count = 0
        self._has_news = False
        self._is_waiting = True
        self.capabilities: frozenset[str] = frozenset()
        self.folder: Folder | None = None

    async def greet(self) -> None:
        """Take the greeting of the server and learn what it can do."""
        greeting = await self._next()
        if greeting.status == "BYE":
            raise ImapRefusal("CONNECT", greeting)
        if greeting.status not in {"OK", "PREAUTH"}:
            raise WireError("greeting")
        await self._learn()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Encrypt the line from here on; a server that cannot is refused."""
        if "STARTTLS" not in self.capabilities:
            raise ImapRefusal("STARTTLS", Response(tag=b"*", status="NO", text=""))
        await self._command("STARTTLS")
        # What was read ahead came unprotected: somebody on the way may have put it there.
        if self._reader._buffer:  # type: ignore[attr-defined]  # no public way
            raise WireError("plaintext")
        async with asyncio.timeout(CONNECT_SECONDS):
            await self._writer.start_tls(context, server_hostname=host)
        await self._learn()

    async def log_in(self, username: str, password: str) -> None:
        """Prove who we are; the password travels over an encrypted line only (see `Account`)."""
        if "AUTH=PLAIN" in self.capabilities:
            proof = base64.b64encode(f"\0{username}\0{password}".encode())
            await self._command("AUTHENTICATE", b"PLAIN", follow=proof)
        else:
            await self._command("LOGIN", quoted(username), quoted(password))
        await self._learn()

    async def select(self, name: str, *, readonly: bool = False) -> Folder:
        """Open the folder *name*."""
        command = "EXAMINE" if readonly else "SELECT"
        untagged, tagged = await self._command(command, encode_folder(name))
        numbers = {
            found[1].upper(): int(found[2])
            for response in (*untagged, tagged)
            for found in [_CODE_NUMBER.match(response.code)]
            if found is not None
        }
        if "UIDVALIDITY" not in numbers:
            raise WireError("uidvalidity")
        uidnext = numbers.get("UIDNEXT")
        if uidnext is None:
            uidnext = max([0, *await self._search(b"1:*")]) + 1
        self._has_news = False
        self.folder = Folder(name=name, uidvalidity=numbers["UIDVALIDITY"], uidnext=uidnext)
        return self.folder

    async def uids_from(self, first: int, *, since: date | None = None) -> list[int]:
        """Return the numbers of the messages from *first* on, sorted."""
        criteria = f"{first}:*".encode()
        if since is not None:
            criteria += b" SINCE " + imap_date(since)
        # `n:*` always holds the last message, even when its number is smaller than n.
        return sorted(uid for uid in await self._search(criteria) if uid >= first)

    async def find(self, message_id: str) -> list[int]:
        """Return the numbers of the messages of this folder with that Message-ID."""
        untagged, _ = await self._command(
            "UID SEARCH", b"HEADER", b"Message-ID", quoted(message_id)
        )
        return numbers_of(untagged)

    async def facts(self, uid: int) -> Facts | None:
        """Return what the server knows of a message, None when it is gone."""
        items = await self._fetch(uid, b"(UID FLAGS INTERNALDATE RFC822.SIZE)")
        if items is None:
            return None
        size, flags = items.get(b"RFC822.SIZE"), items.get(b"FLAGS")
        return Facts(
            uid=uid,
            size=int(size) if isinstance(size, bytes) and size.isdigit() else 0,
            flags=flags_of(flags),
            received=instant_of(items.get(b"INTERNALDATE")),
        )

    async def header(self, uid: int) -> bytes | None:
        """Return the header of a message, its first 128 KiB at most; None when it is gone."""
        wanted = f"(UID BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)".encode()
        return body_of(await self._fetch(uid, wanted))

    async def pieces(self, uid: int, *, most_bytes: int) -> AsyncIterator[bytes]:
        """Yield a message piece by piece, *most_bytes* of it at most."""
        place = 0
        while place < most_bytes:
            size = min(PIECE_BYTES, most_bytes - place)
            wanted = f"(UID BODY.PEEK[]<{place}.{size}>)".encode()
            piece = (body_of(await self._fetch(uid, wanted)) or b"")[:size]
            if piece:
                yield piece
            place += len(piece)
            if len(piece) < size:
                return

    async def change_flags(self, uid: int, flags: Sequence[str], *, add: bool) -> None:
        """Give *flags* to a message, or take them away."""
        if flags:
            listed = b"(" + " ".join(flags).encode("ascii") + b")"
            sign = b"+FLAGS.SILENT" if add else b"-FLAGS.SILENT"
            await self._command("UID STORE", str(uid).encode(), sign, listed)

    async def move(self, uid: int, target: str) -> int | None:
        """Move a message into the folder *target*; return its number there, where known."""
        number = str(uid).encode()
        if "MOVE" in self.capabilities:
            untagged, tagged = await self._command("UID MOVE", number, encode_folder(target))
            return uid_after([*untagged, tagged])
        untagged, tagged = await self._command("UID COPY", number, encode_folder(target))
        await self.remove(uid)
        return uid_after([*untagged, tagged])

    async def remove(self, uid: int) -> None:
        """Remove a message; where only that one cannot be, it is left marked as deleted."""
        await self.change_flags(uid, ["\\Deleted"], add=True)
        if "UIDPLUS" in self.capabilities:
            # Without UIDPLUS, EXPUNGE would remove what others have marked, too.
            await self._command("UID EXPUNGE", str(uid).encode())

    async def create(self, name: str) -> None:
        """Make the folder *name*; one that is there already is fine."""
        try:
            await self._command("CREATE", encode_folder(name))
        except ImapRefusal as refusal:
            if name not in await self.folders():
                raise refusal from None

    async def append(self, folder: str, message: bytes) -> None:
        """Put a message into *folder*, as one that was read."""
        size = f"{{{len(message)}}}".encode("ascii")
        tag = await self._send(b" ".join([b"APPEND", encode_folder(folder), b"(\\Seen)", size]))
        await self._finish(tag, "APPEND", message)

    async def folders(self) -> dict[str, frozenset[bytes]]:
        """Return the names of all folders, each with its marks in small letters."""
        untagged, _ = await self._command("LIST", b'""', b'"*"')
        found = {}
        for response in untagged:
            tokens = response.tokens
            is_list = response.word(0) == b"LIST" and len(tokens) == 4
            marks, last = (tokens[1], tokens[-1]) if is_list else ([], None)
            if isinstance(last, bytes) and isinstance(marks, list):
                words = {one.lower() for one in marks if isinstance(one, bytes)}
                found[decode_folder(last)] = frozenset(words)
        return found

    async def wait_for_news(self, seconds: float) -> bool:
        """Listen for *seconds* at most (IDLE); say whether something arrived or changed."""
        # Some servers tell only of what comes during IDLE, and not of what came just before it.
        if self._has_news or await self.check():
            self._has_news = False
            return True
        tag = await self._send(b"IDLE")
        response = await self._next()
        while response.tag == b"*":
            response = self._noted(response)
            response = await self._next()
        if response.tag != b"+":
            raise ImapRefusal("IDLE", response)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._has_news:
                    self._noted(await read_response(self._reader))
        self._writer.write(b"DONE\r\n")
        await self._finish(tag, "IDLE")
        has_news, self._has_news = self._has_news, False
        return has_news

    async def check(self) -> bool:
        """Ask whether something arrived or changed, for servers that cannot tell by themselves."""
        await self._command("NOOP")
        has_news, self._has_news = self._has_news, False
        return has_news

    async def close(self) -> None:
        """Take leave and hang up; at once when the server owes us an answer."""
        if not self._is_waiting:
            with contextlib.suppress(*LINE_ERRORS):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    await self._command("LOGOUT")
        self._writer.transport.abort()
        with contextlib.suppress(*LINE_ERRORS):
            await self._writer.wait_closed()

    # -- the line ----------------------------------------------------------------------------

    async def _learn(self) -> None:
        untagged, _ = await self._command("CAPABILITY")
        found = [one for one in untagged if one.word(0) == b"CAPABILITY"]
        self.capabilities = frozenset(
            token.decode("ascii", "replace").upper()
            for response in found
            for token in response.tokens[1:]
            if isinstance(token, bytes)
        )

    async def _search(self, uids: bytes) -> list[int]:
        untagged, _ = await self._command("UID SEARCH", b"UID", uids)
        return numbers_of(untagged)

    async def _fetch(self, uid: int, wanted: bytes) -> dict[bytes, Token] | None:
        number = str(uid).encode()
        untagged, _ = await self._command("UID FETCH", number, wanted)
        for response in untagged:
            items = items_of(response)
            if items is not None and items.get(b"UID") == number:
                return items
        return None

    async def _command(
        self, name: str, *arguments: bytes, follow: bytes | None = None
    ) -> tuple[list[Response], Response]:
        """Send a command; return what came before its answer, and the answer.

        *follow* is what the server asks for by a `+`.
        """
        tag = await self._send(b" ".join([name.encode("ascii"), *arguments]))
        return await self._finish(tag, name, follow)

    async def _send(self, line: bytes) -> bytes:
        self._count += 1
        self._is_waiting = True
        tag = f"R{self._count}".encode()
        self._writer.write(tag + b" " + line + b"\r\n")
        async with asyncio.timeout(self._answer_seconds):
            await self._writer.drain()
        return tag

    async def _finish(
        self, tag: bytes, name: str, follow: bytes | None = None
    ) -> tuple[list[Response], Response]:
        untagged: list[Response] = []
        while True:
            response = await self._next()
            if response.tag == b"+":
                if follow is None:
                    raise WireError("continuation")
                await self._write(follow)
                follow = None
            elif response.tag == tag:
                self._is_waiting = False
                if response.status != "OK":
                    raise ImapRefusal(name, response)
                return untagged, response
            elif response.tag == b"*":
                untagged.append(self._noted(response))
                if len(untagged) > _MOST_UNTAGGED:
                    raise WireError("talk")
            else:
                raise WireError("tag")

    async def _write(self, data: bytes) -> None:
        """Send *data* and a line end in pieces, each of which has its time."""
        for place in range(0, len(data), PIECE_BYTES):
            self._writer.write(data[place : place + PIECE_BYTES])
            async with asyncio.timeout(self._answer_seconds):
                await self._writer.drain()
        self._writer.write(b"\r\n")

    async def _next(self) -> Response:
        async with asyncio.timeout(self._answer_seconds):
            return await read_response(self._reader)

    def _noted(self, response: Response) -> Response:
        """Notice what a response tells besides the answer to a command."""
        if response.status == "BYE":
            raise EOFError(response.text[:300])
        if response.word(1) in {b"EXISTS", b"RECENT"}:
            self._has_news = True
        return response


@contextlib.asynccontextmanager
async def open_session(
    account: Account, *, answer_seconds: float = ANSWER_SECONDS
) -> AsyncIterator[ImapSession]:
    """Connect to the IMAP server of *account* and log in; hang up at the end."""
    server = account.imap
    context = await asyncio.to_thread(tls_context, account)
    reader, writer = await connect(server, context if server.security == "tls" else None)
    session = ImapSession(reader, writer, answer_seconds=answer_seconds)
    try:
        await session.greet()
        if server.security == "starttls":
            await session.start_tls(context, server.host)
        await session.log_in(account.username, account.password)
        yield session
    finally:
        await session.close()
