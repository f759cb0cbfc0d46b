"""The triggers `schedule.at` and `schedule.dates`."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import ClassVar, Final

from rouage.sdk import (
    Business,
    Duration,
    Emit,
    Notation,
    Reading,
    Text,
    param,
    params,
)
from rouage.sdk.quantities import write_duration
from rouage_connectors.schedule.changes import FIXED, read_rule
from rouage_connectors.schedule.cron import parse_cron, weekday_numbers
from rouage_connectors.schedule.dating import Dates, read_dates
from rouage_connectors.schedule.declaring import (
    DST,
    DST_EXAMPLE,
    EVENT,
    FOREVER,
    JITTER,
    SAMPLE,
    ZONE,
    connector,
    fault_of,
    find_zone,
    shift_of,
    with_jitter,
    zone_of,
)
from rouage_connectors.schedule.hours import TimeOfDay
from rouage_connectors.schedule.moments import Wanted, read_moment, read_wanted
from rouage_connectors.schedule.reading import sentence_of
from rouage_connectors.schedule.scheduled import ANCHOR, Scheduled, make_interval
from rouage_connectors.schedule.ticking import LAST
from rouage_connectors.schedule.ticks import (
    CronTicks,
    MergedTicks,
    MomentTicks,
    Ticks,
    ticks_between,
)
from rouage_connectors.schedule.workdays import ChosenTicks, MonthlyWorkdayTicks

_ORDINARY: Final = Business()
_AND: Final = Text("{first}; {second}", "{first} ; {second}")
_EVERY: Final = Text("every {interval}", "tous les {interval}")
_ONCE: Final = Text("on {moment}", "le {moment}")
_WORKING: Final = Text("{sentence}, on working days", "{sentence}, les jours ouvrés")
_WORKING_OR: Final = Text(
    "{sentence}, on working days and on the weekdays named too",
    "{sentence}, les jours ouvrés ainsi que les jours nommés",
)
_NTH: Final = Text(
    "on working day {number} of the month at {time}", "le jour ouvré n° {number} du mois à {time}"
)
_LAST_WORKDAY: Final = Text(
    "on the last working day of the month at {time}", "le dernier jour ouvré du mois à {time}"
)
_MOST_SAID: Final = 6
_MORE: Final = Text("and {count} more", "et {count} de plus")


@params
class At:
    """Times, in words or figures."""

    time: str | list[str] = param(
        Text(
            "A time of day, several, a phrase, or one date and time.",
            "Une heure, plusieurs, une phrase, ou une date et une heure.",
        ),
        examples=["08:30", "le premier lundi du mois à midi", "2026-12-24 18:00"],
    )
    days: str | list[str] = param(
        Text(
            "Weekdays, with a time of day; `working` leaves out holidays and closing dates.",
            "Jours de la semaine, avec une heure ; `working` : les jours ouvrés, sans les jours "
            "fériés ni les fermetures.",
        ),
        default=[],
        examples=["monday to friday", ["lundi", "jeudi"], "working"],
    )
    timezone: str | None = param(ZONE, default=None, format="timezone")
    jitter: Duration | None = param(JITTER, default=None)
    dst: dict[str, str] = param(DST, default={}, examples=[DST_EXAMPLE])


@params
class OnDates:
    """A list of dates."""

    dates: list[str] = param(
        Text(
            "Dates: 2026-12-24, 2026-12-24 18:00, or 12-24 for every year.",
            "Des dates : 2026-12-24, 2026-12-24 18:00, ou 12-24 pour chaque année.",
        ),
        examples=[["2026-12-24", "2027-01-02 18:00", "07-14"]],
    )
    time: str = param(
        Text("Time of day of the dates without one.", "Heure des dates qui n’en ont pas."),
        default="08:00",
        max_length=20,
    )
    timezone: str | None = param(ZONE, default=None, format="timezone")


@connector.trigger(
    "at",
    title=Text("Time of day", "Heure"),
    about=Text(
        "At times written as people say them, in French or English.",
        "À des heures écrites comme on les dit, en français ou en anglais.",
    ),
    event=EVENT,
    sample=SAMPLE,
    example={"time": "le premier lundi du mois à midi"},
    describe=Text("at: {time}", "horaire : {time}"),
)
class AtTrigger(Scheduled[At]):
    """Fire at times of day, at moments, or as a phrase says."""

    notations: ClassVar[Mapping[Notation, str]] = {"text": "time"}

    @classmethod
    def check(cls, params: At) -> Text | None:
        """Say what is wrong with the parameters, or None."""
        return fault_of(
            lambda: read_wanted(params.time, params.days),
            lambda: find_zone(params.timezone or "UTC"),
            lambda: read_rule(params.dst, FIXED),
        )

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled."""
        wanted = read_wanted(self.params.time, self.params.days)
        items = await self.context.items.load()
        anchors = [await self.anchor(items.get(ANCHOR), one) for one in wanted.intervals]
        shift = shift_of(self.params.jitter, self.context.recipe_id)
        make = _Maker(self.params, self.zone(), shift, self.context.business)
        await self.run(
            emit, make.ticks(wanted, anchors), shape=f"at {wanted}", stored=items.get(LAST)
        )

    @classmethod
    def read_back(cls, params: At, *, recipe_id: str) -> Reading:
        """Say the times in words, and as cron where they are."""
        wanted = read_wanted(params.time, params.days)
        canonical = [parse_cron(cron).canonical for cron in wanted.crons]
        return Reading(
            sentence=with_jitter(_sentence(wanted), params.jitter, recipe_id),
            canonical=" | ".join(canonical) or None,
        )

    @classmethod
    def preview(
        cls,
        params: At,
        *,
        recipe_id: str,
        timezone: tzinfo,
        after: datetime,
        most: int,
        business: Business = _ORDINARY,
    ) -> list[datetime]:
        """Return the first *most* ticks after *after*, which begins what is an interval."""
        wanted = read_wanted(params.time, params.days)
        anchors = [after + timedelta(seconds=seconds) for seconds in wanted.intervals]
        shift = shift_of(params.jitter, recipe_id)
        make = _Maker(params, zone_of(params.timezone, timezone), shift, business)
        return ticks_between(make.ticks(wanted, anchors), after, FOREVER, most=most)


class _Maker:
    """Makes the ticks of what `schedule.at` wants."""

    def __init__(self, params: At, zone: tzinfo, shift: timedelta, business: Business) -> None:
        self._dst = params.dst
        self._zone = zone
        self._shift = shift
        self._business = business

    def ticks(self, wanted: Wanted, anchors: Sequence[datetime]) -> Ticks:
        """Return the ticks; *anchors* are the first ones of the intervals."""
        zone, shift, parts = self._zone, self._shift, self._by_cron(wanted)
        if wanted.moments:
            parts.append(MomentTicks(read_moment(text, zone) + shift for text in wanted.moments))
        for number, time in wanted.workdays:
            parts.append(MonthlyWorkdayTicks(number, time, zone, self._business, shift=shift))
        for seconds, anchor in zip(wanted.intervals, anchors, strict=True):
            parts.append(make_interval(anchor + shift, seconds, zone))
        return parts[0] if len(parts) == 1 else MergedTicks(parts)

    def _by_cron(self, wanted: Wanted) -> list[Ticks]:
        crons: list[Ticks] = [
            CronTicks(parse_cron(cron), self._zone, shift=self._shift, dst=self._dst)
            for cron in wanted.crons
        ]
        if not wanted.is_working:
            return crons
        accepts = self._accepts(wanted.weekdays)
        return [ChosenTicks(ticks, self._zone, accepts, shift=self._shift) for ticks in crons]

    def _accepts(self, weekdays: str | None) -> Callable[[date], bool]:
        """Return what says whether a day counts: a working day, or one of *weekdays*."""
        named = () if weekdays is None else weekday_numbers(weekdays)
        numbers = {(number - 1) % 7 for number in named}
        is_working_day = self._business.is_working_day
        return lambda day: is_working_day(day) or day.weekday() in numbers


def _sentence(wanted: Wanted) -> Text:
    parts = [sentence_of(parse_cron(cron)) for cron in wanted.crons]
    if wanted.is_working:
        text = _WORKING if wanted.weekdays is None else _WORKING_OR
        parts = [text.fill(sentence=part) for part in parts]
    parts += [_ONCE.fill(moment=moment) for moment in wanted.moments]
    parts += [_EVERY.fill(interval=write_duration(seconds)) for seconds in wanted.intervals]
    parts += [_workday(number, time) for number, time in wanted.workdays]
    return _all(parts)


def _workday(number: int, time: TimeOfDay) -> Text:
    return (_LAST_WORKDAY if number < 0 else _NTH).fill(number=number, time=time)


def _all(parts: list[Text]) -> Text:
    if len(parts) > _MOST_SAID:
        parts = [*parts[:_MOST_SAID], _MORE.fill(count=len(parts) - _MOST_SAID)]
    said = parts[0]
    for part in parts[1:]:
        said = _AND.fill(first=said, second=part)
    return said


@connector.trigger(
    "dates",
    title=Text("Dates", "Dates"),
    about=Text(
        "On each date of a list: deadlines, fairs, holidays.",
        "À chaque date d’une liste : échéances, salons, fêtes.",
    ),
    event=EVENT,
    sample=SAMPLE,
    example={"dates": ["2026-12-24", "07-14"], "time": "08:00"},
    describe=Text("on these dates: {dates}", "à ces dates : {dates}"),
)
class DatesTrigger(Scheduled[OnDates]):
    """Fire on given dates, once each, or once a year."""

    @classmethod
    def check(cls, params: OnDates) -> Text | None:
        """Say what is wrong with the parameters, or None."""
        return fault_of(
            lambda: read_dates(params.dates, params.time),
            lambda: find_zone(params.timezone or "UTC"),
        )

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled."""
        read = read_dates(self.params.dates, self.params.time)
        stored = (await self.context.items.load()).get(LAST)
        digest = hashlib.sha256(repr(read).encode()).hexdigest()[:16]
        ticks = _date_ticks(read, self.zone())
        await self.run(emit, ticks, shape=f"dates {digest}", stored=stored)

    @classmethod
    def read_back(cls, params: OnDates, *, recipe_id: str) -> Reading:
        """Say the dates in words."""
        del recipe_id
        read = read_dates(params.dates, params.time)
        moments = [_ONCE.fill(moment=moment) for moment in sorted(read.moments)]
        return Reading(
            sentence=_all([*moments, *(sentence_of(parse_cron(cron)) for cron in read.crons)])
        )

    @classmethod
    def preview(
        cls,
        params: OnDates,
        *,
        recipe_id: str,
        timezone: tzinfo,
        after: datetime,
        most: int,
        business: Business = _ORDINARY,
    ) -> list[datetime]:
        """Return the first *most* ticks after *after*."""
        del recipe_id, business
        read = read_dates(params.dates, params.time)
        ticks = _date_ticks(read, zone_of(params.timezone, timezone))
        return ticks_between(ticks, after, FOREVER, most=most)


def _date_ticks(read: Dates, zone: tzinfo) -> Ticks:
    moments = MomentTicks(read_moment(text, zone) for text in read.moments)
    return MergedTicks([moments, *(CronTicks(parse_cron(cron), zone) for cron in read.crons)])
