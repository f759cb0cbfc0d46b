"""Conditions of Home Assistant as expressions."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.analysis.importing.foreign import listed, step_id
from rouage.analysis.importing.home_assistant.templates import Names, condition_of, time_text
from rouage.analysis.importing.home_assistant.triggers import DAYS, days_of

_JOINS: Final = {"and": " and ", "or": " or "}


def expression_of(given: Any, names: Names) -> str | None:
    """Return one condition, or a list that all must hold, as an expression; None for neither."""
    if isinstance(given, list):
        return _joined(given, " and ", names)
    if isinstance(given, str):
        return condition_of(given, names)
    if not isinstance(given, Mapping):
        return None
    word = next((one for one in ("and", "or", "not") if one in given), None)
    if word is not None:
        return _group(word, given[word], names)
    make = _KINDS.get(str(given.get("condition")))
    return None if make is None else make(given, names)


def _group(word: str, given: Any, names: Names) -> str | None:
    if word == "not":
        # All of them must be untrue.
        inner = _joined(listed(given), " or ", names)
        return None if inner is None else f"not ({inner})"
    return _joined(listed(given), _JOINS[word], names)


def _joined(given: list[Any], word: str, names: Names) -> str | None:
    parts = [expression_of(one, names) for one in given]
    if not parts or any(one is None for one in parts):
        return None
    if len(parts) == 1:
        return parts[0]
    return word.join(f"({one})" if _is_compound(one) else str(one) for one in parts)


def _is_compound(expression: str | None) -> bool:
    return any(word in str(expression) for word in (" and ", " or ", " if "))


def _listed_group(given: Mapping[str, Any], names: Names) -> str | None:
    return _group(str(given["condition"]), given.get("conditions"), names)


def _template(given: Mapping[str, Any], names: Names) -> str | None:
    return condition_of(str(given.get("value_template", "")), names)


def _time(given: Mapping[str, Any], names: Names) -> str | None:
    del names
    clock = "(now() | date('%H:%M:%S'))"
    after, before = (_limit(given.get(one)) for one in ("after", "before"))
    if (given.get("after") is not None and after is None) or (
        given.get("before") is not None and before is None
    ):
        return None
    parts = []
    if after is not None and before is not None and after > before:
        # The night: from the evening on, or before the morning.
        parts.append(f"({clock} >= '{after}' or {clock} < '{before}')")
    else:
        parts += [f"{clock} >= '{after}'"] if after is not None else []
        parts += [f"{clock} < '{before}'"] if before is not None else []
    if "weekday" in given:
        days = days_of(given["weekday"])
        if days is None:
            return None
        numbers = ", ".join(str(DAYS.index(one) + 1) for one in days)
        parts.append(f"(now() | weekday) in [{numbers}]")
    return " and ".join(parts) or None


def _limit(value: Any) -> str | None:
    text = None if value is None else time_text(value)
    return text if text is None or len(text) > 5 else f"{text}:00"


def _trigger(given: Mapping[str, Any], names: Names) -> str | None:
    del names
    ids = [step_id(str(one), set()) for one in listed(given.get("id"))]
    if not ids:
        return None
    if len(ids) == 1:
        return f"trigger.id == '{ids[0]}'"
    return f"trigger.id in [{', '.join(repr(one) for one in ids)}]"


_KINDS: Final[Mapping[str, Callable[[Mapping[str, Any], Names], str | None]]] = {
    "and": _listed_group,
    "or": _listed_group,
    "not": _listed_group,
    "template": _template,
    "time": _time,
    "trigger": _trigger,
}
