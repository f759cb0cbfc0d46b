"""What became of an event: for triggers whose senders wait for an answer."""

from collections.abc import Awaitable, Callable

from rouage.records import dataclass
from rouage.sdk.json import JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """Where the run of an event stands.

    `is_done`: the step that was asked for is done, and `result` is what it gave. `run` is the
    id of the run, and `state` its state; both None when the event started none.
    """

    run: str | None = None
    state: str | None = None
    is_done: bool = False
    result: JSON = None


AwaitOutcome = Callable[[str, str, float], Awaitable[Outcome]]
"""Called with the id of an event, the id of a step, and the seconds to wait at most.

It returns as soon as the step is done, or the run is over without it.
"""


async def no_outcome(event_id: str, step: str, seconds: float) -> Outcome:
    """Return that nothing is known: for triggers that work without an engine."""
    del event_id, step, seconds
    return Outcome()
