"""Forget a person while a daemon works: the search beside it, the writing between its commits."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import apsw

from rouage.durable.erasure import Found, Sought
from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite.erasing import Erasing, Erasure, scrub, write_erasures
from rouage.durable.sqlite.forgetting import transaction, used_bytes
from rouage.durable.sqlite.retention import Purge
from rouage.errors import JournalError

logger = logging.getLogger(__name__)

_MOST_ROUNDS: Final = 4
"""Events that come meanwhile are looked at again so often."""
_SCRUBBED_BYTES: Final = 64 << 20
"""A larger file is not written anew while senders wait: that takes a second or more."""

Before = Callable[[Found], Awaitable[None]]


class Forgetting(Purge):
    """One request to forget, at the pace of a purge."""

    async def forget(self, sought: Sought, before: Before, now: int) -> Found:
        """Blank what names the person; *before* deals with each finding beside the journal."""
        await self.begin()
        try:
            whole = await self._rounds(sought, before)
            await self._sweep_blobs(now)
            size = await self._ask(used_bytes)
            whole.is_scrubbed = size <= _SCRUBBED_BYTES and await self._scrub()
        finally:
            self.end()
        return whole

    async def _scrub(self) -> bool:
        try:
            await self._do(scrub)
        except JournalError as error:
            logger.warning("the journal was not written anew: %s", error)
            return False
        return True

    async def _rounds(self, sought: Sought, before: Before) -> Found:
        whole = Found()
        for _ in range(_MOST_ROUNDS):
            found, erasures = await self._ask(_search, sought)
            await before(found)
            found.add(whole)
            whole = found
            if not erasures:
                break
            for part in self._parts(erasures):
                await self._timed(partial(_write, part=part, failpoints=self._failpoints))
        return whole


def _search(connection: apsw.Connection, sought: Sought) -> tuple[Found, Sequence[Erasure]]:
    """Return what there is now, of one instant, and what is to be written."""
    connection.execute("BEGIN")
    try:
        erasing = Erasing(connection, sought, is_live=True)
        return erasing.search(), list(erasing.erasures())
    finally:
        connection.execute("COMMIT")


def _write(
    connection: apsw.Connection, part: Sequence[Erasure], failpoints: Failpoints | None
) -> None:
    connection.pragma("secure_delete", 1)
    try:
        with transaction(connection):
            write_erasures(connection, part)
            if failpoints is not None:
                failpoints.reach("mid_erasing")
    finally:
        connection.pragma("secure_delete", 0)
    if failpoints is not None:
        failpoints.reach("between_erasures")
