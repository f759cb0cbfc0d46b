"""What runs did to files, as the memory journal tells it."""

from collections.abc import Mapping

from rouage.durable.memory_rows import MemoryRows
from rouage.durable.port import FileRecord
from rouage.durable.values import from_column
from rouage.sdk.json import JSON


class MemoryLineage:
    """The part of `MemoryReader` that answers about effects and files."""

    _rows: MemoryRows

    async def list_inverses(self, run_id: str) -> Mapping[str, JSON]:
        """Return how to take back what the steps of a run did, by path."""
        rows = self._rows
        return {
            key[1]: rows.value(inverse)
            for key, inverse in sorted(rows.effects.items())
            if rows.runs[key[0]][1] == run_id and inverse is not None
        }

    async def inverse_of(self, seq: int, path: str) -> JSON:
        """Return what was recorded before the call of one step."""
        rows = self._rows
        found = [value for key, value in sorted(rows.effects.items()) if key[:2] == (seq, path)]
        inverse: JSON = rows.value(found[-1]) if found else None
        return inverse

    async def list_files(
        self,
        *,
        run_id: str | None = None,
        hash: bytes | None = None,  # noqa: A002 - what it is
        path: str | None = None,
        limit: int = 500,
    ) -> tuple[FileRecord, ...]:
        """Return what steps read and wrote, newest run first."""
        rows = self._rows
        found = [
            FileRecord(
                run=rows.runs[row[0]][1],
                step=row[1],
                path=from_column(row[4]),
                hash=row[5],
                is_written=bool(row[3]),
            )
            for _, row in sorted(rows.lineage.items(), key=lambda item: (-item[0][0], *item[0][1:]))
        ]
        return tuple(
            one
            for one in found
            if run_id in {None, one.run} and hash in {None, one.hash} and path in {None, one.path}
        )[:limit]
