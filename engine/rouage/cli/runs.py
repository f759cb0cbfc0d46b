"""`rouage runs`: list what ran, newest first."""

import argparse
from datetime import UTC, datetime
from typing import Any, Final, cast, get_args

from rouage.cli.journal import ask
from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time, state_word
from rouage.cli.waits import wait_summary
from rouage.durable.port import Reader, RunFilter
from rouage.language import Text
from rouage.model.run import RunRecord, RunState, WaitRecord
from rouage.web.runs import seconds_between, spoken, summary_of, waits_of

_RECIPE: Final = Text("only runs of this recipe", "seulement les exécutions de cette recette")
_STATE: Final = Text("only runs in this state", "seulement les exécutions dans cet état")
_LIMIT: Final = Text("at most so many", "au plus ce nombre")
_NOTHING: Final = Text("no run matches", "aucune exécution ne correspond")
_MOST: Final = 10_000
Waiting = tuple[RunRecord, tuple[WaitRecord, ...]]
_HEADS: Final = (
    Text("RUN", "EXÉCUTION"),
    Text("RECIPE", "RECETTE"),
    Text("STATE", "ÉTAT"),
    Text("STARTED", "DÉBUT"),
    Text("SECONDS", "SECONDES"),
    Text("WAITS FOR, OR ERROR", "ATTENTE OU ERREUR"),
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("--recipe", about=_RECIPE, metavar="ID")
    parser.take("--state", about=_STATE, choices=get_args(RunState), action="append")
    parser.take("--limit", about=_LIMIT, type=_count, default=20, metavar="N")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the runs."""
    states = frozenset(cast("list[RunState]", arguments.state)) if arguments.state else None
    chosen = RunFilter(recipe=arguments.recipe, states=states)
    runs = _all(session, chosen, arguments.limit)
    language = session.language
    if session.is_json:
        data = [summary_of(run, language, waits) for run, waits in runs]
        session.output.data({"runs": data})
    elif not runs:
        session.tell(_NOTHING)
    else:
        session.output.table(
            [session.say(head) for head in _HEADS],
            [_row(run, waits, session) for run, waits in runs],
        )
    return OK


def _all(session: Session, chosen: RunFilter, limit: int) -> list[Waiting]:
    """Return up to *limit* runs; none where there is no journal yet."""
    if not session.places.journal.exists():
        return []
    return ask(session, lambda reader: _with_waits(reader, chosen, limit))


async def _with_waits(reader: Reader, chosen: RunFilter, limit: int) -> list[Waiting]:
    runs = await _pages(reader, chosen, limit)
    return [(run, await waits_of(reader, run) if run.state == "waiting" else ()) for run in runs]


async def _pages(reader: Reader, chosen: RunFilter, limit: int) -> list[RunRecord]:
    runs: list[RunRecord] = []
    cursor: str | None = None
    while len(runs) < limit:
        page = await reader.list_runs(chosen, cursor=cursor, limit=min(500, limit - len(runs)))
        runs += page.runs
        cursor = page.cursor
        if cursor is None:
            break
    return runs


def _row(run: RunRecord, waits: tuple[WaitRecord, ...], session: Session) -> list[object]:
    started = run.started or run.created
    seconds = seconds_between(run.started, run.ended)
    error = spoken(run.error, session.language)
    told = error.get("message", "") if isinstance(error, dict) else error or ""
    waiting: Any = summary_of(run, session.language, waits)["waiting"]
    return [
        run.id,
        run.recipe,
        state_word(run.state, session.language),
        local_time(started, session.settings.zone),
        "" if seconds is None else f"{seconds:.3f}",
        wait_summary(session, waiting, datetime.now(UTC)) or told,
    ]


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MOST:
        raise ValueError(text)
    return number
