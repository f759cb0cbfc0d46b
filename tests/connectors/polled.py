"""A page on a real server, and a trigger that polls it under a clock that the test moves."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from aiohttp import web
from aiohttp.test_utils import TestServer

from rouage.sdk.testing import ManualClock, MemoryItems, RecordingEmit, Surroundings

_START = datetime(2026, 1, 15, 9, tzinfo=UTC)


class Site:
    """A server with one page; `requests` are the headers of what was asked."""

    def __init__(self):
        self.body = b""
        self.status = 200
        self.headers = {}
        self.requests = []
        self.followers = 0
        application = web.Application()
        application.router.add_get("/page", self._answer)
        self._server = TestServer(application)

    async def _answer(self, request):
        self.requests.append(dict(request.headers))
        etag = self.headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        return web.Response(body=self.body, status=self.status, headers=self.headers)

    async def __aenter__(self):
        await self._server.start_server()
        return self

    async def __aexit__(self, *_):
        await self._server.close()

    @property
    def parameters(self):
        pair = f"{self._server.host}:{self._server.port}"
        return {"url": f"http://{pair}/page", "allow_private": [pair], "interval": "10m"}


class Follower:
    """The trigger, listening, with a clock that the test moves."""

    def __init__(self, connector, trigger, workspace, site, items=None, emit=None, **more):
        site.followers += 1  # each begins at another instant: what is planned tells who did it
        self.clock = ManualClock(_START + timedelta(seconds=site.followers))
        self.items = items or MemoryItems()
        self.emit = emit or RecordingEmit(self.items)
        self.reports = []
        self.site = site
        surroundings = Surroundings(
            workspace=workspace, items=self.items, clock=self.clock, connector=connector
        )
        context = surroundings.context()
        context.report = lambda state, reason: self.reports.append((state, reason))
        spec = connector.triggers[trigger]
        built = spec.parameters.build({**site.parameters, **more})
        self.trigger = spec.listen(built, context)
        self._task = None

    async def __aenter__(self):
        self._task = asyncio.create_task(self.trigger.listen(self.emit))
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        await asyncio.wait([self._task])

    async def until(self, condition):
        deadline = time.monotonic() + 30
        while not condition():
            assert not self._task.done(), self._task.exception()
            assert time.monotonic() < deadline, "this never came to be"
            await asyncio.sleep(0.005)

    async def looked(self, count):
        """Return once *count* looks are over and the next one is planned, at this instant."""
        await self.until(lambda: len(self.site.requests) >= count)
        await self.until(lambda: self.state.get("last") == self.clock.now().isoformat())

    async def look_again(self, count, minutes=11.1):
        """Move the clock, and return once *count* looks are over and the next one is planned."""
        await self.clock.advance(minutes * 60)
        await self.until(lambda: len(self.site.requests) >= count)
        await self.until(lambda: self.state["due"] > self.clock.now().isoformat())

    @property
    def state(self):
        return self.items.values.get(b"poll", {})
