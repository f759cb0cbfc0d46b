"""One thing that happened, and what recipes decided about it."""

from datetime import datetime
from typing import Literal

from rouage.records import dataclass
from rouage.sdk.json import JSON

Outcome = Literal[
    "matched", "refused", "failed", "paused", "full", "skipped", "duplicate", "throttled", "held",
    "looped",
]  # fmt: skip
"""`refused`: a condition was false. `skipped`: concurrency left no place. `duplicate`: its `once`
was seen before. `throttled`: too many in a while. `held`: waits in a batch or a debounce, or woke
a waiting run and starts none. `looped`: recipes trigger each other in a circle."""

Mode = Literal["queued", "single", "restart", "parallel", "latest"]
WhenFull = Literal["refuse", "skip", "replace_oldest"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened, as its trigger reported it.

    `source` is the full trigger id (`recipe/trigger`); (`source`, `key`) is the identity by
    which a second delivery is recognised (durability R2). `data` is the `event` of
    expressions. `trail` names the recipes whose runs caused it, oldest first (security P-14).
    """

    id: str
    source: str
    time: datetime
    data: JSON
    key: str
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """How the runs of one recipe share the road (durability R13).

    `queued` runs one at a time per `key`, in order; `parallel` runs at most `maximum` at
    once (None: no limit of its own). `single` skips an event while a run of its key is open;
    `restart` cancels that run first; `latest` keeps one run active and the newest waiting.
    `queue_limit` bounds what may wait, and `when_full` says what happens then.
    """

    mode: Mode = "queued"
    key: str | None = None
    maximum: int | None = None
    queue_limit: int = 10_000
    when_full: WhenFull = "refuse"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What one recipe decided about one event, with the values it compared.

    `conditions` holds, for every condition that was looked at,
    `{"expression", "value", "values": {source: value}}`, masked.
    """

    recipe: str
    outcome: Outcome
    definition: str | None = None
    admission: Admission = Admission()
    conditions: tuple[JSON, ...] = ()
    error: JSON = None

    @property
    def is_match(self) -> bool:
        """Say whether the event starts a run of the recipe."""
        return self.outcome == "matched"
