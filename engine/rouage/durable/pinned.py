"""The versions of recipes that runs execute, kept in memory up to a number (R7)."""

from typing import Final

from rouage.durable.journal import Journal
from rouage.durable.port import BlockedRun
from rouage.errors import RouageError
from rouage.language import Text

_KEPT: Final = 4096

_NO_DEFINITION: Final = Text(
    "the version of the recipe that this run needs is not in the journal",
    "la version de la recette dont cette exécution a besoin n’est pas dans le journal",
)


class Pinned:
    """The bytes of each version, by the hash that a run is pinned to."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, bytes] = {}

    def keep(self, digest: str, definition: bytes) -> None:
        """Remember the bytes of a version that runs will need."""
        if len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        self._known[digest] = definition

    def get(self, digest: str) -> bytes | None:
        """Return the bytes if they are at hand."""
        return self._known.get(digest)

    async def fetch(self, digest: str) -> bytes:
        """Return the bytes from the journal.

        Raises:
            BlockedRun: they are not there.
        """
        definition = await self._journal.reader.get_definition(digest)
        if definition is None:
            raise BlockedRun(RouageError(_NO_DEFINITION).record())
        self.keep(digest, definition)
        return definition
