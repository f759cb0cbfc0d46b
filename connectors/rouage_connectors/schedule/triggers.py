"""The triggers `schedule.cron`, `schedule.every` and `schedule.at`."""

import hashlib
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, ClassVar, Final, TypeVar

from rouage.sdk import (
    JSON,
    Connector,
    Duration,
    Emit,
    Notation,
    StepError,
    Text,
    Trigger,
    param,
    params,
)
from rouage_connectors.schedule.cron import LONGEST, parse_cron
from rouage_connectors.schedule.cron import Cron as Parsed
from rouage_connectors.schedule.moments import Wanted, read_moment, read_start, read_wanted
from rouage_connectors.schedule.ticking import LAST, Ticking
from rouage_connectors.schedule.ticks import (
    CronTicks,
    DailyTicks,
    IntervalTicks,
    MergedTicks,
    MomentTicks,
    Ticks,
    ticks_between,
)

connector = Connector(
    "schedule",
    title=Text("Schedules", "Horaires"),
    about=Text(
        "Clocks and calendars: cron, intervals, times of day and plain phrases.",
        "Horloges et calendriers : cron, intervalles, heures et phrases simples.",
    ),
)

ANCHOR: Final = b"anchor"
_DAY_SECONDS: Final = 86_400
FOREVER: Final = datetime.max.replace(tzinfo=UTC)
_LONGEST_INTERVAL: Final = 10 * 366 * _DAY_SECONDS

_NO_ZONE: Final = Text(
    "the time zone “{name}” is unknown: write a name such as Europe/Paris",
    "le fuseau horaire « {name} » est inconnu : écrivez un nom comme Europe/Paris",
)
_NEVER: Final = Text(
    "this schedule has no date to come in the next years",
    "cet horaire n’a aucune date à venir dans les prochaines années",
)

_EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "due": {"type": "string", "format": "date-time"},
        "late": {"type": "number", "minimum": 0},
    },
    "required": ["due", "late"],
}
_SAMPLE: Final[dict[str, JSON]] = {"due": "2026-03-02T09:00:00+01:00", "late": 0.004}

_ZONE: Final = Text(
    "Time zone; that of the recipe, unless given.",
    "Fuseau horaire ; celui de la recette, sauf indication.",
)
_JITTER: Final = Text(
    "Spread: each recipe fires at its own fixed moment within this time.",
    "Étalement : chaque recette part à son propre moment, fixe, dans cette durée.",
)


@params
class Cron:
    """A cron expression."""

    expression: str = param(
        Text(
            "Five fields: minute hour day month weekday.",
            "Cinq champs : minute heure jour mois jour-de-semaine.",
        ),
        format="cron",
        max_length=LONGEST,
        examples=["0 9 * * 1-5"],
    )
    timezone: str | None = param(_ZONE, default=None, format="timezone")
    jitter: Duration | None = param(_JITTER, default=None)


@params
class Every:
    """An interval."""

    interval: Duration = param(
        Text("Time from one tick to the next.", "Temps d’un déclenchement au suivant."),
        minimum=1,
        maximum=_LONGEST_INTERVAL,
        examples=["90m"],
    )
    start: str | None = param(
        Text(
            "What it is counted from: a time of day, or a date and time; the first activation, "
            "unless given.",
            "D’où l’on compte : une heure, ou une date et une heure ; la première activation, "
            "sauf indication.",
        ),
        default=None,
        max_length=64,
        examples=["08:00", "2026-03-02 08:00"],
    )
    timezone: str | None = param(_ZONE, default=None, format="timezone")


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
        Text("Weekdays, with a time of day.", "Jours de la semaine, avec une heure."),
        default=[],
        examples=["monday to friday", ["lundi", "jeudi"]],
    )
    timezone: str | None = param(_ZONE, default=None, format="timezone")
    jitter: Duration | None = param(_JITTER, default=None)


P = TypeVar("P", Cron, Every, At)


class _Scheduled(Trigger[P]):
    """What the three triggers share: a zone, ticks, and the loop."""

    _ticking: Ticking | None = None

    def status(self) -> dict[str, Any]:
        """Return the next and the last tick."""
        return self._ticking.status() if self._ticking is not None else {}

    async def _run(self, emit: Emit, ticks: Ticks, *, shape: str, stored: JSON) -> None:
        zone = self._zone()
        if ticks.next_after(self.context.clock.now()) is None and stored is None:
            self.context.report("waiting", _NEVER)
        else:
            self.context.report("listening", None)
        self._ticking = Ticking(self.context, ticks, zone=zone, shape=f"{shape} {zone}")
        await self._ticking.listen(emit, stored)

    def _zone(self) -> tzinfo:
        return zone_of(self.params.timezone, self.context.timezone)


def shift_of(jitter: float | None, recipe_id: str) -> timedelta:
    """Return the fixed jitter of a recipe (triggers C-5)."""
    if not jitter:
        return timedelta()
    digest = hashlib.sha256(recipe_id.encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8], "big") % max(1, int(jitter)))


def zone_of(name: str | None, default: tzinfo) -> tzinfo:
    """Return the time zone *name*; that of the recipe, the *default*, when none is named.

    Raises:
        StepError: there is none of this name.
    """
    return default if name is None else find_zone(name)


@connector.trigger(
    "cron",
    title=Text("Cron expression", "Expression cron"),
    about=Text(
        "At the times of a cron expression, by the wall clock of the time zone.",
        "Aux heures d’une expression cron, à l’horloge du fuseau horaire.",
    ),
    event=_EVENT,
    sample=_SAMPLE,
    example={"expression": "0 9 * * 1-5"},
    describe=Text("on the schedule {expression}", "selon l’horaire {expression}"),
)
class CronTrigger(_Scheduled[Cron]):
    """Fire at the ticks of a cron expression."""

    notations: ClassVar[Mapping[Notation, str]] = {"cron": "expression"}

    @classmethod
    def check(cls, params: Cron) -> Text | None:
        """Say what is wrong with the parameters, or None."""
        return _fault(lambda: (parse_cron(params.expression), find_zone(params.timezone or "UTC")))

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled."""
        cron, ticks = _cron_ticks(self.params, self.context.recipe_id, self._zone())
        stored = (await self.context.items.load()).get(LAST)
        await self._run(emit, ticks, shape=f"cron {cron.canonical}", stored=stored)

    @classmethod
    def preview(
        cls, params: Cron, *, recipe_id: str, timezone: tzinfo, after: datetime, most: int
    ) -> list[datetime]:
        """Return the first *most* ticks after *after*."""
        _, ticks = _cron_ticks(params, recipe_id, zone_of(params.timezone, timezone))
        return ticks_between(ticks, after, FOREVER, most=most)


@connector.trigger(
    "every",
    title=Text("Interval", "Intervalle"),
    about=Text(
        "Again and again after the same time, counted from a start that does not drift.",
        "Encore et encore après le même temps, compté depuis un départ qui ne dérive pas.",
    ),
    event=_EVENT,
    sample=_SAMPLE,
    example={"interval": "90m"},
    describe=Text("every {interval}", "tous les {interval}"),
)
class EveryTrigger(_Scheduled[Every]):
    """Fire at a fixed interval; whole days keep their wall time across clock changes."""

    @classmethod
    def check(cls, params: Every) -> Text | None:
        """Say what is wrong with the parameters, or None."""
        zone_name = params.timezone or "UTC"
        return _fault(lambda: read_start(params.start or "00:00", find_zone(zone_name)))

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled."""
        zone = self._zone()
        items = await self.context.items.load()
        anchor = await self._anchor(items.get(ANCHOR), zone)
        ticks = make_interval(anchor, self.params.interval, zone)
        shape = f"every {self.params.interval:g} from {self.params.start}"
        await self._run(emit, ticks, shape=shape, stored=items.get(LAST))

    async def _anchor(self, stored: JSON, zone: tzinfo) -> datetime:
        if self.params.start is not None:
            return read_start(self.params.start, zone)
        return await remember_anchor(self, stored, self.params.interval, self.context.clock.now())

    @classmethod
    def preview(
        cls, params: Every, *, recipe_id: str, timezone: tzinfo, after: datetime, most: int
    ) -> list[datetime]:
        """Return the first *most* ticks after *after*; without a start, *after* is one."""
        del recipe_id
        zone = zone_of(params.timezone, timezone)
        seconds = timedelta(seconds=params.interval)
        anchor = after + seconds if params.start is None else read_start(params.start, zone)
        ticks = make_interval(anchor, params.interval, zone)
        return ticks_between(ticks, after, FOREVER, most=most)


@connector.trigger(
    "at",
    title=Text("Time of day", "Heure"),
    about=Text(
        "At times written as people say them, in French or English.",
        "À des heures écrites comme on les dit, en français ou en anglais.",
    ),
    event=_EVENT,
    sample=_SAMPLE,
    example={"time": "le premier lundi du mois à midi"},
    describe=Text("at: {time}", "horaire : {time}"),
)
class AtTrigger(_Scheduled[At]):
    """Fire at times of day, at moments, or as a phrase says."""

    notations: ClassVar[Mapping[Notation, str]] = {"text": "time"}

    @classmethod
    def check(cls, params: At) -> Text | None:
        """Say what is wrong with the parameters, or None."""
        zone_name = params.timezone or "UTC"
        return _fault(lambda: (read_wanted(params.time, params.days), find_zone(zone_name)))

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled."""
        wanted = read_wanted(self.params.time, self.params.days)
        items = await self.context.items.load()
        ticks = await self._make_ticks(wanted, items.get(ANCHOR))
        await self._run(emit, ticks, shape=f"at {wanted}", stored=items.get(LAST))

    async def _make_ticks(self, wanted: Wanted, stored: JSON) -> Ticks:
        now = self.context.clock.now()
        anchors = [
            await remember_anchor(self, stored, seconds, now) for seconds in wanted.intervals
        ]
        shift = shift_of(self.params.jitter, self.context.recipe_id)
        return _at_ticks(wanted, anchors, self._zone(), shift)

    @classmethod
    def preview(
        cls, params: At, *, recipe_id: str, timezone: tzinfo, after: datetime, most: int
    ) -> list[datetime]:
        """Return the first *most* ticks after *after*, which begins what is an interval."""
        wanted = read_wanted(params.time, params.days)
        anchors = [after + timedelta(seconds=seconds) for seconds in wanted.intervals]
        zone, shift = zone_of(params.timezone, timezone), shift_of(params.jitter, recipe_id)
        return ticks_between(_at_ticks(wanted, anchors, zone, shift), after, FOREVER, most=most)


def _cron_ticks(params: Cron, recipe_id: str, zone: tzinfo) -> tuple[Parsed, Ticks]:
    cron = parse_cron(params.expression, seed=recipe_id)
    return cron, CronTicks(cron, zone, shift=shift_of(params.jitter, recipe_id))


def _at_ticks(wanted: Wanted, anchors: list[datetime], zone: tzinfo, shift: timedelta) -> Ticks:
    """Return the ticks of what is *wanted*; *anchors* are the first ones of its intervals."""
    parts: list[Ticks] = [CronTicks(parse_cron(cron), zone, shift=shift) for cron in wanted.crons]
    if wanted.moments:
        parts.append(MomentTicks(read_moment(text, zone) + shift for text in wanted.moments))
    for seconds, anchor in zip(wanted.intervals, anchors, strict=True):
        parts.append(make_interval(anchor + shift, seconds, zone))
    return parts[0] if len(parts) == 1 else MergedTicks(parts)


def make_interval(anchor: datetime, seconds: float, zone: tzinfo) -> Ticks:
    """Return the ticks of an interval; whole days are counted on the wall clock."""
    if seconds % _DAY_SECONDS == 0:
        return DailyTicks(anchor, int(seconds) // _DAY_SECONDS, zone)
    return IntervalTicks(anchor, timedelta(seconds=seconds))


async def remember_anchor(
    trigger: Trigger[Any], stored: JSON, seconds: float, now: datetime
) -> datetime:
    """Return the first tick of an interval without a start: one interval after activation."""
    if isinstance(stored, dict) and stored.get("interval") == seconds:
        return datetime.fromisoformat(str(stored["first"]))
    first = now + timedelta(seconds=seconds)
    await trigger.context.items.put({ANCHOR: {"first": first.isoformat(), "interval": seconds}})
    return first


def find_zone(name: str) -> tzinfo:
    """Return the IANA time zone *name*.

    Raises:
        StepError: there is none of this name.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise StepError(_NO_ZONE, name=name) from None


def _fault(attempt: Any) -> Text | None:
    try:
        attempt()
    except StepError as error:
        return Text(error.render("en"), error.render("fr"))
    return None
