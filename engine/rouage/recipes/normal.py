"""Bring a checked recipe into normal form: one spelling, defaults resolved."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.catalog.grammar import ENGINE_WORDS, FORMAT_VERSION
from rouage.recipes.blocks import WAITED, normal_block, normal_key, normal_shaping
from rouage.recipes.braking import normal_brakes, normal_hold
from rouage.recipes.document import Document, Node
from rouage.recipes.keeping import normal_keep
from rouage.recipes.outline import Outline, Use
from rouage.sdk.quantities import parse_duration

_LONGEST_ID: Final = 64
_RETRY_SECONDS: Final = {
    "wait": "wait_seconds",
    "max_wait": "max_wait_seconds",
    "max_total": "max_total_seconds",
}


def id_from_file(file: str) -> str:
    """Return the recipe id that a file name stands for: `Été 2026.yaml` gives `ete-2026`."""
    stem = PurePath(file).name.removesuffix(".yml").removesuffix(".yaml")
    letters = unicodedata.normalize("NFKD", stem.lower().replace("œ", "oe").replace("æ", "ae"))
    plain = letters.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:_LONGEST_ID]


def normalise(
    data: Mapping[str, Any],
    *,
    document: Document,
    outline: Outline,
    catalog: Catalog,
    recipe_id: str,
    input_values: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the normal form of *data*, which has passed every check."""
    form = _Form(document, catalog, data.get("defaults") or {}, outline.defaults)
    optional: dict[str, Any] = {
        "description": data.get("description") and form.text(data, "description", ()),
        "timezone": data.get("timezone"),
        "tags": form.texts(data.get("tags") or (), ("tags",)),
        "inputs": _inputs(data.get("inputs") or {}, input_values),
        "vars": data.get("vars"),
        "when": form.triggers(outline.triggers),
        "on_error": form.steps(outline.on_error),
        "finally": form.steps(outline.finally_),
        "concurrency": _concurrency(data.get("concurrency") or {}),
        "outputs": data.get("outputs"),
    }
    return {
        "rouage": FORMAT_VERSION,
        "id": recipe_id,
        "name": form.text(data, "name", ()),
        "do": form.steps(outline.steps),
        **{name: value for name, value in optional.items() if value},
        **_condition(data),
        **_timeout(data),
        **_enabled(data),
        **normal_brakes(data),
        **normal_keep(data),
    }


class _Form:
    def __init__(
        self,
        document: Document,
        catalog: Catalog,
        defaults: Mapping[str, Any],
        handlers: tuple[Use, ...] = (),
    ) -> None:
        self._positions = document.positions
        self._declared = catalog.validator.declared
        self._defaults = defaults
        self._handlers: list[dict[str, Any]] = []
        if handlers:
            # They are the steps of every action's `on_error`, and have none of their own.
            others = {name: value for name, value in defaults.items() if name != "on_error"}
            self._handlers = _Form(document, catalog, others).steps(handlers)

    def text(self, entry: Mapping[str, Any], name: str, path: tuple[str | int, ...]) -> str:
        value = entry[name]
        return value if isinstance(value, str) else self._source(value, (*path, name))

    def texts(self, values: Iterable[Any], path: tuple[str | int, ...]) -> list[str]:
        return [
            value if isinstance(value, str) else self._source(value, (*path, number))
            for number, value in enumerate(values)
        ]

    def _source(self, value: Any, path: tuple[str | int, ...]) -> str:
        node = self._positions.node(path)
        return str(value) if node is None or node.source is None else node.source

    def triggers(self, uses: Iterable[Use]) -> list[dict[str, Any]]:
        return [self._trigger(use, number) for number, use in enumerate(uses, 1)]

    def _trigger(self, use: Use, number: int) -> dict[str, Any]:
        entry = use.entry
        normal: dict[str, Any] = {"id": f"trigger_{number}", "uses": use.word}
        if entry.get("id") is not None:
            normal["id"] = self.text(entry, "id", use.path)
        parameters = self._parameters(use)
        if parameters:
            normal["with"] = parameters
        if entry.get("missed") is not None:
            missed = entry["missed"]
            normal["missed"] = {"policy": missed} if isinstance(missed, str) else missed
        return normal | normal_shaping(entry) | _condition(entry) | _enabled(entry)

    def steps(self, uses: Iterable[Use]) -> list[dict[str, Any]]:
        return [self._step(use) for use in uses]

    def _step(self, use: Use) -> dict[str, Any]:
        entry = use.entry
        normal: dict[str, Any] = {"uses": use.word}
        parameters = self._parameters(use)
        if parameters:
            normal["with"] = parameters
        if use.bodies:
            normal["body"] = {
                ".".join(map(str, key)): self.steps(body) for key, body in use.bodies.items()
            }
        if use.event is not None:
            normal["event"] = self._trigger(use.event, 0) | {"id": WAITED}
        if "id" in entry:
            normal["id"] = entry["id"]
        if "name" in entry:
            normal["name"] = self.text(entry, "name", use.path)
        if entry.get("once") is not None:
            normal["once"] = self.text(entry, "once", use.path)
        settings = entry if use.spec is None else {**self._defaults, **entry}
        if settings.get("retry"):
            normal["retry"] = _retry(settings["retry"])
        common = _timeout(settings) | _condition(entry) | _enabled(entry) | normal_hold(entry)
        return normal | common | self._error(use, settings.get("on_error"))

    def _error(self, use: Use, on_error: Any) -> dict[str, Any]:
        if on_error is None or on_error == "stop":
            return {}
        if isinstance(on_error, str):
            return {"on_error": on_error}
        if isinstance(on_error, Mapping):
            return {"on_error": "continue", "substitute": on_error["continue"]}
        is_own = "on_error" in use.entry
        return {"on_error": self.steps(use.handlers) if is_own else self._handlers}

    def _parameters(self, use: Use) -> Any:
        if use.spec is None:
            return self._stop(use) if use.word == "stop" else self._block(use)
        declared = self._declared[use.spec.id]
        node = self._positions.node(use.parameters_path)
        entries = node.entries if node is not None and isinstance(node.entries, dict) else {}
        return {
            name: value
            if type(value) is str
            else as_declared(value, declared[name], entries[name][2])
            for name, value in (use.parameters or {}).items()
        }

    def _block(self, use: Use) -> Any:
        """Return the parameters of an engine word; a number keeps its text where one is meant."""
        given = use.parameters
        declared = ENGINE_WORDS[use.word].get("properties", {})
        if use.word in {"approve", "call", "emit"} and isinstance(given, Mapping):
            node = self._positions.node(use.parameters_path)
            entries = node.entries if node is not None and isinstance(node.entries, dict) else {}
            given = {
                name: as_declared(value, declared[name], entries[name][2])
                if name in entries
                else value
                for name, value in given.items()
            }
        return normal_block(use.word, given)

    def _stop(self, use: Use) -> dict[str, Any]:
        given = use.parameters
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            return {"text": self.text(use.entry, use.word, use.path)}
        stop = dict(given)
        if stop.get("text") is not None:
            stop["text"] = self.text(stop, "text", use.parameters_path)
        return stop


def as_declared(value: Any, declared: Mapping[str, Any], node: Node) -> Any:
    """Return *value* with its source text wherever a text is declared and a number was read.

    So `1.10` stays "1.10" and a number of 14 digits stays whole (authoring Y6).
    """
    kind = declared.get("type")
    if node.source is not None:
        wants_text = kind == "string" or (isinstance(kind, list) and "string" in kind)
        is_number = not isinstance(value, bool) and value is not None
        return node.source if wants_text and is_number else value
    inner = declared.get("items") or declared.get("additionalProperties")
    if not isinstance(inner, Mapping):
        return value
    if isinstance(value, list) and isinstance(node.entries, list):
        return [
            as_declared(one, inner, child) for one, child in zip(value, node.entries, strict=True)
        ]
    if isinstance(value, dict) and isinstance(node.entries, dict):
        return {name: as_declared(one, inner, node.entries[name][2]) for name, one in value.items()}
    return value


def _condition(entry: Mapping[str, Any]) -> dict[str, Any]:
    condition = entry.get("if")
    if condition is None:
        return {}
    return {"if": condition if isinstance(condition, str) else str(condition).lower()}


def _enabled(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"enabled": False} if entry.get("enabled") is False else {}


def _timeout(entry: Mapping[str, Any]) -> dict[str, Any]:
    timeout = entry.get("timeout")
    return {} if timeout is None else {"timeout": parse_duration(timeout)}


def _retry(retry: Any) -> dict[str, Any]:
    if not isinstance(retry, Mapping):
        return {"times": retry}
    normal = {name: value for name, value in retry.items() if name not in _RETRY_SECONDS}
    for name, in_seconds in _RETRY_SECONDS.items():
        if retry.get(name) is not None:
            normal[in_seconds] = parse_duration(retry[name])
    return normal


def _concurrency(given: Mapping[str, Any]) -> dict[str, Any]:
    names = ("mode", "max", "when_full")
    normal = {name: given[name] for name in names if given.get(name) is not None}
    if normal.get("when_full") == "refuse":
        del normal["when_full"]
    key = given.get("key")
    if key is not None:
        normal["key"] = normal_key(key)
    return normal


def _inputs(declared: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    normal: dict[str, Any] = {}
    for name, declaration in declared.items():
        normal[name] = dict(declaration)
        if name in values:
            normal[name]["default"] = values[name]
        elif declaration.get("required") is False:
            normal[name].setdefault("default", None)
    return normal
