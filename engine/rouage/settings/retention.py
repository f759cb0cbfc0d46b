"""How much of the past is kept (`retention` in `rouage.yaml`; security P-18)."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.records import dataclass

_UNLIMITED: Final = "unlimited"
_NEVER: Final = "never"
_AGE: Final = re.compile(r"([1-9]\d{0,4})(h|d|w)", re.ASCII)
_SIZE: Final = re.compile(r"([1-9]\d{0,5})\s?(MB|GB|TB)", re.ASCII)
_SECONDS: Final = {"h": 3_600, "d": 86_400, "w": 604_800}
_BYTES: Final = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_MOST_RUNS: Final = 1_000_000_000

KEY_SECONDS: Final = 30 * 86_400
"""So long the key of an event is known, whatever else is forgotten (durability R2)."""
DEFAULT_RESERVE_BYTES: Final = 100 * 10**6


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """What is kept of finished runs; None keeps all. Unfinished ones are never forgotten.

    `personal_seconds` after a run its personal values are blanked; the rest of it stays.
    """

    age_seconds: int | None = 90 * 86_400
    runs: int | None = 200_000
    size_bytes: int | None = 2 * 10**9
    personal_seconds: int | None = 30 * 86_400


def read_retention(value: Any) -> Retention:
    """Return what the setting says; what it leaves out has its default.

    Raises:
        ValueError: it does not fit.
    """
    if not isinstance(value, Mapping) or not set(value) <= set(_PARTS):
        raise ValueError("retention")
    return Retention(**{_PARTS[name][0]: _PARTS[name][1](given) for name, given in value.items()})


def read_size(value: Any) -> int:
    """Return the number of bytes that a text such as `100MB` stands for.

    Raises:
        ValueError: it stands for none.
    """
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("size")
    return int(found[1]) * _BYTES[found[2]]


def _unless(word: str, read: Callable[[Any], int]) -> Callable[[Any], int | None]:
    return lambda value: None if value == word else read(value)


def _age(value: Any) -> int:
    found = _AGE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("age")
    return int(found[1]) * _SECONDS[found[2]]


def _runs(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_RUNS:
        raise ValueError("runs")
    return value


_PARTS: Final[Mapping[str, tuple[str, Callable[[Any], int | None]]]] = {
    "age": ("age_seconds", _unless(_UNLIMITED, _age)),
    "runs": ("runs", _unless(_UNLIMITED, _runs)),
    "size": ("size_bytes", _unless(_UNLIMITED, read_size)),
    "personal": ("personal_seconds", _unless(_NEVER, _age)),
}

SIZE_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "string",
    "pattern": "^[1-9][0-9]{0,5} ?(MB|GB|TB)$",
}
RETENTION_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "age": {
            "type": "string",
            "pattern": f"^([1-9][0-9]{{0,4}}(h|d|w)|{_UNLIMITED})$",
            "default": "90d",
        },
        "runs": {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": _MOST_RUNS},
                {"const": _UNLIMITED},
            ],
            "default": 200_000,
        },
        "size": {"anyOf": [SIZE_SCHEMA, {"const": _UNLIMITED}], "default": "2GB"},
        "personal": {
            "type": "string",
            "pattern": f"^([1-9][0-9]{{0,4}}(h|d|w)|{_NEVER})$",
            "default": "30d",
        },
    },
}
