"""The first result of a new recipe: its example files in place, and one run for real."""

import asyncio
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.client import NotRunning, find_daemon
from rouage.cli.logs import configure_logs
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.states import state_word
from rouage.language import Text

if TYPE_CHECKING:
    from rouage.analysis.drafting.gallery import Template
    from rouage.daemon import Daemon
    from rouage.model.run import RunRecord

_DEADLINE_SECONDS: Final = 180.0
_POLL_SECONDS: Final = 0.2
_MOST_SHOWN: Final = 8
_BY_HAND: Final = "manual.start"
_STARTS: Final = frozenset({_BY_HAND, "folder.file", "folder.batch"})
_LASTING: Final = frozenset({"waiting", "waiting_node", "blocked", "needs_attention"})

_PLACED: Final = Text(
    "Example files are in place: {files}", "Fichiers d’exemple en place : {files}"
)
_MORE: Final = Text("{files} and {count} more", "{files} et {count} autres")
_RUNNING: Final = Text(
    "Rouage is running here already and takes the new recipe up: `rouage runs` shows what it does, "
    "`rouage run {recipe}` starts it by hand.",
    "Rouage tourne déjà ici et prend la nouvelle recette : « rouage runs » montre ce qu’il fait, "
    "« rouage run {recipe} » la lance à la main.",
)
_AT_WORK: Final = Text("At work, one moment…", "Au travail, un instant…")
_LATE: Final = Text(
    "There is no result yet: `rouage up` goes on, `rouage runs` shows it.",
    "Pas encore de résultat : « rouage up » continue, « rouage runs » le montre.",
)
_ENDED: Final = Text("{state} in {seconds} s", "{state} en {seconds} s")
_WAITS: Final = Text(
    "It waits for you: `rouage up`, then `rouage approve {run}` or `rouage refuse {run}`.",
    "Elle attend votre accord : « rouage up », puis « rouage approve {run} » ou "
    "« rouage refuse {run} ».",
)
_RESULT: Final = Text("  {name}: {value}", "  {name} : {value}")
_NOT_SO: Final = Text("  {why}", "  {why}")


def place_files(session: Session, template: "Template") -> list[str]:
    """Copy the example files into the workspace; what is there is left as it is."""
    made = []
    for place, source in template.files().items():
        target = session.workspace / Path(place)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            made.append(place)
    if made:
        files = ", ".join(made[:_MOST_SHOWN])
        more = len(made) - _MOST_SHOWN
        session.tell(
            _PLACED, files=session.say(_MORE, files=files, count=more) if more > 0 else files
        )
    return made


def can_run(template: "Template") -> bool:
    """Say whether the recipe can show a result on its example at once.

    It needs nobody outside, and begins by hand or with a file.
    """
    is_outside = set(template.needs) - {"seller"}
    return not is_outside and "outputs" in _data(template) and bool(_begins(template) & _STARTS)


def _data(template: "Template") -> Any:
    from rouage.recipes.reader import read

    return read(template.source).data


def _begins(template: "Template") -> set[str]:
    """Return the triggers of the recipe."""
    return {name for one in _data(template).get("when") or [{_BY_HAND: {}}] for name in one}


def first_run(session: Session, template: "Template", recipe: str) -> int:
    """Do it once for real on the example, and show what came of it.

    The engine works here for as long as that takes; where it runs already, it is left to it.
    """
    from rouage.catalog.discovery import discover
    from rouage.cli.serving import run as run_daemon

    try:
        find_daemon(session.places, language=session.language)
    except NotRunning:
        pass
    else:
        place_files(session, template)
        session.tell(_RUNNING, recipe=recipe)
        return OK
    settings = replace(session.settings, port=0, hooks_port=0)
    configure_logs(
        sys.stderr,
        level="error",
        folder=settings.places.logs,
        environment=session.environment,
        mask=session.mask,
    )
    first = _First(session, template, recipe)
    run_daemon(settings, catalog=discover(), on_ready=first.begin)
    return first.tell()


class _First:
    def __init__(self, session: Session, template: "Template", recipe: str) -> None:
        self._session, self._template, self._recipe = session, template, recipe
        self._record: RunRecord | None = None

    async def begin(self, daemon: "Daemon") -> None:
        """Start the run when the engine is ready, and stop the engine when it is over."""
        daemon.background(self._go(daemon), "first run")

    async def _go(self, daemon: "Daemon") -> None:
        try:
            self._session.tell(_AT_WORK)
            placed = await asyncio.to_thread(place_files, self._session, self._template)
            if _BY_HAND in _begins(self._template):
                await asyncio.to_thread(self._ask, "run", {"inputs": {}})
            elif not placed:
                await asyncio.to_thread(self._ask, "existing", {})
            async with asyncio.timeout(_DEADLINE_SECONDS):
                self._record = await self._settled(daemon)
        except TimeoutError:
            pass
        finally:
            daemon.request_stop()

    def _ask(self, what: str, body: dict[str, Any]) -> None:
        daemon = find_daemon(
            self._session.places,
            language=self._session.language,
            host=self._session.settings.hosts[0],
        )
        daemon.post(f"/api/recipes/{self._recipe}/{what}", body)

    async def _settled(self, daemon: "Daemon") -> "RunRecord | None":
        from rouage.durable.port import RunFilter
        from rouage.model.run import FINAL_STATES

        while True:
            page = await daemon.reader.list_runs(RunFilter(recipe=self._recipe), limit=1)
            for run in page.runs:
                if run.state in FINAL_STATES or run.state in _LASTING:
                    return await daemon.reader.get_run(run.id)
            await asyncio.sleep(_POLL_SECONDS)

    def tell(self) -> int:
        """Say what came of it."""
        record, session = self._record, self._session
        if record is None:
            session.tell(_LATE)
            return OK
        if record.state in _LASTING:
            session.tell(_WAITS, run=record.id)
            return OK
        state = state_word(record.state, session.language)
        started, ended = record.started, record.ended
        seconds = 0.0 if started is None or ended is None else (ended - started).total_seconds()
        session.output.line(session.say(_ENDED, state=state, seconds=round(seconds, 1)))
        return self._tell_results(record)

    def _tell_results(self, record: "RunRecord") -> int:
        session = self._session
        outputs = record.outputs if isinstance(record.outputs, dict) else {}
        for name, value in outputs.items():
            if value in (None, "", []):
                continue  # nothing to say, such as no photo that is to be checked
            session.output.line(session.say(_RESULT, name=name, value=_near(value, session)))
        if record.error is not None:
            session.output.line(session.say(_NOT_SO, why=_why(record.error, session)))
            return FAILED
        return OK


def _near(value: Any, session: Session) -> str:
    """Return *value*; a path as it is seen from the workspace."""
    root = f"{session.workspace}/"
    return str(value).removeprefix(root)


def _why(error: Any, session: Session) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    if isinstance(message, dict):
        message = message.get(session.language) or message.get("en")
    return str(message)
