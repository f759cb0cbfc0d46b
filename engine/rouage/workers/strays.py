"""Processes that a worker left behind: found by a mark in their environment, and ended.

A process group ends with one signal, but a process may leave its group. The mark in the
environment that it was started with stays, whatever it does later.
"""

import os
import signal
from contextlib import suppress
from typing import Final

MARK: Final = "ROUAGE_WORKER"
_ROUNDS: Final = 20


def end_strays(mark: str) -> int:
    """End every process that carries *mark*, and return how many were found.

    Several rounds, because they may start others meanwhile.
    """
    count = 0
    for _ in range(_ROUNDS):
        found = [pid for pid in _processes() if _carries(pid, mark)]
        if not found:
            break
        count += len(found)
        # Stopped first: what stands still cannot start another one while the rest is ended.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
    return count


def has_children(pid: int) -> bool:
    """Say whether the process *pid* has any (Linux tells; elsewhere: no)."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - a number each
    except OSError:
        return False
    return any(_children(pid, thread) for thread in threads)


def _children(pid: int, thread: str) -> bool:
    try:
        with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123 - fast
            return bool(file.read(1))
    except OSError:
        return False


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - fast
    except OSError:
        return []


def _carries(pid: int, mark: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - thousands of them
            return f"{MARK}={mark}".encode() in file.read().split(b"\0")
    except OSError:
        return False
