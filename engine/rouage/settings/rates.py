"""How often accounts may be used (`rates` in `rouage.yaml`; durability R16)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from rouage.records import dataclass

_RATE: Final = re.compile(
    r"\s*([1-9]\d{0,5})\s*(?:per|par|/)\s*([1-9]\d{0,5})?(s|m|h|d)\s*", re.ASCII
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}(\.[a-z][a-z0-9_]{0,30})?", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountRate:
    """So many uses within so many seconds."""

    count: int
    per_seconds: float


def read_rates(value: Any) -> dict[str, AccountRate]:
    """Return the rate of each connector (`http`) or action (`http.request`).

    Raises:
        ValueError: a name or a rate does not fit.
    """
    if not isinstance(value, Mapping):
        raise ValueError("rates")  # noqa: TRY004 - a value that does not fit, as for every setting
    return {_name(name): _rate(given) for name, given in value.items()}


def rate_of(rates: Mapping[str, AccountRate], action: str) -> tuple[str, int, float] | None:
    """Return the bucket, the count and the seconds that hold for *action*, None without a limit.

    The actions of a connector share its bucket; an action named by itself has its own.
    """
    for name in (action, action.partition(".")[0]):
        found = rates.get(name)
        if found is not None:
            return name, found.count, found.per_seconds
    return None


def _name(value: Any) -> str:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise ValueError("name")
    return value


def _rate(value: Any) -> AccountRate:
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("rate")
    return AccountRate(count=int(found[1]), per_seconds=float(found[2] or 1) * _SECONDS[found[3]])


RATES_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "propertyNames": {"pattern": f"^{_NAME.pattern}$"},
    "additionalProperties": {
        "type": "string",
        "pattern": "^ *[1-9][0-9]{0,5} *(per|par|/) *([1-9][0-9]{0,5})?(s|m|h|d) *$",
    },
    "default": {},
    "examples": [{"http": "10 per 1s"}],
}
