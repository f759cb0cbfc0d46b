"""What the owner has to know: one list, durable, each thing on it once (features U-1.5).

A notice is raised by whoever sees a trouble and solved by whoever sees its end. It is shown by
`rouage status` and the API; a recipe may be told (`notices: {recipe: …}` in rouage.yaml).
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from rouage.clock import Clock
from rouage.durable.port import Engine
from rouage.errors import JournalError
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.json import JSON

logger = logging.getLogger(__name__)

OWNER: Final = "#notices"
MOST: Final = 200
_LONGEST: Final = 1_000
_WRITE_EVERY: Final = timedelta(minutes=1)
"""What repeats itself is counted in memory, and written this often at most."""
_QUIET: Final = timedelta(hours=1)
"""A trouble that comes back within this time is the same one: nobody is told again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One thing to know. `key` is its identity, `kind` its sort; `count` how often it came."""

    key: str
    kind: str
    text: Text
    since: datetime
    last: datetime
    count: int = 1
    recipe: str | None = None
    solved: datetime | None = None

    def as_json(self) -> dict[str, JSON]:
        """Return the notice as data, its sentence in both languages."""
        return {
            "key": self.key,
            "kind": self.kind,
            "text": {"en": self.text.en, "fr": self.text.fr},
            "since": self.since.isoformat(),
            "last": self.last.isoformat(),
            "count": self.count,
            "recipe": self.recipe,
            "solved": None if self.solved is None else self.solved.isoformat(),
        }


Tell = Callable[[Notice], Awaitable[None]]
Start = Callable[[Awaitable[None], str], object]


class Notices:
    """The list of the owner, in memory and in the journal.

    *tell* hands a new notice on; *start* does work beside everything else.
    """

    def __init__(self, clock: Clock, *, start: Callable[..., object], tell: Tell) -> None:
        self._clock = clock
        self._start = start
        self._tell = tell
        self._engine: Engine | None = None
        self._known: dict[str, Notice] = {}
        self._written: dict[str, datetime] = {}
        self._is_any_open = False

    async def load(self, engine: Engine) -> None:
        """Go on from what the journal holds."""
        self._engine = engine
        for notice in read_notices(await engine.load_items(OWNER)):
            self._known.setdefault(notice.key, notice)
        self._look()

    def _look(self) -> None:
        self._is_any_open = any(one.solved is None for one in self._known.values())

    @property
    def open(self) -> tuple[Notice, ...]:
        """Return what is not solved, newest first."""
        found = [one for one in self._known.values() if one.solved is None]
        return tuple(sorted(found, key=lambda one: one.last, reverse=True))

    @property
    def is_any_open(self) -> bool:
        """Say whether anything is not solved; asked at the end of every run."""
        return self._is_any_open

    @property
    def all(self) -> tuple[Notice, ...]:
        """Return every notice that is kept, newest first."""
        return tuple(sorted(self._known.values(), key=lambda one: one.last, reverse=True))

    def raise_(self, key: str, kind: str, text: Text, *, recipe: str | None = None) -> None:
        """Put something on the list; what is on it already is counted."""
        now, known = self._clock.now(), self._known.get(key)
        text = Text(text.en[:_LONGEST], text.fr[:_LONGEST])
        if known is None or (known.solved is not None and now - known.solved > _QUIET):
            notice = Notice(key=key, kind=kind, text=text, since=now, last=now, recipe=recipe)
            logger.info("notice: %s", text.en)
            self._keep(notice)
            self._start(self._tell(notice), "telling the owner")
            return
        again = replace(known, text=text, last=now, count=known.count + 1, solved=None)
        has_changed = known.solved is not None or known.text != text
        self._known[key] = again
        if has_changed or now - self._written.get(key, known.since) >= _WRITE_EVERY:
            self._keep(again)

    def solve(self, key: str) -> None:
        """Note that a trouble is over, if it was there."""
        known = self._known.get(key)
        if known is not None and known.solved is None:
            self._keep(replace(known, solved=self._clock.now()))

    def forget(self, key: str) -> bool:
        """Take a notice off the list, because the owner has seen it; False if it is not there."""
        known = self._known.pop(key, None)
        self._written.pop(key, None)
        self._look()
        if known is not None:
            self._start(self._write({key: None}), "writing notices")
        return known is not None

    def _keep(self, notice: Notice) -> None:
        self._known[notice.key] = notice
        self._written[notice.key] = notice.last
        rows: dict[str, JSON] = {notice.key: notice.as_json()}
        for key in self._surplus():
            del self._known[key]
            self._written.pop(key, None)
            rows[key] = None
        self._look()
        self._start(self._write(rows), "writing notices")

    def _surplus(self) -> list[str]:
        """Return the oldest notices beyond the bound, those that are solved first."""
        count = len(self._known) - MOST
        if count <= 0:
            return []
        order = sorted(self._known.values(), key=lambda one: (one.solved is None, one.last))
        return [one.key for one in order[:count]]

    async def _write(self, rows: Mapping[str, JSON]) -> None:
        if self._engine is None:
            return
        try:
            await self._engine.put_items(OWNER, {key.encode(): row for key, row in rows.items()})
        except JournalError as error:
            # It stays in memory: the trouble may be that nothing can be written.
            logger.warning("a notice could not be written: %s", error)


def read_notices(items: Mapping[bytes, JSON]) -> tuple[Notice, ...]:
    """Return the notices that the journal holds; what cannot be read is left out."""
    found = [_read(key.decode("utf-8", "replace"), value) for key, value in items.items()]
    return tuple(notice for notice in found if notice is not None)


def _read(key: str, value: JSON) -> Notice | None:
    if not isinstance(value, dict) or not isinstance(value.get("text"), dict):
        return None
    text, solved, recipe, count = (value.get(n) for n in ("text", "solved", "recipe", "count"))
    assert isinstance(text, dict)  # noqa: S101 - looked at above
    try:
        return Notice(
            key=key,
            kind=str(value.get("kind")),
            text=Text(str(text.get("en")), str(text.get("fr"))),
            since=datetime.fromisoformat(str(value["since"])),
            last=datetime.fromisoformat(str(value["last"])),
            count=count if isinstance(count, int) else 1,
            recipe=recipe if isinstance(recipe, str) else None,
            solved=None if solved is None else datetime.fromisoformat(str(solved)),
        )
    except (KeyError, ValueError):
        return None
