"""A checked recipe as plain data: when, if, do.

Texts that hold expressions stay texts here; `flow.plan` compiles them. Positions are not
kept: a recipe that got this far is right, and its canonical form is what runs pin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rouage.model.event import Admission
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


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerUse:
    """One entry of `when`. `id` is unique in the recipe; `uses` names the trigger."""

    id: str
    uses: str
    parameters: Mapping[str, JSON]
    condition: str | None = None
    missed: JSON = None
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class StepUse:
    """One line of `do`: an action or an engine word, and its common keys.

    `path` is where the step stands (`do.0`, `on_error.1`, `do.2.on_error.0`): stable for a
    pinned definition, and the key of its results. `on_error` is `stop`, `continue`, or
    steps; with `continue`, `substitute` is the result that stands in.
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
    admission: Admission = Admission()
    admission_key: str | None = None
    timeout_seconds: float | None = None
    outputs: Mapping[str, JSON] = field(default_factory=dict)
