"""The SQLite journal: the loop's side of the one writer."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from rouage.durable.batch import Batch
from rouage.durable.erasure import Found, Sought
from rouage.durable.failpoints import Failpoints
from rouage.durable.journal import Listeners, Opened
from rouage.durable.keeping import Keeping
from rouage.durable.port import Health, Purged
from rouage.durable.sqlite.failing import FailingDisk
from rouage.durable.sqlite.locking import FileLock
from rouage.durable.sqlite.log import CHECKPOINT_BYTES
from rouage.durable.sqlite.opening import connect as connect_for_writing
from rouage.durable.sqlite.opening import open_for_writing
from rouage.durable.sqlite.reader import SqliteReader
from rouage.durable.sqlite.retention import Purge
from rouage.durable.sqlite.watch import LOG_LIMIT_BYTES
from rouage.durable.sqlite.writer import Chore, Writer
from rouage.errors import JournalError
from rouage.language import Text
from rouage.settings.retention import Retention

T = TypeVar("T")

logger = logging.getLogger(__name__)

_CLOSED: Final = Text("the journal is closed", "le journal est fermé")
_NOT_PURGED: Final = Text(
    "old runs could not be removed from the journal: {detail}",
    "les anciennes exécutions n’ont pas pu être retirées du journal : {detail}",
)
_NOT_ERASED: Final = Text(
    "not all of it could be blanked, forget again: {detail}",
    "tout n’a pas pu être effacé, recommencez : {detail}",
)
_SWITCH_SECONDS: Final = 0.0005
"""How long a busy thread may keep the interpreter lock from the writer (5 ms by default).

The writer gives it away in each statement. Measured beside a thread that computes without
pause: twice as many runs; without such a thread: no difference.
"""


class SqliteJournal:
    """Gather rows while the last commit is on its way; hand them over once per turn."""

    def __init__(
        self,
        path: Path,
        *,
        failpoints: Failpoints | None = None,
        on_fatal: Callable[[], None] | None = None,
        connect: Callable[[Path], apsw.Connection] | None = None,
        vfs: str | None = None,
        reserve_bytes: int = 0,
        checkpoint_bytes: int = CHECKPOINT_BYTES,
        log_limit_bytes: int = LOG_LIMIT_BYTES,
    ) -> None:
        self._path = path
        self._failpoints = failpoints
        self._failing = None if failpoints is None else FailingDisk(failpoints, vfs)
        vfs = vfs if self._failing is None else self._failing.name
        self._lock = FileLock(path)
        try:
            connection = open_for_writing(path, failpoints, vfs=vfs)
            if connect is not None:
                connection.close()
                connection = connect(path)
        except BaseException:
            self._lock.release()
            raise
        self.reader = SqliteReader(path)
        self._writer = Writer(
            path,
            connection,
            failpoints=failpoints,
            connect_again=connect or partial(connect_for_writing, vfs=vfs),
            reserve_bytes=reserve_bytes,
            checkpoint_bytes=checkpoint_bytes,
            log_limit_bytes=log_limit_bytes,
        )
        self._chores: set[asyncio.Future[Any]] = set()
        # Two at once would take large values for unused that the other has just written.
        self._housekeeping = asyncio.Lock()
        self._is_closed = False
        self._on_fatal = on_fatal
        self._listeners: Listeners | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._filling = Batch()
        self._is_due = False
        self._usual_switch_seconds = sys.getswitchinterval()
        self.backlog = 0

    async def open(self) -> Opened:
        """Return what is there; safe to call again."""
        return await self.reader.opened()

    def start(self, listeners: Listeners) -> None:
        """Begin to write, for the running loop. Does nothing when already started."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._listeners = listeners
        sys.setswitchinterval(min(_SWITCH_SECONDS, self._usual_switch_seconds))
        mine = Listeners(
            committed=self._committed, refused=listeners.refused, landed=listeners.landed
        )
        self._writer.start(self._loop, mine, self._fatal)

    def filling(self) -> Batch:
        """Return the batch to add rows to, until the caller awaits something.

        It is handed over at the end of this turn of the loop, whether or not the writer is
        busy: it takes all that came together when it is free. No timed linger is needed.
        """
        if not self._is_due:
            assert self._loop is not None  # noqa: S101 - the engine starts the journal first
            self._is_due = True
            self._loop.call_soon(self._hand_over)
        return self._filling

    def health(self) -> Health:
        """Return whether writing works."""
        return self._writer.health

    async def close(self, *, clean: bool) -> bool:
        """Write what waits, and let go of everything; False when something was not written."""
        if self._is_due:
            self._hand_over()
        sys.setswitchinterval(self._usual_switch_seconds)
        self._is_closed = True
        await asyncio.to_thread(self._writer.stop, clean=clean)
        for chore in tuple(self._chores):
            if not chore.done():
                chore.set_exception(JournalError(_CLOSED))
        self._lock.release()
        return not self._writer.has_lost

    async def do(self, work: Callable[[apsw.Connection], T]) -> T:
        """Do a bounded piece of *work* on the writing connection, between two commits.

        Raises:
            JournalError: the journal is closed.
        """
        if self._is_closed or self._loop is None:
            raise JournalError(_CLOSED)
        future: asyncio.Future[T] = self._loop.create_future()
        self._chores.add(future)
        future.add_done_callback(self._chores.discard)
        self._writer.put(Chore(work=work, done=_setter(future), failed=_failer(future)))
        return await future

    async def beat(self) -> None:
        """Return when the writer shows a sign of life; it hangs when the writer hangs.

        A writer that knows that it cannot write (a full disk) lives: it tries again by itself.
        """
        if self._writer.is_waiting:
            return
        await self.do(_nothing)

    async def purge(self, retention: Retention, keeping: Keeping, *, now: int) -> Purged:
        """Forget what is older, more or larger than is kept, and blank what is due."""
        purge = Purge(
            self._path,
            self._writer,
            self.do,
            retention=retention,
            keeping=keeping,
            failpoints=self._failpoints,
        )
        try:
            async with self._housekeeping:
                return await purge.run(now)
        except apsw.Error as error:
            raise JournalError(_NOT_PURGED, detail=str(error)) from error

    async def erase(
        self, sought: Sought, before: Callable[[Found], Awaitable[None]], *, now: int
    ) -> Found:
        """Blank what names a person; *before* deals with each finding beside the journal."""
        # Loaded by the few who forget, not by every start.
        from rouage.durable.sqlite.forgetting_live import Forgetting

        work = Forgetting(
            self._path, self._writer, self.do, retention=Retention(), failpoints=self._failpoints
        )
        try:
            async with self._housekeeping:
                return await work.forget(sought, before, now)
        except apsw.Error as error:
            raise JournalError(_NOT_ERASED, detail=str(error)) from error

    def _hand_over(self) -> None:
        self._is_due = False
        batch, self._filling = self._filling, Batch()
        batch.handed_over = batch.size
        self.backlog += batch.handed_over
        self._writer.put(batch)

    def _committed(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            if batch.handed_over is not None:
                self.backlog -= batch.handed_over
        if self._listeners is not None:
            self._listeners.committed(batches)

    def _fatal(self) -> None:
        logger.critical("the disk failed to confirm a write; only a restart can go on safely")
        if self._on_fatal is not None:
            self._on_fatal()


def _nothing(connection: apsw.Connection) -> None:
    del connection


def _setter(future: asyncio.Future[T]) -> Callable[[T], None]:
    def settle(result: T) -> None:
        if not future.done():
            future.set_result(result)

    return settle


def _failer(future: asyncio.Future[T]) -> Callable[[BaseException], None]:
    def settle(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    return settle
