"""All that keeps one connector from harming the others, as one part for the daemon to own."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from rouage.catalog.catalog import Catalog
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.workers.calls import Call
from rouage.workers.isolation import isolate
from rouage.workers.stalls import StallWatch

if TYPE_CHECKING:
    from rouage.workers.pool import Workers


class Safeguards:
    """Worker processes for isolated actions, and a watch over the loop that all others share.

    `catalog` is what was given, with its isolated actions made calls into worker processes.
    """

    def __init__(self, catalog: Catalog, *, stalls: StallWatch | None = None) -> None:
        self.stalls = stalls or StallWatch()
        self.catalog = isolate(catalog, self._run)

    @cached_property
    def workers(self) -> "Workers":
        """Return the pool of processes; not even its code is loaded before it is needed."""
        from rouage.workers.pool import Workers

        return Workers()

    async def _run(self, call: Call, context: Context) -> JSON:
        return await self.workers.run(call, context)

    def start(self) -> None:
        """Begin to watch the running loop; processes start when they are needed."""
        self.stalls.start(asyncio.get_running_loop())

    def add_to(self, status: dict[str, JSON]) -> dict[str, JSON]:
        """Return *status* with what is known here; a recent stall makes it degraded."""
        told = dict(status)
        if "workers" in self.__dict__:
            told["workers"] = dict(self.workers.status())
        stall = self.stalls.recent
        if stall is not None and told.get("state") == "ok":
            reason: JSON = {"en": stall.text.en, "fr": stall.text.fr}
            told |= {"state": "degraded", "reason": reason}
        return told

    async def close(self) -> None:
        """End the watch and every process."""
        self.stalls.stop()
        if "workers" in self.__dict__:
            await self.workers.close()
