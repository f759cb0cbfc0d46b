"""Actions of Home Assistant as steps."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rouage.analysis.drafting.draft import Piece
from rouage.analysis.importing.foreign import (
    UNTRANSLATED,
    left_out,
    listed,
    lost,
    maps,
    one_line,
    step_id,
    unsupported,
)
from rouage.analysis.importing.home_assistant.conditions import expression_of
from rouage.analysis.importing.home_assistant.templates import (
    PROGRAM,
    Names,
    duration_text,
    text_of,
    value_of,
)
from rouage.analysis.importing.home_assistant.triggers import trigger_of
from rouage.language import Text

_CHANNEL: Final = Text(
    "Home Assistant sent this by “{service}”; say how you want to be told.",
    "Home Assistant envoyait ceci par « {service} » ; dites comment vous voulez être prévenu.",
)
_WORDS: Final = (
    "delay", "wait_for_trigger", "choose", "if", "repeat", "parallel", "sequence", "stop",
    "variables", "event", "set_conversation_response", "scene", "wait_template", "device_id",
)  # fmt: skip
_LEVELS: Final = {"critical": "error", "error": "error", "warning": "warning", "debug": "debug"}

_SERVICE_KEYS: Final = frozenset(
    {"action", "service", "data", "data_template", "alias", "enabled", "continue_on_error"}
) | {"metadata", "id"}
_DATA_KEYS: Final = frozenset({"message", "title", "level", "notification_id", "name"})

Entry = dict[str, Any]


def steps_of(given: Any, names: Names) -> list[Piece]:
    """Return the steps of a sequence, each its own piece."""
    return [_step(one, names) for one in listed(given)]


def _step(given: Any, names: Names) -> Piece:
    if not isinstance(given, Mapping):
        return _condition({"condition": "template", "value_template": given}, names)
    if "condition" in given or any(word in given for word in ("and", "or", "not")):
        return _condition(given, names)
    service = given.get("action", given.get("service"))
    if isinstance(service, str):
        return _common(_service(service, given, names), given, service)
    word = next((one for one in _WORDS if one in given), None)
    make = _MAKERS.get(word or "")
    entry = None if make is None else make(given, names)
    about = word or "…"
    if make is None:
        return _common(unsupported(about, PROGRAM, given, about), given, about)
    if entry is None:
        return _common(lost(UNTRANSLATED.fill(what=about), given, about), given, about)
    return _common(Piece(entry=entry, original=given, about=about), given, about)


def _common(piece: Piece, given: Mapping[str, Any], about: str) -> Piece:
    """Add what every action may say: its name, whether it is on, whether its failure counts."""
    piece.about = one_line(given.get("alias") or about)
    if piece.entry is not None:
        if given.get("alias"):
            piece.entry["name"] = one_line(given["alias"])
        if given.get("enabled") is False:
            piece.entry["enabled"] = False
        if given.get("continue_on_error") is True:
            piece.entry["on_error"] = "continue"
    return piece


def _condition(given: Mapping[str, Any], names: Names) -> Piece:
    """Return a condition among the actions: where it does not hold, the sequence ends."""
    about = one_line(given.get("alias") or given.get("condition") or "condition")
    expression = expression_of(given, names)
    if expression is None:
        return lost(UNTRANSLATED.fill(what=about), given, about)
    stop = {"text": about, "result": "skipped"}
    return Piece(entry={"stop": stop, "if": f"not ({expression})"}, original=given, about=about)


# -- services ----------------------------------------------------------------------------------


def _service(service: str, given: Mapping[str, Any], names: Names) -> Piece:
    domain, _, name = service.partition(".")
    data = given.get("data") or given.get("data_template") or {}
    make = _SERVICES.get(service) or _SERVICES.get(domain)
    if make is None or not isinstance(data, Mapping):
        return unsupported(service, PROGRAM, given, service)
    values = value_of(data, names)
    if values is None:
        return lost(UNTRANSLATED.fill(what=service), given, service)
    entry = make(values, name)
    if entry is None:
        return unsupported(service, PROGRAM, given, service)
    notes = [_CHANNEL.fill(service=service)] if domain == "notify" else []
    notes += left_out(given, _SERVICE_KEYS)
    if domain not in {"mqtt", "script"}:
        notes += left_out(data, _DATA_KEYS)
    return Piece(entry=entry, notes=notes, original=given, about=service)


def _notify(data: Entry, name: str) -> Entry | None:
    del name
    text = data.get("message")
    if text is None:
        return None
    parameters = {"text": str(text)}
    if data.get("title"):
        parameters["title"] = str(data["title"])
    return {"notify.send": parameters}


def _log(data: Entry, name: str) -> Entry | None:
    del name
    message = data.get("message")
    if message is None:
        return None
    parameters = {"message": str(message)}
    level = _LEVELS.get(str(data.get("level")))
    if level is not None:
        parameters["level"] = level
    return {"log.write": parameters}


def _mqtt(data: Entry, name: str) -> Entry | None:
    if name != "publish" or "topic" not in data:
        return None
    kept = {"topic": str(data["topic"]), "payload": str(data.get("payload", ""))}
    kept |= {one: data[one] for one in ("qos", "retain") if one in data}
    return {"mqtt.publish": kept}


def _script(data: Entry, name: str) -> Entry | None:
    """Return the call of a script: it is a recipe of its own here."""
    if name in {"turn_on", "turn_off", "toggle", "reload"}:
        return None
    call: Entry = {"recipe": name.replace("_", "-")}
    if data:
        call["inputs"] = data
    return {"call": call}


_SERVICES: Final[Mapping[str, Callable[[Entry, str], Entry | None]]] = {
    "notify": _notify,
    "persistent_notification.create": _notify,
    "system_log.write": _log,
    "logbook.log": _log,
    "mqtt": _mqtt,
    "script": _script,
}


# -- words of the sequence ---------------------------------------------------------------------


def _delay(given: Mapping[str, Any], names: Names) -> Entry | None:
    del names
    duration = duration_text(given["delay"])
    return None if duration is None else {"wait": duration}


def _wait_for_trigger(given: Mapping[str, Any], names: Names) -> Entry | None:
    del names
    triggers = [trigger_of(one) for one in maps(given["wait_for_trigger"])]
    if len(triggers) != 1 or triggers[0].entry is None:
        return None
    wait: Entry = {"event": triggers[0].entry}
    if given.get("timeout") is not None:
        timeout = duration_text(given["timeout"])
        if timeout is None:
            return None
        goes_on = given.get("continue_on_timeout", True) is not False
        wait |= {"timeout": timeout, "on_timeout": "continue" if goes_on else "stop"}
    return {"wait": wait}


def _branch(conditions: Any, steps: Any, names: Names) -> Entry | None:
    expression = expression_of(listed(conditions), names)
    return None if expression is None else {"if": expression, "do": steps_of(steps, names)}


def _choose(given: Mapping[str, Any], names: Names) -> Entry | None:
    branches: list[Entry] = []
    for one in maps(given["choose"]):
        conditions = one.get("conditions", one.get("condition"))
        branch = _branch(conditions, one.get("sequence"), names)
        if branch is None or not branch["do"]:
            return None
        branches.append(branch)
    if given.get("default"):
        branches.append({"do": steps_of(given["default"], names)})
    return {"choose": branches} if branches else None


def _if(given: Mapping[str, Any], names: Names) -> Entry | None:
    branch = _branch(given["if"], given.get("then"), names)
    if branch is None or not branch["do"]:
        return None
    otherwise = [{"do": steps_of(given["else"], names)}] if given.get("else") else []
    return {"choose": [branch, *otherwise]}


def _repeat(given: Mapping[str, Any], names: Names) -> Entry | None:
    repeat = given["repeat"]
    if not isinstance(repeat, Mapping) or not repeat.get("sequence"):
        return None
    steps = steps_of(repeat["sequence"], names)
    if "for_each" in repeat:
        items = value_of(repeat["for_each"], names)
        return None if items is None else {"for_each": {"in": items, "as": "item", "do": steps}}
    if "count" in repeat:
        count = value_of(repeat["count"], names)
        return None if count is None else {"repeat": {"times": count, "do": steps}}
    for word in ("while", "until"):
        if word in repeat:
            expression = expression_of(listed(repeat[word]), names)
            return None if expression is None else {"repeat": {word: expression, "do": steps}}
    return None


def _parallel(given: Mapping[str, Any], names: Names) -> Entry | None:
    branches: Entry = {}
    for number, one in enumerate(listed(given["parallel"]), 1):
        inner = one["sequence"] if isinstance(one, Mapping) and "sequence" in one else one
        name = step_id(str(one.get("alias", "")) if isinstance(one, Mapping) else "", set())
        name = f"branch_{number}" if name == "step" or name in branches else name
        branches[name] = steps_of(inner, names)
    return {"parallel": {"branches": branches}} if branches else None


def _sequence(given: Mapping[str, Any], names: Names) -> Entry | None:
    steps = steps_of(given["sequence"], names)
    return {"group": {"do": steps}} if steps else None


def _stop(given: Mapping[str, Any], names: Names) -> Entry | None:
    text = text_of(str(given["stop"] or ""), names)
    if text is None:
        return None
    return {"stop": {"text": text, "result": "failed" if given.get("error") else "succeeded"}}


def _variables(given: Mapping[str, Any], names: Names) -> Entry | None:
    values = value_of(given["variables"], names)
    if not isinstance(values, dict) or not values:
        return None
    names.variables |= set(values)
    return {"set": values}


def _emit(given: Mapping[str, Any], names: Names) -> Entry | None:
    data = value_of(given.get("event_data") or {}, names)
    if data is None:
        return None
    event = {"name": str(given["event"])}
    return {"emit": {**event, "data": data} if data else event}


_MAKERS: Final[Mapping[str, Callable[[Mapping[str, Any], Names], Entry | None]]] = {
    "delay": _delay,
    "wait_for_trigger": _wait_for_trigger,
    "choose": _choose,
    "if": _if,
    "repeat": _repeat,
    "parallel": _parallel,
    "sequence": _sequence,
    "stop": _stop,
    "variables": _variables,
    "event": _emit,
}
