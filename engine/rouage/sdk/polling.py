"""Look at one address again and again, politely: what every trigger that polls shares.

The times of the looks are durable, so that neither a restart nor a failing trigger asks a
server sooner than was promised. An answer that has not changed (`ETag`, `Last-Modified`) costs
one request and nothing else; trouble makes the pauses grow, and `Retry-After` is honoured.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from rouage.errors import Overloaded, RetryableError, StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.fetching import Fetched, Unreachable, fetch, place_of
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Emit, Receipt, TriggerContext

STATE: Final = b"poll"
"""Where the poller keeps its state among the items of the trigger."""

_HOUR_SECONDS: Final = 3_600.0
_LONGEST_PAUSE: Final = 12 * _HOUR_SECONDS
_LONGEST_WISH: Final = 24 * _HOUR_SECONDS
_FIRST_PAUSE: Final = 60.0
_NAP_SECONDS: Final = 60.0
_MOST_DOUBLINGS: Final = 10
_SPREAD: Final = 0.1

_TROUBLE: Final = Text("{reason}; next try at {time}", "{reason} ; prochain essai à {time}")

Look = Callable[[Fetched], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _State:
    """What is known of an address: how it was named last, and when to look again."""

    address: str
    etag: str | None = None
    modified: str | None = None
    last: str | None = None
    due: str | None = None
    failures: int = 0

    def as_json(self) -> dict[str, JSON]:
        return {name: getattr(self, name) for name in _State.__slots__}


class Poller:
    """Looks at *url* every *interval* seconds, and hands over what is new there.

    *shape* is whatever else changes the meaning of an answer (a selector): with another shape
    it is another address, which begins anew. `address` names both in a few characters.
    """

    def __init__(
        self,
        context: TriggerContext,
        *,
        url: str,
        interval: float,
        accept: str,
        shape: str = "",
        allow_private: Sequence[str] = (),
    ) -> None:
        self._context = context
        self._url = url
        self._interval = interval * (1 + _SPREAD * _share(context.trigger_id))
        self._accept = accept
        self._allow_private = tuple(allow_private)
        self.address = hashlib.sha256(f"{url}\n{shape}".encode()).hexdigest()[:16]
        self._state = _State(address=self.address)

    async def run(self, look: Look, stored: Mapping[bytes, JSON]) -> None:
        """Look until cancelled; *look* gets each answer that may be new, and emits.

        What *look* raises as a `StepError` counts as trouble of the address.
        """
        self._state = _state_of(stored.get(STATE), self.address)
        self._context.report("polling", None)
        while True:
            await self._wait()
            pause, reason = await self._turn(look)
            now = self._context.clock.now()
            due = now + timedelta(seconds=pause)
            self._state = replace(self._state, last=now.isoformat(), due=due.isoformat())
            await self._context.items.put({STATE: self._state.as_json()})
            self._report(reason, due)

    def status(self) -> dict[str, Any]:
        """Return when the address was looked at, and when it will be."""
        return {"last": self._state.last, "next": self._state.due}

    async def _turn(self, look: Look) -> tuple[float, Text | None]:
        """Look once; return the seconds to wait, and what is wrong."""
        try:
            fetched = await fetch(
                self._url,
                headers=self._headers(),
                allow_private=self._allow_private,
            )
            if fetched is not None:
                await look(fetched)
        except StepError as error:
            failures = self._state.failures + 1
            self._state = replace(self._state, failures=failures)
            return self._pause_after(error, failures), Text(error.render("en"), error.render("fr"))
        if fetched is not None:
            self._state = replace(self._state, etag=fetched.etag, modified=fetched.modified)
        self._state = replace(self._state, failures=0)
        return self._interval, None

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": self._accept}
        if self._state.etag is not None:
            headers["If-None-Match"] = self._state.etag
        if self._state.modified is not None:
            headers["If-Modified-Since"] = self._state.modified
        return headers

    def _pause_after(self, error: StepError, failures: int) -> float:
        doubled = float(1 << min(failures - 1, _MOST_DOUBLINGS))
        if isinstance(error, Unreachable):
            # Most often it is our own line that is down: look again soon.
            return min(self._interval, _FIRST_PAUSE * doubled)
        wish = error.retry_after_seconds if isinstance(error, RetryableError) else None
        pause = min(self._interval * doubled, max(self._interval, _LONGEST_PAUSE))
        return max(pause, min(wish or 0.0, _LONGEST_WISH))

    def _report(self, reason: Text | None, due: datetime) -> None:
        if reason is None:
            self._context.report("polling", None)
            return
        self._context.log.warning("%s: %s", place_of(self._url), reason.en)
        time = due.astimezone(self._context.timezone).strftime("%H:%M")
        self._context.report("degraded", _TROUBLE.fill(reason=reason, time=time))

    async def _wait(self) -> None:
        """Return when the next look is due, by a wall clock that may jump or stand still."""
        clock, longest = self._context.clock, max(self._interval, _LONGEST_WISH)
        while self._state.due is not None:
            left = (datetime.fromisoformat(self._state.due) - clock.now()).total_seconds()
            if left <= 0 or left > longest + 1:
                return
            await clock.sleep(min(left, _NAP_SECONDS))


async def deliver(
    context: TriggerContext,
    emit: Emit,
    data: JSON,
    *,
    key: str,
    items: Mapping[bytes, JSON] | None = None,
) -> Receipt:
    """Emit *data*, waiting while the engine has no room for it."""
    while True:
        try:
            return await emit(data, key=key, items=items)
        except Overloaded as error:
            await context.clock.sleep(max(1.0, error.retry_after_seconds))


def _state_of(stored: JSON, address: str) -> _State:
    """Return the state that was kept for *address*, or a new one."""
    if not isinstance(stored, dict) or stored.get("address") != address:
        return _State(address=address)
    known: dict[str, Any] = {name: stored.get(name) for name in _State.__slots__}
    return _State(**{**known, "failures": int(known["failures"] or 0)})


def _share(trigger_id: str) -> float:
    """Return the fixed part, between 0 and 1, by which this trigger is later than others."""
    digest = hashlib.sha256(trigger_id.encode()).digest()
    return int.from_bytes(digest[:4], "big") / (1 << 32)
