"""Short work on many files in one hop to a thread, in rounds, synced once for all of them.

A piece of work is a generator. It yields what must be so before it goes on: a note of what it
is about to do is on disk, the names in a folder are. All pieces that wait for the like go on
after one sync. So a thousand files that are moved at once need a few dozen syncs and hops.

A piece that turns out to be long (a large content has to be read) yields `ALONE`, and gets a
thread of its own. Pieces that wait longer than usual, because others do, get another thread.
"""

import asyncio
import copy
import functools
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from typing import Any, Final, TypeVar

from rouage.records import dataclass
from rouage.safety.intents import Intent, Intents

T = TypeVar("T")
Sharing = Callable[[], AbstractContextManager[None]]
"""What a thread shares among all that it works for, such as open folders."""

MOST_TOGETHER: Final = 64
"""Pieces of work in one round: each may hold a few folders open."""

_MOST_THREADS: Final = 4
_LATE_SECONDS: Final = 0.005
"""Longer than this and the work at hand waits for a disk: others may use the time."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Go on when the note of what is about to be done under *key* is on disk."""

    key: str
    intent: Intent


@dataclass(frozen=True, slots=True)
class Named:
    """Go on when the names in the open *folder* are on disk."""

    folder: int


@dataclass(frozen=True, slots=True)
class Alone:
    """Go on in a thread of its own: what follows is long."""


ALONE: Final = Alone()
Need = Noted | Named | Alone
Work = Generator[Need, None, T]


@dataclass(slots=True)
class _Piece:
    """One piece of work, what it waits for, and how it ended."""

    work: Work[Any]
    need: Need | None = None
    error: Exception | None = None
    result: Any = None
    failure: BaseException | None = None

    def advance(self) -> None:
        """Go on to the next need; there is none when the work is over."""
        error, self.error = self.error, None
        try:
            self.need = next(self.work) if error is None else self.work.throw(error)
        except StopIteration as end:
            self.need, self.result = None, end.value
        except BaseException as failure:  # noqa: BLE001 - raised again where it is awaited
            self.need, self.failure = None, failure


@dataclass(slots=True)
class _Asked:
    """A piece of work, and the one who waits for it."""

    piece: _Piece
    future: "asyncio.Future[Any]"


@dataclass(slots=True)
class _Threads:
    """What waits in one event loop, how many threads are at work, and since when the newest is."""

    loop: asyncio.AbstractEventLoop | None = None
    number: int = 0
    since: float = 0.0
    is_called: bool = False
    waiting: deque[_Asked] = field(default_factory=deque)


def finish(work: Work[T], intents: Intents) -> T:
    """Do *work* here and now, to its end."""
    piece = _Piece(work)
    piece.advance()
    while piece.need is not None:
        _meet([piece], intents)
        piece.advance()
    if piece.failure is not None:
        raise piece.failure
    done: T = piece.result
    return done


class Rounds:
    """Does work together; make one per workspace, used from one event loop at a time."""

    def __init__(self, intents: Intents, sharing: Sharing = nullcontext) -> None:
        self._intents = intents
        self._sharing = sharing
        self._threads = _Threads()

    async def do(self, work: Work[T]) -> T:
        """Return what *work* returns, once what it did is on disk."""
        loop = asyncio.get_running_loop()
        if self._threads.loop is not loop:
            # Whatever an earlier loop left undone ended with it.
            self._threads = _Threads(loop)
        asked = _Asked(_Piece(work), loop.create_future())
        self._threads.waiting.append(asked)
        if not self._threads.is_called:
            # Not at once: what other runs ask for in this turn of the loop rides along.
            self._threads.is_called = True
            loop.call_soon(self._start, self._threads)
        done: T = await asked.future
        return done

    def _start(self, threads: _Threads) -> None:
        """Give a thread what waits, if one is free."""
        loop = asyncio.get_running_loop()
        threads.is_called = False
        if threads.number:
            late = threads.since + _LATE_SECONDS - loop.time()
            if threads.number >= _MOST_THREADS or late > 0:
                self._call_later(threads, max(late, _LATE_SECONDS / 2))
                return
        batch = _take(threads.waiting)
        if not batch:
            return
        job = loop.run_in_executor(None, self._run, [one.piece for one in batch])
        job.add_done_callback(functools.partial(self._leave, threads, batch))
        threads.number += 1
        threads.since = loop.time()
        self._call_later(threads, _LATE_SECONDS)

    def _call_later(self, threads: _Threads, seconds: float) -> None:
        if threads.waiting and not threads.is_called:
            threads.is_called = True
            asyncio.get_running_loop().call_later(seconds, self._start, threads)

    def _run(self, pieces: list[_Piece]) -> None:
        """Take *pieces* to their end, round by round; those that want to be alone stop there."""
        going = pieces
        with self._sharing():
            for piece in going:
                piece.advance()
            while going := [piece for piece in going if isinstance(piece.need, Noted | Named)]:
                _meet(going, self._intents)
                for piece in going:
                    piece.advance()

    def _leave(self, threads: _Threads, batch: list[_Asked], job: "asyncio.Future[None]") -> None:
        loop = asyncio.get_running_loop()
        threads.number -= 1
        for asked in batch:
            if job.cancelled() or asked.piece.need is None:
                _settle(asked, job)
            else:
                alone = loop.run_in_executor(None, _run_alone, asked.piece, self._intents)
                alone.add_done_callback(functools.partial(_settle, asked))
        if threads.waiting:
            self._start(threads)


def _take(waiting: deque[_Asked]) -> list[_Asked]:
    """Take from what waits as much as one hop may do."""
    batch: list[_Asked] = []
    while waiting and len(batch) < MOST_TOGETHER:
        asked = waiting.popleft()
        if asked.future.done():
            asked.piece.work.close()  # whoever asked was cancelled
        else:
            batch.append(asked)
    return batch


def _run_alone(piece: _Piece, intents: Intents) -> None:
    while piece.need is not None:
        _meet([piece], intents)
        piece.advance()


def _meet(pieces: Iterable[_Piece], intents: Intents) -> None:
    """Bring to the disk what *pieces* wait for; those for which that fails are told so."""
    noting: list[_Piece] = []
    notes: list[tuple[str, Intent]] = []
    folders: dict[int, list[_Piece]] = {}
    for piece in pieces:
        need = piece.need
        if isinstance(need, Noted):
            noting.append(piece)
            notes.append((need.key, need.intent))
        elif isinstance(need, Named):
            folders.setdefault(need.folder, []).append(piece)
    if notes:
        try:
            intents.note_all(notes)
        except Exception as error:  # noqa: BLE001 - each of them answers it
            _fail(noting, error)
    for folder, sharing in folders.items():
        try:
            os.fsync(folder)
        except OSError as error:
            _fail(sharing, error)


def _fail(pieces: list[_Piece], error: Exception) -> None:
    for piece in pieces:
        piece.error = copy.copy(error)


def _settle(asked: _Asked, job: "asyncio.Future[None]") -> None:
    future, piece = asked.future, asked.piece
    failure = None if job.cancelled() else job.exception() or piece.failure
    if future.done():
        return  # whoever asked was cancelled
    if job.cancelled():
        future.cancel()
    elif failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(piece.result)
