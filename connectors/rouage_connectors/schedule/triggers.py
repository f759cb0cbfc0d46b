"""The triggers `schedule.cron` and `schedule.every`."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
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
from rouage_connectors.schedule.cron import LONGEST, parse_cron
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
from rouage_connectors.schedule.moments import read_start
from rouage_connectors.schedule.reading import sentence_of, warning_of
from rouage_connectors.schedule.scheduled import ANCHOR, DAY_SECONDS, Scheduled, make_interval
from rouage_connectors.schedule.ticking import LAST
from rouage_connectors.schedule.ticks import CronTicks, ticks_between

_LONGEST_INTERVAL: Final = 10 * 366 * DAY_SECONDS


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
    timezone: str | None = param(ZONE, default=None, format="timezone")
    jitter: Duration | None = param(JITTER, default=None)
    dst: dict[str, str] = param(DST, default={}, examples=[DST_EXAMPLE])


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
    timezone: str | None = param(ZONE, default=None, format="timezone")


@connector.trigger(
    "cron",
    title=Text("Cron expression", "Expression cron"),
    about=Text(
        "At the times of a cron expression, by the wall clock of the time zone.",
        "Aux heures d’une expression cron, à l’horloge du fuseau horaire.",
    ),
    event=EVENT,
    sample=SAMPLE,
    example={"expression": "0 9 * * 1-5"},
    describe=Text("on the schedule {expression}", "selon l’horaire {expression}"),
)
class CronTrigger(Scheduled[Cron]):
    """Fire at the ticks of a cron expression."""

    notations: ClassVar[Mapping[Notation, str]] = {"cron": "expression"}

    @classmethod
    def check(cls, params: Cron) -> Text | None:
        """Say what is wrong with the parameters, or None."""
        return fault_of(
            lambda: parse_cron(params.expression),
            lambda: find_zone(params.timezone or "UTC"),
            lambda: read_rule(params.dst, FIXED),
        )

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled."""
        cron = parse_cron(self.params.expression, seed=self.context.recipe_id)
        ticks = _ticks(self.params, self.context.recipe_id, self.zone())
        stored = (await self.context.items.load()).get(LAST)
        await self.run(emit, ticks, shape=f"cron {cron.canonical}", stored=stored)

    @classmethod
    def read_back(cls, params: Cron, *, recipe_id: str) -> Reading:
        """Say the expression in words."""
        cron = parse_cron(params.expression, seed=recipe_id)
        return Reading(
            sentence=with_jitter(sentence_of(cron), params.jitter, recipe_id),
            canonical=cron.canonical,
            warning=warning_of(cron),
        )

    @classmethod
    def preview(
        cls,
        params: Cron,
        *,
        recipe_id: str,
        timezone: tzinfo,
        after: datetime,
        most: int,
        business: Business | None = None,
    ) -> list[datetime]:
        """Return the first *most* ticks after *after*."""
        del business
        ticks = _ticks(params, recipe_id, zone_of(params.timezone, timezone))
        return ticks_between(ticks, after, FOREVER, most=most)


def _ticks(params: Cron, recipe_id: str, zone: tzinfo) -> CronTicks:
    cron = parse_cron(params.expression, seed=recipe_id)
    return CronTicks(cron, zone, shift=shift_of(params.jitter, recipe_id), dst=params.dst)


_EVERY: Final = Text("every {interval}", "tous les {interval}")
_FROM: Final = Text("every {interval}, counted from {start}", "tous les {interval}, depuis {start}")


@connector.trigger(
    "every",
    title=Text("Interval", "Intervalle"),
    about=Text(
        "Again and again after the same time, counted from a start that does not drift.",
        "Encore et encore après le même temps, compté depuis un départ qui ne dérive pas.",
    ),
    event=EVENT,
    sample=SAMPLE,
    example={"interval": "90m"},
    describe=_EVERY,
)
class EveryTrigger(Scheduled[Every]):
    """Fire at a fixed interval; whole days keep their wall time across clock changes."""

    @classmethod
    def check(cls, params: Every) -> Text | None:
        """Say what is wrong with the parameters, or None."""
        zone_name = params.timezone or "UTC"
        return fault_of(lambda: read_start(params.start or "00:00", find_zone(zone_name)))

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled."""
        zone, items = self.zone(), await self.context.items.load()
        if self.params.start is not None:
            anchor = read_start(self.params.start, zone)
        else:
            anchor = await self.anchor(items.get(ANCHOR), self.params.interval)
        ticks = make_interval(anchor, self.params.interval, zone)
        shape = f"every {self.params.interval:g} from {self.params.start}"
        await self.run(emit, ticks, shape=shape, stored=items.get(LAST))

    @classmethod
    def read_back(cls, params: Every, *, recipe_id: str) -> Reading:
        """Say the interval in words."""
        del recipe_id
        facts = {"interval": write_duration(params.interval), "start": params.start}
        return Reading(sentence=(_EVERY if params.start is None else _FROM).fill(**facts))

    @classmethod
    def preview(
        cls,
        params: Every,
        *,
        recipe_id: str,
        timezone: tzinfo,
        after: datetime,
        most: int,
        business: Business | None = None,
    ) -> list[datetime]:
        """Return the first *most* ticks after *after*; without a start, *after* is one."""
        del recipe_id, business
        zone = zone_of(params.timezone, timezone)
        seconds = timedelta(seconds=params.interval)
        anchor = after + seconds if params.start is None else read_start(params.start, zone)
        ticks = make_interval(anchor, params.interval, zone)
        return ticks_between(ticks, after, FOREVER, most=most)
