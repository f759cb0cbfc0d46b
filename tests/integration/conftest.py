"""A daemon in this process, on real files, real HTTP and a real journal."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.daemon import Daemon
from rouage.durable.port import RunFilter
from rouage.model.run import FINAL_STATES, RunRecord
from rouage.sdk import Connector
from rouage.secrets import SecretStore
from rouage.settings import Places, Settings


class Site:
    """A workspace, and the daemon that works on it while in `running`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places = Places(folder)
        self.places.recipes.mkdir(parents=True)
        self.places.state.mkdir(mode=0o700)
        (folder / "rouage.yaml").write_text("language: en\n")
        self.daemon: Daemon
        self.extra_connectors: list[Connector] = []
        self.entry_points: list[EntryPoint] = []

    def recipe(self, name: str, text: str) -> Path:
        path = self.places.recipes / f"{name}.yaml"
        draft = path.with_suffix(".draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
        return path

    def secret(self, name: str, value: str) -> None:
        SecretStore(self.places.secrets).set(name, value)

    @asynccontextmanager
    async def running(self, **settings: Any) -> AsyncIterator[Daemon]:
        chosen = Settings(
            workspace=self.folder, port=0, hooks_port=0, timezone="Europe/Paris", **settings
        )
        found = discover(entry_points=self.entry_points).installed
        catalog = Catalog([*found, *self.extra_connectors])
        self.daemon = Daemon(chosen, catalog=catalog)
        ready = asyncio.Event()

        async def on_ready(_: Daemon) -> None:
            ready.set()

        async with asyncio.TaskGroup() as tasks:
            served = tasks.create_task(self.daemon.serve(on_ready))
            async with asyncio.timeout(20):
                waiting = asyncio.ensure_future(ready.wait())
                await asyncio.wait([served, waiting], return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
            if served.done():
                await served
            try:
                yield self.daemon
            finally:
                self.daemon.request_stop()

    async def runs(self, recipe: str | None = None) -> tuple[RunRecord, ...]:
        page = await self.daemon.reader.list_runs(RunFilter(recipe=recipe), limit=500)
        return page.runs

    async def ended(self, recipe: str, count: int = 1) -> list[RunRecord]:
        """Wait until *count* runs of *recipe* have ended; newest first, with their steps."""

        async def enough() -> bool:
            return sum(run.state in FINAL_STATES for run in await self.runs(recipe)) >= count

        await eventually(enough)
        found = [await self.daemon.reader.get_run(run.id) for run in await self.runs(recipe)]
        return [run for run in found if run is not None]

    async def api(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        token = self.places.token.read_text().strip()
        url = f"http://127.0.0.1:{self.daemon.ports['console']}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as client:
            async with client.request(method, url, headers=headers, **options) as reply:
                return reply.status, json.loads(await reply.text())

    async def hook(self, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.daemon.ports['hooks']}/hooks/{path}"
        fields = {"Content-Type": "application/json"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with aiohttp.ClientSession() as client:
            async with client.post(url, data=body, headers=fields) as reply:
                return reply.status, json.loads(await reply.text())


async def eventually(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    """Wait until *condition* holds, under a deadline."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "shop")


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    return eventually
