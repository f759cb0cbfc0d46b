"""The clocks of n8n as triggers of ours."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.analysis.importing.foreign import listed, maps

Entry = dict[str, Any]
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def entries_of(node: str, parameters: Mapping[str, Any]) -> list[Entry | None]:
    """Return the triggers of a clock node; None for each that has none here."""
    if node == "interval":
        return [_old_interval(parameters)]
    if node == "cron":
        items = _of(parameters.get("triggerTimes"), "item")
        return [_old_cron(one) for one in maps(items)]
    rules = maps(_of(parameters.get("rule"), "interval"))
    # What is left out stands for “every day at midnight”.
    return [_rule(one) for one in rules or [{}]]


def _of(value: Any, name: str) -> Any:
    return value.get(name, []) if isinstance(value, Mapping) else []


def _whole(value: Any, default: int) -> int | None:
    """Return a number of a form that was filled in; None for an expression."""
    if value is None or value == "":
        return default
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 6 else None


def _every(count: int | None, unit: str) -> Entry | None:
    return {"schedule.every": {"interval": f"{count}{unit}"}} if count else None


def _cron(expression: str) -> Entry:
    return {"schedule.cron": {"expression": expression}}


def _rule(rule: Mapping[str, Any]) -> Entry | None:
    """Return one rule of a schedule trigger."""
    field = str(rule.get("field", "days"))
    make = _FIELDS.get(field)
    return None if make is None else make(rule)


def _seconds(rule: Mapping[str, Any]) -> Entry | None:
    return _every(_whole(rule.get("secondsInterval"), 30), "s")


def _minutes(rule: Mapping[str, Any]) -> Entry | None:
    return _every(_whole(rule.get("minutesInterval"), 5), "m")


def _hours(rule: Mapping[str, Any]) -> Entry | None:
    count, minute = _whole(rule.get("hoursInterval"), 1), _whole(rule.get("triggerAtMinute"), 0)
    if not count or minute is None or minute > 59 or count > 23:
        return None
    return _cron(f"{minute} * * * *" if count == 1 else f"{minute} */{count} * * *")


def _clock(rule: Mapping[str, Any]) -> str | None:
    hour, minute = _whole(rule.get("triggerAtHour"), 0), _whole(rule.get("triggerAtMinute"), 0)
    if hour is None or minute is None or hour > 23 or minute > 59:
        return None
    return f"{hour:02d}:{minute:02d}"


def _days(rule: Mapping[str, Any]) -> Entry | None:
    clock, count = _clock(rule), _whole(rule.get("daysInterval"), 1)
    if clock is None or not count:
        return None
    if count == 1:
        return {"schedule.at": {"time": clock}}
    return {"schedule.every": {"interval": f"{count}d", "start": clock}}


def _weeks(rule: Mapping[str, Any]) -> Entry | None:
    clock, count = _clock(rule), _whole(rule.get("weeksInterval"), 1)
    numbers = [_whole(one, 0) for one in listed(rule.get("triggerAtDay", [0]))]
    if clock is None or count != 1 or any(one is None or one > 6 for one in numbers):
        return None
    return {"schedule.at": {"time": clock, "days": [_DAYS[int(one or 0)] for one in numbers]}}


def _months(rule: Mapping[str, Any]) -> Entry | None:
    clock, day = _clock(rule), _whole(rule.get("triggerAtDayOfMonth"), 1)
    count = _whole(rule.get("monthsInterval"), 1)
    if clock is None or not day or day > 31 or not count or count > 12:
        return None
    hour, minute = (int(one) for one in clock.split(":"))
    return _cron(f"{minute} {hour} {day} {'*' if count == 1 else f'*/{count}'} *")


def _expression(rule: Mapping[str, Any]) -> Entry | None:
    words = str(rule.get("expression", rule.get("cronExpression", ""))).lstrip("=").split()
    # n8n has a field for seconds in front, and most people leave it at zero.
    words = words[1:] if len(words) == 6 and words[0] == "0" else words
    return _cron(" ".join(words)) if len(words) == 5 else None


_FIELDS: Final[Mapping[str, Callable[[Mapping[str, Any]], Entry | None]]] = {
    "seconds": _seconds,
    "minutes": _minutes,
    "hours": _hours,
    "days": _days,
    "weeks": _weeks,
    "months": _months,
    "cronExpression": _expression,
}


def _old_interval(parameters: Mapping[str, Any]) -> Entry | None:
    unit = {"seconds": "s", "minutes": "m", "hours": "h"}.get(
        str(parameters.get("unit", "seconds"))
    )
    return None if unit is None else _every(_whole(parameters.get("interval"), 1), unit)


def _old_cron(given: Mapping[str, Any]) -> Entry | None:
    """Return one time of the former cron node."""
    mode = str(given.get("mode", "everyDay"))
    hour, minute = _whole(given.get("hour"), 14), _whole(given.get("minute"), 0)
    if hour is None or minute is None:
        return None
    if mode == "custom":
        return _expression(given)
    if mode == "everyX":
        return _every(_whole(given.get("value"), 2), "h" if given.get("unit") == "hours" else "m")
    day, weekday = _whole(given.get("dayOfMonth"), 1), _whole(given.get("weekday"), 1)
    fields = {
        "everyMinute": "* * * * *",
        "everyHour": f"{minute} * * * *",
        "everyDay": f"{minute} {hour} * * *",
        "everyWeek": f"{minute} {hour} * * {weekday}",
        "everyMonth": f"{minute} {hour} {day} * *",
    }
    return _cron(fields[mode]) if mode in fields else None
