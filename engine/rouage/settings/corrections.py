"""Whether and how often corrections by hand are looked for (`corrections` in `rouage.yaml`)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from rouage.records import dataclass

_DURATION: Final = re.compile(r"([1-9]\d{0,4})(s|m|h|d|w)", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONGEST_SECONDS: Final = 60 * 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Listening:
    """A file counts for `within_seconds` after it was made; one look every `every_seconds`."""

    is_wanted: bool = True
    within_seconds: int = 7 * 86_400
    every_seconds: int = 600


def read_corrections(value: Any) -> Listening:
    """Return what the setting says; what it leaves out has its default.

    Raises:
        ValueError: it does not fit.
    """
    if isinstance(value, bool):
        return Listening(is_wanted=value)
    if not isinstance(value, Mapping) or not set(value) <= {"within", "every"}:
        raise ValueError("corrections")
    usual = Listening()
    return Listening(
        within_seconds=_seconds(value.get("within"), usual.within_seconds),
        every_seconds=_seconds(value.get("every"), usual.every_seconds),
    )


def _seconds(value: Any, usual: int) -> int:
    if value is None:
        return usual
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    seconds = 0 if found is None else int(found[1]) * _SECONDS[found[2]]
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise ValueError("duration")
    return seconds


_DURATION_SCHEMA: Final = {"type": "string", "pattern": "^[1-9][0-9]{0,4}(s|m|h|d|w)$"}
CORRECTIONS_SCHEMA: Final[Mapping[str, Any]] = {
    "anyOf": [
        {"type": "boolean", "default": True},
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "within": {**_DURATION_SCHEMA, "default": "7d"},
                "every": {**_DURATION_SCHEMA, "default": "10m"},
            },
        },
    ],
}
