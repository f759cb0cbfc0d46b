"""Rows back into the records of the model: the same for both journals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rouage.durable.batch import Column, WaiterRow
from rouage.durable.journal import LoadedRun, OpenRun
from rouage.durable.keeping import PERSON, PERSONAL, VALUES
from rouage.durable.port import ClaimRecord, DefinitionRecord
from rouage.durable.values import Stored, from_column, from_microseconds
from rouage.durable.waits import LIMIT_SUFFIX
from rouage.model.event import Event, Verdict
from rouage.model.ids import idempotency_key
from rouage.model.run import Blanked, RunRecord, SignalRecord, StepRecord, WaitRecord
from rouage.sdk.json import JSON

Row = Sequence[Any]
Value = Callable[[Stored], Any]
"""How a column becomes a value: JSON text, or the blob it stands for."""

RUN_COLUMNS = (
    "run.seq, run.id, run.recipe, run.state, run.protocol, run.mode, run.key, run.maximum,"
    " event.id, event.source, run.definition, run.reason, run.created, run.started, run.ended,"
    " run.error, run.outputs, run.cancel, run.parent, run.parent_path,"
    " (SELECT other.id FROM run AS other WHERE other.seq = run.parent),"
    " (SELECT other.id FROM run AS other WHERE other.seq = run.replay_of), run.event,"
    " event.trail, event.blanked"
)
"""The columns that `run_record`, `open_run_of` and `loaded_run` read, in their order."""


def blanked_of(number: int | None) -> Blanked | None:
    """Return the most that `event.blanked` says; a negative number means that it is under way."""
    bits = abs(number or 0)
    if bits & VALUES:
        return "values"
    if bits & PERSON:
        return "person"
    return "personal" if bits & PERSONAL else None


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
        parent=row[20],
        replay_of=row[21],
        trail=tuple(row[23].split("\n")) if row[23] else (),
        blanked=blanked_of(row[24]),
    )


def open_run_of(
    row: Row, deadline: int | None, *, has_waits: bool = False, is_answered: bool = False
) -> OpenRun:
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
        has_waits=has_waits,
        is_answered=is_answered or row[17] is not None,
        id=row[1],
        has_begun=row[13] is not None,
    )


def loaded_run(
    row: Row,
    event: Event,
    steps: Mapping[str, StepRecord],
    value: Value,
    *,
    waits: Sequence[WaiterRow],
    signals: Sequence[SignalRecord],
) -> LoadedRun:
    """Return what going on with a run needs."""
    return LoadedRun(
        run=open_run_of(row, None),
        id=row[1],
        event=event,
        event_seq=row[22],
        definition=row[10],
        created=row[12],
        started=row[13],
        reason=value(row[11]),
        cancel=value(row[17]),
        steps=steps,
        waits=waits,
        signals=signals,
        parent=None if row[18] is None else (row[18], row[19]),
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
        resolution=value(row[12]),
    )


def signal_record(row: Row, value: Value) -> SignalRecord:
    """Return an answer; the row is name, id, payload, author, received."""
    return SignalRecord(
        name=from_column(row[0]),
        id=from_column(row[1]),
        payload=value(row[2]),
        author=from_column(row[3]),
        received=from_microseconds(row[4]),
    )


def wait_record(row: Row, run_id: str, recipe: Column, value: Value) -> WaitRecord:
    """Return what a run waits for; the row is a `WaiterRow`."""
    return WaitRecord(
        run=run_id,
        recipe=from_column(recipe),
        path=row[1].removesuffix(LIMIT_SUFFIX),
        kind=row[2],
        name=None if row[4] is None else from_column(row[4]),
        question=value(row[5]),
        deadline=_instant(row[3]),
        created=from_microseconds(row[6]),
    )


def definition_record(recipe: str, row: Row) -> DefinitionRecord:
    """Return an accepted version; the row is hash, accepted, file, source."""
    return DefinitionRecord(
        recipe=recipe,
        hash=row[0],
        accepted=from_microseconds(row[1]),
        file=None if row[2] is None else from_column(row[2]),
        source=None if row[3] is None else bytes(row[3]),
    )


def claim_record(row: Row, value: Value) -> ClaimRecord:
    """Return who holds a key; the row is scope, key, state, event, run, path, result, expires."""
    return ClaimRecord(
        scope=from_column(row[0]),
        key=from_column(row[1]),
        state=row[2],
        event=row[3],
        run=row[4],
        path=row[5],
        result=value(row[6]),
        expires=_instant(row[7]),
    )


def event_of(row: Row, value: Value) -> Event:
    """Return the event; the row is seq, id, source, key, time, received, data, trail."""
    return Event(
        id=row[1],
        source=from_column(row[2]),
        time=from_microseconds(row[4]),
        data=value(row[6]),
        key=from_column(row[3]),
        trail=tuple(row[7].split("\n")) if row[7] else (),
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
