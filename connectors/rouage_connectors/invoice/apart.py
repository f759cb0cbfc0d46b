"""The way to the workshop: start its process when it is needed, again when it has gone."""

import atexit
import base64
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from rouage.sdk import RetryableError, StepError, Text

_HEADER_BYTES: Final = 4
_SECONDS: Final = 120.0
_MOST_BYTES: Final = 256 << 20
_BOOT: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; sys.argv[1:] = []; "
    "from rouage_connectors.invoice.workshop import main; main()"
)
_PASSED_ON: Final = ("PATH", "HOME", "TMPDIR", "TZ")

_GONE: Final = Text(
    "the process that makes invoices ended twice in a row",
    "le processus qui fait les factures s’est arrêté deux fois de suite",
)
_SLOW: Final = Text(
    "the document was not made within {seconds} seconds",
    "le document n’a pas été fait en {seconds} secondes",
)
_BROKEN: Final = Text(
    "the document could not be made: {reason}", "le document n’a pas pu être fait : {reason}"
)


class _Gone(Exception):  # noqa: N818 - a state, told by its name
    """The process ended before it answered."""


class Workshop:
    """One process, made at the first task; tasks wait for each other. It blocks: use a thread."""

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        self._lock = threading.Lock()
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, do: str, **task: Any) -> dict[str, Any]:
        """Return the answer to a task; what it changes is nothing, so it may be asked again.

        Raises:
            StepError: what was asked for cannot be made.
            RetryableError: the process was lost.
        """
        request = json.dumps({"do": do, **task}).encode()
        with self._lock:
            answer = self._told(request)
        if "error" in answer:
            hint = answer.get("hint")
            raise StepError(Text(*answer["error"]), hint=None if hint is None else Text(*hint))
        if "broken" in answer:
            raise StepError(_BROKEN, reason=answer["broken"])
        return answer

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """Return the id of the process, or None when there is none."""
        return None if self._process is None else self._process.pid

    def _told(self, request: bytes) -> dict[str, Any]:
        for _ in range(2):
            try:
                return self._exchange(self._running(), request)
            except (_Gone, BrokenPipeError, ConnectionError):
                self._end()
            except BaseException:
                self._end()  # half an answer must not become the answer to the next task
                raise
        raise RetryableError(_GONE)

    def _exchange(self, process: subprocess.Popen[bytes], request: bytes) -> dict[str, Any]:
        assert process.stdin is not None  # noqa: S101 - made with pipes
        process.stdin.write(len(request).to_bytes(_HEADER_BYTES, "big") + request)
        process.stdin.flush()
        until = time.monotonic() + self._seconds
        size = int.from_bytes(self._read(process, _HEADER_BYTES, until), "big")
        if size > _MOST_BYTES:
            raise _Gone
        answer: dict[str, Any] = json.loads(self._read(process, size, until))
        return answer

    def _read(self, process: subprocess.Popen[bytes], size: int, until: float) -> bytes:
        assert process.stdout is not None  # noqa: S101 - made with pipes
        data = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while len(data) < size:
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise RetryableError(_SLOW, seconds=int(self._seconds))
                chunk = os.read(process.stdout.fileno(), size - len(data))
                if not chunk:
                    raise _Gone
                data += chunk
        return bytes(data)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, *(path for path in sys.path if path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                start_new_session=True,  # Ctrl-C is for the daemon, which lets work finish
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


class _Shared:
    """The workshop of this process: there is one, whoever needs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workshop: Workshop | None = None

    def get(self) -> Workshop:
        with self._lock:
            if self._workshop is None:
                self._workshop = Workshop()
                atexit.register(self._workshop.close)
            return self._workshop


_shared: Final = _Shared()


def workshop() -> Workshop:
    """Return the one workshop of this process; it starts with the first task."""
    return _shared.get()


def decoded(answer: Mapping[str, Any], name: str) -> bytes | None:
    """Return the bytes that an answer holds as *name*."""
    value = answer.get(name)
    return None if value is None else base64.b64decode(value)
