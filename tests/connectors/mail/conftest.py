"""Real mail servers for the tests of the mail connector: IMAP by pymap, SMTP by aiosmtpd."""

import asyncio
import imaplib
import logging
import ssl
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import pytest

from rouage.clock import SystemClock
from rouage.safety.paths import Folders
from rouage.sdk.testing import MemoryHooks, MemoryItems, RecordingEmit, make_context, run_action
from rouage.sdk.trigger import TriggerContext
from rouage_connectors.mail import connector

USER, PASSWORD, ADDRESS = "marie@example.org", "correct-horse", "marie@example.org"
DEADLINE = 30


@dataclass
class Accounts:
    """The accounts of a test: what `rouage.yaml` would say, secrets filled in."""

    described: dict[str, Any]
    found: int = 0

    def find(self, kind, name=None):
        assert kind == "mail"
        assert name in {None, "pro"}
        self.found += 1
        return {**self.described, "account": "pro"}


@dataclass
class Mailbox:
    """An IMAP server that the test started, and a second client to arrange things with."""

    port: int
    server: asyncio.Server
    connections: list[asyncio.StreamWriter] = field(default_factory=list)

    async def do(self, work):
        """Call `work(client)` in a thread, with a client of the standard library."""

        def call():
            client = imaplib.IMAP4("127.0.0.1", self.port, timeout=DEADLINE)
            try:
                client.login(USER, PASSWORD)
                return work(client)
            finally:
                client.logout()

        return await asyncio.to_thread(call)

    async def deliver(self, *messages: bytes, folder="INBOX"):
        def append(client):
            for message in messages:
                state, said = client.append(folder, None, None, message)
                assert state == "OK", said

        await self.do(append)

    async def flags(self, folder="INBOX"):
        def fetch(client):
            client.select(folder, readonly=True)
            _, found = client.uid("FETCH", "1:*", "(FLAGS)")
            return [row.decode() for row in found if row]

        return await self.do(fetch)

    async def subjects(self, folder):
        def fetch(client):
            if client.select(folder, readonly=True)[0] != "OK":
                return None
            _, numbers = client.search(None, "ALL")
            parts = [
                client.fetch(n, "(BODY[HEADER.FIELDS (SUBJECT)])")[1] for n in numbers[0].split()
            ]
            return [part[0][1].decode().partition(":")[2].strip() for part in parts]

        return await self.do(fetch)

    def cut(self):
        """Cut every connection, without a word."""
        for writer in self.connections:
            writer.transport.abort()
        self.connections.clear()

    async def stop(self):
        self.server.close()
        self.cut()
        await self.server.wait_closed()


@asynccontextmanager
async def imap_server(*, tls=None, port=0, idle=True, is_deaf=False) -> AsyncIterator[Mailbox]:
    """Serve a mailbox; a deaf server takes IDLE and never tells of anything during it."""
    from proxyprotocol.sock import SocketInfo
    from pymap.backend.dict import Config, DictBackend, Login
    from pymap.config import BackendCapability
    from pymap.context import connection_exit
    from pymap.imap import IMAPConnection, IMAPServer
    from pymap.imap.state import ConnectionState
    from pysasl.hashing import BuiltinHash

    class Able(Config):
        @property
        def backend_capability(self):
            return BackendCapability(idle=idle, object_id=True, multi_append=True)

    config = Able(
        Namespace(debug=False, passlib_cfg=None, proxy_protocol=None),
        host="127.0.0.1",
        port=0,
        demo_data=False,
        demo_user=USER,
        demo_password=PASSWORD,
        ssl_context=tls or _no_tls(),
        tls_enabled=tls is not None,
        secure_auth=False,
        invalid_user_sleep=0.0,
        bad_command_limit=None,
        hash_context=BuiltinHash(rounds=1),
    )
    config.apply_context()
    login = Login(config)
    await DictBackend._add_demo_user(config, login)
    handle = IMAPServer(login, config)

    class Deaf(IMAPConnection):
        async def handle_updates(self, state, done, cmd):
            await done.wait()

    async def handle_deaf(reader, writer, info):
        async with AsyncExitStack() as stack:
            connection_exit.set(stack)
            one = Deaf(handle.commands, config, reader, writer, info)
            await one.run(ConnectionState(login, config))

    box: Mailbox

    async def serve(reader, writer):
        box.connections.append(writer)
        try:
            await (handle_deaf if is_deaf else handle)(
                reader, writer, SocketInfo.get(writer, None, unique_id=b"test")
            )
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    box = Mailbox(port=server.sockets[0].getsockname()[1], server=server)
    try:
        yield box
    finally:
        await box.stop()


def _no_tls():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@pytest.fixture
async def mailbox():
    async with imap_server() as box:
        yield box


@pytest.fixture
def server_tls(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def account(*, imap=1, smtp=1, **more):
    """Return an account as `rouage.yaml` describes it, for servers on these ports."""
    return {
        "type": "mail",
        "address": ADDRESS,
        "name": "Marie Durand",
        "password": PASSWORD,
        "imap": {"host": "127.0.0.1", "port": imap, "security": "none"},
        "smtp": {"host": "127.0.0.1", "port": smtp, "security": "none"},
        **more,
    }


@dataclass
class Listening:
    """A trigger at work: its events, what it reported, and its store."""

    emit: RecordingEmit
    items: MemoryItems
    reports: list[tuple[str, Any]]
    trigger: Any
    task: asyncio.Task

    @property
    def mails(self):
        return [event.data["mail"] for event in self.emit.events]

    async def until(self, reached):
        async with asyncio.timeout(DEADLINE):
            while not reached(self):
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.01)

    async def until_state(self, *states):
        await self.until(lambda one: one.reports and one.reports[-1][0] in states)


@pytest.fixture
def listen(tmp_path):
    """Return a context manager that listens to a mailbox."""
    workspace = tmp_path / "workspace"
    workspace.mkdir(exist_ok=True)

    @asynccontextmanager
    async def start(accounts, items=None, **parameters):
        items = items or MemoryItems()
        reports: list[tuple[str, Any]] = []
        context = trigger_context(workspace, accounts, items, reports)
        spec = connector.triggers["mail.received"]
        trigger = spec.listen(spec.parameters.build(parameters), context)
        emit = RecordingEmit(items)
        task = asyncio.create_task(trigger.listen(emit))
        try:
            yield Listening(emit, items, reports, trigger, task)
        finally:
            task.cancel()
            await asyncio.wait([task], timeout=DEADLINE)
            assert task.cancelled(), "it ended by itself"

    return start


class Hurried(SystemClock):
    """A clock on which nobody waits long."""

    async def sleep(self, seconds):
        await asyncio.sleep(min(seconds, 0.05))


def trigger_context(workspace, accounts, items, reports):

    async def consult(action, parameters):
        files = Folders(workspace=workspace, home=workspace)
        context = make_context(workspace.parent, files=files)
        return await run_action(connector, action, parameters, context)

    return TriggerContext(
        recipe_id="test",
        trigger_id="test/trigger_1",
        workspace=workspace,
        timezone=UTC,
        clock=Hurried(),
        log=logging.getLogger("rouage.testing"),
        items=items,
        hooks=MemoryHooks(),
        accounts=accounts,
        consult=consult,
        report=lambda state, reason: reports.append((state, reason)),
    )


def mail(
    subject="Demande de devis",
    *,
    number=1,
    sender="Alice <alice@example.org>",
    text="Bonjour",
    extra="",
):
    """Return a small mail as its bytes."""
    return (
        f"Received: by mx.example.org; {number}\r\nFrom: {sender}\r\nTo: {ADDRESS}\r\n"
        f"Subject: {subject}\r\nMessage-ID: <m{number}@example.org>\r\n"
        f"Date: Thu, 15 Jan 2026 09:00:00 +0100\r\n{extra}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()
