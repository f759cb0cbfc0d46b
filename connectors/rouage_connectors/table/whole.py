"""Tables that are read and replaced as a whole: CSV files and workbooks.

A writer holds the lock of the file while it reads and replaces it, and so do the appends of the
daemon; what replaced the file meanwhile is seen before the new one takes its name. What was told
is noted ahead of the replacement, so that a step repeated after a crash tells the same.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, Final, Protocol

from rouage.sdk import Context, RetryableError, StepError, Text
from rouage.sdk.files import shown, write
from rouage_connectors.table import csvfile, workbook_check
from rouage_connectors.table.csvfile import CsvRows
from rouage_connectors.table.declaration import kind_of
from rouage_connectors.table.edits import Edit, Told
from rouage_connectors.table.office import changed, refuse_open, refused
from rouage_connectors.table.rows import Rows, Style
from rouage_connectors.table.workbook import WorkbookRows
from rouage_connectors.table.workbook_tail import NotPlain, SheetTail

_WAIT_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.02
_TRIES: Final = 20

_MISSING: Final = Text("{file} does not exist", "{file} n’existe pas")
_BUSY: Final = Text("another run is writing {file}", "une autre exécution écrit {file}")
_TOO_LARGE: Final = Text("{file} is larger than {limit} MiB", "{file} dépasse {limit} Mio")


class _Unchanged(Exception):  # noqa: N818 - a signal between the edit and its caller
    def __init__(self, told: Told) -> None:
        self.told = told
        super().__init__("unchanged")


class _WholeRows(Rows, Protocol):
    def save(self, file: BinaryIO) -> None: ...


def load(context: Context, file: str, style: Style) -> Rows:
    """Return the table *file*, to look at its rows.

    Raises:
        StepError: it is missing, or cannot be read.
    """
    return _rows(_present(context, file, is_new=False), file, style, writes=False)


def _present(context: Context, file: str, *, is_new: bool) -> bytes | None:
    """Return the content of the table; None when it is missing and may be."""
    with held(context, file, is_shared=True) as source:
        if source is not None:
            return _content(source, file)
    if not is_new:
        raise StepError(_MISSING, file=shown(str(context.files.resolve(file))))
    return None


def rewrite(context: Context, file: str, style: Style, edit: Edit, *, is_new: bool) -> Told:
    """Change the table *file* by *edit* and replace it; once for the key of the step.

    Raises:
        StepError: it is missing and not *is_new*, or cannot be read or written.
        RetryableError: somebody has it open, or is writing it.
    """
    path = str(context.files.check(file, "write"))
    for _ in range(_TRIES):
        told = _rewrite(context, path, style, edit, is_new=is_new)
        if told is not None:
            return told
    raise RetryableError(_BUSY, file=shown(path), retry_after_seconds=1.0)


def foresee(context: Context, file: str, style: Style, edit: Edit, *, is_new: bool) -> Told:
    """Return what `rewrite` would, touching nothing."""
    context.files.check(file, "write")
    return _edited(_present(context, file, is_new=is_new), file, style, edit)[1]


def _rewrite(context: Context, path: str, style: Style, edit: Edit, *, is_new: bool) -> Told | None:
    """Replace the table once; None when another one took its name meanwhile."""
    with held(context, path) as source:
        # Somebody may have moved the table away after an earlier call had changed it.
        if source is None and not is_new and context.files.intents.find(_note_of(context)) is None:
            raise StepError(_MISSING, file=shown(path))
        rewriting = _Rewriting(context, path, style, edit, source)
        try:
            told = rewriting.replace()
        except _Unchanged as unchanged:
            return unchanged.told
        except StepError as error:
            if source is None and os.path.lexists(path):
                return None
            if source is not None and isinstance(error.__cause__, PermissionError):
                raise refused(path) from error
            raise
    context.wrote(path)
    return told


class _Rewriting:
    """One replacement of a table whose lock is held."""

    def __init__(
        self, context: Context, path: str, style: Style, edit: Edit, source: BinaryIO | None
    ) -> None:
        self._context, self._path, self._style = context, path, style
        self._edit, self._source = edit, source
        self._told: Told | None = None

    def replace(self) -> Told:
        """Write the new table, unless an earlier call did; return what was done."""
        context, way = self._context, "fail" if self._source is None else "overwrite"
        on_conflict: Any = way
        key = context.idempotency_key
        write(context.files, self._path, self._fill, on_conflict=on_conflict, key=key)
        if self._told is not None:
            return self._told
        # The call that replaced it was cut before its result was recorded.
        found: Any = context.files.intents.find(_note_of(context))
        return dict(found) if isinstance(found, dict) else {"changed": 1}

    def _fill(self, file: BinaryIO) -> None:
        refuse_open(self._path)
        before = None if self._source is None else os.fstat(self._source.fileno())
        data = None if self._source is None else _content(self._source, self._path)
        rows, told = _edited(data, self._path, self._style, self._edit)
        if not told["changed"]:
            raise _Unchanged(told)
        rows.save(file)
        self._context.files.intents.note(_note_of(self._context), {**told})
        if not _is_still(self._path, before):
            raise changed(self._path)
        self._told = told


def _note_of(context: Context) -> str:
    return f"{context.idempotency_key}/told"


def _edited(data: bytes | None, file: str, style: Style, edit: Edit) -> tuple[_WholeRows, Told]:
    """Return the table after *edit*, and what the edit told."""
    if style.adds_only and data and kind_of(file) == "xlsx":
        with suppress(NotPlain):
            tail = SheetTail(data, file, style)
            return tail, edit(tail)
    rows = _rows(data, file, style, writes=True)
    return rows, edit(rows)


def _rows(data: bytes | None, file: str, style: Style, *, writes: bool) -> _WholeRows:
    if kind_of(file) == "csv":
        return CsvRows(data or b"", file, style)
    return WorkbookRows(data or None, file, style, writes=writes)


def _content(source: BinaryIO, file: str) -> bytes:
    limit = csvfile.MOST_BYTES if kind_of(file) == "csv" else workbook_check.MOST_BYTES
    source.seek(0)
    data = source.read(limit + 1)
    if len(data) > limit:
        raise StepError(_TOO_LARGE, file=shown(file), limit=limit >> 20)
    return data


def _is_still(path: str, before: os.stat_result | None) -> bool:
    try:
        now = os.lstat(path)
    except FileNotFoundError:
        return before is None
    if before is None:
        return False
    facts = (before.st_mtime_ns, before.st_size)
    return os.path.samestat(now, before) and facts == (now.st_mtime_ns, now.st_size)


@contextmanager
def held(context: Context, file: str, *, is_shared: bool = False) -> Iterator[BinaryIO | None]:
    """Open the file and keep other writers out; None when it is not there.

    Raises:
        RetryableError: somebody else kept it for long.
    """
    path = str(context.files.resolve(file))
    way = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        source = _opened(context, path)
        if source is None:
            yield None
            return
        with source:
            _lock(source, way, path, deadline)
            if _has_name(source, path):
                yield source
                return


def _opened(context: Context, path: str) -> BinaryIO | None:
    try:
        return context.files.open_read(path)
    except StepError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        return None


def _lock(source: BinaryIO, way: int, path: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(source, way | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise RetryableError(_BUSY, file=shown(path), retry_after_seconds=5.0) from None
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return  # this disk knows no locks; a change is still seen before the replacement
        else:
            return


def _has_name(source: BinaryIO, path: str) -> bool:
    """Say whether the open file still has its name: who held the lock may have replaced it."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(source.fileno()))
    except FileNotFoundError:
        return False
