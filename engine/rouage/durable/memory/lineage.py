"""What runs did to files, as the memory journal tells it."""

from collections.abc import Mapping
from datetime import datetime

from rouage.durable.batch import SECRET_ROLE, LineageRow
from rouage.durable.memory.rows import MemoryRows
from rouage.durable.port import FileRecord, Product, SecretUse
from rouage.durable.values import from_column, from_microseconds
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
            for row in self._newest_first()
            if row[3] < SECRET_ROLE
        ]
        return tuple(
            one
            for one in found
            if run_id in {None, one.run} and hash in {None, one.hash} and path in {None, one.path}
        )[:limit]

    async def list_secret_uses(
        self, *, run_id: str | None = None, name: str | None = None, limit: int = 500
    ) -> tuple[SecretUse, ...]:
        """Return which secrets steps were given, newest run first."""
        rows = self._rows
        found = []
        for row in self._newest_first():
            run = rows.runs[row[0]]
            if row[3] == SECRET_ROLE and run_id in {None, run[1]} and name in {None, row[4]}:
                found.append(
                    SecretUse(
                        run=run[1],
                        recipe=from_column(run[3]),
                        created=from_microseconds(run[10]),
                        step=row[1],
                        name=from_column(row[4]),
                    )
                )
        return tuple(found[:limit])

    def _newest_first(self) -> list[LineageRow]:
        found = sorted(self._rows.lineage.items(), key=lambda item: (-item[0][0], *item[0][1:]))
        return [row for _, row in found]

    async def list_products(self, *, since: datetime, limit: int = 500) -> tuple[Product, ...]:
        """Return the files that steps made since *since*, those of the newest runs first."""
        rows = self._rows
        written = [row for row in rows.lineage.values() if row[3] == 1 and row[5] is not None]
        written.sort(key=lambda row: (-row[0], *row[1:3]))
        found = [
            Product(
                run=rows.runs[row[0]][1],
                recipe=from_column(rows.runs[row[0]][3]),
                step=row[1],
                path=from_column(row[4]),
                hash=row[5] or b"",
                made=from_microseconds(self._made(row[0], row[1])),
            )
            for row in written[: max(1, limit)]
        ]
        return tuple(one for one in found if one.made >= since)

    def _made(self, run: int, step: str) -> int:
        """Return when the step was over, else when its run was made."""
        taken = self._rows.steps.get(run, {}).get(step)
        ended = None if taken is None else taken[10]
        return ended or self._rows.runs[run][10]
