"""The folders that the owner wrote into a recipe, and its steps at any depth."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rouage.flow.services import Services
from rouage.model.recipe import Recipe, StepUse
from rouage.sdk.json import JSON

_EXPRESSION: Final = "${{"


def named_folders(recipe: Recipe, services: Services) -> tuple[Path, ...]:
    """Return the folders that the owner wrote into *recipe*, which its actions may touch.

    A literal path admits itself (a file, or a folder and all in it); a templated one the
    folder before the first expression; an input of type `folder`, `file` or `table` its value.
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
            "table",
        }:
            default = declared_input.get("default")
            found += [default] if isinstance(default, str) else []
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
