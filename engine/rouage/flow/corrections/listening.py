"""Notice what the owner corrects, and propose what would spare it (features N-16).

A look is bounded, and comes now and then: it asks the journal for what was made lately, and the
disk whether that is still there. Only where something is missing is anything searched for.
What is noticed is on disk before it is judged, and a proposal before the owner is told.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Literal

from rouage.clock import Clock
from rouage.durable.failpoints import Failpoints
from rouage.durable.port import Engine, Product
from rouage.errors import RouageError
from rouage.flow.corrections.changes import place_of
from rouage.flow.corrections.noticing import Around, Noticing
from rouage.flow.corrections.proposals import Wish, propose, surplus, wishes_of
from rouage.flow.corrections.rows import (
    KEPT_SECONDS,
    MOST_CORRECTIONS,
    OWNER,
    Correction,
    Known,
    Proposal,
    read_known,
)
from rouage.flow.corrections.sentences import sentence
from rouage.flow.notices import Notices
from rouage.recipes.reader import read
from rouage.sdk.json import JSON
from rouage.settings.corrections import Listening

logger = logging.getLogger(__name__)

MOST_PRODUCTS: Final = 2_000


class Corrections:
    """What the owner corrects in one workspace; `work` looks, `decide` takes an answer."""

    def __init__(
        self,
        engine: Engine,
        *,
        settings: Listening,
        workspace: Path,
        clock: Clock,
        notices: Notices,
        around: Around,
        failpoints: Failpoints | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._workspace = workspace
        self._clock = clock
        self._notices = notices
        self._failpoints = failpoints
        self._noticing = Noticing(engine, clock=clock, around=around)
        self._judged: object = None
        """What was judged last: without anything new, it is not judged again."""
        self._lock = asyncio.Lock()

    async def work(self) -> None:
        """Look again and again, until cancelled."""
        while self._settings.is_wanted:
            await self._clock.sleep(self._settings.every_seconds)
            try:
                await self.look()
            except (RouageError, OSError) as error:
                logger.warning("corrections could not be looked for: %s", error)
        await asyncio.Event().wait()

    async def known(self) -> Known:
        """Return what is remembered."""
        return read_known(await self._engine.load_items(OWNER))

    async def look(self) -> None:
        """Notice what was corrected since the last look, and propose what follows from it."""
        async with self._lock:
            since = self._clock.now() - timedelta(seconds=self._settings.within_seconds)
            products = await self._engine.list_products(since=since, limit=MOST_PRODUCTS)
            known = await self.known()
            if not (products or known.corrections or known.proposals or known.lost):
                return
            known = await self._notice(products, known)
            await self._judge(known, products)

    async def decide(
        self, number: int, decision: Literal["accepted", "dismissed"]
    ) -> Proposal | None:
        """Note what the owner decided about a proposal; None when there is none."""
        async with self._lock:
            proposal = (await self.known()).numbered(number)
            if proposal is None:
                return None
            decided = replace(proposal, state=decision)
            await self._write({decided.key: decided.as_json()})
            self._notices.solve(decided.notice)
            return decided

    async def _notice(self, products: Sequence[Product], known: Known) -> Known:
        """Write what is corrected and was not known; return what is known then."""
        fresh, gone = await self._noticing.changes(products, known.corrections)
        corrections = {**known.corrections, **fresh}
        gone |= self._outdated(corrections)
        rows: dict[str, JSON] = {key: one.as_json() for key, one in fresh.items()}
        await self._write({**rows, **dict.fromkeys((*gone, *known.lost))})
        if fresh and self._failpoints is not None:
            self._failpoints.reach("correction_noticed")
        kept = {key: one for key, one in corrections.items() if key not in gone}
        return Known(corrections=kept, proposals=known.proposals)

    def _outdated(self, corrections: Mapping[str, Correction]) -> set[str]:
        """Return the keys of corrections that are too old, or too many."""
        earliest = self._clock.now() - timedelta(seconds=KEPT_SECONDS)
        newest = sorted(corrections, key=lambda key: corrections[key].noticed, reverse=True)
        old = {key for key, one in corrections.items() if one.noticed < earliest}
        return old | set(newest[MOST_CORRECTIONS:])

    async def _judge(self, known: Known, products: Sequence[Product]) -> None:
        """Propose what is not proposed yet, then tell the owner of it."""
        recipes = {one.recipe for one in known.corrections.values()}
        versions = {one: await self._engine.last_definition(one) for one in recipes}
        subject = (known.corrections, versions)
        if subject == self._judged:
            return
        made = Counter((one.recipe, place_of(one.step)) for one in products)
        wishes = await self._wishes(known.corrections.values())
        changed = propose(known, wishes, made, self._clock.now())
        proposals = {**known.proposals, **{one.key: one for one in changed}}
        rows: dict[str, JSON] = {one.key: one.as_json() for one in changed}
        for key in surplus(Known(corrections={}, proposals=proposals)):
            del proposals[key]
            rows[key] = None
        await self._write(rows)
        if changed and self._failpoints is not None:
            self._failpoints.reach("correction_proposed")
        await self._tell(proposals.values())
        self._judged = subject

    async def _tell(self, proposals: Iterable[Proposal]) -> None:
        for one in proposals:
            if one.state != "open":
                self._notices.solve(one.notice)
            elif not one.is_told:
                self._notices.raise_(
                    one.notice, "correction_proposed", sentence(one), recipe=one.recipe
                )
                await self._write({one.key: replace(one, is_told=True).as_json()})

    async def _wishes(self, corrections: Iterable[Correction]) -> list[Wish]:
        """Return what each correction would change; one run at a time, since some are large."""
        wishes: list[Wish] = []
        recipes: dict[str, Mapping[str, Any] | None] = {}
        of_run = attrgetter("run")
        for run_id, members in groupby(sorted(corrections, key=of_run), key=of_run):
            run = await self._engine.get_run(run_id)
            if run is None:
                continue
            if run.recipe not in recipes:
                recipes[run.recipe] = await self._recipe(run.recipe)
            recipe = recipes[run.recipe]
            open_ones = [one for one in members if not await self._is_used(one)]
            if recipe is not None:
                # Links among folders are followed, which asks the disk.
                wishes += await asyncio.to_thread(
                    wishes_of, open_ones, run, recipe, self._workspace
                )
        return wishes

    async def _is_used(self, one: Correction) -> bool:
        """Say whether a recipe went on with a file where it was moved: it was handed over."""
        return one.edited is None and bool(await self._engine.list_files(path=one.new, limit=1))

    async def _recipe(self, recipe: str) -> Mapping[str, Any] | None:
        """Return the newest accepted version of a recipe as it is written."""
        versions = await self._engine.list_definitions(recipe)
        if not versions or versions[0].source is None:
            return None
        data = read(versions[0].source).data
        return data if isinstance(data, Mapping) else None

    async def _write(self, rows: Mapping[str, JSON]) -> None:
        if rows:
            await self._engine.put_items(OWNER, {key.encode(): row for key, row in rows.items()})
