"""`hold`: a call waits in the outbox, where it can be cancelled, edited or sent at once (N-2).

What would go out is recorded when it is first held, so what is sent later is what was shown. A
value that holds a secret is not recorded; it is made again when the call is.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from rouage.durable.port import Attempt, RunParked, StepSpec, WaitSpec, WaitTimeout
from rouage.errors import StepError
from rouage.flow.blocks import record
from rouage.flow.gate.asking import refuse
from rouage.flow.gate.phrases import phrase
from rouage.flow.gate.tallies import Tallies
from rouage.flow.journey import LONGEST_SECONDS, Journey
from rouage.flow.traces import Calling
from rouage.language import Text
from rouage.model.run import SignalRecord
from rouage.sdk.connector import ActionSpec
from rouage.sdk.json import JSON

MARK: Final = ":hold"
"""After the path of a step: where it waits in the outbox."""

CHOICES: Final = ("cancel", "edit", "send")
_OPEN: Final = "open"
_LONGEST_REASON: Final = 2_000

_NEVER_OPEN: Final = Text(
    "hold: by `business` in rouage.yaml, the business does not open in the next years",
    "hold : d’après `business` dans rouage.yaml, l’entreprise n’ouvre plus ces prochaines années",
)
_CANCELLED: Final = Text("cancelled in the outbox by {by}", "annulé dans la boîte d’envoi par {by}")
_NO_CHOICE: Final = Text(
    "what is held can be cancelled, edited or sent: cancel, edit, send",
    "ce qui est retenu peut être annulé, corrigé ou envoyé : cancel, edit, send",
)
_NOTHING: Final = Text("say what to change", "dites ce qu’il faut changer")
_NO_VALUE: Final = Text("there is no value “{name}” here", "il n’y a pas de valeur « {name} » ici")
_KNOWN: Final = Text("known: {names}", "connues : {names}")


async def hold(journey: Journey, calling: Calling, tallies: Tallies | None) -> None:
    """Return when the call is due, with its values as they were shown and edited.

    Raises:
        RunParked: it is not due yet.
        Refused: it was cancelled; the run ends, unless the step's `on_error` says otherwise.
    """
    path = calling.path + MARK
    call = await _recorded_call(journey, calling, path, tallies)
    _apply(calling, call["with"])
    known = journey.done(path)
    if known is None:
        try:
            outcome = await _Held(journey, calling, path, call).outcome()
        except RunParked:
            journey.parked.append((path, "hold"))
            raise
        decided: Any = await record(journey, path, "hold", outcome)
    else:
        decided = known.result
    if decided["choice"] == "cancel":
        if tallies is not None:
            await tallies.release(
                journey.plan.recipe.id,
                run=journey.context.run_id,
                path=calling.path,
                amounts=calling.action.counts(calling.parameters),
            )
        told = {name: decided[name] for name in ("by", "reason", "at")}
        refuse(calling.step, calling.path, told, _CANCELLED)
    if decided["edited"]:
        _apply(calling, decided["edited"])


def _apply(calling: Calling, values: Mapping[str, JSON]) -> None:
    """Have the call made with *values* in place of its own.

    Raises:
        StepError: they are no parameters of the action.
    """
    own = calling.clear if isinstance(calling.clear, dict) else {}
    if all(own.get(name) == value for name, value in values.items()):
        return
    calling.clear = {**own, **values}
    calling.parameters = calling.action.parameters.build(calling.clear)
    shown = calling.spec.parameters
    calling.spec.parameters = {**(shown if isinstance(shown, dict) else {}), **values}


async def _recorded_call(
    journey: Journey, calling: Calling, path: str, tallies: Tallies | None
) -> dict[str, Any]:
    """Return the call as it was when it was first held."""

    async def make(_: Attempt) -> JSON:
        values = calling.clear if isinstance(calling.clear, dict) else {}
        plain = {name: one for name, one in values.items() if _is_plain(one, journey)}
        first = None
        if tallies is not None:
            digest = _digest(calling)
            day = journey.services.clock.now().astimezone(journey.plan.timezone).date()
            first = await tallies.first_today(day.isoformat(), digest, journey.context.run_id)
        return {"with": plain, "same_as": first}

    result: Any = await journey.context.step(
        f"{path}:call", StepSpec(action="hold", effect="none"), make
    )
    return dict(result)


def _is_plain(value: JSON, journey: Journey) -> bool:
    return not journey.plan.uses_secrets or journey.services.mask(value) == value


def _digest(calling: Calling) -> str:
    return _digest_of([calling.action.id, calling.clear])


def _digest_of(value: JSON) -> str:
    told = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:32]


class _Held:
    """One call in the outbox. `outcome` parks the run until it is due, cancelled or sent."""

    def __init__(
        self, journey: Journey, calling: Calling, path: str, call: Mapping[str, Any]
    ) -> None:
        self._journey = journey
        self._calling = calling
        self._path = path
        self._same_as = call.get("same_as")
        self._since = journey.context.now(f"{path}:since")
        self._edited: dict[str, JSON] = {}

    async def outcome(self) -> dict[str, JSON]:
        """Return how it ended: `choice` is `cancel` or `send`, `edited` what was changed.

        Raises:
            RunParked: nothing yet.
        """
        due, seen = self._due(self._since), 0
        if due > self._journey.services.clock.now():
            await self._tell(due)
        while True:
            try:
                signals = await self._journey.context.wait_signal(
                    self._path, self._spec(due), deadline=due, after=seen
                )
            except WaitTimeout:
                # After a downtime the night may have come: what is late waits for its end.
                due = self._next_moment(self._journey.services.clock.now())
                if due <= self._journey.services.clock.now():
                    return self._ended("send", None)
                continue
            for signal in signals[seen:]:
                ended = self._take(signal)
                if ended is not None:
                    return ended
            seen = len(signals)

    def _take(self, signal: SignalRecord) -> dict[str, JSON] | None:
        """Do what somebody said; return the end of it, if it is one."""
        payload: Any = signal.payload
        choice = payload.get("choice") if isinstance(payload, Mapping) else None
        if choice == "edit" and isinstance(payload.get("with"), Mapping):
            self._edited |= payload["with"]
        return self._ended(choice, signal) if choice in {"cancel", "send"} else None

    def _ended(self, choice: str, signal: SignalRecord | None) -> dict[str, JSON]:
        payload: Any = None if signal is None else signal.payload
        return {
            "choice": choice,
            "by": None if signal is None else signal.author,
            "at": None if signal is None else signal.received.isoformat(),
            "reason": None if payload is None else payload.get("reason"),
            "edited": dict(self._edited),
        }

    def _due(self, since: datetime) -> datetime:
        hold = self._calling.step.use.hold
        seconds = 0.0 if hold == _OPEN or hold is None else min(float(hold), LONGEST_SECONDS)
        return self._next_moment(since + timedelta(seconds=seconds))

    def _next_moment(self, instant: datetime) -> datetime:
        """Return *instant*, or the first moment after it at which something may go out."""
        services, zone = self._journey.services, self._journey.plan.timezone
        if self._calling.step.use.hold != _OPEN:
            return services.business.end_of_quiet(instant, zone)
        opening = services.business.next_open(instant, zone)
        if opening is None:
            raise StepError(_NEVER_OPEN)
        return opening

    def _spec(self, due: datetime) -> WaitSpec:
        shown = self._calling.spec.parameters
        values: dict[str, JSON] = {**(shown if isinstance(shown, dict) else {}), **self._edited}
        edited: list[JSON] = [*sorted(self._edited)]
        said = phrase(self._calling.action, values, self._journey.services.language)
        question: JSON = {
            "action": self._calling.action.id,
            "say": said,
            "with": values,
            "edited": edited,
            "due": due.isoformat(),
            "same_as": self._same_as,
            "digest": _digest_of([said, values]),
        }
        return WaitSpec(kind="hold", name=self._path, action="hold", question=question)

    async def _tell(self, due: datetime) -> None:
        """Tell the owner, once."""
        facts: dict[str, JSON] = {
            "run": self._journey.context.run_id,
            "recipe": self._journey.plan.recipe.id,
            "path": self._calling.path,
            "ask": phrase(
                self._calling.action,
                self._calling.spec.parameters,
                self._journey.services.language,
            ),
            "due": due.isoformat(),
            "same_as": self._same_as,
        }

        async def tell(_: Attempt) -> JSON:
            kind = "outbox_held" if self._same_as is None else "outbox_repeated"
            services = self._journey.services
            if services.ask_via:
                letter: dict[str, JSON] = {"people": [], "via": [*services.ask_via]}
                letter |= {"path": self._path, "kind": kind, "mark": "told"}
                await services.write({**facts, **letter})
            services.notify(kind, facts)
            return True

        spec = StepSpec(action="hold", effect="outward", idempotent="yes")
        await self._journey.context.step(f"{self._path}:told", spec, tell)


def check_change(
    question: Mapping[str, Any], payload: Mapping[str, Any], action: ActionSpec
) -> JSON:
    """Return what somebody says about a held call, as it is to be recorded.

    Raises:
        StepError: it cannot be done; nothing was recorded.
    """
    choice, reason = payload.get("choice"), payload.get("reason")
    if choice not in CHOICES:
        raise StepError(_NO_CHOICE)
    clean: dict[str, JSON] = {
        "choice": choice,
        "reason": str(reason)[:_LONGEST_REASON] if reason else None,
    }
    if choice != "edit":
        return clean
    changes = payload.get("with")
    if not isinstance(changes, Mapping) or not changes:
        raise StepError(_NOTHING)
    known = action.parameters.names
    for name in changes:
        if name not in known:
            raise StepError(_NO_VALUE, hint=_KNOWN, name=str(name)[:60], names=", ".join(known))
    shown = question.get("with")
    # Refused here where it can be said; the step itself builds them from the unmasked values.
    action.parameters.build({**(shown if isinstance(shown, Mapping) else {}), **changes})
    return {**clean, "with": dict(changes)}
