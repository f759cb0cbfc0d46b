"""What differs between two rehearsals of one event: starts, ends, and above all effects."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from rouage.errors import RouageError
from rouage.model.event import Event
from rouage.records import dataclass
from rouage.rehearsal.effects import Effect, effects_of
from rouage.rehearsal.outcome import NOT_TRIGGERED, state_of
from rouage.rehearsal.scene import Performance
from rouage.sdk.json import JSON

Change = Literal["added", "removed", "changed"]

NO_TRIGGER: Final = "no_trigger"
"""The state where the version does not have the trigger of the event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectDifference:
    """One effect that only one version has (`before` or `after` is None), or that changed."""

    change: Change
    before: Effect | None = None
    after: Effect | None = None

    @property
    def effect(self) -> Effect:
        """Return the effect as it would be, or as it no longer would."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - one of the two is always there
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """Return the parameters that differ, of an effect that changed."""
        if self.before is None or self.after is None:
            return ()
        return tuple(_differing(self.before.parameters, self.after.parameters))


@dataclass(frozen=True, kw_only=True, slots=True)
class EventDifference:
    """What the new version would do differently about one event.

    `open_steps` are steps whose answer nobody knows: the rest is then no more than a guess.
    """

    event: str
    time: datetime
    states: tuple[str, str] = ("", "")
    effects: tuple[EffectDifference, ...] = ()
    outputs: bool = False
    open_steps: tuple[str, ...] = ()
    problem: RouageError | None = None


def compare(
    event: Event, before: Performance | None, after: Performance | None
) -> EventDifference | None:
    """Return what *after* does differently from *before*; None when nothing."""
    states = _state(before), _state(after)
    effects = tuple(_effects(*(() if one is None else effects_of(one) for one in (before, after))))
    outputs = _outputs(before) != _outputs(after)
    unknown = _open(before) + _open(after)
    if states[0] == states[1] and not effects and not outputs:
        # Where both know as little, both do the same.
        return None
    return EventDifference(
        event=event.id,
        time=event.time,
        states=states,
        effects=effects,
        outputs=outputs,
        open_steps=tuple(dict.fromkeys(unknown)),
    )


def _state(performance: Performance | None) -> str:
    if performance is None:
        return NO_TRIGGER
    return state_of(performance)


def has_started(state: str) -> bool:
    """Say whether a version whose rehearsal came to *state* would start at all."""
    return state not in {NO_TRIGGER, NOT_TRIGGERED}


def _open(performance: Performance | None) -> tuple[str, ...]:
    return () if performance is None else performance.unanswered


def _outputs(performance: Performance | None) -> JSON:
    return None if performance is None or performance.run is None else performance.run.outputs


def _effects(before: Sequence[Effect], after: Sequence[Effect]) -> list[EffectDifference]:
    """Pair what is alike, then what the same action does otherwise; the rest came or went."""
    gone, come = list(before), []
    for effect in after:
        alike = next((one for one in gone if _is_same(one, effect)), None)
        if alike is None:
            come.append(effect)
        else:
            gone.remove(alike)
    found: list[EffectDifference] = []
    for effect in come:
        other = _nearest(gone, effect)
        if other is None:
            found.append(EffectDifference(change="added", after=effect))
        else:
            gone.remove(other)
            found.append(EffectDifference(change="changed", before=other, after=effect))
    return found + [EffectDifference(change="removed", before=one) for one in gone]


def _is_same(one: Effect, other: Effect) -> bool:
    return one.action == other.action and one.parameters == other.parameters


def _nearest(effects: Sequence[Effect], effect: Effect) -> Effect | None:
    """Return what the same action does at the same place, else the first that it does."""
    alike = [one for one in effects if one.action == effect.action]
    here = (one for one in alike if one.path == effect.path)
    return next(here, alike[0] if alike else None)


def _differing(before: Any, after: Any) -> list[str]:
    old = before if isinstance(before, dict) else {}
    new = after if isinstance(after, dict) else {}
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]
