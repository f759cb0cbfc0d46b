"""How a run stands, written to the journal: its states, its end, and who is told of that."""

from collections.abc import Callable

from rouage.durable.batch import Batch
from rouage.durable.claims import StepClaims
from rouage.durable.failpoints import Failpoints
from rouage.durable.following import Followers
from rouage.durable.journal import Journal
from rouage.durable.live import LiveRun
from rouage.durable.parking import Parking
from rouage.durable.port import RunOutcome
from rouage.durable.values import from_microseconds, store, to_column
from rouage.durable.waits import Waits, child_signal
from rouage.model.run import RunState, SignalRecord
from rouage.sdk.json import JSON


class RunStates:
    """Add the rows of runs that start, stop and end."""

    def __init__(
        self,
        journal: Journal,
        *,
        now: Callable[[], int],
        parking: Parking,
        followers: Followers,
        claims: StepClaims,
        failpoints: Failpoints | None,
    ) -> None:
        self._journal = journal
        self._now = now
        self._parking = parking
        self._followers = followers
        self._claims = claims
        self._failpoints = failpoints
        self.on_change: Callable[[str, str, RunState], None] | None = None

    def write(
        self,
        run: LiveRun,
        state: RunState,
        *,
        reason: JSON = None,
        error: JSON = None,
        outputs: JSON = None,
        ended: bool = False,
    ) -> Batch:
        """Add the row of the run's new state; the newest in a batch wins."""
        batch = self._journal.filling()
        blobs = batch.blobs
        batch.updates[run.seq] = (
            run.seq,
            state,
            None if reason is None else store(reason, blobs),
            run.started,
            self._now() if ended else None,
            None if error is None else store(error, blobs),
            None if outputs is None else store(outputs, blobs),
            None if run.cancel is None else store(run.cancel, blobs),
        )
        self._followers.note_move(run)
        if ended:
            if run.waits is not None:
                batch.fired.append(run.seq)
            if run.has_keys or run.is_resumed:
                self._claims.settle(run, batch)
            if run.parent is not None and run.parent[1] is not None:
                self._tell_parent(
                    run, run.parent[0], batch, {"state": state, "outputs": outputs, "error": error}
                )
        if self.on_change is not None and state != "running":
            batch.told.append((run.id, run.recipe, state))
        run.state = state
        run.batch = batch
        return batch

    def _tell_parent(
        self, run: LiveRun, parent: int, batch: Batch, outcome: dict[str, JSON]
    ) -> None:
        """Let the run that called this one know how it ended, in the same commit."""
        now, name, payload = self._now(), child_signal(run.id), {"run": run.id, **outcome}
        stored = store(payload, batch.blobs)
        batch.signals.append((parent, to_column(name), run.id, stored, "rouage", now))
        signal = SignalRecord(
            name=name,
            id=run.id,
            payload=payload,
            author="rouage",
            received=from_microseconds(now),
        )
        self._parking.deliver(parent, signal, batch)

    def end(self, run: LiveRun, outcome: RunOutcome, *, is_last: bool) -> None:
        """Record the end that the interpreter reports; after a cancel it is `cancelled`."""
        # What a branch waited for does not matter any more; a doubt still does.
        if run.rest == "needs_attention":
            self.stop(run, is_last=is_last)
            return
        if self._failpoints is not None:
            self._failpoints.reach("record_queued")
        self.write(
            run,
            "cancelled" if is_last else outcome.state,
            ended=True,
            reason=run.cancel if is_last and outcome.reason is None else outcome.reason,
            error=outcome.error,
            outputs=outcome.outputs,
        )

    def stop(self, run: LiveRun, *, is_last: bool, is_closing: bool = False) -> None:
        """Record why a run does not go on now: it waits, is in doubt, cancelled, or handed back."""
        if run.is_left:
            return
        is_cancelled = run.cancel is not None and not is_last
        if run.rest == "needs_attention":
            self.write(run, "needs_attention", reason=run.reason)
        elif is_cancelled and not is_closing:
            # It stays as it is on disk, running and to be cancelled: the last pass follows.
            return
        elif run.halt == "cancel" and is_last:
            self.write(run, "cancelled", ended=True, reason=run.cancel)
        elif run.rest == "waiting" and run.waits is not None and not is_cancelled:
            self.wait(run, run.waits)
        else:
            self.write(run, "queued")

    def wait(self, run: LiveRun, waits: Waits) -> None:
        """Record that the run waits, for what, and until when at the latest."""
        batch, deadline = self._journal.filling(), waits.deadline
        if waits.limit is not None and (deadline is None or waits.limit[0] < deadline):
            deadline, path = waits.limit
            now = self._now()
            waits.hold(batch, run.seq, path, kind="limit", deadline=deadline, now=now)
        waits.drop_stale(batch, run.seq)
        run.deadline = deadline
        self.write(run, "waiting")
