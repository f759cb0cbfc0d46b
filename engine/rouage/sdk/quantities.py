"""Quantities as people write them: `2h30m`, `5 MB`."""

import re
from typing import Final, NewType

Duration = NewType("Duration", float)
"""A length of time in seconds; written `10s`, `5m`, `2h30m`, `3d`, `1w` in a recipe."""

_DURATION_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d|w)", re.ASCII)
DURATION_PATTERN: Final = r"^(?:\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h|d|w)){1,6}$"


def parse_duration(text: str) -> float:
    """Return the seconds that *text* (`90s`, `2h30m`) stands for.

    Raises:
        ValueError: *text* is not a duration.
    """
    if re.fullmatch(DURATION_PATTERN, text) is None:
        raise ValueError(text)
    return float(sum(float(n) * _DURATION_UNITS[unit] for n, unit in _DURATION_PART.findall(text)))


def write_duration(seconds: float) -> str:
    """Return *seconds* as people write them in a recipe: `3d`, `1h30m`, `0.25s`."""
    parts, left = [], seconds
    for unit in ("d", "h", "m"):
        count, left = divmod(left, _DURATION_UNITS[unit])
        if count:
            parts.append(f"{count:.0f}{unit}")
    if left or not parts:
        parts.append(f"{round(left, 3):.12g}s")
    return "".join(parts)


_SIZE_UNITS: Final = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30,
}  # fmt: skip
SIZE_PATTERN: Final = r"^\d{1,12} ?(?:[kKmMgG]?[bBoO]|[kKmMgG]i[bBoO])?$"


def parse_size(text: str) -> int:
    """Return the bytes that *text* (`4096`, `5 MB`, `1 MiB`, `5 Mo`) stands for.

    Raises:
        ValueError: *text* is not a size.
    """
    if re.fullmatch(SIZE_PATTERN, text, re.ASCII) is None:
        raise ValueError(text)
    digits = re.match(r"\d+", text)
    assert digits is not None  # noqa: S101 - the pattern begins with digits
    unit = text[digits.end() :].strip().lower().replace("o", "b")
    return int(digits.group()) * _SIZE_UNITS[unit]
