"""The webhook listener: who calls through a proxy, where large bodies lie, what is gone."""

import asyncio
import contextlib
import gzip

import pytest

from rouage.sdk.trigger import HookReply
from rouage.web.hooks import HookServer
from rouage.web.limits import Limits

MIB = 1 << 20


def head_of(length, *, path="/hooks/orders", fields=""):
    lines = [f"POST {path} HTTP/1.1", "Host: a.example", f"Content-Length: {length}"]
    return ("\r\n".join(lines) + f"\r\n{fields}\r\n").encode()


class Site:
    """A listener with one hook that keeps what it was asked."""

    def __init__(self, server):
        self.server = server
        self.requests = []

    async def answer(self, request):
        self.requests.append((request.remote, bytes(request.body)))
        return HookReply(status=200, body={"id": "e1"})

    def open(self, path="orders", *, rate=1e6, burst=10**6, owner="", most=8 * MIB):
        return self.server.open(
            path,
            methods=frozenset({"POST"}),
            max_body_bytes=most,
            answer=self.answer,
            rate_per_second=rate,
            burst=burst,
            owner=owner,
        )

    async def send(self, body=b"{}", *, fields="", path="/hooks/orders", length=None):
        """Send one request on a new connection; return the status and the head of the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            writer.write(head_of(length or len(body), path=path, fields=fields) + body)
            async with asyncio.timeout(30):
                answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        return int(answer.split(" ")[1]), answer


@contextlib.asynccontextmanager
async def running(**options):
    server = HookServer(allowed_hosts=["a.example"], **options)
    await server.start(["127.0.0.1"], 0)
    try:
        yield Site(server)
    finally:
        await server.stop(grace_seconds=1)


async def eventually(is_so):
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_callers_behind_a_proxy_have_a_share_each():
    async with running(proxies=["127.0.0.1"]) as site:
        with site.open(rate=0.001, burst=1):
            first, second = "X-Forwarded-For: 203.0.113.1\r\n", "X-Forwarded-For: 203.0.113.2\r\n"
            assert (await site.send(fields=first))[0] == 200
            status, answer = await site.send(fields=first)
            assert (status, "Retry-After" in answer) == (429, True)
            assert (await site.send(fields=second))[0] == 200
            assert [remote for remote, _ in site.requests] == ["203.0.113.1", "203.0.113.2"]


async def test_a_header_of_a_stranger_changes_nothing():
    async with running(proxies=["10.0.0.0/8"]) as site:
        with site.open(rate=0.001, burst=1):
            assert (await site.send(fields="X-Forwarded-For: 203.0.113.1\r\n"))[0] == 200
            assert (await site.send(fields="X-Forwarded-For: 203.0.113.2\r\n"))[0] == 429
            assert site.requests[0][0] == "127.0.0.1"


async def test_a_large_body_that_is_cut_gives_its_place_back(tmp_path):
    limits = Limits(stored_bytes=4 * MIB + MIB // 2)
    async with running(folder=tmp_path / "received", limits=limits) as site:
        with site.open():
            left = site.server._depot._left
            _, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
            writer.write(head_of(8 * MIB) + b"x" * 4 * MIB)
            await writer.drain()
            await eventually(lambda: site.server._depot._left <= left - 4 * MIB + (1 << 18))
            # There is no room for another one now, but there is for small ones.
            status, answer = await site.send(b"y" * (MIB + 1), length=5 * MIB)
            assert (status, "Retry-After: 5" in answer) == (503, True)
            assert (await site.send(b"small"))[0] == 200
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            await eventually(lambda: site.server._depot._left == left)
            assert (await site.send(b"z" * 4 * MIB))[0] == 200
            assert site.requests[-1][1] == b"z" * 4 * MIB
            assert site.server._depot._left == left
            assert list((tmp_path / "received").iterdir()) == []


async def test_a_large_compressed_body_arrives_whole_and_a_bomb_does_not():
    content = bytes(range(256)) * 12_000
    async with running(limits=Limits(inflate_ratio=1_000)) as site:
        with site.open():
            packed = gzip.compress(content)
            fields = "Content-Encoding: gzip\r\n"
            assert (await site.send(packed, fields=fields))[0] == 200
            assert site.requests[0][1] == content
            bomb = gzip.compress(b"\0" * 9 * MIB)
            assert (await site.send(bomb, fields=fields))[0] == 413
            assert len(site.requests) == 1


@pytest.mark.parametrize(("outlook", "status"), [("coming", 503), ("closed", 404), ("gone", 410)])
async def test_only_the_hook_of_a_deleted_recipe_is_gone(tmp_path, outlook, status):
    file = tmp_path / "hooks.json"
    async with running(known_paths=file) as site:
        with site.open("kept-private", owner="shop"):
            assert (await site.send(path="/hooks/kept-private"))[0] == 200
        # It may come back in a moment: the recipe is being loaded anew.
        assert (await site.send(path="/hooks/kept-private"))[0] == 503
    async with running(known_paths=file, outlook=lambda _: outlook) as site:
        assert (await site.send(path="/hooks/kept-private"))[0] == status
        assert (await site.send(path="/hooks/never"))[0] == 404
        with site.open("kept-private", owner="shop"):
            assert (await site.send(path="/hooks/kept-private"))[0] == 200
