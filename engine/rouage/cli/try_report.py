"""What `rouage try` prints: would it start, its steps, what would happen, what was assumed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.output import one_line
from rouage.cli.rehearsing import Work
from rouage.cli.run_lines import conditions_of, sentence, step_lines
from rouage.cli.session import BROKEN, FAILED, OK, Session
from rouage.language import Text
from rouage.model.recipe import Recipe, TriggerUse
from rouage.rehearsal.effects import Effect, assumptions_of, effects_of, sentence_of
from rouage.rehearsal.outcome import message_of, why_not
from rouage.rehearsal.scene import Cue, Performance
from rouage.rerun import steps_of
from rouage.web.runs import detail_of, spoken

if TYPE_CHECKING:
    from rouage.sdk.json import JSON

NOT_STARTED: Final = BROKEN
"""The exit code for a recipe that would not start."""

_HEAD: Final = Text("{recipe}, with {origin}", "{recipe}, avec {origin}")
_EVENT: Final = Text("  event: {value}", "  événement : {value}")
_STARTS: Final = Text("It would start.", "Elle démarrerait.")
_STARTS_NOT: Final = Text("It would not start: {reason}", "Elle ne démarrerait pas : {reason}")
_STEPS: Final = Text("steps", "étapes")
_EFFECTS: Final = Text("what would happen", "ce qui se passerait")
_NOTHING: Final = Text("  nothing outside", "  rien au-dehors")
_ASSUMED: Final = Text("assumed", "supposé")
_OUTPUTS: Final = Text("outputs: {value}", "sorties : {value}")
_DONE: Final = Text("Nothing was done.", "Rien n’a été fait.")
_ENDS: Final[dict[str, Text]] = {
    "succeeded": Text("It would succeed.", "Elle réussirait."),
    "skipped": Text("It would stop early, as skipped.", "Elle s’arrêterait tôt, comme ignorée."),
    "failed": Text("It would fail: {reason}", "Elle échouerait : {reason}"),
    "cancelled": Text("It would end cancelled: {reason}", "Elle finirait annulée : {reason}"),
    "waiting": Text("It would wait.", "Elle attendrait."),
}
_ENDS_OTHERWISE: Final = Text("It would come to: {state}", "Elle en viendrait à : {state}")
_ONCE: Final = Text(
    "trigger {trigger}: this event has not come before (once)",
    "déclencheur {trigger} : cet événement n’est pas déjà venu (once)",
)
_GATHERED: Final = Text(
    "trigger {trigger}: the event is not held back ({words})",
    "déclencheur {trigger} : l’événement n’est pas retenu ({words})",
)
_SWITCHED_OFF: Final = Text("the recipe is switched off", "la recette est désactivée")
_TRIGGER_OFF: Final = Text(
    "the trigger {trigger} is switched off", "le déclencheur {trigger} est désactivé"
)
_MISSED: Final = frozenset({"debounce", "batch", "throttle"})


def report(work: Work, recipe: Recipe, cue: Cue, performance: Performance, *, origin: Text) -> int:
    """Print what came of the rehearsal, and return the exit code."""
    session, language = work.session, work.settings.language
    use = next((one for one in recipe.triggers if one.id == cue.trigger), None)
    reason = _why_not(recipe, use, performance)
    notes = [*_of_trigger(use), *assumptions_of(performance)]
    effects = effects_of(performance) if reason is None else ()
    if session.is_json:
        told = {
            "recipe": recipe.id,
            "trigger": cue.trigger,
            "origin": origin.render(language),
            "event": cue.data,
            **_as_data(work, recipe, performance, effects, reason),
            "assumed": [note.render(language) for note in notes],
        }
        session.output.data(told)
    else:
        for line in _lines(work, recipe, cue, performance, effects, reason, origin):
            session.output.line(line)
        _tell_notes(session, notes)
    return _code(performance, reason)


def _code(performance: Performance, reason: Text | None) -> int:
    if reason is not None or performance.run is None:
        return NOT_STARTED
    return OK if performance.run.state in {"succeeded", "skipped", "waiting"} else FAILED


def _why_not(recipe: Recipe, use: TriggerUse | None, performance: Performance) -> Text | None:
    if not recipe.enabled:
        return _SWITCHED_OFF
    if use is not None and not use.enabled:
        return _TRIGGER_OFF.fill(trigger=use.id)
    return why_not(performance.verdict) if performance.run is None else None


def _of_trigger(use: TriggerUse | None) -> Iterator[Text]:
    """Yield what is taken for granted of the trigger: what depends on earlier events."""
    if use is None:
        return
    if use.once is not None:
        yield _ONCE.fill(trigger=use.id)
    words = [word for word in sorted(_MISSED) if getattr(use, word) is not None]
    if words:
        yield _GATHERED.fill(trigger=use.id, words=", ".join(words))


def _as_data(
    work: Work,
    recipe: Recipe,
    performance: Performance,
    effects: tuple[Effect, ...],
    reason: Text | None,
) -> dict[str, Any]:
    language, run = work.settings.language, performance.run
    would = "not_start" if reason is not None or run is None else "run"
    if would == "run" and run is not None and _code(performance, reason) == FAILED:
        would = "fail"
    steps: list[Any] = []
    if run is not None and reason is None:
        steps = _steps(recipe, performance, work)
    return {
        "would": would,
        "reason": None if reason is None else reason.render(language),
        "state": None if run is None or reason is not None else run.state,
        "conditions": list(performance.verdict.conditions),
        "steps": steps,
        "effects": [_effect(work, effect) for effect in effects],
        "outputs": None if run is None else run.outputs,
        "error": None if run is None else spoken(run.error, language),
    }


def _effect(work: Work, effect: Effect) -> "JSON":
    return {
        "action": effect.action,
        "effect": effect.effect,
        "sentence": sentence_of(effect, work.catalog, work.settings.language),
        "parameters": effect.parameters,
        "recipe": effect.recipe,
        "path": effect.path,
        "how": effect.how,
    }


def _steps(recipe: Recipe, performance: Performance, work: Work) -> list[Any]:
    assert performance.run is not None  # noqa: S101 - it started
    ids = {step.path: step.id for step in steps_of(recipe)}
    steps: Any = detail_of(performance.run, work.settings.language, ids)["steps"]
    return [step for step in steps if ":" not in step["path"]]


def _lines(
    work: Work,
    recipe: Recipe,
    cue: Cue,
    performance: Performance,
    effects: tuple[Effect, ...],
    reason: Text | None,
    origin: Text,
) -> Iterator[str]:
    session, run = work.session, performance.run
    name = f"{recipe.name} ({recipe.id})"
    yield session.say(_HEAD, recipe=name, origin=origin.render(session.language))
    yield session.say(_EVENT, value=one_line(session.mask(cue.data), most=400))
    yield from conditions_of(session, list(performance.verdict.conditions))
    yield ""
    if reason is not None or run is None:
        yield session.say(_STARTS_NOT, reason=reason)
        return
    yield session.say(_STARTS)
    yield ""
    yield session.say(_STEPS)
    yield from step_lines(session, _steps(recipe, performance, work))
    yield ""
    yield session.say(_EFFECTS)
    for number, effect in enumerate(effects, 1):
        told = sentence_of(effect, work.catalog, session.language)
        yield f"  {number}. {one_line(told, most=400)}"
    if not effects:
        yield session.say(_NOTHING)
    yield ""
    if run.outputs is not None:
        yield session.say(_OUTPUTS, value=one_line(run.outputs, most=400))
    yield _end(session, performance)


def _end(session: Session, performance: Performance) -> str:
    run = performance.run
    assert run is not None  # noqa: S101 - it started
    text = _ENDS.get(run.state)
    if text is None:
        return session.say(_ENDS_OTHERWISE, state=run.state)
    record = run.error if run.error is not None else run.reason
    reason = message_of(record).render(session.language) if record is not None else "?"
    hint = sentence(spoken(record, session.language)) if record is not None else reason
    return session.say(text, reason=hint or reason)


def _tell_notes(session: Session, notes: list[Text]) -> None:
    if notes:
        session.output.line()
        session.tell(_ASSUMED)
    for note in notes:
        session.output.line(f"  - {note.render(session.language)}")
    session.output.line()
    session.tell(_DONE)
