"""A recipe made ready to run: expressions compiled, actions looked up, folders allowed.

A plan belongs to one definition (its hash), so it is made once and shared by all its runs.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
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
from rouage.flow.services import Services
from rouage.language import Text
from rouage.model.event import Event, Verdict
from rouage.model.recipe import Recipe, StepUse, TriggerUse
from rouage.safety.paths import Folders
from rouage.sdk.connector import ActionSpec
from rouage.sdk.json import JSON

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


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerPlan:
    """One entry of `when` made ready; `source` is its full id."""

    use: TriggerUse
    source: str
    condition: Condition | None


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
        rendered = mask(compile_template(template).render({**data, "now": self.now}))
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
    return Plan(
        recipe=recipe,
        triggers={use.id: _trigger(recipe, use) for use in recipe.triggers},
        condition=_condition(recipe.condition),
        steps=_steps(recipe.steps, services),
        on_error=_steps(recipe.on_error, services),
        finally_=_steps(recipe.finally_, services),
        events=_events(recipe),
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
        },
        now=lambda: services.clock.now().astimezone(timezone),
        unconditional=_unconditional(recipe, variables),
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


def _events(recipe: Recipe) -> dict[str, TriggerPlan]:
    return {
        step.path: _trigger(recipe, step.event)
        for step in all_steps(recipe, is_enabled=True)
        if step.event is not None
    }


def _trigger(recipe: Recipe, use: TriggerUse) -> TriggerPlan:
    return TriggerPlan(use=use, source=f"{recipe.id}/{use.id}", condition=_condition(use.condition))


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


def named_folders(recipe: Recipe, services: Services) -> tuple[Path, ...]:
    """Return the folders that the owner wrote into *recipe*, which its actions may touch.

    A literal path admits itself (a file, or a folder and all in it); a templated one the
    folder before the first expression; an input of type `folder` or `file` its value.
    """
    catalog, found = services.catalog, []
    for trigger in recipe.triggers:
        declared = catalog.triggers.get(trigger.uses)
        if declared is not None:
            found += _literal_paths(declared.parameters.specs, trigger.parameters)
    for step in all_steps(recipe):
        if step.event is not None and step.event.uses in catalog.triggers:
            waited = catalog.triggers[step.event.uses]
            found += _literal_paths(waited.parameters.specs, step.event.parameters)
        action = catalog.actions.get(step.uses)
        if action is not None and isinstance(step.parameters, dict):
            found += _literal_paths(action.parameters.specs, step.parameters)
    for declared_input in recipe.inputs.values():
        if isinstance(declared_input, dict) and declared_input.get("type") in {
            "folder",
            "file",
        }:
            found += [str(declared_input["default"])] if "default" in declared_input else []
    return tuple(_absolute(text, services.workspace) for text in found)


def all_steps(recipe: Recipe, *, is_enabled: bool = False) -> Iterator[StepUse]:
    """Yield every step of *recipe*, at any depth; with *is_enabled* those that can be taken."""
    for step in (*recipe.steps, *recipe.on_error, *recipe.finally_):
        yield from _with_inner(step, is_enabled=is_enabled)


def _with_inner(step: StepUse, *, is_enabled: bool) -> Iterator[StepUse]:
    if is_enabled and not step.enabled:
        return
    yield step
    handlers = step.on_error if isinstance(step.on_error, tuple) else ()
    for inner in (*(one for body in step.body.values() for one in body), *handlers):
        yield from _with_inner(inner, is_enabled=is_enabled)


def _literal_paths(specs: Mapping[str, Any], values: Mapping[str, JSON]) -> list[str]:
    texts: list[JSON] = []
    for name, value in values.items():
        if name in specs and specs[name].format in {"path", "folder"}:
            texts += value if isinstance(value, list) else [value]
    return [folder for text in texts if isinstance(text, str) for folder in _folders_in(text)]


def _folders_in(text: str) -> list[str]:
    prefix, expression, _ = text.partition(_EXPRESSION)
    if expression:
        folder = prefix.rpartition("/")[0]
        return [folder] if folder else []
    return [text]


def _absolute(text: str, workspace: Path) -> Path:
    path = Path(text).expanduser()
    return path if path.is_absolute() else workspace / path
