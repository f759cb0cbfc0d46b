"""The one thread that writes: group commit, checkpoints, and coming back after trouble (R14)."""

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from rouage.durable.batch import Batch
from rouage.durable.failpoints import Failpoints
from rouage.durable.journal import Listeners
from rouage.durable.port import Health
from rouage.durable.sqlite.apart import run_numbers, split
from rouage.durable.sqlite.faults import FAILED, STORAGE, is_fatal, reason_of
from rouage.durable.sqlite.log import CHECKPOINT_BYTES, Log
from rouage.durable.sqlite.opening import connect
from rouage.durable.sqlite.queries import open_runs_of
from rouage.durable.sqlite.statements import write_blobs, write_rows
from rouage.durable.sqlite.watch import LOG_LIMIT_BYTES, Watch
from rouage.errors import JournalError
from rouage.language import Text
from rouage.records import dataclass

logger = logging.getLogger(__name__)

_IDLE_SECONDS: Final = 1.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0
_CLOSING: Final = Text("the journal is closing", "le journal se ferme")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chore:
    """Work of its own on the writing connection, done between two commits.

    `work` does one bounded piece in a transaction of its own; `done` and `failed` are called
    on the thread of the loop.
    """

    work: Callable[[apsw.Connection], Any]
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]


class Writer:
    """Own the writing connection. `put` is called by the loop, everything else in the thread."""

    def __init__(
        self,
        path: Path,
        connection: apsw.Connection,
        *,
        failpoints: Failpoints | None,
        connect_again: Callable[[Path], apsw.Connection] | None = None,
        reserve_bytes: int = 0,
        checkpoint_bytes: int = CHECKPOINT_BYTES,
        log_limit_bytes: int = LOG_LIMIT_BYTES,
    ) -> None:
        self._path = path
        self._connection = connection
        self._failpoints = failpoints
        self._connect_again = connect_again or connect
        self._queue: queue.SimpleQueue[Batch | Chore | None] = queue.SimpleQueue()
        self._chores: deque[Chore] = deque()
        self._is_stopping = False
        self._log = Log(checkpoint_bytes)
        self._watch = Watch(
            path, self._log, reserve_bytes=reserve_bytes, log_limit_bytes=log_limit_bytes
        )
        self._dirty = False
        self._end: BaseException | None = None
        self._thread: threading.Thread | None = None
        self.health = Health(state="ok")
        self.has_lost = False
        self.blobs_written: set[bytes] | None = None
        """While a set, the digest of every large value that is written (see `retention`)."""

    def start(
        self, loop: asyncio.AbstractEventLoop, listeners: Listeners, on_fatal: Callable[[], None]
    ) -> None:
        """Start the thread; *listeners* are told on the thread of *loop*."""
        self._loop = loop
        self._listeners = listeners
        self._on_fatal = on_fatal
        self._thread = threading.Thread(target=self._work, name="journal-writer", daemon=True)
        self._thread.start()

    @property
    def is_waiting(self) -> bool:
        """Say whether it is at work, but waits for the disk to be fit to write to."""
        is_alive = self._thread is not None and self._thread.is_alive()
        return is_alive and self.health.state == "refusing"

    def put(self, entry: Batch | Chore) -> None:
        """Hand over a batch, which may not be added to any more, or a chore."""
        self._queue.put(entry)

    def stop(self, *, clean: bool) -> None:
        """Write what waits, close the file, end the thread; blocks until that is done."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
        if clean and not self.has_lost and self.health.state == "ok":
            self._mark_clean(1)
        self._connection.close()

    def _mark_clean(self, value: int) -> None:
        try:
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('clean', ?)", (value,))
        except apsw.Error as error:
            logger.warning("the journal could not be marked as closed: %s", error)

    # In the thread.

    def _work(self) -> None:
        self._log.attach(self._connection)
        self._mark_clean(0)
        self._look_around()
        while not self._is_stopping and self._end is None:
            batches = self._take(self._patience())
            if batches:
                self._write(batches)
            if self._is_stopping or self._end is not None:
                break
            if self._chores:
                self._do(self._chores.popleft())
            elif not batches:
                self._rest()
        while not self._is_stopping and self._end is not None:
            self._refuse(self._take(None), self._end, [], [])
            self._drop_chores()
        if self._dirty and self._end is None and not self.has_lost:
            self._checkpoint()
        self._drop_chores()

    def _patience(self) -> float | None:
        """Return how long to wait for batches before there is something else to do."""
        if self._chores:
            return 0.0
        return _IDLE_SECONDS if self._dirty or self._watch.is_uneasy else None

    def _take(self, timeout: float | None) -> list[Batch]:
        """Return all that is queued; nothing when *timeout* passes first."""
        try:
            first = self._queue.get(timeout=timeout)
        except queue.Empty:
            return []
        batches = []
        entry: Batch | Chore | None = first
        while True:
            if entry is None:
                self._is_stopping = True
            elif isinstance(entry, Batch):
                batches.append(entry)
            else:
                self._chores.append(entry)
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return batches

    def _write(self, batches: list[Batch]) -> None:
        try:
            self._commit(batches)
        except STORAGE as error:
            self._survive(batches, error)
        except Exception as error:
            logger.exception("a batch could not be written; trying each part alone")
            self._write_apart(batches, error)
        else:
            self._post(self._listeners.committed, batches)
        self._look_after()

    def _look_after(self) -> None:
        if self._end is None:
            self._look_around()
            if self._log.is_due:
                self._checkpoint()

    def _rest(self) -> None:
        if self._dirty or self._watch.is_uneasy:
            self._checkpoint()
        self._look_around()

    def _look_around(self) -> None:
        """Notice once a second that the disk fills up, or that the log cannot start over."""
        health = self._watch.health()
        if health is not None and health != self.health and not self.has_lost:
            if health.state != "ok":
                reason = "" if health.reason is None else health.reason.en
                logger.warning("the journal is %s: %s", health.state, reason)
            self.health = health

    def _do(self, chore: Chore) -> None:
        """Do a chore; it may fail without harm to anything else."""
        try:
            result = chore.work(self._connection)
            self._watch.check_files()
        except STORAGE as error:
            self._roll_back()
            self._post(chore.failed, error)
            self._survive([], error)
        except Exception as error:  # noqa: BLE001 - handed to whoever asked for it
            self._roll_back()
            self._post(chore.failed, error)
        else:
            self._dirty = True
            self._post(chore.done, result)
        self._look_after()

    def _drop_chores(self) -> None:
        while self._chores:
            self._post(self._chores.popleft().failed, JournalError(_CLOSING))

    def _commit(self, batches: Sequence[Batch]) -> None:
        execute = self._connection.execute
        if (noted := self.blobs_written) is not None:
            noted.update(*[batch.blobs for batch in batches])
        write_blobs(execute, batches)
        execute("BEGIN IMMEDIATE")
        try:
            write_rows(execute, self._connection.changes, batches)
            if self._failpoints is not None:
                self._reach_before_commit(batches)
            execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self._dirty = True
        self._watch.check_files()
        if self._failpoints is not None and any(batch.waiters for batch in batches):
            self._failpoints.reach("waiter_recorded")

    def _reach_before_commit(self, batches: Sequence[Batch]) -> None:
        assert self._failpoints is not None  # noqa: S101 - the caller looked
        if any(batch.events for batch in batches):
            self._failpoints.reach("inside_accept_commit")
        if any(batch.items for batch in batches):
            self._failpoints.reach("cursor_moved")
        if any(row[4] is not None for batch in batches for row in batch.updates.values()):
            self._failpoints.reach("final_state_written")

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error as error:
            logger.warning("rolling back failed: %s", error)

    def _write_apart(self, batches: list[Batch], cause: Exception) -> None:
        """Write each part alone, so that a bad one fails without its neighbours."""
        for batch in batches:
            for part in split(batch):
                try:
                    self._commit([part])
                except STORAGE as error:
                    self._survive([part], error)
                except Exception as error:  # noqa: BLE001 - this is the bad one
                    batch.errors.update(dict.fromkeys(run_numbers(part), error))
                    failure = JournalError(FAILED, detail=str(cause))
                    self._post(self._listeners.refused, [part.take_outside()], failure)
                else:
                    self._post(self._listeners.committed, [part])
        if not self.has_lost:
            self._post(self._listeners.committed, batches)

    # Trouble.

    def _survive(self, batches: list[Batch], cause: BaseException) -> None:
        """Give up what came from outside, keep the rest, and try until it is on disk."""
        logger.error("the journal cannot be written: %s", cause)
        self.health = Health(state="refusing", reason=reason_of(cause))
        kept: list[Batch] = []
        numbers: list[int] = []
        self._refuse(batches, cause, kept, numbers)
        if is_fatal(cause):
            self._give_up(cause)
            return
        pause = _FIRST_PAUSE_SECONDS
        while True:
            until = time.monotonic() + pause
            while not self._is_stopping and (left := until - time.monotonic()) > 0:
                self._refuse(self._take(left), cause, kept, numbers)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            try:
                self._come_back(kept, numbers)
            except Exception as error:  # noqa: BLE001 - whatever it is, writing does not work
                self.health = Health(state="refusing", reason=reason_of(error))
                if is_fatal(error):
                    self._give_up(error)
                    return
                if self._is_stopping:
                    self.has_lost = bool(kept)
                    return
            else:
                return

    def _refuse(
        self, batches: list[Batch], cause: BaseException, kept: list[Batch], numbers: list[int]
    ) -> None:
        """Tell senders from outside, and set aside what runs did."""
        if not batches:
            return
        numbers += [row[0] for batch in batches for row in batch.events]
        outside = [batch.take_outside() for batch in batches]
        self._post(self._listeners.refused, outside, JournalError(FAILED, detail=str(cause)))
        kept += batches

    def _come_back(self, kept: list[Batch], numbers: list[int]) -> None:
        """Open the file anew and write what was kept; tell of what had landed after all."""
        self._watch.check_journal()
        self._save_log()
        self._connection.close(True)
        self._connection = self._connect_again(self._path)
        self._watch.forget_log()
        self._log.attach(self._connection)
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('mended', ?)", (time.time(),))
        self._write_kept(kept)
        landed = open_runs_of(self._connection, numbers)
        self.health = Health(state="ok")
        if landed:
            self._post(self._listeners.landed, landed)
        logger.info("the journal can be written again")

    def _save_log(self) -> None:
        """Move the log into the file: if its name is gone, no other connection can reach it."""
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as error:
            if is_fatal(error):
                raise

    def _write_kept(self, kept: list[Batch]) -> None:
        try:
            self._commit(kept)
        except STORAGE:
            raise
        except Exception as error:  # noqa: BLE001 - as for every other batch
            self._write_apart(kept, error)
        else:
            self._post(self._listeners.committed, kept)

    def _give_up(self, cause: BaseException) -> None:
        """Write nothing more: only refuse, until the process ends."""
        self._end = cause
        self.has_lost = True
        self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self._post(self._on_fatal)

    # The log.

    def _checkpoint(self) -> None:
        """Move the log into the file."""
        try:
            self._log.checkpoint(self._connection)
            self._watch.check_files()
        except STORAGE as error:
            self._survive([], error)
        self._dirty = False

    def _post(self, callback: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            # The loop was closed without closing the engine: nobody is left to be told.
            self._is_stopping = True
