"""One call of an isolated action: all that a worker process is told besides the context."""

from typing import Any

from rouage.records import dataclass
from rouage.sdk.limits import Limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of an isolated action: the code (`module:attribute`), which part, with what."""

    target: str
    action: str
    part: str
    given: Any
    is_foreign: bool
    limits: Limits
