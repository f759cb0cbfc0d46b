"""Filters on dates, and the functions that tell the time."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from rouage.expressions.date_formats import parse_by_format, write_date
from rouage.expressions.dates import DAYS, MONTHS, iso_date, read_date
from rouage.expressions.faults import Fault
from rouage.expressions.filters.spec import Argument, FilterSpec, FunctionSpec
from rouage.expressions.filters.text import whole
from rouage.language import Language, Text

_FAR: Final = 100_000
_MONTHS_OF_YEAR: Final = 12


def now(scope: Mapping[str, Any]) -> datetime:
    """Return the present moment, in the zone of the recipe."""
    moment = scope.get("now")
    if callable(moment):
        moment = moment()
    if not isinstance(moment, datetime):
        raise Fault("RG440", name="now()")
    return moment


def today(scope: Mapping[str, Any]) -> date:
    """Return the present day, in the zone of the recipe."""
    return now(scope).date()


def _language(scope: Mapping[str, Any], wish: str | None = None) -> Language:
    return "en" if (wish or scope.get("language")) == "en" else "fr"


def _date(value: str | date) -> date:
    return iso_date(value) if isinstance(value, str) else value


def written(scope: Mapping[str, Any], value: str | date, form: str) -> str:
    """Return a date written as *form* says."""
    return write_date(_date(value), form, _language(scope))


def parsed(scope: Mapping[str, Any], value: str | date, form: str | None = None) -> date:
    """Return the date that a text tells; a moment without zone is in the recipe's zone."""
    if isinstance(value, date):
        return value
    found = read_date(value) if form is None else parse_by_format(value, form)
    if isinstance(found, datetime) and found.tzinfo is None:
        moment = scope.get("now")
        moment = moment() if callable(moment) else moment
        if isinstance(moment, datetime):
            return found.replace(tzinfo=moment.tzinfo)
    return found


def add_days(value: str | date, days: int) -> date:
    """Return the date *days* later, at the same time of the day."""
    count = whole("days", days, least=-_FAR, most=_FAR)
    try:
        return _date(value) + timedelta(days=count)
    except OverflowError:
        raise Fault("RG498") from None


def start_of_month(value: str | date) -> date:
    """Return the first day of the month."""
    day = _date(value)
    if isinstance(day, datetime):
        return day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return day.replace(day=1)


def month_name(scope: Mapping[str, Any], value: Any, language: str | None = None) -> str:
    """Return the name of the month of a date, or of a month number."""
    if isinstance(value, str | date):
        month = _date(value).month
    else:
        month = whole("month_name", value, least=1, most=_MONTHS_OF_YEAR)
    return MONTHS[_language(scope, language)][month - 1]


def weekday(scope: Mapping[str, Any], value: str | date, language: str | None = None) -> int | str:
    """Return the day of the week from 1 (Monday) to 7, or its name in *language*."""
    day = _date(value)
    return day.isoweekday() if language is None else DAYS[_language(scope, language)][day.weekday()]


def iso(value: str | date) -> str:
    """Return a date in ISO 8601 form."""
    day = _date(value)
    return day.isoformat(timespec="seconds") if isinstance(day, datetime) else day.isoformat()


_LANGUAGE: Final = Argument(name="language", required=False, options=("fr", "en"))
_DAYS: Final = Argument(name="days", kinds=("number",))
_TAKES: Final = ("date", "text")

DATE_FILTERS: Final = (
    FilterSpec(
        name="date",
        call=written,
        about=Text("written in a format", "écrite dans un format"),
        example="today() | date('JJ/MM/AAAA')",
        takes=_TAKES,
        arguments=(Argument(name="format"),),
        wants_scope=True,
    ),
    FilterSpec(
        name="parse_date",
        call=parsed,
        about=Text("the date that a text tells", "la date qu’un texte exprime"),
        example="'31/07/2026' | parse_date",
        takes=_TAKES,
        gives="date",
        arguments=(Argument(name="format", required=False),),
        wants_scope=True,
    ),
    FilterSpec(
        name="add_days",
        call=add_days,
        about=Text("some days later", "quelques jours plus tard"),
        example="today() | add_days(30)",
        takes=_TAKES,
        gives="date",
        arguments=(_DAYS,),
    ),
    FilterSpec(
        name="start_of_month",
        call=start_of_month,
        about=Text("the first day of the month", "le premier jour du mois"),
        example="today() | start_of_month",
        takes=_TAKES,
        gives="date",
    ),
    FilterSpec(
        name="month_name",
        call=month_name,
        about=Text("the name of the month", "le nom du mois"),
        example="today() | month_name",
        takes=("date", "text", "number"),
        arguments=(_LANGUAGE,),
        wants_scope=True,
    ),
    FilterSpec(
        name="weekday",
        call=weekday,
        about=Text("1 (Monday) to 7, or the day’s name", "de 1 (lundi) à 7, ou le nom du jour"),
        example="(today() | weekday) <= 5",
        takes=_TAKES,
        gives="any",
        arguments=(_LANGUAGE,),
        wants_scope=True,
    ),
    FilterSpec(
        name="iso",
        call=iso,
        about=Text("in ISO 8601 form", "sous forme ISO 8601"),
        example="today() | iso",
        takes=_TAKES,
    ),
)
"""The filters of this file."""

FUNCTIONS: Final = {
    "now": FunctionSpec(
        name="now",
        call=now,
        about=Text("the present moment", "le moment présent"),
        gives="date",
        example="now() | date('HH:MM')",
    ),
    "today": FunctionSpec(
        name="today",
        call=today,
        about=Text("the present day", "le jour présent"),
        gives="date",
        example="today() | iso",
    ),
}
"""Every function of the language by its name."""
