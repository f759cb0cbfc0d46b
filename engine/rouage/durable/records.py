"""Rows back into the records of the model: the same for both journals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rouage.durable.journal import LoadedRun, OpenRun
from rouage.durable.values import Stored, from_column, from_microseconds
from rouage.model.event import Event, Verdict
from rouage.model.ids import idempotency_key
from rouage.model.run import RunRecord, StepRecord
from rouage.sdk.json import JSON

Row = Sequence[Any]
Value = Callable[[Stored], Any]
"""How a column becomes a value: JSON text, or the blob it stands for."""

RUN_COLUMNS = (
    "run.seq, run.id, run.recipe, run.state, run.protocol, run.mode, run.key, run.maximum,"
    " event.id, event.source, run.definition, run.reason, run.created, run.started, run.ended,"
    " run.error, run.outputs, run.cancel"
)
"""The columns that `run_record`, `open_run` and `loaded_run` read, in their order."""


def run_record(
    row: Row,
    value: Value,
    *,
    event_data: JSON = None,
    conditions: Sequence[JSON] | None = None,
    steps: tuple[StepRecord, ...] = (),
) -> RunRecord:
    """Return what users see of a run."""
    return RunRecord(
        id=row[1],
        recipe=from_column(row[2]),
        state=row[3],
        event=row[8],
        definition=row[10],
        source=from_column(row[9]),
        reason=value(row[11]),
        created=from_microseconds(row[12]),
        started=_instant(row[13]),
        ended=_instant(row[14]),
        error=value(row[15]),
        outputs=value(row[16]),
        event_data=event_data,
        conditions=tuple(conditions or ()),
        steps=steps,
    )


def open_run(row: Row, deadline: int | None) -> OpenRun:
    """Return what a start needs of an unfinished run."""
    return OpenRun(
        seq=row[0],
        recipe=from_column(row[2]),
        state=row[3],
        protocol=row[4],
        mode=row[5],
        key=None if row[6] is None else from_column(row[6]),
        maximum=row[7],
        deadline=deadline,
    )


def loaded_run(row: Row, event: Event, steps: Mapping[str, StepRecord], value: Value) -> LoadedRun:
    """Return what going on with a run needs."""
    return LoadedRun(
        run=open_run(row, None),
        id=row[1],
        event=event,
        definition=row[10],
        created=row[12],
        started=row[13],
        reason=value(row[11]),
        cancel=value(row[17]),
        steps=steps,
    )


def step_record(row: Row, run_id: str, value: Value) -> StepRecord:
    """Return what users and a resumed run see of a step."""
    return StepRecord(
        path=row[1],
        state=row[2],
        action=row[3],
        attempts=row[4],
        parameters=value(row[5]),
        conditions=tuple(value(row[6]) or ()),
        result=value(row[7]),
        error=value(row[8]),
        idempotency_key=idempotency_key(run_id, row[1]),
        started=_instant(row[9]),
        ended=_instant(row[10]),
        next_attempt=_instant(row[11]),
    )


def event_of(row: Row, value: Value) -> Event:
    """Return the event; the row begins with seq, id, source, key, time, received, data."""
    return Event(
        id=row[1],
        source=from_column(row[2]),
        time=from_microseconds(row[4]),
        data=value(row[6]),
        key=from_column(row[3]),
    )


def verdict_of(row: Row, value: Value) -> Verdict:
    """Return a verdict; the row is recipe, outcome, definition, conditions, error."""
    return Verdict(
        recipe=from_column(row[0]),
        outcome=row[1],
        definition=row[2],
        conditions=tuple(value(row[3]) or ()),
        error=value(row[4]),
    )


def _instant(microseconds: int | None) -> Any:
    return None if microseconds is None else from_microseconds(microseconds)
