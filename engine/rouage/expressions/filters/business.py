"""Filters that know when the business works: working days, openings, end of month."""

import calendar
from collections.abc import Mapping
from datetime import date, datetime, time, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.expressions.dates import iso_date
from rouage.expressions.faults import Fault
from rouage.expressions.filters.spec import Argument, FilterSpec
from rouage.expressions.filters.text import whole
from rouage.language import Text
from rouage.sdk.business import MOST_WORKING_DAYS, Business, OutOfCalendar

BUSINESS: Final = "business calendar"
"""Where a scope holds the calendar; with its space it is no name that an expression can say."""

_DEFAULT: Final = Business()
_TAKES: Final = ("date", "text")
_ZONE: Final = Argument(name="timezone", required=False)


def _business(scope: Mapping[str, Any]) -> Business:
    found = scope.get(BUSINESS)
    return found if isinstance(found, Business) else _DEFAULT


def _date(value: str | date) -> date:
    return iso_date(value) if isinstance(value, str) else value


def _zone(scope: Mapping[str, Any], name: str | None) -> tzinfo | None:
    """Return the zone *name*, else that of the recipe, where the scope knows it."""
    if name is not None:
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise Fault("RG495", value=name[:30], name="timezone") from None
    now = scope.get("now")
    now = now() if callable(now) else now
    return now.tzinfo if isinstance(now, datetime) else None


def _moment(value: str | date, zone: tzinfo) -> datetime:
    """Return *value* as a moment; a day is its beginning, in *zone*."""
    found = _date(value)
    if not isinstance(found, datetime):
        found = datetime.combine(found, time())
    return found.replace(tzinfo=zone) if found.tzinfo is None else found


def working_days(scope: Mapping[str, Any], value: str | date, days: int) -> date:
    """Return the date *days* working days later."""
    count = whole("days", days, least=-MOST_WORKING_DAYS, most=MOST_WORKING_DAYS)
    try:
        return _business(scope).add_working_days(_date(value), count)
    except OutOfCalendar:
        raise Fault("RG498") from None


def is_working_day(scope: Mapping[str, Any], value: str | date) -> bool:
    """Say whether the day counts as a working day."""
    return _business(scope).is_working_day(_date(value))


def is_open(scope: Mapping[str, Any], value: str | date, timezone: str | None = None) -> bool:
    """Say whether the business is open at that moment, by the clock of *timezone*."""
    business = _business(scope)
    zone = _zone(scope, timezone) or business.zone
    try:
        return business.is_open(_moment(value, zone), zone)
    except OverflowError:
        raise Fault("RG498") from None


def next_opening(
    scope: Mapping[str, Any], value: str | date, timezone: str | None = None
) -> datetime:
    """Return that moment if the business is open then, or else the next opening."""
    business = _business(scope)
    zone = _zone(scope, timezone) or business.zone
    try:
        found = business.next_open(_moment(value, zone), zone)
        if found is not None:
            return found.astimezone(zone)
    except OverflowError:
        pass
    raise Fault("RG498")


def end_of_month(value: str | date) -> date:
    """Return the last day of the month, at the same time of the day."""
    day = _date(value)
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


BUSINESS_FILTERS: Final = (
    FilterSpec(
        name="working_days",
        call=working_days,
        about=Text(
            "some working days later (see `business` in rouage.yaml)",
            "quelques jours ouvrés plus tard (voir `business` dans rouage.yaml)",
        ),
        example="today() | working_days(3)",
        takes=_TAKES,
        gives="date",
        arguments=(Argument(name="days", kinds=("number",)),),
        wants_scope=True,
    ),
    FilterSpec(
        name="is_working_day",
        call=is_working_day,
        about=Text("whether that day is a working day", "si ce jour est un jour ouvré"),
        example="today() | is_working_day",
        takes=_TAKES,
        gives="boolean",
        wants_scope=True,
    ),
    FilterSpec(
        name="is_open",
        call=is_open,
        about=Text(
            "whether the business is open at that moment", "si l’entreprise est ouverte à ce moment"
        ),
        example="now() | is_open",
        takes=_TAKES,
        arguments=(_ZONE,),
        gives="boolean",
        wants_scope=True,
    ),
    FilterSpec(
        name="next_opening",
        call=next_opening,
        about=Text(
            "that moment if the business is open, else its next opening",
            "ce moment si l’entreprise est ouverte, sinon sa prochaine ouverture",
        ),
        example="now() | next_opening",
        takes=_TAKES,
        gives="date",
        arguments=(_ZONE,),
        wants_scope=True,
    ),
    FilterSpec(
        name="end_of_month",
        call=end_of_month,
        about=Text("the last day of the month", "le dernier jour du mois"),
        example="today() | end_of_month",
        takes=_TAKES,
        gives="date",
    ),
)
"""The filters of this file."""
