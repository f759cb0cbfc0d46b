"""A file of Home Assistant: a list of automations, one alone, scripts, or a whole package."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.analysis.drafting.draft import Draft
from rouage.analysis.importing.foreign import (
    NOT_UNDERSTOOD,
    UNTRANSLATED,
    Imported,
    about_text,
    listed,
    lost,
    maps,
    new_draft,
    one_line,
    unsupported,
)
from rouage.analysis.importing.home_assistant.actions import steps_of
from rouage.analysis.importing.home_assistant.conditions import expression_of
from rouage.analysis.importing.home_assistant.templates import PROGRAM, Names, value_of
from rouage.analysis.importing.home_assistant.triggers import trigger_of
from rouage.language import Text

_TRIGGER_WORDS: Final = ("triggers", "trigger")
_ACTION_WORDS: Final = ("actions", "action")
_CONDITION_WORDS: Final = ("conditions", "condition")
_HANDLED: Final = frozenset(
    {*_TRIGGER_WORDS, *_ACTION_WORDS, *_CONDITION_WORDS, "alias", "description", "id", "mode"}
) | {"max", "max_exceeded", "variables", "sequence", "fields", "icon", "initial_state", "trace"}
_BLUEPRINT: Final = Text(
    "this automation uses the blueprint {path}; take the automation over that the blueprint "
    "makes (“Take control” in Home Assistant), and import that one",
    "cette automatisation utilise le modèle {path} ; reprenez l’automatisation que ce modèle "
    "produit (« Prendre le contrôle » dans Home Assistant), puis importez-la",
)
_MODES: Final = {"single": "single", "restart": "restart", "queued": "queued"}


def looks_like(data: Any) -> bool:
    """Say whether *data* is a file of automations or scripts."""
    return any(True for _ in _found(data))


def translate(data: Any) -> Imported:
    """Return a draft for each automation and script."""
    drafts = [_draft(given, name) for given, name in _found(data)]
    return Imported(program=PROGRAM, drafts=tuple(drafts))


def _found(data: Any) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield each automation or script, with the name of its key if it has one."""
    if isinstance(data, list):
        yield from ((one, "") for one in maps(data) if _is_automation(one))
    elif isinstance(data, Mapping):
        if _is_automation(data) or "sequence" in data:
            yield data, ""
            return
        for key, value in data.items():
            section = str(key).partition(" ")[0]
            if section == "automation":
                yield from ((one, "") for one in maps(value) if _is_automation(one))
            elif section == "script" and isinstance(value, Mapping):
                yield from _scripts(value)
        yield from _scripts(data)


def _scripts(data: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    for name, value in data.items():
        if isinstance(value, Mapping) and "sequence" in value:
            yield value, str(name)


def _is_automation(one: Mapping[str, Any]) -> bool:
    has_trigger = any(isinstance(one.get(word), list | Mapping) for word in _TRIGGER_WORDS)
    has_action = any(isinstance(one.get(word), list | Mapping) for word in _ACTION_WORDS)
    return (has_trigger and has_action) or "use_blueprint" in one


def _draft(given: Mapping[str, Any], key: str) -> Draft:
    draft = new_draft(PROGRAM, one_line(given.get("alias") or key or given.get("id")), "automation")
    draft.description = about_text(given.get("description"))
    if key:
        # A script is called by this name, so it must keep it.
        draft.settings["id"] = key.lower().replace("_", "-")
    if "use_blueprint" in given:
        used = given["use_blueprint"]
        path = used.get("path", "…") if isinstance(used, Mapping) else "…"
        draft.steps.append(lost(_BLUEPRINT.fill(path=one_line(path)), dict(given), "use_blueprint"))
        return draft
    names = Names()
    _mode(draft, given)
    _fields(draft, given, names)
    _variables(draft, given, names)
    draft.triggers = [trigger_of(one) for one in maps(_of(given, _TRIGGER_WORDS) or [])]
    _conditions(draft, _of(given, _CONDITION_WORDS), names)
    draft.steps += steps_of(given.get("sequence", _of(given, _ACTION_WORDS)), names)
    if not draft.steps:
        reason = NOT_UNDERSTOOD.fill(what=draft.name, program=PROGRAM)
        draft.steps.append(lost(reason, None, draft.name))
    for word in given:
        if word not in _HANDLED:
            what = word
            draft.steps.append(unsupported(what, PROGRAM, {word: given[word]}, word))
    if given.get("initial_state") is False:
        draft.settings["enabled"] = False
    return draft


def _of(given: Mapping[str, Any], words: tuple[str, ...]) -> Any:
    return next((given[word] for word in words if word in given), None)


def _mode(draft: Draft, given: Mapping[str, Any]) -> None:
    mode, most = str(given.get("mode", "single")), given.get("max")
    concurrency: dict[str, Any] = {"mode": _MODES.get(mode, "parallel")}
    if isinstance(most, int) and mode in {"queued", "parallel"}:
        concurrency["max"] = most
        concurrency["when_full"] = "skip"
    draft.settings["concurrency"] = concurrency


def _fields(draft: Draft, given: Mapping[str, Any], names: Names) -> None:
    """Make inputs of the fields of a script."""
    inputs: dict[str, Any] = {}
    fields = given.get("fields")
    for name, declared in fields.items() if isinstance(fields, Mapping) else ():
        about = declared if isinstance(declared, Mapping) else {}
        made: dict[str, Any] = {"type": "text"}
        if about.get("name"):
            made["label"] = one_line(about["name"])
        if about.get("description"):
            made["help"] = about_text(about["description"])
        if isinstance(about.get("default"), str):
            made["default"] = about["default"]
        elif not about.get("required"):
            made["required"] = False
        inputs[str(name)] = made
    if inputs:
        names.inputs |= set(inputs)
        draft.settings["inputs"] = inputs


def _variables(draft: Draft, given: Mapping[str, Any], names: Names) -> None:
    variables = given.get("variables")
    if not isinstance(variables, Mapping) or not variables:
        return
    values = value_of(variables, names)
    names.variables |= set(map(str, variables))
    if values is None:
        draft.lost_conditions.append(
            lost(UNTRANSLATED.fill(what="variables"), {"vars": dict(variables)}, "variables")
        )
    else:
        draft.settings["vars"] = values


def _conditions(draft: Draft, given: Any, names: Names) -> None:
    """Join what could be translated; the rest is kept as a comment, and switches all off."""
    parts = []
    for one in listed(given):
        expression = expression_of(one, names)
        if expression is None:
            kind = one.get("condition", "…") if isinstance(one, Mapping) else "template"
            what = f"condition: {kind}"
            draft.lost_conditions.append(unsupported(what, PROGRAM, one, f"condition: {kind}"))
        else:
            parts.append(f"({expression})" if " or " in expression else expression)
    draft.condition = " and ".join(parts) or None
