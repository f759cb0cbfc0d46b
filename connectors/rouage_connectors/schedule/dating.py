"""The dates of `schedule.dates`: `2026-12-24`, with or without a time, or `12-24` every year."""

import re
from datetime import UTC, date
from typing import Final

from rouage.sdk import StepError, Text
from rouage.sdk.records import dataclass
from rouage_connectors.schedule.hours import TimeOfDay, read_time
from rouage_connectors.schedule.moments import read_moment
from rouage_connectors.schedule.phrases import cron_at
from rouage_connectors.schedule.words import plain

MOST_DATES: Final = 1_000
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEARLY: Final = re.compile(r"(\d{2})-(\d{2})", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_LEAP_YEAR: Final = 2024

_NO_DATE: Final = Text(
    "“{text}” is no date: write 2026-12-24, 2026-12-24 18:00, or 12-24 for every year",
    "« {text} » n’est pas une date : écrivez 2026-12-24, 2026-12-24 18:00, ou 12-24 pour chaque "
    "année",
)
_NO_TIME: Final = Text(
    "`time` is a time of day such as 08:00, not “{text}”",
    "`time` est une heure comme 08:00, pas « {text} »",
)
_COUNT: Final = Text("`dates` names 1 to {most} dates", "`dates` donne de 1 à {most} dates")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dates:
    """Moments as written, and cron expressions for what comes every year."""

    moments: tuple[str, ...] = ()
    crons: tuple[str, ...] = ()


def read_dates(dates: list[str], time: str) -> Dates:
    """Return what the parameters `dates` and `time` say.

    Raises:
        StepError: one of them is no date, or there are none.
    """
    if not 1 <= len(dates) <= MOST_DATES:
        raise StepError(_COUNT, most=MOST_DATES)
    at = read_time(plain(time))
    if at is None:
        raise StepError(_NO_TIME, text=time)
    read = [_read(text.strip(), at) for text in dates]
    return Dates(
        moments=tuple(dict.fromkeys(moment for moment, _ in read if moment is not None)),
        crons=tuple(dict.fromkeys(cron for _, cron in read if cron is not None)),
    )


def _read(text: str, at: TimeOfDay) -> tuple[str | None, str | None]:
    yearly = _YEARLY.fullmatch(text)
    if yearly is not None:
        return None, _cron(text, int(yearly[1]), int(yearly[2]), at)
    moment = f"{text} {at}" if _DAY.fullmatch(text) else text
    if _MOMENT.fullmatch(moment) is None:
        raise StepError(_NO_DATE, text=text)
    read_moment(moment, UTC)
    return moment, None


def _cron(text: str, month: int, day: int, at: TimeOfDay) -> str:
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        raise StepError(_NO_DATE, text=text) from None
    return cron_at(at, day=str(day), month=str(month))
