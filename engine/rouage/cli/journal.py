"""Ask the journal, whether a daemon runs or not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from rouage.cli.session import Session
from rouage.durable.port import Reader, RunFilter
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text
from rouage.model.run import RunRecord

T = TypeVar("T")

_NO_JOURNAL: Final = Text("nothing ever ran here", "rien n’a encore été exécuté ici")
_NO_JOURNAL_HINT: Final = Text("start the daemon: `rouage up`", "lancez le service : « rouage up »")
_NO_RUN: Final = Text("there is no run “{run}”", "il n’y a pas d’exécution « {run} »")
_NO_RUN_HINT: Final = Text("`rouage runs` lists them", "« rouage runs » en donne la liste")
_SEVERAL: Final = Text(
    "“{run}” is the beginning of several runs", "« {run} » est le début de plusieurs exécutions"
)
_MORE_LETTERS: Final = Text("write more letters: {runs}", "écrivez plus de lettres : {runs}")
_SHORTEST_PREFIX: Final = 4


def ask(session: Session, question: Callable[[Reader], Awaitable[T]]) -> T:
    """Return the answer of the journal to *question*.

    Raises:
        WorkspaceError: there is no journal yet.
    """
    path = session.places.journal
    if not path.exists():
        raise WorkspaceError(_NO_JOURNAL, hint=_NO_JOURNAL_HINT)
    from rouage.durable.sqlite import open_reader

    async def answer() -> T:
        reader = open_reader(path)
        try:
            return await question(reader)
        finally:
            close = getattr(reader, "close", None)
            if close is not None:
                close()

    return asyncio.run(answer())


async def find_run(reader: Reader, wish: str) -> RunRecord:
    """Return the run whose id is or begins with *wish*; `last` is the newest one.

    Raises:
        WorkspaceError: there is none.
        UsageError: there is more than one.
    """
    if wish == "last":
        page = await reader.list_runs(RunFilter(), limit=1)
        found = page.runs
    else:
        exact = await reader.get_run(wish)
        if exact is not None:
            return exact
        found = await _beginning_with(reader, wish)
    if not found:
        raise WorkspaceError(_NO_RUN, hint=_NO_RUN_HINT, run=wish[:60])
    first, *others = found
    if others:
        names = ", ".join(run.id for run in found)
        raise UsageError(_SEVERAL, hint=_MORE_LETTERS, run=wish, runs=names)
    return await reader.get_run(first.id) or first


async def _beginning_with(reader: Reader, wish: str) -> tuple[RunRecord, ...]:
    if len(wish) < _SHORTEST_PREFIX:
        return ()
    page = await reader.list_runs(RunFilter(run_id=wish), limit=5)
    return page.runs
