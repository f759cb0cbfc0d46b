"""A daemon that can be left alone: its tasks, its triggers, its notices, its reloads."""

import asyncio
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from rouage.clock import SystemClock
from rouage.daemon import Daemon
from rouage.sdk import Connector, Emit, NoParams, StepError, StepTimeout, Text, Trigger
from rouage.service.manager import ServiceManager

LOG = "name: R\nwhen:\n  - manual.start: {}\ndo:\n  - log.write: {message: hi}\n"
HOOK = """\
name: Orders
when:
  - webhook.received: {path: orders, preset: none, unsigned: true}
    alive: {probe: 6h, expect: 1 per 7d}
do:
  - log.write: {message: hi}
"""


class QuickClock(SystemClock):
    """Real time, but the pauses of failed tasks are short."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.02))


@pytest.fixture
def managed(site: Any, tmp_path: Path) -> Any:
    """Return a maker of daemons that a service manager listens to."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.setblocking(False)
    heard: list[str] = []

    def listen() -> list[str]:
        while True:
            try:
                heard.append(listening.recv(4096).decode())
            except BlockingIOError:
                return heard

    manager = ServiceManager(str(tmp_path / "notify"), watchdog_seconds=0.2)
    yield manager, listen
    listening.close()


async def serve(site: Any, manager: ServiceManager, clock: Any, during: Any) -> Daemon:
    """Run a daemon under *manager* while *during* is done."""
    from rouage.catalog.catalog import Catalog
    from rouage.catalog.discovery import discover
    from rouage.settings import Settings

    settings = Settings(workspace=site.folder, port=0, hooks_port=0, language="fr")
    catalog = Catalog([*discover(entry_points=[]).installed, *site.extra_connectors])
    daemon = Daemon(settings, catalog=catalog, manager=manager, clock=clock)
    ready = asyncio.Event()

    async def on_ready(_: Daemon) -> None:
        ready.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(daemon.serve(on_ready))
        async with asyncio.timeout(30):
            await ready.wait()
            await during(daemon)
        daemon.request_stop()
    return daemon


async def test_the_service_manager_hears_the_whole_life(
    site: Any, managed: Any, wait_until: Any
) -> None:
    manager, listen = managed
    site.recipe("r", LOG)

    async def during(daemon: Daemon) -> None:
        async def has_beaten() -> bool:
            return any("WATCHDOG=1" in one for one in listen())

        await wait_until(has_beaten)
        daemon.request_reload()

        async def has_reloaded() -> bool:
            heard = listen()
            begins = [n for n, one in enumerate(heard) if one.startswith("RELOADING=1")]
            return bool(begins) and any("READY=1" in one for one in heard[begins[0] :])

        await wait_until(has_reloaded)

    await serve(site, manager, None, during)
    heard = listen()
    (ready, *_) = [n for n, one in enumerate(heard) if one.startswith("READY=1")]
    assert heard[ready] == "READY=1\nSTATUS=1 recettes, 1 déclencheurs"
    (reloading,) = [one for one in heard if one.startswith("RELOADING=1")]
    assert "\nMONOTONIC_USEC=" in reloading
    assert heard[-1].startswith("STOPPING=1\nEXTEND_TIMEOUT_USEC=")
    assert heard[0].startswith("EXTEND_TIMEOUT_USEC=")


TASKS = ("recipes", "upkeep", "liveness", "pulse", "pauses")


@pytest.mark.parametrize("name", TASKS)
async def test_no_task_dies_in_silence(
    site: Any, managed: Any, wait_until: Any, monkeypatch: Any, name: str
) -> None:
    """Each task of the daemon is made to fail once: it goes on, and the owner is told."""
    from rouage.flow.liveness import Liveness
    from rouage.flow.pauses import Pauses
    from rouage.reloading import Reloading
    from rouage.service.pulse import Pulse
    from rouage.upkeep import Upkeep

    places: dict[str, tuple[Any, str]] = {
        "recipes": (Reloading, "work"),
        "upkeep": (Upkeep, "work"),
        "liveness": (Liveness, "work"),
        "pulse": (Pulse, "work"),
        "pauses": (Pauses, "finish"),
    }
    owner, method = places[name]
    usual, calls = getattr(owner, method), [0]

    async def fail_once(self: Any) -> None:
        calls[0] += 1
        if calls[0] == 1:
            raise ZeroDivisionError(name)
        await usual(self)

    monkeypatch.setattr(owner, method, fail_once)
    manager, _ = managed

    async def during(daemon: Daemon) -> None:
        async def goes_on() -> bool:
            return calls[0] > 1

        await wait_until(goes_on)
        status = daemon.status()
        assert isinstance(status, dict)
        (notice,) = status["notices"]  # type: ignore[misc] # a list, as the API has it
        assert notice["kind"] == "task_failed"
        assert name in notice["text"]["fr"]

    daemon = await serve(site, manager, QuickClock(), during)
    assert not daemon.has_failed


async def test_a_task_that_cannot_be_helped_ends_the_process(
    site: Any, managed: Any, monkeypatch: Any
) -> None:
    from rouage.service.pulse import Pulse

    async def fail(self: Any) -> None:
        raise OSError("always")

    monkeypatch.setattr(Pulse, "work", fail)
    manager, _ = managed

    async def during(daemon: Daemon) -> None:
        async with asyncio.timeout(20):
            await daemon._stop.wait()

    daemon = await serve(site, manager, QuickClock(), during)
    assert daemon.has_failed


def failing_connector() -> Connector:
    connector = Connector("bad", about="Fails.")

    @connector.trigger("always", sample={})
    class Always(Trigger[NoParams]):
        async def listen(self, emit: Emit) -> None:
            raise StepError(Text("no line", "pas de ligne"))

    return connector


async def test_a_sick_trigger_makes_the_daemon_degraded_in_the_readers_language(
    site: Any, wait_until: Any
) -> None:
    site.recipe("bad", "name: B\nwhen:\n  - bad.always: {}\ndo:\n  - log.write: {message: x}\n")
    site.recipe("good", LOG)
    site.extra_connectors = [failing_connector()]
    async with site.running():

        async def is_sick() -> bool:
            return (await site.api("GET", "/status"))[1]["state"] == "degraded"

        await wait_until(is_sick)
        _, english = await site.api("GET", "/status")
        token = site.places.token.read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "fr"}
        import aiohttp

        url = f"http://127.0.0.1:{site.daemon.ports['console']}/status"
        async with aiohttp.ClientSession() as client:
            async with client.get(url, headers=headers) as reply:
                french = json.loads(await reply.text())
        told = {one["recipe"]: one["reason"] for one in french["triggers"]}
        assert told["bad"] == "pas de ligne"
        assert "déclencheur" in french["reason"]
        assert {one["id"]: one["health"] for one in english["recipes"]} == {
            "bad": "broken",
            "good": "healthy",
        }
        assert (await site.api("GET", "/readyz"))[0] == 503


async def test_a_failed_run_is_told_until_the_recipe_succeeds(site: Any, wait_until: Any) -> None:
    reading = "name: R\nwhen:\n  - manual.start: {}\ndo:\n  - files.read: {path: files/a.txt}\n"
    site.recipe("reading", reading)
    told = "name: T\nwhen:\n  - chain.engine: {on: [notice]}\ndo:\n"
    site.recipe("told", told + '  - log.write: {message: "${{ event.reason }}"}\n')
    async with site.running() as daemon:
        for _ in range(3):
            await daemon.start_run("reading")
        await site.ended("reading", 3)
        (notice,) = (await site.api("GET", "/api/notices"))[1]["notices"]
        assert (notice["kind"], notice["recipe"], notice["count"]) == ("run_failed", "reading", 3)
        (run,) = await site.ended("told")
        assert "reading" in run.event_data["reason"]
        (site.places.files).mkdir(exist_ok=True)
        (site.places.files / "a.txt").write_text("x")
        await daemon.start_run("reading")
        await site.ended("reading", 4)
        assert daemon.status()["notices"] == []
        gone = await site.api("POST", "/api/notices/forget", json={"key": notice["key"]})
        assert gone[0] == 200
        assert (await site.api("POST", "/api/notices/forget", json={"key": "x"}))[0] == 404


async def test_the_next_instants_of_a_schedule_are_told(site: Any) -> None:
    """The zone is that of the recipe, the time that of its input."""
    site.recipe(
        "daily",
        "name: D\ntimezone: Asia/Kolkata\ninputs: {at: {type: text, default: '30 7 * * *'}}\n"
        'when:\n  - schedule.cron: {expression: "${{ inputs.at }}"}\n'
        "do:\n  - log.write: {message: x}\n",
    )
    site.recipe("by_hand", LOG)
    async with site.running(inputs={"daily": {"at": "15 8 * * *"}}):
        status, told = await site.api("GET", "/api/recipes/daily/preview?n=3")
        assert (status, told["recipe"]) == (200, "daily")
        assert [row["local"][11:] for row in told["next"]] == ["08:15:00+05:30"] * 3
        assert {row["zone"] for row in told["next"]} == {"Asia/Kolkata"}
        assert (await site.api("GET", "/api/recipes/by_hand/preview"))[1]["next"] == []
        assert len((await site.api("GET", "/api/recipes/daily/preview"))[1]["next"]) == 5
        assert (await site.api("GET", "/api/recipes/other/preview"))[0] == 404
        for count in ("0", "1001", "x", "-1", "٣"):
            assert (await site.api("GET", f"/api/recipes/daily/preview?n={count}"))[0] == 400


def doubtful_connector() -> Connector:
    """Return a connector whose one step never says whether it acted."""
    connector = Connector("doubtful", about=Text("It is silent.", "Il se tait."))

    @connector.action("act", effect="irreversible", idempotent=False)
    async def act(params: NoParams, context: Any) -> None:
        """Do something, perhaps."""
        raise StepTimeout(Text("no answer", "pas de réponse"))

    return connector


async def test_a_run_in_doubt_is_told_once_until_it_is_settled(site: Any, wait_until: Any) -> None:
    site.extra_connectors = [doubtful_connector()]
    site.recipe("risky", LOG.replace("log.write: {message: hi}", "doubtful.act: {}"))
    async with site.running() as daemon:
        (run,) = (await daemon.start_run("risky")).runs

        async def is_in_doubt() -> bool:
            return bool((await daemon.reader.stats()).get("needs_attention"))

        await wait_until(is_in_doubt)
    for _ in range(2):  # it is looked for at each start, and told once
        async with site.running() as daemon:
            await wait_until(lambda: is_told(daemon, 1))
            (notice,) = daemon.status()["notices"]
    assert (notice["kind"], notice["recipe"], notice["count"]) == ("needs_attention", "risky", 1)
    assert run in notice["text"]["en"]
    assert run in notice["text"]["fr"]
    async with site.running() as daemon:
        await site.api("POST", f"/api/runs/{run}/resolve", json={"choice": "done"})
        await site.ended("risky")
    async with site.running() as daemon:
        await wait_until(lambda: is_told(daemon, 0))


async def is_told(daemon: Daemon, count: int) -> bool:
    status: Any = daemon.status()
    return len(status["notices"]) == count


async def test_a_hook_is_put_to_the_test_over_its_real_socket(site: Any) -> None:
    site.recipe("orders", HOOK)
    async with site.running() as daemon:
        (ear,) = daemon._listener.ears
        assert await ear.instance.probe() is True
        assert await daemon._hooks.probe("nobody") is False
        assert (await site.hook("orders", b"{}"))[0] == 200
        assert len(await site.ended("orders")) == 1  # the probes made none


async def test_pauses_through_the_api(site: Any) -> None:
    site.recipe("orders", HOOK)
    async with site.running() as daemon:
        assert (await site.api("POST", "/api/pause", json={"recipe": "nobody"}))[0] == 404
        assert (await site.api("POST", "/api/pause", json={"recipe": "orders"}))[0] == 200
        for number in range(3):
            assert (await site.hook("orders", b'{"n": %d}' % number))[0] == 200
        (pause,) = (await site.api("GET", "/api/pauses"))[1]["pauses"]
        assert (pause["recipe"], pause["held"]) == ("orders", 3)
        assert (await site.api("POST", "/api/resume", json={"stored": "x"}))[0] == 400
        assert (await site.api("POST", "/api/resume", json={}))[0] == 422
        _, answer = await site.api("POST", "/api/resume", json={"recipe": "orders"})
        assert answer["released"] == 3
        runs = await site.ended("orders", 3)
        assert sorted(run.event_data["body"]["n"] for run in runs) == [0, 1, 2]
        assert daemon.status()["paused"] == []
        await daemon.start_run("orders")


@pytest.mark.slow
async def test_a_storm_of_reloads_costs_nothing_that_stays(site: Any, tmp_path: Path) -> None:
    """Ten reloads per second for ten seconds: no tick lost, nothing grows (D-3)."""
    for number in range(5):
        site.recipe(
            f"f{number}",
            f"name: F\nwhen:\n  - folder.file: {{path: in{number}, settle: 50ms}}\n"
            "do:\n  - log.write: {message: hi}\n",
        )
        (site.folder / f"in{number}").mkdir()
    site.recipe(
        "tick",
        "name: T\nwhen:\n  - schedule.every: {interval: 1s}\ndo:\n  - log.write: {message: x}\n",
    )

    def held() -> tuple[int, int]:
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    async with site.running() as daemon:
        await site.ended("tick", 1)
        ears, before = list(daemon._listener.ears), held()
        for number in range(100):
            daemon.request_reload()
            if number % 20 == 0:
                (site.folder / f"in{number // 20}" / "a.txt").write_text("x")
            await asyncio.sleep(0.1)
        threads, descriptors = held()
        assert threads <= before[0] + 2
        assert descriptors <= before[1] + 4
        assert list(daemon._listener.ears) == ears
        assert all(ear.restarts == 0 for ear in ears)
        for number in range(5):
            await site.ended(f"f{number}")
        ticks = [run.event_data["due"] for run in await site.ended("tick", 10)]
        assert len(set(ticks)) == len(ticks)
        seconds = sorted(one[17:19] for one in ticks)
        assert len(seconds) >= 10
