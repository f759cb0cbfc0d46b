"""A checked recipe as plain data: when, if, do.

Texts that hold expressions stay texts here; `flow.plan` compiles them. Positions are not
kept: a recipe that got this far is right, and its canonical form is what runs pin.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from rouage.model.event import Admission
from rouage.records import dataclass
from rouage.sdk.json import JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """When and how often a failed step is tried again; durations in seconds.

    The pause before attempt n+1 is `wait * backoff ** (n - 1)`, at most `max_wait`, varied by
    up to `jitter` of itself. `times` counts the attempts after the first one.
    """

    times: int = 0
    wait_seconds: float = 1.0
    backoff: float = 1.0
    jitter: float = 0.0
    max_wait_seconds: float | None = None
    max_total_seconds: float | None = None
    when: "tuple[str, ...] | str | None" = None
    """Kinds of errors that are worth it, or a condition on `error`; None: passing ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Once:
    """Dedupe of a trigger's events by `key`, a text with expressions (DESIGN 3, features N-8).

    `scope` is `recipe` (this trigger) or `all`; `within_seconds` is how long it is remembered.
    """

    key: str
    scope: Literal["recipe", "all"] = "recipe"
    within_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Debounce:
    """Let a burst pass and act once: on its last (or first) event, `wait_seconds` after it."""

    wait_seconds: float
    max_wait_seconds: float | None = None
    key: str | None = None
    keep: Literal["last", "first"] = "last"


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Gather events into one, whose `event.items` they are.

    It is closed after `quiet_seconds` without a new one, `every_seconds` after its first, or
    when it holds `maximum`; `by` keeps apart what has different values.
    """

    quiet_seconds: float | None = None
    every_seconds: float | None = None
    maximum: int | None = None
    by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Throttle:
    """At most `count` events within `per_seconds`; the others are recorded as throttled."""

    count: int
    per_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Alive:
    """How a trigger proves that it works: a probe every so often, and how much must come.

    Without `expect` that is learned from what came before.
    """

    probe_seconds: float | None = None
    expect: Throttle | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """How far a recipe may act by itself; `auto_after` so many approved runs it need not ask."""

    start: Literal["shadow", "ask"]
    auto_after: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most so many effects counted in `unit`: of one run, or of all within `per_seconds`."""

    unit: str
    most: float
    per_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Keep:
    """What a recipe says about its past; None: as the workspace has it.

    With `runs` or `age_seconds` both bounds of the workspace no longer count for its runs.
    """

    runs: int | None = None
    age_seconds: float | None = None
    personal_seconds: float | None = None
    blanks_values: bool = False

    @property
    def has_bounds(self) -> bool:
        """Say whether it says itself how many runs are kept, or how long."""
        return self.runs is not None or self.age_seconds is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerUse:
    """One entry of `when`. `id` is unique in the recipe; `uses` names the trigger."""

    id: str
    uses: str
    parameters: Mapping[str, JSON]
    condition: str | None = None
    missed: JSON = None
    enabled: bool = True
    once: Once | None = None
    debounce: Debounce | None = None
    throttle: Throttle | None = None
    batch: Batch | None = None
    alive: Alive | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StepUse:
    """One line of `do`: an action or an engine word, and its common keys.

    `path` is where the step stands (`do.0`, `on_error.1`, `do.2.on_error.0`): stable for a
    pinned definition, and the key of its results. `on_error` is `stop`, `continue`, or
    steps; with `continue`, `substitute` is the result that stands in.

    `body` holds the steps inside an engine word, by where they stand below it (`group.do`,
    `choose.1.do`, `parallel.branches.NAME`, `approve.on_timeout`); their paths begin with
    `<path>.<key>.`. `event` is the trigger that a `wait` listens to. `once` is the key under
    which the effect is known to all recipes, a text with expressions. `hold` is how many seconds
    the call waits in the outbox, or `open` for the next opening of the business.
    """

    path: str
    uses: str
    parameters: JSON
    id: str | None = None
    name: str | None = None
    condition: str | None = None
    timeout_seconds: float | None = None
    retry: RetryPolicy = RetryPolicy()
    on_error: "Literal['stop', 'continue'] | tuple[StepUse, ...]" = "stop"
    substitute: JSON = None
    enabled: bool = True
    body: "Mapping[str, tuple[StepUse, ...]]" = field(default_factory=dict)
    event: TriggerUse | None = None
    once: str | None = None
    hold: "float | Literal['open'] | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One recipe file after reading and checking.

    `id` is the identity of its state (the file name unless written); `definition` is the
    canonical JSON that runs pin, and `hash` its SHA-256 in hexadecimal.
    """

    id: str
    name: str
    definition: bytes
    hash: str
    steps: tuple[StepUse, ...]
    description: str | None = None
    tags: tuple[str, ...] = ()
    enabled: bool = True
    timezone: str | None = None
    inputs: Mapping[str, JSON] = field(default_factory=dict)
    variables: Mapping[str, JSON] = field(default_factory=dict)
    triggers: tuple[TriggerUse, ...] = ()
    condition: str | None = None
    on_error: tuple[StepUse, ...] = ()
    finally_: tuple[StepUse, ...] = ()
    admission: Admission = Admission()
    admission_key: str | None = None
    timeout_seconds: float | None = None
    outputs: Mapping[str, JSON] = field(default_factory=dict)
    trust: Trust | None = None
    limits: tuple[Limit, ...] = ()
    unusual: Literal["ask", "stop"] | None = None
    keep: Keep = Keep()
