"""The webhook listener, spoken to over real sockets."""

import asyncio
import contextlib
import gzip
import json

import pytest

from rouage.errors import StepError
from rouage.sdk.trigger import HookReply
from rouage.web.hooks import HookServer
from rouage.web.limits import Limits

GOOD = b'{"a": 1}'


class Site:
    """A listener with one hook that keeps what it was asked."""

    def __init__(self, server):
        self.server = server
        self.requests = []
        self.reply = HookReply(status=200, body={"id": "e1"})

    async def answer(self, request):
        self.requests.append(request)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    def open(self, path="orders", *, methods=("POST",), max_body=1 << 20, rate=1e6, burst=10**6):
        return self.server.open(
            path,
            methods=frozenset(methods),
            max_body_bytes=max_body,
            answer=self.answer,
            rate_per_second=rate,
            burst=burst,
        )

    async def connect(self):
        return await asyncio.open_connection("127.0.0.1", self.server.port)

    async def send(self, data, *, parts=()):
        """Send bytes on a new connection; return the first answer."""
        reader, writer = await self.connect()
        try:
            writer.write(data)
            for part in parts:
                await writer.drain()
                await asyncio.sleep(0.01)
                writer.write(part)
            async with asyncio.timeout(5):
                return await read_answer(reader)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def read_answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(": ")
        fields[name.lower()] = value
    body = await reader.readexactly(int(fields.get("content-length", 0)))
    return int(lines[0].split(" ")[1]), fields, body


async def eventually(is_so):
    for _ in range(500):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


def post(path="/hooks/orders", body=GOOD, *, host="127.0.0.1", fields="", method="POST"):
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


@contextlib.asynccontextmanager
async def running(limits=None, **more):
    server = HookServer(limits=limits, **more)
    await server.start(["127.0.0.1"], 0)
    try:
        yield Site(server)
    finally:
        await server.stop(grace_seconds=1)


@pytest.fixture
async def site():
    async with running() as made:
        yield made


async def test_a_request_reaches_its_hook_and_gets_its_answer(site):
    with site.open():
        status, fields, body = await site.send(
            post("/hooks/orders?x=1&y=&x=2", fields="X-Topic: Été\r\n".encode().decode("latin-1"))
        )
    assert status == 200
    assert json.loads(body) == {"id": "e1"}
    assert fields["content-type"] == "application/json; charset=utf-8"
    assert "date" in fields
    (request,) = site.requests
    assert (request.method, request.path, request.body) == ("POST", "orders", GOOD)
    assert request.query == {"x": "2", "y": ""}
    assert request.headers["x-topic"] == "Été"
    assert request.remote == "127.0.0.1"


async def test_a_connection_serves_many_requests_also_when_they_are_sent_at_once(site):
    with site.open():
        reader, writer = await site.connect()
        writer.write(post(body=b"1") + post(body=b"2") + post(body=b"3") * 40)
        answers = [await read_answer(reader) for _ in range(42)]
        writer.close()
    assert {status for status, _, _ in answers} == {200}
    assert [request.body for request in site.requests[:3]] == [b"1", b"2", b"3"]


async def test_an_unknown_path_is_404_and_a_suffix_is_unknown(site):
    with site.open():
        for path in ("/", "/hooks/", "/hooks/other", "/hooks/orders/", "/hooks//orders",
                     "/hooks/orders;x", "/hooks/%6frders", "/hooks/ORDERS"):  # fmt: skip
            status, _, body = await site.send(post(path))
            assert status == 404, path
            answer = json.loads(body)
            assert answer["error"] == "not_found"
            assert len(answer["reference"]) == 8
    assert site.requests == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_another_method_is_405_and_says_which_is_allowed(site, method):
    with site.open():
        status, fields, _ = await site.send(post(method=method, body=b""))
    assert status == 405
    assert fields["allow"] == "POST"
    assert site.requests == []


async def test_head_never_reaches_a_hook_even_when_get_is_enabled(site):
    with site.open(methods=("GET",)):
        reader, writer = await site.connect()
        writer.write(b"HEAD /hooks/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        data = await reader.read()
        writer.close()
    assert data.startswith(b"HTTP/1.1 405 ")
    assert data.endswith(b"\r\n\r\n")
    assert site.requests == []


async def test_get_works_where_it_was_enabled(site):
    with site.open(methods=("GET",)):
        status, _, _ = await site.send(b"GET /hooks/orders HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert status == 200
    assert site.requests[0].body == b""


async def test_a_hook_that_was_closed_asks_to_come_again_and_then_is_gone(site):
    with site.open():
        pass
    status, fields, _ = await site.send(post())
    assert status == 503
    assert fields["retry-after"] == "2"
    site.server._closed_paths["/hooks/orders"] -= 60
    assert (await site.send(post()))[0] == 410
    with site.open():
        assert (await site.send(post()))[0] == 200


async def test_a_path_is_given_once_at_a_time(site):
    with site.open():
        with pytest.raises(StepError, match="another trigger"), site.open():
            pass
        assert (await site.send(post()))[0] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8081", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8080", 200),
        ("hooks.example.fr", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.", 421),
        ("192.168.1.4", 421),
        ("a b", 421),
        ("user@localhost", 421),
    ],
)
async def test_only_known_host_names_are_served(host, status):
    async with running(allowed_hosts=["Hooks.Example.fr"]) as site:
        with site.open():
            for _ in range(2):
                assert (await site.send(post(host=host)))[0] == status


async def test_a_body_that_is_announced_too_large_is_refused_before_it_is_read(site):
    with site.open(max_body=100):
        head = post(body=b"").replace(b"Content-Length: 0", b"Content-Length: 101")
        status, fields, _ = await site.send(head)
    assert status == 413
    assert fields["connection"] == "close"


async def test_a_body_that_grows_too_large_is_cut(site):
    chunk = b"64\r\n" + b"x" * 100 + b"\r\n"
    head = b"POST /hooks/orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with site.open(max_body=250):
        status, _, _ = await site.send(head + chunk, parts=[chunk, chunk])
        assert status == 413
        status, _, _ = await site.send(head + chunk, parts=[chunk, b"0\r\n\r\n"])
    assert status == 200
    assert len(site.requests[0].body) == 200


async def test_a_large_body_arrives_whole(site):
    body = bytes(range(256)) * 8192
    with site.open(max_body=4 << 20):
        status, _, _ = await site.send(post(body=body))
    assert status == 200
    assert bytes(site.requests[0].body) == body


async def test_gzip_is_inflated_for_the_hook(site):
    body = b'{"text": "' + b"ab" * 1000 + b'"}'
    with site.open():
        for name in ("gzip", "GZIP"):
            status, _, _ = await site.send(
                post(body=gzip.compress(body), fields=f"Content-Encoding: {name}\r\n")
            )
            assert status == 200
    assert bytes(site.requests[0].body) == body


async def test_a_bomb_and_a_broken_archive_are_refused(site):
    bomb = gzip.compress(b"\0" * 5_000_000)
    field = "Content-Encoding: gzip\r\n"
    with site.open(max_body=64 << 20):
        assert (await site.send(post(body=bomb, fields=field)))[0] == 413
        assert (await site.send(post(body=bomb[:-20], fields=field)))[0] in {400, 413}
        assert (await site.send(post(body=b"not gzip", fields=field)))[0] == 400
        whole = gzip.compress(b"x")
        assert (await site.send(post(body=whole + b"tail", fields=field)))[0] == 400
        assert (await site.send(post(fields="Content-Encoding: br\r\n")))[0] == 415
    assert site.requests == []


async def test_expect_continue_is_refused(site):
    with site.open():
        status, _, _ = await site.send(
            post(body=b"", fields="Expect: 100-continue\r\n").replace(b": 0\r\n", b": 5\r\n")
        )
    assert status == 417


@pytest.mark.parametrize(
    "data",
    [
        b"POST /hooks/orders HTTP/1.1\r\n\r\n",
        b"POST /hooks/orders HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
        b"POST /hooks/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"POST /hooks/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /hooks/orders HTTP/1.1\nHost: localhost\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /hooks/orders HTTP/2.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        b"GET /hooks/orders HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
        b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
async def test_malformed_requests_get_a_refusal_and_never_a_500(site, data):
    with site.open():
        status, _, _ = await site.send(data)
    assert 400 <= status < 500 or status == 505
    assert site.requests == []


async def test_a_header_that_is_too_large_is_refused(site):
    with site.open():
        fields = "".join(f"X-{n}: {'y' * 900}\r\n" for n in range(30))
        head = f"POST /hooks/orders HTTP/1.1\r\nHost: localhost\r\n{fields}"
        assert (await site.send(head.encode()))[0] in {400, 431}
        many = "".join(f"X-{n}: y\r\n" for n in range(150))
        assert (await site.send(post(fields=many)))[0] == 400


async def test_a_fault_of_the_hook_is_503_and_says_nothing_about_it(site, caplog):
    site.reply = RuntimeError("secret detail")
    with site.open():
        status, fields, body = await site.send(post())
    assert status == 503
    assert fields["retry-after"] == "5"
    assert b"secret" not in body
    assert "no answer" in caplog.text


async def test_while_refusing_nothing_is_accepted(site):
    with site.open():
        site.server.refuse(7)
        status, fields, _ = await site.send(post())
        assert (status, fields["retry-after"]) == (503, "7")
        site.server.admit()
        assert (await site.send(post()))[0] == 200
    assert len(site.requests) == 1


async def test_too_many_requests_of_one_remote_are_told_when_to_come_again(site):
    with site.open(rate=0.5, burst=3):
        answers = [await site.send(post()) for _ in range(4)]
    assert [status for status, _, _ in answers] == [200, 200, 200, 429]
    assert answers[3][1]["retry-after"] == "2"


async def test_text_answers_and_header_fields_cannot_be_split(site):
    site.reply = HookReply(status=200, text="défi", headers={"X-A": "ok", "X-B": "a\r\nX-C: b"})
    with site.open():
        status, fields, body = await site.send(post())
    assert (status, body.decode()) == (200, "défi")
    assert fields["content-type"].startswith("text/plain")
    assert fields["x-a"] == "ok"
    assert "x-c" not in fields


async def test_half_sent_heads_and_slow_bodies_are_cut():
    limits = Limits(head_seconds=0.3, body_seconds=0.6, patience_seconds=0.2, idle_seconds=0.3)
    async with running(limits) as site:
        with site.open():
            half_head = await site.connect()
            half_head[1].write(b"POST /hooks/orders HTTP/1.1\r\nHost: loc")
            silent = await site.connect()
            half_body = await site.connect()
            half_body[1].write(post(body=b"").replace(b": 0\r\n", b": 500\r\n") + b"x")
            idle = await site.connect()
            idle[1].write(post())
            async with asyncio.timeout(8):
                assert (await read_answer(idle[0]))[0] == 200
                assert (await half_head[0].read()).startswith(b"HTTP/1.1 408 ")
                assert (await half_body[0].read()).startswith(b"HTTP/1.1 408 ")
                assert (await silent[0].read()).startswith(b"HTTP/1.1 408 ")
                assert await idle[0].read() == b""
            for _, writer in (half_head, silent, half_body, idle):
                writer.close()
    assert len(site.requests) == 1


async def test_half_open_requests_cannot_lock_others_out():
    async with running(Limits(connections=20)) as site:
        with site.open():
            crowd = [await site.connect() for _ in range(60)]
            for _, writer in crowd:
                with contextlib.suppress(ConnectionError):
                    writer.write(b"POST /hooks/orders HTTP/1.1\r\n")
            for _ in range(5):
                assert (await site.send(post()))[0] == 200
            for _, writer in crowd:
                writer.close()


async def test_one_remote_may_hold_a_bounded_number_of_connections():
    async with running(Limits(connections_per_peer=2, limit_loopback_peers=True)) as site:
        with site.open():
            held = [await site.connect() for _ in range(2)]
            assert (await site.send(b""))[0] == 503
            for _, writer in held:
                writer.close()
            await eventually(lambda: not site.server._per_peer)
            assert (await site.send(post()))[0] == 200


async def test_stopping_lets_an_answer_under_way_leave():
    server = HookServer()
    await server.start(["127.0.0.1"], 0)
    site = Site(server)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request):
        begun.set()
        await go_on.wait()
        return HookReply(status=200, body={"id": "late"})

    site.answer = slow
    with site.open():
        asking = asyncio.ensure_future(site.send(post()))
        await begun.wait()
        stopping = asyncio.ensure_future(server.stop())
        await asyncio.sleep(0)
        go_on.set()
        await stopping
        status, _, body = await asking
    assert (status, json.loads(body)) == (200, {"id": "late"})


async def test_a_sender_that_leaves_early_disturbs_nobody(site):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request):
        begun.set()
        await go_on.wait()
        site.requests.append(request)
        return HookReply(status=200, body={})

    site.answer = slow
    with site.open():
        _, writer = await site.connect()
        writer.write(post())
        await begun.wait()
        writer.transport.abort()
        go_on.set()
        assert (await site.send(post()))[0] == 200
        await eventually(lambda: len(site.requests) == 2)


async def test_http_1_0_is_answered_and_closed(site):
    with site.open():
        reader, writer = await site.connect()
        writer.write(
            b"POST /hooks/orders HTTP/1.0\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
        )
        async with asyncio.timeout(5):
            data = await reader.read()
        writer.close()
    assert data.startswith(b"HTTP/1.1 200 ")


async def test_the_port_is_taken_by_one_listener_only(site):
    other = HookServer()
    with pytest.raises(OSError, match="address"):
        await other.start(["127.0.0.1"], site.server.port)
    await other.stop()
