"""The register: every document that was issued, its number, what it said, and its hash.

A number is the successor of the last one in its series, read and written in one transaction,
so that no crash, rollback or second writer can leave a gap. Rows are never changed nor
removed (triggers refuse it), and each holds the hash of the one before: what is changed from
outside shows. Payments and reminders stand in the same book, under the same protection.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import apsw

from rouage.sdk import RetryableError, StepError, Text
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass

_READ_WRITE: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
_WAIT_SECONDS: Final = 60.0
_START: Final = "0" * 64
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('document', 'payment', 'reminder', 'transmission')),
  series TEXT,
  position INTEGER,
  number TEXT NOT NULL,
  about TEXT,
  day TEXT NOT NULL,
  key TEXT NOT NULL,
  content TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  UNIQUE (kind, key),
  UNIQUE (series, position)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS documents ON entries (number) WHERE kind = 'document';
CREATE INDEX IF NOT EXISTS of_number ON entries (number, kind);
CREATE INDEX IF NOT EXISTS of_about ON entries (about) WHERE about IS NOT NULL;
CREATE TRIGGER IF NOT EXISTS never_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry of the register is never changed'); END;
CREATE TRIGGER IF NOT EXISTS never_removed BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry of the register is never removed'); END;
"""
_COLUMNS: Final = "kind, series, position, number, about, day, key, content, previous, hash"

_BUSY: Final = Text(
    "the register of invoices is in use: {path}", "le registre des factures est occupé : {path}"
)
_UNREADABLE: Final = Text(
    "the register of invoices cannot be used: {path} ({reason})",
    "le registre des factures ne peut pas être utilisé : {path} ({reason})",
)
_UNREADABLE_HINT: Final = Text(
    "take it back from a backup; nothing was issued",
    "reprenez-le d’une sauvegarde ; rien n’a été émis",
)
_EARLIER: Final = Text(
    "the last document of the series is of {last}: one of {day} cannot follow it",
    "le dernier document de la série est du {last} : un document du {day} ne peut pas le suivre",
)
_EARLIER_HINT: Final = Text("check the date of this machine", "vérifiez la date de cette machine")
_UNKNOWN: Final = Text(
    "there is no {what} {number} in the register", "il n’y a pas de {what} {number} au registre"
)
_DOCUMENT: Final = Text("document", "document")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One row of the register; `content` is what it says.

    `about` is the earlier document that it belongs to: what a credit note corrects, the quote
    of a deposit.
    """

    kind: str
    series: str | None
    position: int | None
    number: str
    about: str | None = None
    day: date
    key: str
    content: Mapping[str, Any]
    previous: str
    hash: str
    is_new: bool = False


class Register:
    """The register in the file *path*; every method opens it, and blocks."""

    def __init__(self, path: Path, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        self.path = path
        self._wait_seconds = wait_seconds

    def issue(
        self,
        series: str,
        *,
        day: date,
        key: str,
        make: Callable[[str], Mapping[str, Any]],
        about: str | None = None,
        digits: int = 4,
        check: Callable[["Book"], None] | None = None,
    ) -> Entry:
        """Enter the next document of *series*, or return the one that was entered for *key*.

        *make* is given its number and returns its content, files and all: if it fails, no
        number is taken. Other writers wait meanwhile. *check* may look at the book first.

        Raises:
            StepError: the day is before that of the last document, or *make* or *check* says so.
        """
        with self._writing() as book:
            known = book.find("document", key)
            if known is not None:
                return known
            if check is not None:
                check(book)
            position = _next(book.connection, series, day)
            number = f"{series}{position:0{digits}d}"
            return book.add(
                "document", number, day=day, key=key, content=make(number), series=series,
                position=position, about=about,
            )  # fmt: skip

    def add(
        self,
        kind: str,
        number: str,
        *,
        day: date,
        key: str,
        content: Callable[[], Mapping[str, Any]],
        check: Callable[["Book"], None] | None = None,
    ) -> Entry:
        """Enter a payment or a reminder of the document *number*, once for *key*.

        *check* looks at the book, then *content* is asked for what the entry says.

        Raises:
            StepError: there is no such document, or *check* refuses.
        """
        with self._writing() as book:
            known = book.find(kind, key)
            if known is not None:
                return known
            book.document(number)
            if check is not None:
                check(book)
            return book.add(kind, number, day=day, key=key, content=content())

    @contextmanager
    def reading(self) -> Iterator["Book"]:
        """Open the book to look at it; one that was never begun is empty."""
        with self._explained():
            if self.path.exists():
                with closing(self._connect(apsw.SQLITE_OPEN_READONLY)) as connection:
                    connection.execute("BEGIN")
                    if _is_begun(connection):
                        yield Book(connection)
                        return
        with closing(apsw.Connection(":memory:")) as connection:
            connection.execute(_SCHEMA)
            yield Book(connection)

    @contextmanager
    def _writing(self) -> Iterator["Book"]:
        with self._explained(), closing(self._connect(_READ_WRITE)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("BEGIN IMMEDIATE")
            if not _is_begun(connection):
                connection.execute(_SCHEMA)
                connection.execute("PRAGMA user_version=1")
            try:
                yield Book(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connect(self, flags: int) -> apsw.Connection:
        connection = apsw.Connection(str(self.path), flags=flags)
        connection.set_busy_timeout(int(self._wait_seconds * 1000))
        return connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (apsw.BusyError, apsw.LockedError) as error:
            raise RetryableError(_BUSY, path=shown(str(self.path))) from error
        except apsw.Error as error:
            path = shown(str(self.path))
            raise StepError(
                _UNREADABLE, hint=_UNREADABLE_HINT, path=path, reason=str(error)[:120]
            ) from error


class Book:
    """The open register, within one transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection

    def find(self, kind: str, key: str) -> Entry | None:
        """Return the entry that was made for *key*."""
        return next(self._select("kind = ? AND key = ?", kind, key), None)

    def document(self, number: str) -> Entry:
        """Return the document *number*.

        Raises:
            StepError: there is none.
        """
        found = next(self._select("kind = 'document' AND number = ?", number), None)
        if found is None:
            raise StepError(_UNKNOWN, what=_DOCUMENT, number=shown(number[:40]))
        return found

    def of(self, number: str, kind: str) -> list[Entry]:
        """Return the payments or reminders of the document *number*, in order."""
        return list(self._select("number = ? AND kind = ?", number, kind))

    def about(self, number: str) -> list[Entry]:
        """Return the documents that belong to the document *number*, in order."""
        return list(self._select("about = ?", number))

    def first(self) -> Entry | None:
        """Return the first document of all."""
        return next(self._select("kind = 'document'"), None)

    def upcoming(self, series: str, digits: int = 4) -> str:
        """Return the number that the next document of *series* would have."""
        return f"{series}{_last(self.connection, series)[0] + 1:0{digits}d}"

    def all(self, kind: str) -> Iterator[Entry]:
        """Yield all entries of *kind*, in order."""
        return self._select("kind = ?", kind)

    def broken(self) -> str | None:
        """Return the number of the first entry that is not as it was written, or None."""
        previous, positions = _START, dict[str, int]()
        for entry in self._select("1"):
            if entry.previous != previous or _hash(_said(entry), previous) != entry.hash:
                return entry.number
            if entry.series is not None:
                if entry.position != positions.get(entry.series, 0) + 1:
                    return entry.number
                positions[entry.series] = entry.position or 0
            previous = entry.hash
        return None

    def add(
        self,
        kind: str,
        number: str,
        *,
        day: date,
        key: str,
        content: Mapping[str, Any],
        series: str | None = None,
        position: int | None = None,
        about: str | None = None,
    ) -> Entry:
        """Enter a row at the end of the chain."""
        last = self.connection.execute("SELECT hash FROM entries ORDER BY id DESC LIMIT 1")
        previous = str((last.fetchone() or (_START,))[0])
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        said = [kind, series, position, number, about, day.isoformat(), key, text]
        own = _hash(said, previous)
        self.connection.execute(
            f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
            (*said, previous, own),
        )
        return Entry(
            kind=kind, series=series, position=position, number=number, about=about, day=day,
            key=key, content=json.loads(text), previous=previous, hash=own, is_new=True,
        )  # fmt: skip

    def _select(self, where: str, *values: str) -> Iterator[Entry]:
        rows = self.connection.execute(
            f"SELECT {_COLUMNS} FROM entries WHERE {where} ORDER BY id",  # noqa: S608 - constants
            values,
        )
        for kind, series, position, number, about, day, key, content, previous, own in rows:
            yield Entry(
                kind=kind, series=series, position=position, number=number, about=about,
                day=date.fromisoformat(day), key=key, content=json.loads(content),
                previous=previous, hash=own,
            )  # fmt: skip


def _is_begun(connection: apsw.Connection) -> bool:
    """Say whether the tables are there: a crash may have left an empty file."""
    version: int = connection.pragma("user_version")
    return version > 0


def _last(connection: apsw.Connection, series: str) -> tuple[int, str | None]:
    row: tuple[int, str | None] | None = connection.execute(
        "SELECT position, day FROM entries WHERE series = ? ORDER BY position DESC LIMIT 1",
        (series,),
    ).fetchone()
    return row or (0, None)


def _next(connection: apsw.Connection, series: str, day: date) -> int:
    position, last = _last(connection, series)
    if last is not None and day.isoformat() < last:
        raise StepError(_EARLIER, hint=_EARLIER_HINT, last=last, day=day.isoformat())
    return position + 1


def _said(entry: Entry) -> list[Any]:
    text = json.dumps(entry.content, ensure_ascii=False, sort_keys=True)
    day = entry.day.isoformat()
    place = [entry.kind, entry.series, entry.position, entry.number, entry.about]
    return [*place, day, entry.key, text]


def _hash(said: list[Any], previous: str) -> str:
    line = json.dumps([*said, previous], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(line.encode()).hexdigest()
