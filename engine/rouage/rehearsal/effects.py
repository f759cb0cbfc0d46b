"""What a rehearsed run would do to the world: each effect as data and as a sentence."""

import json
from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.sentences.expressions import Names
from rouage.analysis.sentences.parts import Teller
from rouage.catalog.catalog import Catalog
from rouage.language import Language, Text
from rouage.model.run import StepRecord
from rouage.records import dataclass
from rouage.rehearsal.acting import Acted, How
from rouage.rehearsal.notes import Notes, made_up
from rouage.rehearsal.scene import Performance
from rouage.sdk.json import JSON

_EMIT: Final = "emit"
CALL: Final = "call"
"""The effect that a called recipe is, where its run of then was taken over as a whole."""
_CALLED: Final = Text("run the recipe {name}", "lancer la recette {name}")
_LONGEST: Final = 200
_TELL: Final = Text(
    "tell the recipes that listen for “{name}”", "prévenir les recettes qui écoutent « {name} »"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One thing that the run would do: `parameters` are the final ones, secrets hidden."""

    action: str
    effect: str
    how: How
    parameters: JSON
    recipe: str
    path: str


def effects_of(performance: Performance) -> tuple[Effect, ...]:
    """Return what the run and the runs that it called would do, in order."""
    steps = _records(performance)
    return tuple(
        Effect(
            action=one.action,
            effect=one.effect,
            how=one.how,
            parameters=_parameters(steps, one) if one.values is None else one.values,
            recipe=one.recipe,
            path=one.path,
        )
        for one in performance.acted
        if one.effect != "none" and one.how != "failed"
    )


def sentence_of(effect: Effect, catalog: Catalog, language: Language) -> str:
    """Return *effect* as a sentence, from the phrase that its action declares."""
    parameters: Mapping[str, Any] = (
        effect.parameters if isinstance(effect.parameters, Mapping) else {}
    )
    if effect.action == _EMIT:
        return _TELL.render(language, {"name": parameters.get("name", "?")})
    if effect.action == CALL:
        return _CALLED.render(language, {"name": parameters.get("recipe", "?")})
    teller = Teller(catalog, language, Names())
    return teller.use(catalog.actions[effect.action], parameters)


def assumptions_of(performance: Performance) -> tuple[Text, ...]:
    """Return what was taken for granted, results that were made up included."""
    steps = _records(performance)
    results = Notes()
    for one in performance.acted:
        record = steps.get((one.run, one.path))
        if one.how == "assumed" and record is not None:
            result = json.dumps(record.result, ensure_ascii=False)
            shown = result if len(result) <= _LONGEST else result[: _LONGEST - 1] + "…"
            results.add(one.recipe, one.path, made_up(one.path, one.action, shown))
    return (*performance.assumed, *results.all())


def _records(performance: Performance) -> dict[tuple[str, str], StepRecord]:
    runs = (performance.run, *performance.called) if performance.run is not None else ()
    return {(run.id, step.path): step for run in runs for step in run.steps}


def _parameters(steps: Mapping[tuple[str, str], StepRecord], acted: Acted) -> JSON:
    record = steps.get((acted.run, acted.path))
    return None if record is None else record.parameters
