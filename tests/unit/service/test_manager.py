"""What the service manager hears: real datagrams on a real socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rouage.clock import SystemClock
from rouage.service.manager import ServiceManager
from rouage.service.pulse import Pulse


class Listening:
    """The manager's end of the way."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(5)
        self.address = address

    def heard(self) -> list[str]:
        return self.socket.recv(4096).decode("utf-8").split("\n")

    def has_heard_nothing(self) -> bool:
        self.socket.setblocking(False)
        try:
            self.socket.recv(1)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(5)
        return False


@pytest.fixture(params=["file", "abstract"])
def listening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listening]:
    name = f"@rouage-test-{os.getpid()}-{tmp_path.name}"
    opened = Listening(name if request.param == "abstract" else str(tmp_path / "notify"))
    yield opened
    opened.socket.close()


def test_readiness_and_state_are_told_in_utf_8_on_one_line(listening: Listening):
    manager = ServiceManager(listening.address)
    manager.ready("12 recettes, 1 dégradé →\nREADY=0")
    assert listening.heard() == ["READY=1", "STATUS=12 recettes, 1 dégradé → READY=0"]


def test_a_state_is_told_once(listening: Listening):
    manager = ServiceManager(listening.address)
    for _ in range(3):
        manager.status("as it is")
    assert listening.heard() == ["STATUS=as it is"]
    assert listening.has_heard_nothing()


def test_a_reload_says_its_instant_in_the_same_datagram(listening: Listening):
    ServiceManager(listening.address, monotonic_microseconds=lambda: 42).reloading()
    assert listening.heard() == ["RELOADING=1", "MONOTONIC_USEC=42"]


def test_stopping_asks_for_the_time_that_it_takes(listening: Listening):
    ServiceManager(listening.address).stopping(35)
    assert listening.heard() == ["STOPPING=1", "EXTEND_TIMEOUT_USEC=35000000"]


def test_without_a_manager_nothing_happens_and_a_dead_one_stops_nobody(tmp_path: Path):
    ServiceManager().ready("well")
    gone = ServiceManager(str(tmp_path / "nobody"))
    gone.ready("well")
    gone.beat()


def test_what_concerns_us_is_taken_out_of_the_environment():
    environment = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "3000000", "PATH": "/bin"}
    manager = ServiceManager.take_from(environment)
    assert environment == {"PATH": "/bin"}
    assert manager.is_there
    assert manager.watchdog_seconds == 3
    foreign = {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}
    assert ServiceManager.take_from(foreign).watchdog_seconds is None
    for nonsense in ("", "x", "-1", "0", "١"):
        assert ServiceManager.take_from({"WATCHDOG_USEC": nonsense}).watchdog_seconds is None


@pytest.mark.parametrize("is_sound", [True, False])
async def test_the_watchdog_hears_of_us_only_while_all_is_sound(
    listening: Listening, is_sound: bool
):
    manager = ServiceManager(listening.address, watchdog_seconds=4)

    async def ask() -> bool:
        return is_sound

    pulse = Pulse(manager, is_sound=ask, status=lambda: "well", clock=SystemClock())
    assert pulse.period_seconds == 2
    await pulse.look()
    assert listening.heard() == ["STATUS=well"]
    if is_sound:
        assert listening.heard() == ["WATCHDOG=1"]
    assert listening.has_heard_nothing()


async def test_a_journal_that_hangs_gives_no_sign_of_life(listening: Listening):
    import asyncio

    manager = ServiceManager(listening.address, watchdog_seconds=0.1)

    async def hang() -> bool:
        await asyncio.Event().wait()
        return True

    await Pulse(manager, is_sound=hang, status=lambda: "", clock=SystemClock()).look()
    assert listening.has_heard_nothing()
