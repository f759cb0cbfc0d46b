"""Sockets that a service manager hands over: real descriptors, put where it would put them."""

import os
import socket
from collections.abc import Iterator

import pytest

from rouage.errors import WorkspaceError
from rouage.service.handed import port_of, take_sockets


@pytest.fixture
def opened() -> Iterator[list[socket.socket]]:
    sockets: list[socket.socket] = []
    yield sockets
    for one in sockets:
        one.close()


def hand_over(
    opened: list[socket.socket], count: int, host: str = "127.0.0.1"
) -> tuple[int, list[int]]:
    """Open listening sockets and put them on consecutive descriptors; return the first."""
    # Beyond all that are open: `dup2` would close one of them.
    first = max(map(int, os.listdir("/proc/self/fd"))) + 10
    ports = []
    for index in range(count):
        made = socket.create_server((host, 0))
        opened.append(made)
        ports.append(made.getsockname()[1])
        os.dup2(made.fileno(), first + index)
    return first, ports


def environment(count: int, names: str = "", pid: int | None = None) -> dict[str, str]:
    found = {"LISTEN_FDS": str(count), "LISTEN_PID": str(pid or os.getpid()), "HOME": "/"}
    return found | ({"LISTEN_FDNAMES": names} if names else {})


def test_they_are_told_apart_by_name_or_by_port(opened: list[socket.socket]):
    first, ports = hand_over(opened, 2)
    variables = environment(2, "hooks:anything")
    taken = take_sockets(variables, ports={ports[1]: "console"}, first=first)
    opened.extend(one for found in taken.values() for one in found)
    assert {name: port_of(found) for name, found in taken.items()} == {
        "hooks": ports[0],
        "console": ports[1],
    }
    assert variables == {"HOME": "/"}
    assert not any(one.get_inheritable() for found in taken.values() for one in found)


def test_those_of_another_process_are_left_alone():
    assert take_sockets(environment(2, pid=1), ports={}) == {}
    assert take_sockets({}, ports={}) == {}
    assert take_sockets({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "x"}, ports={}) == {}


def test_one_that_faces_the_network_is_refused(opened: list[socket.socket]):
    first, _ = hand_over(opened, 1, "0.0.0.0")  # noqa: S104 - to see it refused
    with pytest.raises(WorkspaceError, match="not this machine's own"):
        take_sockets(environment(1, "hooks"), ports={}, first=first)


def test_one_for_nobody_is_refused(opened: list[socket.socket]):
    first, ports = hand_over(opened, 1)
    with pytest.raises(WorkspaceError, match=str(ports[0])):
        take_sockets(environment(1), ports={1: "hooks"}, first=first)
