"""The rows of an event, its verdicts and the runs that it starts."""

from collections.abc import Mapping, Sequence

from rouage.durable.batch import Batch, Column, EventRow, RunRow
from rouage.durable.live import LiveRun
from rouage.durable.port import PROTOCOL
from rouage.durable.values import Stored, store, to_column, to_microseconds
from rouage.model.event import Event, Verdict
from rouage.sdk.json import JSON

Notes = tuple[Stored, Stored]
"""The conditions and the error of a verdict, as they stand in its row."""


def notes_of(verdict: Verdict, blobs: dict[bytes, bytes]) -> Notes:
    """Return what a verdict compared, and its error, as they stand in its row."""
    return (
        store(list(verdict.conditions), blobs) if verdict.conditions else None,
        None if verdict.error is None else store(verdict.error, blobs),
    )


def add_verdicts(
    batch: Batch,
    event_seq: int,
    starting: Sequence[LiveRun],
    verdicts: Sequence[Verdict],
    notes: Sequence[Notes],
) -> None:
    """Add the rows of the verdicts; *starting* are the runs of the matches, in their order."""
    runs = iter(starting)
    for verdict, (conditions, error) in zip(verdicts, notes, strict=True):
        number = None
        if verdict.outcome == "matched":
            run = next(runs)
            number = run.seq
            run.batch = batch
            batch.runs.append(_run_row(run, verdict, event_seq))
        recipe, definition = to_column(verdict.recipe), verdict.definition
        batch.matches.append(
            (event_seq, recipe, verdict.outcome, definition, conditions, error, number)
        )


def _run_row(run: LiveRun, verdict: Verdict, event_seq: int) -> RunRow:
    admission = verdict.admission
    return (
        run.seq,
        run.id,
        event_seq,
        to_column(run.recipe),
        run.definition,
        PROTOCOL,
        run.state,
        admission.mode,
        None if admission.key is None else to_column(admission.key),
        admission.maximum,
        run.created,
        run.started,
        None if run.parent is None else run.parent[0],
        None if run.parent is None else run.parent[1],
        None,
    )


def event_row(event: Event, seq: int, data: Stored, received: int, *, is_matched: bool) -> EventRow:
    """Return the row of an event."""
    return (
        seq,
        event.id,
        to_column(event.source),
        to_column(event.key),
        to_microseconds(event.time),
        received,
        data,
        _subject(event.data),
        1 if is_matched else 0,
        "\n".join(event.trail) or None,
    )


def _subject(data: JSON) -> str | bytes | None:
    """Return what `why` asks for: the path of the file that an event is about."""
    if isinstance(data, dict):
        file = data.get("file")
        if isinstance(file, dict):
            path = file.get("path")
            if isinstance(path, str):
                return to_column(path)
    return None


def store_items(
    trigger: str, items: Mapping[bytes, JSON], blobs: dict[bytes, bytes]
) -> dict[tuple[Column, bytes], Stored]:
    """Return what a trigger wants to remember, as it stands in its rows."""
    owner = to_column(trigger)
    return {(owner, key): store(value, blobs) for key, value in items.items()}
