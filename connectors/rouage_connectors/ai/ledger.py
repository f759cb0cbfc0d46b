"""What was spent this month and what was answered, in a file of the workspace.

What a question may cost is taken from the budget before it is asked, and what it did cost is
put in its place afterwards. A crash in between leaves the larger figure: a budget is used up
early rather than late.
"""

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rouage.sdk import JSON, StepError, Text
from rouage.sdk.files import explaining
from rouage.sdk.records import dataclass
from rouage_connectors.ai.account import MICROS, Account, Budget

if TYPE_CHECKING:
    import sqlite3

_FILE: Final = "ai.db"
_WAIT_SECONDS: Final = 10.0
_MOST_ANSWERS: Final = 20_000
_DAYS_KEPT: Final = 400
_LONGEST_KEPT: Final = timedelta(days=367)
_SCHEMA: Final = """
create table if not exists spent(
  id integer primary key, account text not null, month text not null,
  tokens integer not null, micros integer not null);
create index if not exists spent_month on spent(account, month);
create table if not exists answer(
  question text primary key, answer text not null, at text not null) without rowid;
create index if not exists answer_at on answer(at);
"""

_USED_UP: Final = Text(
    "the budget of the account “{account}” does not allow this question: {spent} of {budget} "
    "are spent this month, and it may cost {cost}",
    "le budget du compte « {account} » ne permet pas cette question : {spent} sur {budget} sont "
    "dépensés ce mois-ci, et elle peut coûter {cost}",
)
_USED_UP_HINT: Final = Text(
    "wait for next month, raise `budget` in rouage.yaml, or ask for a shorter answer",
    "attendez le mois prochain, augmentez `budget` dans rouage.yaml, ou demandez une réponse "
    "plus courte",
)
_UNREADABLE: Final = Text("{file} cannot be used: {reason}", "{file} est inutilisable : {reason}")
_UNREADABLE_HINT: Final = Text(
    "set it aside and go on: it holds kept answers and this month’s expenses, nothing else",
    "mettez-le de côté et continuez : il contient des réponses gardées et les dépenses du mois, "
    "rien d’autre",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What one question used: tokens, and its cost in millionths."""

    tokens: int
    micros: int


class Ledger:
    """The file `ai.db` of the private folder *state*. Every method blocks."""

    def __init__(self, state: Path, *, most_answers: int = _MOST_ANSWERS) -> None:
        self._path = state / _FILE
        self._most_answers = most_answers

    def reserve(self, account: Account, most: Use, *, now: datetime) -> int:
        """Take *most* from the budget of this month, and return under which number.

        Raises:
            StepError: it does not allow that much.
        """
        month = f"{now:%Y-%m}"
        with self._opened() as database:
            if account.budget is not None:
                self._check(database, account, account.budget, most, month)
            database.execute(
                "delete from spent where month < ?",
                (f"{now - timedelta(days=_DAYS_KEPT):%Y-%m}",),
            )
            cursor = database.execute(
                "insert into spent(account, month, tokens, micros) values(?, ?, ?, ?)",
                (account.name, month, most.tokens, most.micros),
            )
            return cursor.lastrowid or 0

    def settle(self, number: int, use: Use) -> None:
        """Put what was really used in the place of what was reserved."""
        with self._opened() as database:
            database.execute(
                "update spent set tokens = ?, micros = ? where id = ?",
                (use.tokens, use.micros, number),
            )

    def spent(self, account: str, *, now: datetime) -> Use:
        """Return what *account* has used this month."""
        with self._opened() as database:
            return _spent(database, account, f"{now:%Y-%m}")

    def find(self, question: str, *, since: datetime) -> JSON:
        """Return the answer that was given to *question* after *since*, or None."""
        if not self._path.exists():
            return None
        with self._opened() as database:
            row = database.execute(
                "select answer from answer where question = ? and at > ?",
                (question, since.isoformat()),
            ).fetchone()
        answer: JSON = json.loads(row[0]) if row else None
        return answer

    def keep(self, question: str, answer: JSON, *, now: datetime) -> None:
        """Keep *answer*; forget what nobody may ask for any more, and the oldest of too many."""
        with self._opened() as database:
            database.execute(
                "insert or replace into answer(question, answer, at) values(?, ?, ?)",
                (question, json.dumps(answer), now.isoformat()),
            )
            database.execute(
                "delete from answer where at < ? or at <= (select at from answer "
                "order by at desc limit 1 offset ?)",
                ((now - _LONGEST_KEPT).isoformat(), self._most_answers),
            )

    def _check(
        self,
        database: "sqlite3.Connection",
        account: Account,
        budget: Budget,
        most: Use,
        month: str,
    ) -> None:
        so_far = _spent(database, account.name, month)
        spent = so_far.micros if budget.is_money else so_far.tokens
        cost = most.micros if budget.is_money else most.tokens
        if spent + cost > budget.amount:
            raise StepError(
                _USED_UP,
                hint=_USED_UP_HINT,
                account=account.name,
                spent=_written(spent, budget),
                budget=_written(budget.amount, budget),
                cost=_written(cost, budget),
            )

    @contextmanager
    def _opened(self) -> Iterator["sqlite3.Connection"]:
        """Open the file in one transaction, made private at its first use."""
        import sqlite3

        with explaining(str(self._path)):
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            with closing(
                sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)
            ) as database:
                database.execute("pragma synchronous = full")
                database.executescript(_SCHEMA)
                # At once for writing: two questions must not both see the same rest.
                database.execute("begin immediate")
                yield database
                database.execute("commit")
        except sqlite3.Error as error:
            facts = {"file": self._path, "reason": error}
            raise StepError(_UNREADABLE, hint=_UNREADABLE_HINT, **facts) from error


def _spent(database: "sqlite3.Connection", account: str, month: str) -> Use:
    tokens, micros = database.execute(
        "select coalesce(sum(tokens), 0), coalesce(sum(micros), 0) from spent "
        "where account = ? and month = ?",
        (account, month),
    ).fetchone()
    return Use(tokens=tokens, micros=micros)


def _written(amount: int, budget: Budget) -> str:
    return f"{amount / MICROS:.4g} {budget.unit}" if budget.is_money else f"{amount} tokens"
