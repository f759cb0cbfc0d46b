"""A recipe made ready to run: expressions compiled, actions looked up, folders allowed.

A plan belongs to one definition (its hash), so it is made once and shared by all its runs.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import field
from datetime import datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.errors import StepError
from rouage.expressions import (
    Condition,
    Template,
    compile_condition,
    compile_template,
    mask,
    reveal,
)
from rouage.expressions.filters import BUSINESS
from rouage.flow.gate.rules import Gate, gate_of
from rouage.flow.named import all_steps, named_folders
from rouage.flow.services import Services
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.recipe import Recipe, StepUse, TriggerUse
from rouage.records import dataclass
from rouage.safety.paths import Folders
from rouage.sdk.connector import ActionSpec, TriggerSpec
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Trigger

_EXPRESSION: Final = "${{"
_LOOPS: Final = frozenset({"for_each", "repeat"})
Scope = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class StepPlan:
    """One step made ready. `action` is None for an engine word.

    `ready` holds the built parameters when nothing in them depends on the run; `templates`
    the source of each text that holds an expression, by JSON pointer. `body` holds the steps
    inside an engine word, `parts` its conditions: those of the branches of `choose`, `while`
    and `until` of `repeat`, the one of `wait`. `once` is the key of the effect, `substitute`
    what stands in for a result where that has expressions, `inner` the ids inside that are
    known after the step.
    """

    use: StepUse
    action: ActionSpec | None
    parameters: Template
    condition: Condition | None
    handlers: "tuple[StepPlan, ...]"
    body: "Mapping[str, tuple[StepPlan, ...]]" = field(default_factory=dict)
    parts: Any = None
    ready: Any = None
    templates: Mapping[str, str] = field(default_factory=dict)
    once: Template | None = None
    substitute: Template | None = None
    inner: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Return where the step stands in the recipe."""
        return self.use.path


Overtaken = Callable[[JSON, str], Awaitable[Text | None]]
"""Say by data and key of an event why it came to nothing, or None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerPlan:
    """One entry of `when` made ready; `source` is its full id.

    `overtaken` asks the trigger whether an event still counts, where it can tell at all.
    """

    use: TriggerUse
    source: str
    condition: Condition | None
    overtaken: Overtaken | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A recipe made ready to run.

    `constants` are the `vars` of every run, or None when they depend on the run. `events` are
    the triggers that its `wait` steps listen to, by the path of the step.
    """

    recipe: Recipe
    triggers: Mapping[str, TriggerPlan]
    condition: Condition | None
    steps: tuple[StepPlan, ...]
    on_error: tuple[StepPlan, ...]
    finally_: tuple[StepPlan, ...]
    events: Mapping[str, TriggerPlan]
    variables: Template
    constants: Mapping[str, JSON] | None
    outputs: Template
    admission_key: Template | None
    inputs: Mapping[str, JSON]
    timezone: tzinfo
    folders: Folders
    uses_secrets: bool
    uses_run: bool
    base: Mapping[str, Any]
    now: Callable[[], datetime]
    unconditional: Verdict | None
    """The verdict about every event, where nothing is asked of one."""
    may_be_overtaken: bool
    """Whether any trigger can tell that an event came to nothing before its run began."""
    gate: Gate | None
    """What stands before its effects; None where nothing does."""

    def scope(
        self,
        event: Event,
        trigger: str,
        services: Services,
        *,
        started: datetime | None = None,
    ) -> Scope:
        """Return the names that expressions see, before any step."""
        scope: Scope = dict(self.base)
        scope["event"] = event.data
        scope["trigger"] = {"id": trigger}
        given = event.data.get("inputs") if isinstance(event.data, dict) else None
        scope["inputs"] = {**self.inputs, **given} if isinstance(given, dict) else self.inputs
        scope["now"] = self.now
        if self.uses_secrets:
            scope["secrets"] = services.secrets()
        if self.constants is not None:
            scope["vars"] = dict(self.constants)
        elif started is None:
            scope["vars"] = self.variables.render(scope)
        return scope

    def render_text(self, template: str, data: Mapping[str, JSON]) -> str:
        """Return *template*, a text from a file, with its expressions filled in from *data*.

        Raises:
            ExpressionError: an expression does not compile, or cannot be worked out.
        """
        known = {**data, "now": self.now, BUSINESS: self.base[BUSINESS]}
        rendered = mask(compile_template(template).render(known))
        return rendered if isinstance(rendered, str) else json.dumps(rendered, ensure_ascii=False)


class MissingActionError(StepError):
    """The recipe uses an action that is not installed here: its runs are blocked."""


def make_plan(recipe: Recipe, services: Services) -> Plan:
    """Return *recipe* made ready to run.

    Raises:
        MissingActionError: a connector that the recipe uses is not installed.
        ExpressionError: an expression does not compile (a checked recipe never does this).
    """
    variables = compile_template(dict(recipe.variables))
    timezone = ZoneInfo(recipe.timezone) if recipe.timezone else services.timezone
    triggers = {use.id: _trigger(recipe, use, services) for use in recipe.triggers}
    return Plan(
        recipe=recipe,
        triggers=triggers,
        condition=_condition(recipe.condition),
        steps=_steps(recipe.steps, services),
        on_error=_steps(recipe.on_error, services),
        finally_=_steps(recipe.finally_, services),
        events=_events(recipe, services),
        variables=variables,
        constants=_constants(variables),
        outputs=compile_template(dict(recipe.outputs)),
        admission_key=_key(recipe.admission_key),
        inputs=_input_values(recipe),
        timezone=timezone,
        folders=services.folders_of(named_folders(recipe, services)),
        uses_secrets=_mentions(recipe, "secrets"),
        uses_run=_mentions(recipe, "run"),
        base={
            "recipe": {"id": recipe.id, "name": recipe.name},
            "secrets": {},
            "vars": {},
            BUSINESS: services.business,
        },
        now=lambda: services.clock.now().astimezone(timezone),
        unconditional=_unconditional(recipe, variables),
        may_be_overtaken=any(one.overtaken for one in triggers.values()),
        gate=gate_of(recipe, services.catalog),
    )


def _unconditional(recipe: Recipe, variables: Template) -> Verdict | None:
    if recipe.condition is not None or recipe.admission_key is not None:
        return None
    if not variables.is_constant:
        return None
    return Verdict(
        recipe=recipe.id, outcome="matched", definition=recipe.hash, admission=recipe.admission
    )


def _constants(variables: Template) -> dict[str, JSON] | None:
    if not variables.is_constant:
        return None
    values = reveal(variables.render({}))
    return values if isinstance(values, dict) else {}


def _mentions(recipe: Recipe, root: str) -> bool:
    """Say whether a run may meet the name *root*; parameters of triggers are not part of runs."""
    conditions = [use.condition for use in recipe.triggers]
    steps = (recipe.steps, recipe.on_error, recipe.finally_)
    places = (*steps, recipe.variables, recipe.condition, conditions)
    return root in repr((*places, recipe.outputs, recipe.admission_key))


def _events(recipe: Recipe, services: Services) -> dict[str, TriggerPlan]:
    return {
        step.path: _trigger(recipe, step.event, services)
        for step in all_steps(recipe, is_enabled=True)
        if step.event is not None
    }


def _trigger(recipe: Recipe, use: TriggerUse, services: Services) -> TriggerPlan:
    return TriggerPlan(
        use=use,
        source=f"{recipe.id}/{use.id}",
        condition=_condition(use.condition),
        overtaken=_overtaken(services.catalog.triggers.get(use.uses)),
    )


def _overtaken(spec: TriggerSpec | None) -> Overtaken | None:
    """Return how a trigger tells whether an event still counts; most leave it to the base."""
    if spec is None:
        return None
    told = spec.listen.overtaken
    return None if told.__func__ is Trigger.overtaken.__func__ else told  # type: ignore[attr-defined]


def _key(source: str | None) -> Template | None:
    """Compile the key of `concurrency`: a bare expression, or a text that holds some."""
    if source is None:
        return None
    return compile_template(source if _EXPRESSION in source else f"${{{{ {source} }}}}")


def _condition(source: str | None) -> Condition | None:
    return None if source is None else compile_condition(source)


def _steps(uses: tuple[StepUse, ...], services: Services) -> tuple[StepPlan, ...]:
    return tuple(_step(use, services) for use in uses if use.enabled)


def _step(use: StepUse, services: Services) -> StepPlan:
    action = _action(use.uses, services) if "." in use.uses else None
    template = compile_template(use.parameters)
    return StepPlan(
        use=use,
        action=action,
        parameters=template,
        condition=_condition(use.condition),
        handlers=_steps(use.on_error, services) if isinstance(use.on_error, tuple) else (),
        body={key: _steps(steps, services) for key, steps in use.body.items()},
        parts=_parts(use),
        ready=_ready(action, template),
        templates=dict(_templates(use.parameters)),
        once=None if use.once is None else compile_template(use.once),
        substitute=_substitute(use),
        inner=tuple(_inner_ids(use)),
    )


def _substitute(use: StepUse) -> Template | None:
    if _EXPRESSION not in str(use.substitute):
        return None
    return compile_template(use.substitute)


def _inner_ids(use: StepUse) -> Iterator[str]:
    """Yield the ids of the steps inside *use*, but not of those inside a loop."""
    bodies = () if use.uses in _LOOPS else use.body.values()
    handlers = use.on_error if isinstance(use.on_error, tuple) else ()
    for inner in (*(one for body in bodies for one in body), *handlers):
        if inner.id is not None:
            yield inner.id
        yield from _inner_ids(inner)


def _parts(use: StepUse) -> Any:
    """Return the conditions inside an engine word, compiled."""
    given: Any = use.parameters
    if use.uses == "choose":
        return tuple([_condition(branch.get("if")) for branch in given])
    if use.uses == "repeat":
        return _condition(given.get("while")), _condition(given.get("until"))
    return _condition(given.get("if")) if use.uses == "wait" and isinstance(given, dict) else None


def _templates(value: JSON, pointer: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and _EXPRESSION in value:
        yield pointer, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _templates(item, f"{pointer}/{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _templates(item, f"{pointer}/{index}")


def _ready(action: ActionSpec | None, template: Template) -> Any:
    if action is None or not template.is_constant:
        return None
    clear = reveal(template.render({}))
    return action.parameters.build(clear if isinstance(clear, dict) else {})


def _action(name: str, services: Services) -> ActionSpec:
    action = services.catalog.actions.get(name)
    if action is None:
        raise MissingActionError(
            Text(
                "the action “{name}” is not installed here",
                "l’action « {name} » n’est pas installée ici",
            ),
            hint=Text(
                "install the connector that offers it; the run then goes on by itself",
                "installez le connecteur qui l’offre ; l’exécution reprendra d’elle-même",
            ),
            name=name,
        )
    return action


def _input_values(recipe: Recipe) -> dict[str, JSON]:
    return {
        name: declared["default"]
        for name, declared in recipe.inputs.items()
        if isinstance(declared, dict) and "default" in declared
    }
