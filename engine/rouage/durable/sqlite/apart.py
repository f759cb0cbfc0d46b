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
    parts.append(rest)
    parts += [_run_part(batch, number) for number in run_numbers(batch)]
    parts[0].blobs = batch.blobs
    batch.steps, batch.waiters, batch.effects, batch.fired = [], [], [], []
    batch.updates, batch.blobs = {}, {}
    return parts


def run_numbers(batch: Batch) -> list[int]:
    """Return the numbers of the runs that have rows in *batch*, each once."""
    numbers = [row[0] for row in batch.steps]
    numbers += [row[0] for row in batch.waiters]
    numbers += [row[0] for row in batch.effects]
    return list(dict.fromkeys([*numbers, *batch.fired, *batch.updates]))


def _intake_part(outside: Batch, number: int) -> Batch:
    part, seq = Batch(), outside.intakes[number].event_seq
    part.intakes = [outside.intakes[number]]
    part.events = [row for row in outside.events if row[0] == seq]
    part.matches = [row for row in outside.matches if row[0] == seq]
    part.runs = [row for row in outside.runs if row[2] == seq]
    part.matched = [event for event in outside.matched if event == seq]
    return part


def _run_part(batch: Batch, number: int) -> Batch:
    part = Batch()
    part.steps = [row for row in batch.steps if row[0] == number]
    part.waiters = [row for row in batch.waiters if row[0] == number]
    part.effects = [row for row in batch.effects if row[0] == number]
    part.fired = [seq for seq in batch.fired if seq == number]
    part.updates = {seq: row for seq, row in batch.updates.items() if seq == number}
    return part
