"""Processes that each take one photo after the other, and are given up when one harms them.

A photo that crashes its decoder, takes its memory or never ends costs one process: it is
named, and the others go on. Two processes also use two cores, which threads would not.
"""

import errno
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, BinaryIO, Final, TypeVar

from rouage.sdk import StepError, Text
from rouage_connectors.photo.developing import measure, read, receive, send

T = TypeVar("T")
R = TypeVar("R")

MOST_PLACES: Final = 2
_SECONDS: Final = 120.0
_START_SECONDS: Final = 60.0
_PHOTOS_EACH: Final = 250
"""After so many a process is replaced: what decoders leak stays small."""

_BOOT: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from rouage_connectors.photo.developing import main; main()"
)
_PASSED_ON: Final = ("HOME", "PATH", "LANG", "XDG_DATA_HOME", "XDG_DATA_DIRS", "SYSTEMROOT")

_HARMFUL: Final = Text(
    "the photo stopped the program that reads it: it is damaged or hostile",
    "la photo a arrêté le programme qui la lit : elle est abîmée ou piégée",
)
_ENDLESS: Final = Text(
    "reading the photo took more than {seconds} seconds",
    "la lecture de la photo a pris plus de {seconds} secondes",
)


class BadPhoto(Exception):  # noqa: N818 - what it is about
    """One photo cannot be used; `reason` says why."""

    def __init__(self, reason: StepError) -> None:
        self.reason = reason
        super().__init__(str(reason))

    @property
    def said(self) -> dict[str, str]:
        """Return the reason in both languages, the way out included."""
        said = {}
        for language in ("en", "fr"):
            hint = self.reason.render_hint(language) if self.reason.hint is not None else None
            said[language] = self.reason.render(language) + (f" ({hint})" if hint else "")
        return said


class _Lost(Exception):  # noqa: N818 - what happened
    """The process is no more."""


class _Developer:
    """One process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        alone = {"VIPS_CONCURRENCY": "1", "VIPS_BLOCK_UNTRUSTED": "1", "MALLOC_ARENA_MAX": "2"}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, *(path for path in sys.path if path)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**passed, **alone},
                cwd="/",
            )
        self._line = ours
        self.photos = 0

    def ask(self, task: dict[str, Any], files: Sequence[BinaryIO]) -> dict[str, Any]:
        """Return the answer to *task*.

        Raises:
            _Lost: the process ended.
            TimeoutError: it did not answer in time.
        """
        self._line.settimeout(_SECONDS if self.photos else _SECONDS + _START_SECONDS)
        self.photos += 1
        try:
            send(self._line, task, [file.fileno() for file in files])
            received = receive(self._line)
        except TimeoutError:
            raise
        except (OSError, ValueError) as error:
            raise _Lost from error
        if received is None:
            raise _Lost
        message, descriptors = received
        for descriptor in descriptors:
            os.close(descriptor)
        return message

    def end(self) -> None:
        """End the process now."""
        self._line.close()
        self._process.kill()
        self._process.wait()


class Darkroom:
    """At most *places* processes, started when first needed. Use it as a context."""

    def __init__(self, places: int | None = None) -> None:
        self.places = places or max(1, min(MOST_PLACES, os.cpu_count() or 1))
        self._free: queue.LifoQueue[_Developer] = queue.LifoQueue()
        self._all: set[_Developer] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> "Darkroom":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End every process."""
        with self._lock:
            developers, self._all = self._all, set()
        for developer in developers:
            developer.end()

    def ask(self, task: dict[str, Any], *files: BinaryIO) -> dict[str, Any]:
        """Return the facts that *task* gives for the open *files*, the photo first.

        Raises:
            BadPhoto: the photo cannot be used.
            OSError: a file cannot be written.
        """
        answer = self._try(task, files)
        if answer is None:
            # A process may end for another reason, such as its own limit: once more.
            for file in files[1:2]:
                os.ftruncate(file.fileno(), 0)
                os.lseek(file.fileno(), 0, os.SEEK_SET)
            answer = self._try(task, files)
        if answer is None:
            raise BadPhoto(StepError(_HARMFUL))
        if "system" in answer:
            raise OSError(answer["system"], os.strerror(answer["system"] or errno.EIO))
        if "error" in answer:
            raise BadPhoto(_error_of(answer["error"]))
        facts: dict[str, Any] = answer["facts"]
        return facts

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results of *work* in order, as many at a time as there are places."""
        with ThreadPoolExecutor(max_workers=self.places) as threads:
            futures = [threads.submit(work, item) for item in items]
            try:
                for future in futures:
                    yield future.result()
            finally:
                threads.shutdown(wait=True, cancel_futures=True)

    def _try(self, task: dict[str, Any], files: Sequence[BinaryIO]) -> dict[str, Any] | None:
        """Return the answer, or None when the process was lost over it."""
        developer = self._hire()
        try:
            answer = developer.ask(task, files)
        except _Lost:
            self._dismiss(developer)
            return None
        except TimeoutError:
            self._dismiss(developer)
            raise BadPhoto(StepError(_ENDLESS, seconds=int(_SECONDS))) from None
        if developer.photos >= _PHOTOS_EACH:
            self._dismiss(developer)
        else:
            self._free.put(developer)
        return answer

    def _hire(self) -> _Developer:
        with suppress(queue.Empty):
            return self._free.get_nowait()
        developer = _Developer()
        with self._lock:
            self._all.add(developer)
        return developer

    def _dismiss(self, developer: _Developer) -> None:
        with self._lock:
            self._all.discard(developer)
        developer.end()


class Rehearsal(Darkroom):
    """Looks at photos in this process, one after the other: a rehearsal may start no other."""

    def ask(self, task: dict[str, Any], *files: BinaryIO) -> dict[str, Any]:
        """Return the facts that *task* gives for the first of *files*; it makes nothing.

        Raises:
            BadPhoto: the photo cannot be used.
        """
        look_at = {"read": read, "measure": measure}[task["do"]]
        try:
            return look_at(task, [*files])
        except StepError as error:
            raise BadPhoto(error) from error

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results of *work* in order."""
        return map(work, items)


def _error_of(facts: Any) -> StepError:
    message, hint = facts["message"], facts["hint"]
    return StepError(Text(*map(str, message)), hint=None if hint is None else Text(*map(str, hint)))
