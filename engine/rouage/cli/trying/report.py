"""What `rouage try` prints: would it start, its steps, what would happen, what was assumed."""

from collections.abc import Iterator
from typing import Any, Final

from rouage.cli.output import one_line
from rouage.cli.rehearsing import Work
from rouage.cli.run_lines import conditions_of, sentence, step_lines
from rouage.cli.session import BROKEN, FAILED, OK, Session
from rouage.language import Text
from rouage.model.recipe import Recipe, TriggerUse
from rouage.model.run import RunRecord
from rouage.records import dataclass
from rouage.rehearsal.effects import Effect, assumptions_of, effects_of, sentence_of
from rouage.rehearsal.outcome import why_not
from rouage.rehearsal.scene import Cue, Performance
from rouage.rerun import steps_of
from rouage.sdk.json import JSON
from rouage.web.runs import detail_of, spoken

NOT_STARTED: Final = BROKEN
"""The exit code for a recipe that would not start."""
_MOST: Final = 20

_HEAD: Final = Text("{recipe}, with {origin}", "{recipe}, avec {origin}")
_EVENT: Final = Text("  event: {value}", "  événement : {value}")
_STARTS: Final = Text("It would start.", "Elle démarrerait.")
_STARTS_NOT: Final = Text("It would not start: {reason}", "Elle ne démarrerait pas : {reason}")
_STEPS: Final = Text("steps", "étapes")
_EFFECTS: Final = Text("what would happen", "ce qui se passerait")
_NOTHING: Final = Text("  nothing outside", "  rien au-dehors")
_MORE: Final = Text(
    "  … and {count} more; --all shows them", "  … et {count} de plus ; --all les montre"
)
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
_HOLDING: Final = ("debounce", "batch", "throttle")
_GOOD: Final = frozenset({"succeeded", "skipped", "waiting"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """A rehearsal to be told: of which recipe, with which event, and where that is from."""

    work: Work
    recipe: Recipe
    cue: Cue
    performance: Performance
    origin: Text

    @property
    def use(self) -> TriggerUse | None:
        """Return the trigger that the event comes from; None for a start by hand."""
        return next((one for one in self.recipe.triggers if one.id == self.cue.trigger), None)

    @property
    def why_not(self) -> Text | None:
        """Return why the recipe would not start, or None."""
        use, performance = self.use, self.performance
        if not self.recipe.enabled:
            return _SWITCHED_OFF
        if use is not None and not use.enabled:
            return _TRIGGER_OFF.fill(trigger=use.id)
        return why_not(performance.verdict) if performance.run is None else None

    @property
    def run(self) -> RunRecord | None:
        """Return the run, if the recipe would start."""
        return self.performance.run if self.why_not is None else None

    @property
    def code(self) -> int:
        """Return the exit code."""
        run = self.run
        if run is None:
            return NOT_STARTED
        return OK if run.state in _GOOD else FAILED

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Return what would happen."""
        return () if self.run is None else effects_of(self.performance)

    @property
    def notes(self) -> list[Text]:
        """Return what was taken for granted."""
        return [*_of_trigger(self.use), *assumptions_of(self.performance)]

    def steps(self) -> list[Any]:
        """Return the steps as data; what the engine notes beside them is left out."""
        if self.run is None:
            return []
        ids = {step.path: step.id for step in steps_of(self.recipe)}
        steps: Any = detail_of(self.run, self.work.settings.language, ids)["steps"]
        return [step for step in steps if ":" not in step["path"]]


def report(tried: Tried, *, shows_all: bool) -> int:
    """Print what came of the rehearsal, and return the exit code."""
    session = tried.work.session
    if session.is_json:
        session.output.data(_as_data(tried))
    else:
        for line in _lines(tried, shows_all=shows_all):
            session.output.line(line)
    return tried.code


def _of_trigger(use: TriggerUse | None) -> Iterator[Text]:
    """Yield what is taken for granted of the trigger: what depends on earlier events."""
    if use is None:
        return
    if use.once is not None:
        yield _ONCE.fill(trigger=use.id)
    words = [word for word in _HOLDING if getattr(use, word) is not None]
    if words:
        yield _GATHERED.fill(trigger=use.id, words=", ".join(words))


def _as_data(tried: Tried) -> dict[str, Any]:
    language, run, reason = tried.work.settings.language, tried.run, tried.why_not
    return {
        "recipe": tried.recipe.id,
        "trigger": tried.cue.trigger,
        "origin": tried.origin.render(language),
        "event": tried.cue.data,
        "would": {OK: "run", FAILED: "fail"}.get(tried.code, "not_start"),
        "reason": None if reason is None else reason.render(language),
        "state": None if run is None else run.state,
        "conditions": list(tried.performance.verdict.conditions),
        "steps": tried.steps(),
        "effects": [_effect(tried.work, effect) for effect in tried.effects],
        "outputs": None if run is None else run.outputs,
        "error": None if run is None else spoken(run.error, language),
        "assumed": [note.render(language) for note in tried.notes],
    }


def _effect(work: Work, effect: Effect) -> JSON:
    return {
        "action": effect.action,
        "effect": effect.effect,
        "sentence": sentence_of(effect, work.catalog, work.settings.language),
        "parameters": effect.parameters,
        "recipe": effect.recipe,
        "path": effect.path,
        "how": effect.how,
    }


def _lines(tried: Tried, *, shows_all: bool) -> Iterator[str]:
    session, recipe = tried.work.session, tried.recipe
    name = f"{recipe.name} ({recipe.id})"
    yield session.say(_HEAD, recipe=name, origin=tried.origin)
    yield session.say(_EVENT, value=one_line(session.mask(tried.cue.data), most=400))
    yield from conditions_of(session, list(tried.performance.verdict.conditions))
    yield ""
    if tried.run is None:
        yield session.say(_STARTS_NOT, reason=tried.why_not)
    else:
        yield session.say(_STARTS)
        yield from ("", session.say(_STEPS))
        yield from step_lines(session, tried.steps(), shows_all=shows_all)
        yield from ("", session.say(_EFFECTS))
        yield from _effect_lines(tried, shows_all=shows_all)
        yield ""
        yield from _end(session, tried.run)
    yield from _note_lines(session, tried.notes)
    yield from ("", session.say(_DONE))


def _effect_lines(tried: Tried, *, shows_all: bool) -> Iterator[str]:
    session, effects = tried.work.session, tried.effects
    shown = effects if shows_all else effects[:_MOST]
    for number, effect in enumerate(shown, 1):
        told = sentence_of(effect, tried.work.catalog, session.language)
        yield f"  {number}. {one_line(told, most=400)}"
    if len(shown) < len(effects):
        yield session.say(_MORE, count=len(effects) - len(shown))
    if not effects:
        yield session.say(_NOTHING)


def _end(session: Session, run: RunRecord) -> Iterator[str]:
    """Yield what the run would give, and how it would end."""
    if run.outputs is not None:
        yield session.say(_OUTPUTS, value=one_line(run.outputs, most=400))
    text = _ENDS.get(run.state, _ENDS_OTHERWISE)
    record = run.error if run.error is not None else run.reason
    reason = "?" if record is None else sentence(spoken(record, session.language))
    yield session.say(text, reason=reason, state=run.state)


def _note_lines(session: Session, notes: list[Text]) -> Iterator[str]:
    if notes:
        yield from ("", session.say(_ASSUMED))
    for note in notes:
        yield f"  - {one_line(note.render(session.language), most=400)}"
