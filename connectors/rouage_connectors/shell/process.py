"""One program in a process group of its own, from its start to the end of its group."""

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Final

from rouage.sdk import StepError, StepTimeout, Text
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass

PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
_MOST_OUTPUT: Final = 1 << 20
_GRACE_SECONDS: Final = 2.0
_MIB: Final = 1 << 20
_MOST_PROCESSES: Final = 4_096
_MOST_FILE_BYTES: Final = 2 << 30
_MOST_OPEN_FILES: Final = 1_024
_TOO_SLOW: Final = Text(
    "{program} was stopped after {seconds} s; what it did until then is unknown",
    "{program} a été arrêté après {seconds} s ; ce qu’il a fait jusque-là est inconnu",
)
_NOT_STARTED: Final = Text(
    "{program} could not be started: {reason}", "{program} n’a pas pu être lancé : {reason}"
)


@dataclass(slots=True)
class Output:
    """What a program printed, up to a limit; the rest is read and thrown away."""

    data: bytearray = field(default_factory=bytearray)
    is_cut: bool = False

    def add(self, chunk: bytes) -> None:
        """Take *chunk* as far as there is room."""
        room = _MOST_OUTPUT - len(self.data)
        self.is_cut = self.is_cut or len(chunk) > room
        self.data += chunk[:room]

    def text(self) -> str:
        """Return it as text, whatever the bytes are."""
        return self.data.decode("utf-8", errors="replace")


class Talk(asyncio.SubprocessProtocol):
    """Takes what the program prints, and notices its end and that of its pipes."""

    def __init__(self) -> None:
        self.stdout = Output()
        self.stderr = Output()
        self.has_exited = asyncio.Event()
        self.is_silent = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what came."""
        (self.stdout if fd == 1 else self.stderr).add(data)

    def process_exited(self) -> None:
        """Note the end of the program."""
        self.has_exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of its pipes too."""
        del exc
        self.is_silent.set()


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """All that is needed to start the program."""

    program: str
    arguments: list[str]
    limits: list[str]
    folder: Path
    environment: dict[str, str]
    stdin: bytes | None
    seconds: float


async def run(start: Start) -> tuple[int, Talk]:
    """Run the program in a process group of its own, and end the whole group."""
    transport, talk = await _started(start)
    group = transport.get_pid()
    try:
        try:
            async with asyncio.timeout(start.seconds):
                await talk.has_exited.wait()
        except TimeoutError:
            await _stop(talk, group, signal.SIGTERM)
            raise StepTimeout(
                _TOO_SLOW, program=shown(start.program), seconds=f"{start.seconds:g}"
            ) from None
        finally:
            # On a cancel too; and children must not outlive a program that ended.
            await _stop(talk, group, signal.SIGKILL)
        return transport.get_returncode() or 0, talk
    finally:
        # Who escaped the group may hold the other ends of the pipes for ever.
        transport.close()


async def _started(start: Start) -> tuple[asyncio.SubprocessTransport, Talk]:
    piped, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        transport, talk = await asyncio.get_running_loop().subprocess_exec(
            Talk,
            *start.limits,
            start.program,
            *start.arguments,
            stdin=nothing if start.stdin is None else piped,
            stdout=piped,
            stderr=piped,
            cwd=start.folder,
            env=start.environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StepError(_NOT_STARTED, program=shown(start.program), reason=shown(reason)) from error
    feeding = transport.get_pipe_transport(0)
    if isinstance(feeding, asyncio.WriteTransport):
        feeding.write(start.stdin or b"")
        feeding.close()  # after what was written has gone through
    return transport, talk


async def _stop(talk: Talk, group: int, first: signal.Signals) -> None:
    """End the whole group: *first*, then KILL for what is left after a short while."""
    for number in (first, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
        ended = talk.is_silent if number == signal.SIGKILL else talk.has_exited
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await ended.wait()
        if talk.is_silent.is_set() and number == signal.SIGKILL:
            return


def limits(*, seconds: float, memory: int) -> list[str]:
    """Return the launchers that set the limits and then become the program.

    They do between fork and exec what Python must not do in a process with threads: limits
    (prlimit), no new privileges, and death with the daemon (setpriv). Both are in util-linux.
    """
    launchers: list[str] = []
    prlimit, setpriv = shutil.which("prlimit", path=PATH), shutil.which("setpriv", path=PATH)
    if prlimit is not None:
        launchers += [
            prlimit,
            f"--cpu={int(seconds) + 5}",
            f"--data={memory * _MIB}",
            f"--fsize={_MOST_FILE_BYTES}",
            f"--nproc={_MOST_PROCESSES}",
            f"--nofile={_MOST_OPEN_FILES}",
            "--core=0",
        ]
    if setpriv is not None:
        launchers += [setpriv, "--no-new-privs", "--pdeathsig=KILL"]
    return launchers
