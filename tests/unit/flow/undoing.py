"""A workspace whose runs change real files and are undone; also a program that a test kills.

    python undoing.py FOLDER RUN

Actions are those of the bundled connector for files, the journal is a file.
"""

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rouage.catalog.catalog import Catalog
from rouage.clock import SystemClock
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Accepted, RunContext, RunOutcome
from rouage.durable.sqlite import open_engine
from rouage.flow.ledger import done_under
from rouage.flow.plan import Plan, make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.flow.undo.run import UndoRuns
from rouage.flow.undo.start import Undos
from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id
from rouage.recipes.checker import check
from rouage.recipes.definition import parse
from rouage.safety.paths import Folders
from rouage_connectors.files import connector as files
from rouage_connectors.ledger import connector as ledger
from rouage_connectors.manual import connector as manual

RECIPE = """\
name: Sort
when: [{manual.start: {}}]
inputs: {names: {type: list}}
do:
  - for_each:
      in: ${{ inputs.names }}
      as: name
      do:
        - files.move: {source: "in/${{ name }}", target: "out/${{ name }}"}
        - files.append: {path: log.txt, text: "${{ name }}"}
  - files.write: {path: note.txt, text: new, on_conflict: overwrite}
"""


class Yard:
    """One workspace, its engine, and the way to undo."""

    def __init__(self, folder: Path, *, recipe: str = RECIPE) -> None:
        self.folder = folder
        self.recipe = recipe
        self.clock = SystemClock()
        self.written: list[tuple[str, tuple[str, ...]]] = []

    async def open(self) -> "Yard":
        folders = Folders(workspace=self.folder)
        catalog = Catalog([files, ledger, manual])
        self.services = Services(
            catalog=catalog,
            clock=self.clock,
            workspace=self.folder,
            timezone=ZoneInfo("Europe/Paris"),
            language="en",
            secrets=dict,
            mask=lambda value: value,
            folders_of=folders.also,
            open_http=lambda: None,  # type: ignore[arg-type,return-value] # nothing here asks the net
            scratch_of=lambda run_id: self.folder / run_id,
            log=logging.getLogger("test"),
            ledger=lambda key: done_under(self.engine, key),
            wrote=lambda path, trail: self.written.append((path, trail)),
        )
        (self.folder / ".rouage").mkdir(exist_ok=True)
        self.engine = open_engine(
            self.folder / ".rouage" / "journal.db",
            clock=self.clock,
            failpoints=Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT")),
        )
        self._plans: dict[bytes, Plan] = {}
        checked = check(self.recipe.encode(), file="r.yaml", catalog=catalog, recipe_id="r")
        assert checked.recipe is not None, checked.problems
        self.digest = await self.engine.put_definition("r", checked.recipe.definition)
        self.undos = Undos(self.engine, catalog=catalog, clock=self.clock, plan_of=self.plan_of)
        self._interpreter = Interpreter(self.plan_of, self.services)
        self._undo_runs = UndoRuns(self.engine, self.services, self.plan_of)
        await self.engine.open(self._execute)
        return self

    def plan_of(self, definition: bytes) -> Plan:
        if definition not in self._plans:
            self._plans[definition] = make_plan(parse(definition), self.services)
        return self._plans[definition]

    async def _execute(self, context: RunContext, definition: bytes) -> RunOutcome:
        executor: Any = self._undo_runs if UndoRuns.is_meant(context) else self._interpreter
        outcome: RunOutcome = await executor.execute(context, definition)
        return outcome

    async def start(self, names: list[str] | None = None) -> str:
        now = self.clock.now()
        key = new_event_id(now)
        event = Event(
            id=key, source="r/start", time=now, data={"inputs": {"names": names}}, key=key
        )
        verdict = Verdict(recipe="r", outcome="matched", definition=self.digest)
        accepted = await self.engine.accept(event, [verdict])
        assert isinstance(accepted, Accepted)
        await self.engine.wait_idle()
        return accepted.runs[0]

    async def undo(self, run: str, **wishes: Any) -> Any:
        """Undo the run and wait; return the record of the run that did, or None."""
        started = await self.undos.start(
            run, step=wishes.get("step"), skips=wishes.get("skips", False), author="zoé"
        )
        assert started is not None
        _, new = started
        await self.engine.wait_idle()
        return None if new is None else await self.engine.get_run(new)

    async def close(self) -> None:
        await self.engine.close(5.0)


NAMES = [f"{number}.txt" for number in range(12)]


async def main(folder: Path, run: str) -> None:
    yard = await Yard(folder).open()
    await yard.undo(run)
    await yard.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
