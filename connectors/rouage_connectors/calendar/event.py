"""The trigger `calendar.event`: before, at or after what stands in a calendar.

The calendar is the truth at each look: an entry that was moved is due at its new time, one
that was cancelled is not due at all. Each occurrence fires once for each time it is due at.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from rouage.sdk import (
    JSON,
    Duration,
    Emit,
    StepError,
    Text,
    Trigger,
    param,
    params,
)
from rouage.sdk.polling import deliver
from rouage_connectors.calendar.changes import Ledger
from rouage_connectors.calendar.declaration import ENTRY, SAMPLE_ENTRY, connector
from rouage_connectors.calendar.due import Dues, missed_age, time_of_day
from rouage_connectors.calendar.sources import follow_address, follow_file

Kind = Literal["due", "added", "changed", "cancelled"]

_STATE: Final = b"state"
_LONGEST_OFFSET: Final = 366 * 86_400
_HORIZON: Final = timedelta(days=9)
_READ_AGAIN: Final = timedelta(days=1)
_AHEAD: Final = timedelta(days=60)
_MOST_DONE: Final = 5_000
_NAP_SECONDS: Final = 30.0
_REMEMBER_EVERY: Final = timedelta(hours=1)

_ONE_SOURCE: Final = Text(
    "say where the calendar is: either `file` or `url`",
    "dites où est l’agenda : soit `file`, soit `url`",
)
_ONE_SIDE: Final = Text(
    "`before` and `after` exclude each other: write two triggers",
    "`before` et `after` s’excluent : écrivez deux déclencheurs",
)
_LEFT_OUT: Final = Text(
    "{count} entries of the calendar cannot be read and are left out",
    "{count} entrées de l’agenda sont illisibles et laissées de côté",
)


@params
class Watched:
    """Which calendar, and when to start."""

    file: str | None = param(
        Text("The ICS file.", "Le fichier ICS."),
        title=Text("File", "Fichier"),
        default=None,
        format="path",
        examples=["files/agenda.ics"],
    )
    url: str | None = param(
        Text(
            "The address of the calendar, such as the private one of an online calendar.",
            "L’adresse de l’agenda, comme l’adresse privée d’un agenda en ligne.",
        ),
        title=Text("Address", "Adresse"),
        default=None,
        format="url",
        max_length=2_000,
        examples=["https://calendar.example.org/private/agenda.ics"],
    )
    before: Duration = param(
        Text("How long before it.", "Combien de temps avant."),
        title=Text("Before", "Avant"),
        default=0.0,
        minimum=0,
        maximum=_LONGEST_OFFSET,
        examples=["1d"],
    )
    after: Duration = param(
        Text("How long after it.", "Combien de temps après."),
        title=Text("After", "Après"),
        default=0.0,
        minimum=0,
        maximum=_LONGEST_OFFSET,
        examples=["2h"],
    )
    of: Literal["start", "end"] = param(
        Text(
            "What is counted from: start, or end of the entry.",
            "D’où l’on compte : start (le début) ou end (la fin) de l’entrée.",
        ),
        title=Text("Of", "Par rapport à"),
        default="start",
    )
    all_day_at: str = param(
        Text(
            "Time of day at which entries for a whole day begin.",
            "Heure à laquelle commencent les entrées d’une journée entière.",
        ),
        title=Text("Whole days begin at", "Début des journées entières"),
        default="00:00",
        format="time",
    )
    on: list[Kind] = param(
        Text(
            "What counts: due (its time has come), added, changed, cancelled.",
            "Ce qui compte : due (son heure est venue), added (ajouté), changed (modifié), "
            "cancelled (annulé).",
        ),
        title=Text("What counts", "Ce qui compte"),
        default=["due"],
        examples=[["due"], ["added", "changed", "cancelled"]],
    )
    interval: Duration = param(
        Text("How often to look at the address.", "Tous les combien regarder l’adresse."),
        title=Text("Interval", "Intervalle"),
        default=900.0,
        minimum=60,
        maximum=7 * 86_400,
        examples=["15m"],
    )
    allow_private: list[str] = param(
        Text(
            "Hosts of this network that may be asked, such as nas.local:5000.",
            "Hôtes de ce réseau que l’on peut interroger, comme nas.local:5000.",
        ),
        title=Text("Private hosts", "Hôtes privés"),
        default=[],
    )


@connector.trigger(
    "event",
    title=Text("Calendar entry", "Entrée d’agenda"),
    about=Text(
        "Before, at or after an entry of a calendar; or when one is added, changed or cancelled.",
        "Avant, pendant ou après une entrée d’agenda ; ou quand une entrée est ajoutée, modifiée "
        "ou annulée.",
    ),
    event={
        "type": "object",
        "properties": {
            "kind": {"enum": ["due", "added", "changed", "cancelled"]},
            "due": {"type": ["string", "null"], "format": "date-time"},
            "late": {"type": "number", "minimum": 0},
            "entry": ENTRY,
        },
        "required": ["kind", "due", "late", "entry"],
    },
    sample={
        "kind": "due",
        "due": "2026-03-01T09:00:00+01:00",
        "late": 0.02,
        "entry": SAMPLE_ENTRY,
    },
    example={"file": "files/agenda.ics", "before": "1d"},
    describe=Text("an entry of a calendar comes due", "une entrée d’un agenda arrive à échéance"),
)
class EventTrigger(Trigger[Watched]):
    """Keep the entries to come in mind, and emit each when it is due."""

    @classmethod
    def check(cls, params: Watched) -> Text | None:
        """Say what is wrong with the parameters, or None."""
        if (params.file is None) == (params.url is None):
            return _ONE_SOURCE
        return _ONE_SIDE if params.before and params.after else None

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled."""
        refusal = self.check(self.params)
        if refusal is not None:
            raise StepError(refusal)
        self._emit = emit
        await self._begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._watch_the_clock())

    def status(self) -> dict[str, Any]:
        """Return when the next entry is due, and how many are known."""
        dues = getattr(self, "_dues", None)
        following = None if dues is None else dues.next_after(self.context.clock.now())
        return {
            "next": None if following is None else self._spoken(following),
            "entries": 0 if dues is None else len(dues),
        }

    # -- state -------------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Take up what was known before, or begin now with another calendar."""
        now = self.context.clock.now()
        self._dues = Dues()
        self._done: OrderedDict[str, None] = OrderedDict()
        self._source: Mapping[str, JSON] | None = None
        self._read_at = now
        self._woken = asyncio.Event()
        self._lock = asyncio.Lock()
        items = await self.context.items.load()
        state = items.get(_STATE)
        if not isinstance(state, dict) or state.get("shape") != self._shape():
            await self.context.items.put({key: None for key in items if key != _STATE})
            items, state = {}, {"began": now.isoformat(), "last": now.isoformat(), "until": None}
        self._began = datetime.fromisoformat(str(state["began"]))
        self._last = self._remembered = datetime.fromisoformat(str(state["last"]))
        until = state.get("until")
        self._until = datetime.fromisoformat(until) if isinstance(until, str) else None
        self._ledger = Ledger(items, self._until)
        await self._remember()

    def _shape(self) -> str:
        """Return what this trigger watches, in a few characters: another one begins anew."""
        params = self.params
        named = (params.file, params.url, params.before, params.after, params.of, params.all_day_at)
        return hashlib.sha256(repr(named).encode()).hexdigest()[:16]

    async def _remember(self) -> None:
        self._remembered = self._last
        await self.context.items.put({_STATE: self._state()})

    def _state(self) -> JSON:
        return {
            "shape": self._shape(),
            "began": self._began.isoformat(),
            "last": self._last.isoformat(),
            "until": None if self._until is None else self._until.isoformat(),
        }

    def _offset(self) -> timedelta:
        return timedelta(seconds=self.params.after - self.params.before)

    def _spoken(self, instant: datetime) -> str:
        return instant.astimezone(self.context.timezone).isoformat()

    # -- the calendar ------------------------------------------------------------------------

    async def _follow(self) -> None:
        params = self.params
        if params.file is not None:
            await follow_file(self.context, path=params.file, take=self._take)
        else:
            await follow_address(
                self.context,
                url=params.url or "",
                interval=params.interval,
                allow_private=params.allow_private,
                take=self._take,
            )

    async def _take(self, source: Mapping[str, JSON]) -> None:
        """Read the calendar, tell what changed, and know again what will be due."""
        async with self._lock:
            now = self.context.clock.now()
            until = now + _AHEAD
            reach = timedelta(seconds=max(self.params.before, self.params.after)) + _HORIZON
            span: dict[str, JSON] = {
                "start": (now - reach).isoformat(),
                "end": (until + reach).isoformat(),
            }
            read = await self.context.consult("calendar.read", {**source, **span})
            entries, skipped, is_more = _checked(read)
            if is_more:
                until = min(until, datetime.fromisoformat(entries[-1]["start"]))
            self._source, self._read_at = source, now
            start_of_day = time_of_day(self.params.all_day_at)
            self._dues = Dues.of(entries, self._offset(), self.params.of, start_of_day)
            if skipped:
                self.context.log.warning("%s", _LEFT_OUT.fill(count=skipped).en)
            await self._tell_changes(entries, now, until)
        self._woken.set()

    async def _tell_changes(
        self, entries: list[Mapping[str, Any]], now: datetime, until: datetime
    ) -> None:
        kinds = frozenset(self.params.on) - {"due"}
        if not kinds:
            return
        news, quiet = self._ledger.compare(entries, now=now, until=until)
        self._until = until
        for one in news:
            if one.change not in kinds:
                quiet[one.row_key] = one.row
                continue
            data: JSON = {"kind": one.change, "due": None, "late": 0, "entry": _whole(one.entry)}
            await deliver(self.context, self._emit, data, key=one.key, items={one.row_key: one.row})
        await self.context.items.put({**quiet, _STATE: self._state()})

    # -- the clock ---------------------------------------------------------------------------

    async def _watch_the_clock(self) -> None:
        clock = self.context.clock
        while True:
            self._woken.clear()
            now = clock.now()
            await self._fire(now)
            if self._source is not None and abs(now - self._read_at) > _READ_AGAIN:
                await self._take_again()
            following = self._dues.next_after(now)
            left = _NAP_SECONDS if following is None else (following - now).total_seconds()
            await self._nap(min(_NAP_SECONDS, max(left, 0.0)))

    async def _take_again(self) -> None:
        """Read the known calendar once more: time has gone on, and so has what lies ahead."""
        try:
            await self._take(self._source or {})
        except StepError as error:
            self._read_at = self.context.clock.now()
            self.context.log.warning("the calendar cannot be read again: %s", error.render("en"))

    async def _nap(self, seconds: float) -> None:
        """Sleep for *seconds*, or until the calendar has been read."""
        sleeps = asyncio.ensure_future(self.context.clock.sleep(seconds))
        wakes = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait((sleeps, wakes), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeps.cancel()
            wakes.cancel()

    async def _fire(self, now: datetime) -> None:
        """Emit what has come due, oldest first.

        That is what came due since the last time, and what is due late because the calendar
        was changed: its entry is still to come.
        """
        oldest = max(self._began, now - missed_age(self.context.missed))
        last = min(self._last, now)
        if "due" in self.params.on and self._source is not None:
            for due, entry in self._dues.between(oldest, now):
                start = datetime.fromisoformat(entry["start"])
                if entry["status"] != "cancelled" and (due > last or now < start):
                    await self._fire_one(due, entry, now)
        if self._source is not None:
            self._last = now
        if abs(self._last - self._remembered) > _REMEMBER_EVERY:
            await self._remember()

    async def _fire_one(self, due: datetime, entry: Mapping[str, Any], now: datetime) -> None:
        key = f"{entry['uid']}/{entry['recurrence']}/{due.astimezone(UTC).isoformat()}"
        if key in self._done:
            return
        late = max(0.0, (now - due).total_seconds())
        data: JSON = {
            "kind": "due",
            "due": self._spoken(due),
            "late": round(late, 3),
            "entry": dict(entry),
        }
        await deliver(self.context, self._emit, data, key=key[:1000])
        self._done[key] = None
        if len(self._done) > _MOST_DONE:
            self._done.popitem(last=False)


def _checked(read: JSON) -> tuple[list[Mapping[str, Any]], int, bool]:
    """Return the entries that the action found, how many it left out, and if there are more."""
    found: Any = read
    return list(found["entries"]), int(found["skipped"]), bool(found["is_more"])


def _whole(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return *entry* with every field; of one that vanished only some are known."""
    empty = {"description": "", "location": "", "url": "", "organizer": "", "all_day": False}
    return {**empty, "categories": [], "attendees": [], **entry}
