"""The rows of one run's steps: each written once, when something is known of it."""

from collections.abc import Sequence
from typing import Any, Final

from rouage.durable.batch import SECRET_ROLE, Batch, StepRow
from rouage.durable.claims import Held
from rouage.durable.journal import Journal
from rouage.durable.live import LiveRun
from rouage.durable.port import StepSpec, WaitSpec
from rouage.durable.values import (
    Stored,
    decode,
    from_microseconds,
    store,
    store_text,
    to_column,
)
from rouage.durable.waits import Waits
from rouage.model.run import StepRecord, StepState
from rouage.sdk.json import JSON

SETTLED: Final = frozenset({"done", "failed", "skipped"})

Span = tuple[int, int]
"""When the first attempt began, and when the last one ended (or the next one is due)."""


class StepWriter:
    """Add the step rows of one run to the journal, and remember what was added."""

    __slots__ = ("_journal", "_run", "_written")

    def __init__(self, run: LiveRun, journal: Journal) -> None:
        self._run = run
        self._journal = journal
        self._written: dict[str, StepRow] = {}
        run.written = self._written

    def written(self, path: str) -> StepRecord | None:
        """Return what this execution of the run recorded for *path*."""
        row = self._written.get(path)
        if row is None:
            return None
        return StepRecord(
            path=path,
            state=row[2],  # type: ignore[arg-type] # only states of ours are written
            action=row[3],
            attempts=row[4],
            result=_inline(row[7]),
            error=_inline(row[8]),
            started=None if row[9] is None else from_microseconds(row[9]),
            ended=None if row[10] is None else from_microseconds(row[10]),
        )

    def started(self, path: str, spec: StepSpec, attempt: int, first: int) -> None:
        """Record, before the call, that it is made, with its inverse if it has one."""
        batch = self._trace(path, spec, "started", attempt, None, (first, None, None))
        if spec.inverse is not None:
            self._keep_inverse(batch, path, spec.inverse)

    def _keep_inverse(self, batch: Batch, path: str, inverse: JSON) -> None:
        """Record how to take the effect back; what is known after the call replaces this."""
        batch.effects.append((self._run.seq, path, 1, store(inverse, batch.blobs)))

    def _keep_facts(self, batch: Batch, path: str, spec: StepSpec) -> None:
        """Record what became known by the call: the whole inverse, and the files."""
        if spec.inverse is not None:
            self._keep_inverse(batch, path, spec.inverse)
        seq = self._run.seq
        batch.lineage += [
            (seq, path, number, int(one.is_written), to_column(one.path), one.hash)
            for number, one in enumerate(spec.files)
        ]

    def _keep_secrets(self, batch: Batch, path: str, spec: StepSpec) -> None:
        """Record which secrets the step was given; the files of a step count upwards."""
        batch.lineage += [
            (self._run.seq, path, number - len(spec.secrets), SECRET_ROLE, to_column(name), None)
            for number, name in enumerate(sorted(spec.secrets))
        ]

    def not_started(self, path: str, spec: StepSpec, attempts: int) -> None:
        """Take back a recorded start: the call was not made after all."""
        self._trace(path, spec, "waiting", attempts, None, (None, None, None))

    def done(self, path: str, spec: StepSpec, attempts: int, text: str, span: Span) -> None:
        """Record the result, given as JSON text."""
        batch = self._journal.filling()
        blobs = batch.blobs
        row = (
            self._run.seq,
            path,
            "done",
            spec.action,
            attempts,
            None if spec.parameters is None else store(spec.parameters, blobs),
            store(list(spec.conditions), blobs) if spec.conditions else None,
            None if text == "null" else store_text(text, blobs),
            None,
            span[0],
            span[1],
            None,
            None,
        )
        self._add(batch, path, row)
        if spec.inverse is not None or spec.files:
            self._keep_facts(batch, path, spec)
        if spec.secrets:
            self._keep_secrets(batch, path, spec)

    def taken_over(self, path: str, spec: StepSpec, key: str, held: Held, now: int) -> JSON:
        """Record, and return, the result that another step has under the key of this one."""
        batch = self._journal.filling()
        blobs = batch.blobs
        note: dict[str, JSON] = {
            "choice": "once",
            "author": held.run,
            "path": held.path,
            "key": key,
            "at": from_microseconds(now).isoformat(),
        }
        row = (
            *(self._run.seq, path, "done", spec.action, 0),
            None if spec.parameters is None else store(spec.parameters, blobs),
            store(list(spec.conditions), blobs) if spec.conditions else None,
            None if held.text == "null" else store_text(held.text, blobs),
            *(None, now, now, None),
            store(note, blobs),
        )
        self._add(batch, path, row)
        result: JSON = decode(held.text)
        return result

    def failed(self, path: str, spec: StepSpec, attempts: int, error: JSON, span: Span) -> None:
        """Record the final failure."""
        self._trace(path, spec, "failed", attempts, error, (span[0], span[1], None))

    def retrying(self, path: str, spec: StepSpec, attempts: int, error: JSON, span: Span) -> None:
        """Record a failed attempt and, as the second instant of *span*, when the next is due."""
        self._trace(path, spec, "waiting", attempts, error, (span[0], None, span[1]))

    def in_doubt(
        self, path: str, spec: StepSpec, attempts: int, error: JSON, first: int | None
    ) -> None:
        """Record that nobody knows whether the call had its effect."""
        self._trace(path, spec, "in_doubt", attempts, error, (first, None, None))

    def asleep(self, path: str, deadline: int, now: int, conditions: tuple[JSON, ...] = ()) -> None:
        """Record the deadline of a wait."""
        until: JSON = {"until": from_microseconds(deadline).isoformat()}
        spec = StepSpec(action="wait", effect="none", parameters=until, conditions=conditions)
        self._trace(path, spec, "waiting", 0, None, (now, None, deadline))

    def waits(self, path: str, kind: str, deadline: int | None, now: int) -> None:
        """Record that the run waits at *path* for an instant."""
        self.holds(path, kind=kind, deadline=deadline, now=now)

    def holds(
        self,
        path: str,
        *,
        kind: str,
        deadline: int | None,
        now: int,
        name: str | None = None,
        question: JSON = None,
    ) -> None:
        """Record what the run waits for at *path*, unless that is on record."""
        run, batch = self._run, self._journal.filling()
        if run.waits is None:
            run.waits = Waits()
        asked = None if question is None else store(question, batch.blobs)
        if run.waits.hold(
            batch,
            run.seq,
            path,
            kind=kind,
            deadline=deadline,
            name=name,
            question=asked,
            now=now,
        ):
            run.batch = batch

    def expects(self, path: str, spec: WaitSpec, now: int) -> None:
        """Record that an answer is expected at *path*, for those who look at the run."""
        step = StepSpec(action=spec.action, effect="none", conditions=spec.conditions)
        self._trace(path, step, "waiting", 0, None, (now, None, None))

    def skipped(self, path: str, action: str, conditions: Sequence[JSON], now: int) -> None:
        """Record that the step was not taken."""
        spec = StepSpec(action=action, effect="none", conditions=tuple(conditions))
        self._trace(path, spec, "skipped", 0, None, (now, now, None))

    def _trace(
        self,
        path: str,
        spec: StepSpec,
        state: StepState,
        attempts: int,
        error: Any,
        times: tuple[int | None, int | None, int | None],
    ) -> Batch:
        batch = self._journal.filling()
        blobs = batch.blobs
        row = (
            self._run.seq,
            path,
            state,
            spec.action,
            attempts,
            None if spec.parameters is None else store(spec.parameters, blobs),
            store(list(spec.conditions), blobs) if spec.conditions else None,
            None,
            None if error is None else store(error, blobs),
            times[0],
            times[1],
            times[2],
            None,
        )
        self._add(batch, path, row)
        if spec.secrets:
            self._keep_secrets(batch, path, spec)
        return batch

    def _add(self, batch: Batch, path: str, row: StepRow) -> None:
        batch.steps.append(row)
        self._written[path] = row
        run = self._run
        run.batch = batch
        if run.waits is not None and row[2] in SETTLED:
            run.waits.settle(batch, run.seq, path)


def _inline(stored: Stored) -> Any:
    return decode(stored) if isinstance(stored, str) else None
