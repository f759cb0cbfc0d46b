"""A connector that does everything a connector must not do, and a few things that it may.

It is loaded through a real entry point, so its actions run in worker processes.
"""
# ruff: noqa: ASYNC222, ASYNC251, T201 - what no connector must do is what this one is for

import asyncio
import ctypes
import logging
import math
import os
import sys
import time
from pathlib import Path

from rouage.sdk import (
    JSON,
    Connector,
    Context,
    Limits,
    RetryableError,
    StepError,
    Text,
    param,
    params,
)
from rouage.sdk.files import write

connector = Connector("hostile", about="A connector for tests.")
_SHORT = Limits(seconds=0.6, processor_seconds=5, memory_bytes=192 << 20, result_bytes=1 << 20)
# The start of a process counts too, and a busy machine takes its time.
_BOUNDED = Limits(seconds=20, processor_seconds=5, memory_bytes=192 << 20, result_bytes=1 << 20)
_KEPT: list[bytearray] = []


@params
class Given:
    """What to do."""

    text: str = param("A text.", default="")
    number: int = param("A number.", default=0)


async def _forever() -> None:
    await asyncio.Event().wait()


@connector.action("hang", limits=_SHORT)
async def hang(params: Given, context: Context) -> JSON:
    """Wait for nothing."""
    await _forever()
    return {}


@connector.action("sleep", limits=_SHORT)
async def sleep(params: Given, context: Context) -> JSON:
    """Block the loop."""
    time.sleep(3600)
    return {}


@connector.action("spin", limits=Limits(seconds=60, processor_seconds=0.2, memory_bytes=192 << 20))
async def spin(params: Given, context: Context) -> JSON:
    """Compute without end."""
    while True:
        pass


@connector.action(
    "compute", limits=Limits(seconds=300, processor_seconds=200, memory_bytes=192 << 20)
)
async def compute(params: Given, context: Context) -> JSON:
    """Compute in pure Python for some seconds."""
    until, count = time.monotonic() + params.number, 0
    while time.monotonic() < until:
        count += 1
    return {"count": count}


@connector.action("abort", limits=_BOUNDED)
async def abort(params: Given, context: Context) -> JSON:
    """Crash the process."""
    os.abort()


@connector.action("segfault", limits=_BOUNDED, idempotent=True)
async def segfault(params: Given, context: Context) -> JSON:
    """Read where nothing is."""
    ctypes.string_at(0)
    return {}


@connector.action("leave", limits=_BOUNDED)
async def leave(params: Given, context: Context) -> JSON:
    """End the process without a word."""
    os._exit(3)


@connector.action("leak", limits=_BOUNDED)
async def leak(params: Given, context: Context) -> JSON:
    """Take ever more memory."""
    while True:
        _KEPT.append(bytearray(8 << 20))


@connector.action("print", limits=_BOUNDED)
async def flood_output(params: Given, context: Context) -> JSON:
    """Print without end."""
    while True:
        print("x" * 10_000)


@connector.action("log", limits=Limits(seconds=5, log_lines=5, log_bytes=1_000))
async def flood_log(params: Given, context: Context) -> JSON:
    """Write many lines into the log."""
    for number in range(1_000):
        context.log.warning("line %s %s", number, params.text)
    return {}


@connector.action("large", limits=_BOUNDED)
async def large(params: Given, context: Context) -> JSON:
    """Give back 50 MB."""
    return {"text": "x" * (50 << 20)}


@connector.action("forge", limits=_BOUNDED)
async def forge(params: Given, context: Context) -> JSON:
    """Announce a message of four gigabytes behind the back of the program."""
    for descriptor in _sockets():
        os.write(descriptor, b"\xff\xff\xff\xff" + b"x" * 1_000)
    await _forever()
    return {}


@connector.action("hang_up", limits=Limits(seconds=5, memory_bytes=192 << 20))
async def hang_up(params: Given, context: Context) -> JSON:
    """Close the connection."""
    for descriptor in _sockets():
        os.close(descriptor)
    await _forever()
    return {}


@connector.action("cycle", limits=_BOUNDED)
async def cycle(params: Given, context: Context) -> JSON:
    """Give back what holds itself, or what is no JSON otherwise."""
    circle: list[JSON] = []
    circle.append(circle)
    odd = {"cycle": circle, "nan": math.nan, "bytes": b"x", "date": object()}
    return odd[params.text]  # type: ignore[return-value]


@connector.action("fork", limits=Limits(seconds=1.5))
async def fork(params: Given, context: Context) -> JSON:
    """Start a process that stays, out of its group if wished."""
    note = context.scratch() / "pid"
    pid = os.fork()
    if pid == 0:
        if params.text == "escape":
            os.setsid()
            if os.fork():
                os._exit(0)
        note.write_text(str(os.getpid()))
        while True:
            time.sleep(1)
    if params.text == "escape":
        os.waitpid(pid, 0)
        while not note.exists():
            time.sleep(0.01)
        await _forever()
    return {"pid": pid}


@connector.action("fail", limits=_BOUNDED)
async def fail(params: Given, context: Context) -> JSON:
    """Fail as authors do."""
    if params.text == "retry":
        raise RetryableError(Text("busy {who}", "occupé {who}"), retry_after_seconds=7, who="there")
    if params.text == "step":
        raise StepError(Text("no", "non"), hint=Text("try yes", "essayez oui"))
    if params.text == "exit":
        sys.exit(2)
    raise ZeroDivisionError(params.text)


@connector.action("look", limits=_BOUNDED, isolated=True)
async def look(params: Given, context: Context) -> JSON:
    """Tell what can be seen from here."""
    logging.getLogger("elsewhere").warning("looked at %s", params.text)
    context.wrote("/somewhere/file")
    return {
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "descriptors": sorted(_open_descriptors()),
        "folder": str(Path.cwd()),
        "context": [context.run_id, context.recipe_id, context.step, context.idempotency_key],
        "attempt": context.attempt,
        "zone": str(context.timezone),
        "templates": dict(context.templates),
        "rendered": context.render("${{ who | upper }}", {"who": params.text}),
        "scratch": str(context.scratch()),
        "niceness": os.nice(0),
    }


@connector.action("account", limits=_BOUNDED)
async def account(params: Given, context: Context) -> JSON:
    """Ask for an account of some type."""
    return dict(context.accounts.find(params.text))


@connector.action("file", limits=_BOUNDED)
async def file(params: Given, context: Context) -> JSON:
    """Write a file once, and add a line to another."""
    outcome = write(
        context.files,
        "made.txt",
        [params.text.encode()],
        on_conflict="rename",
        key=context.idempotency_key,
    )
    await context.files.append("lines.txt", b"line\n", key=context.idempotency_key + "/line")
    return {"path": outcome.path}


@connector.action("reach", limits=_BOUNDED)
async def reach(params: Given, context: Context) -> JSON:
    """Touch what belongs to others."""
    if params.text == "note":
        context.files.intents.note("another-key", {"to": "x"})
    return {"text": context.files.read_bytes(params.text, limit=100).decode()}


@connector.action("free", isolated=False)
async def free(params: Given, context: Context) -> JSON:
    """Run beside the others, and stop them all for a while."""
    time.sleep(params.number / 1000)
    return {"pid": os.getpid()}


def _open_descriptors() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/fd")]


def _sockets() -> list[int]:
    found = []
    for descriptor in _open_descriptors():
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue
        if target.startswith("socket:") and os.get_inheritable(descriptor) is False:
            found.append(descriptor)
    return found
