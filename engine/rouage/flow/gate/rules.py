"""What the gate before the effects of a recipe goes by: `trust`, `limits` and `hold`."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Literal

from rouage.catalog.catalog import Catalog
from rouage.model.recipe import Limit, Recipe, StepUse, Trust
from rouage.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """The brakes of one version of a recipe; `fingerprint` tells its effectful steps."""

    trust: Trust | None
    limits: tuple[Limit, ...]
    unusual: Literal["ask", "stop"] | None
    fingerprint: str

    @property
    def counts(self) -> bool:
        """Say whether effects are counted at all."""
        return bool(self.limits) or self.unusual is not None


def gate_of(recipe: Recipe, catalog: Catalog) -> Gate | None:
    """Return the gate of *recipe*; None when nothing stands before its effects."""
    is_braked = recipe.trust is not None or recipe.limits or recipe.unusual is not None
    if not is_braked and not any(_is_held(step) for step in _steps(recipe)):
        return None
    return Gate(
        trust=recipe.trust,
        limits=recipe.limits,
        unusual=recipe.unusual,
        fingerprint=_fingerprint(recipe, catalog),
    )


def _steps(recipe: Recipe) -> tuple[StepUse, ...]:
    return (*recipe.steps, *recipe.on_error, *recipe.finally_)


def _inner(step: StepUse) -> Iterator[StepUse]:
    for body in step.body.values():
        yield from body
    if isinstance(step.on_error, tuple):
        yield from step.on_error


def _is_held(step: StepUse) -> bool:
    return step.hold is not None or any(map(_is_held, _inner(step)))


def _fingerprint(recipe: Recipe, catalog: Catalog) -> str:
    """Return what changes with the effects of *recipe*: their steps, and what these are made of."""
    facts: list[Any] = [recipe.variables, recipe.inputs, recipe.condition]
    facts += [_told(step, catalog) for step in _steps(recipe)]
    text = json.dumps([fact for fact in facts if fact], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _told(step: StepUse, catalog: Catalog) -> Any:
    """Return what counts of *step*; nothing when neither it nor what is inside has an effect."""
    inner = [told for told in (_told(one, catalog) for one in _inner(step)) if told]
    action = catalog.actions.get(step.uses)
    has_effect = step.uses in {"call", "emit"} or (action is not None and action.effect != "none")
    if not inner and not has_effect:
        return None
    own = [step.uses, step.parameters, step.condition, step.once, step.hold, step.enabled]
    return [*own, inner]
