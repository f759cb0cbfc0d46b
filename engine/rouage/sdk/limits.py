"""How much one call of an isolated action may use before it is stopped."""

from collections.abc import Callable
from typing import Any

from rouage.records import dataclass

Isolated = bool | Callable[[Any], bool]
"""Whether an action runs in a worker process; a function decides by the parameters."""

_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one call may use: time by the clock and of the processor, memory, and words.

    `result_bytes` bounds the result as JSON text; `log_lines` and `log_bytes` what is kept of
    the log, the rest is counted and dropped. `timeout` of the step may only be shorter.
    """

    seconds: float = 300.0
    processor_seconds: float = 120.0
    memory_bytes: int = 512 * _MIB
    result_bytes: int = 4 * _MIB
    log_lines: int = 200
    log_bytes: int = 64 << 10


MOST_RESULT_BYTES = 16 * _MIB
"""No action gives back more than this, isolated or not: documents belong into files."""
