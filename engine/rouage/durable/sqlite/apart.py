"""Take a failed batch apart, so that one bad item cannot fail its neighbours."""

from rouage.durable.batch import Batch


def split(batch: Batch) -> list[Batch]:
    """Return the parts of *batch* that can be written alone, and leave only the waiters there.

    What comes from outside goes first: each event with all that belongs to it, then items and
    definitions. The rows of each run follow, in their order.
    """
    outside = batch.take_outside()
    parts = [_intake_part(outside, number) for number in range(len(outside.intakes))]
    rest = Batch()
    rest.items, rest.definitions, rest.outside = outside.items, outside.definitions, outside.outside
    # Runs that a user had done again: their event is long since on disk.
    taken = {intake.event_seq for intake in outside.intakes}
    rest.runs = [row for row in outside.runs if row[2] not in taken]
    rest.steps = outside.steps
    parts.append(rest)
    parts += [_run_part(batch, number) for number in run_numbers(batch)]
    parts[0].blobs = batch.blobs
    batch.steps, batch.effects, batch.fired, batch.signals = [], [], [], []
    batch.lineage, batch.settled = [], []
    batch.updates, batch.waiters, batch.blobs, batch.claims = {}, {}, {}, []
    return parts


def run_numbers(batch: Batch) -> list[int]:
    """Return the numbers of the runs that have rows in *batch*, each once."""
    numbers = [row[0] for row in batch.steps]
    numbers += [key[0] for key in batch.waiters]
    numbers += [row[0] for row in batch.signals]
    numbers += [row[0] for row in batch.effects]
    numbers += [row[3] for row in batch.claims if row[3] is not None]
    return list(dict.fromkeys([*numbers, *batch.fired, *batch.settled, *batch.updates]))


def _intake_part(outside: Batch, number: int) -> Batch:
    part, seq = Batch(), outside.intakes[number].event_seq
    part.intakes = [outside.intakes[number]]
    part.events = [row for row in outside.events if row[0] == seq]
    part.matches = [row for row in outside.matches if row[0] == seq]
    part.runs = [row for row in outside.runs if row[2] == seq]
    part.claims = [row for row in outside.claims if row[2] == seq]
    part.held = {event: items for event, items in outside.held.items() if event == seq}
    part.matched = [event for event in outside.matched if event == seq]
    return part


def _run_part(batch: Batch, number: int) -> Batch:
    part = Batch()
    part.steps = [row for row in batch.steps if row[0] == number]
    part.waiters = {key: row for key, row in batch.waiters.items() if key[0] == number}
    part.signals = [row for row in batch.signals if row[0] == number]
    part.effects = [row for row in batch.effects if row[0] == number]
    part.lineage = [row for row in batch.lineage if row[0] == number]
    part.claims = [row for row in batch.claims if row[3] == number]
    part.fired = [seq for seq in batch.fired if seq == number]
    part.settled = [seq for seq in batch.settled if seq == number]
    part.updates = {seq: row for seq, row in batch.updates.items() if seq == number}
    return part
