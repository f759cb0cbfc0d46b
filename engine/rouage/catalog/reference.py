"""The reference pages of the connectors, in Markdown: a reading of what they declare.

Every sentence stands in English and, beside or below it, in French: one page serves both,
and neither can grow old alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import yaml

from rouage.catalog.catalog import Catalog
from rouage.language import Text
from rouage.sdk.connector import ActionSpec, Connector, Effect, Idempotent, TriggerSpec
from rouage.sdk.conversion import unwrap_optional
from rouage.sdk.params import Parameters
from rouage.sdk.quantities import Duration

INDEX: Final = "index.md"

_INDEX_HEAD: Final = """\
# Connectors

What a recipe can listen to (`when`) and do (`do`), for the connectors that ship.
*Ce qu’une recette peut écouter (`when`) et faire (`do`), pour les connecteurs fournis.*
"""
_INDEX_FOOT: Final = """\
## What an action declares

| effect | meaning | sens |
|---|---|---|
| `none` | Changes nothing outside of the run. | Ne change rien hors de l’exécution. |
| `local` | Changes files of this machine. | Change des fichiers de cette machine. |
| `outward` | Reaches another service. | Atteint un autre service. |
| `irreversible` | Cannot be taken back. | Ne peut pas être défait. |

| idempotent | after a crash in the middle of the action | après un arrêt brutal pendant l’action |
|---|---|---|
| `yes` | It is done again: twice is the same as once. | Elle est refaite : deux fois valent une. |
| `by key` | It is done again with the same key, by which it finds what it did the first time. \
| Elle est refaite avec la même clé, par laquelle elle retrouve ce qu’elle avait fait. |
| `no` | It is not done again alone: the run waits for you as `needs_attention`. \
| Elle n’est pas refaite d’elle-même : l’exécution vous attend, `needs_attention`. |

[Durability](../../concepts/durability.md) explains why; [the recipe language](../recipes.md) says
what may stand beside an action.
*[La durabilité](../../concepts/durability.fr.md) explique pourquoi.*
"""
_EFFECTS: Final[Mapping[Effect, Text]] = {
    "none": Text("none", "aucun"),
    "local": Text("local", "local"),
    "outward": Text("outward", "vers l’extérieur"),
    "irreversible": Text("irreversible", "irréversible"),
}
_IDEMPOTENT: Final[Mapping[Idempotent, Text]] = {
    "yes": Text("yes", "oui"),
    "no": Text("no", "non"),
    "by key": Text("by key", "par clé"),
}
_KINDS: Final[Mapping[str, str]] = {"string": "text", "array": "list", "object": "mapping"}
_SECONDS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def reference_pages(catalog: Catalog) -> dict[str, str]:
    """Return the pages of *catalog* by file name: one per connector, and the index."""
    connectors = [catalog.connectors[name] for name in sorted(catalog.connectors)]
    pages = {f"{connector.name}.md": _page(connector) for connector in connectors}
    return {INDEX: _index(connectors)} | pages


def _index(connectors: Iterable[Connector]) -> str:
    rows = ["| connector | offers | what it is for | à quoi il sert |", "|---|---|---|---|"]
    for one in connectors:
        links = (_link(one, id_) for id_ in (*one.triggers, *one.actions))
        name = f"[`{one.name}`]({one.name}.md)"
        rows.append(row(name, "<br>".join(links), one.about.en, one.about.fr))
    return "\n".join([_INDEX_HEAD, *rows, "", _INDEX_FOOT])


def _link(connector: Connector, id_: str) -> str:
    return f"[`{id_}`]({connector.name}.md#{id_.replace('.', '')})"


def _page(connector: Connector) -> str:
    lines = [f"# {connector.title.en}", "", *_both(connector.about), ""]
    for trigger in connector.triggers.values():
        lines += _trigger(trigger)
    for action in connector.actions.values():
        lines += _action(action)
    return "\n".join(lines)


def _both(text: Text) -> list[str]:
    return [text.en, f"*{text.fr}*"]


def _trigger(spec: TriggerSpec) -> list[str]:
    parts = ["Trigger: " + _title(spec), *_both(spec.about)]
    fields = list(_fields(spec.event, "event", spec.sample))
    rows = [row(f"`{path}`", kind, _code(sample)) for path, kind, _, sample in fields]
    return [
        *_opening(spec, parts),
        *_example(spec),
        *_parameters(spec.parameters),
        *table("What the event holds:", "| expression | type | example |", rows),
    ]


def _action(spec: ActionSpec) -> list[str]:
    effect, again = _EFFECTS[spec.effect], _IDEMPOTENT[spec.idempotent]
    parts = ["Action: " + _title(spec), *_both(spec.about)]
    facts = [
        "",
        f"Effect: **{effect.en}**; idempotent: **{again.en}**.",
        f"*Effet : {effect.fr} ; idempotente : {again.fr}.*",
    ]
    rows = [row(f"`{path}`", kind, about) for path, kind, about, _ in _result(spec)]
    return [
        *_opening(spec, [*parts, *facts]),
        *_example(spec),
        *_parameters(spec.parameters),
        *table("What later steps can read:", "| expression | type | meaning |", rows),
    ]


def _title(spec: TriggerSpec | ActionSpec) -> str:
    return f"**{spec.title.en}** / *{spec.title.fr}*."


def _opening(spec: TriggerSpec | ActionSpec, parts: Iterable[str]) -> list[str]:
    return [f"## {spec.id}", "", *parts, ""]


def _example(spec: TriggerSpec | ActionSpec) -> list[str]:
    written: Any = {spec.id: dict(spec.example)} if spec.example else {spec.id: {}}
    dumped = yaml.safe_dump([written], allow_unicode=True, sort_keys=False, width=90)
    return ["```yaml", dumped.rstrip("\n"), "```", ""]


def _parameters(parameters: Parameters) -> list[str]:
    rows = []
    for name in parameters.names:
        about = parameters.specs[name].about
        default = _default(parameters, name)
        meaning, sens = (words.replace("*", "\\*") for words in (about.en, about.fr))
        rows.append(row(f"`{name}`", _type(parameters, name), default, meaning, sens))
    return table("Parameters:", "| parameter | type | default | meaning | sens |", rows)


def table(title: str, head: str, rows: list[str]) -> list[str]:
    """Return a table with its *title*, or nothing when it has no rows."""
    if not rows:
        return []
    return [title, "", head, "|" + "---|" * (head.count("|") - 1), *rows, ""]


def row(*cells: str) -> str:
    """Return one row of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _code(value: Any) -> str:
    if value is None or value == "":
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}`"


def _default(parameters: Parameters, name: str) -> str:
    if name in parameters.required:
        return "**required**"
    value = parameters.defaults[name]
    if unwrap_optional(parameters.types[name])[0] is Duration and value is not None:
        return _code(_duration(value))
    return "" if value is None or value in ([], {}) else _code(value)


def _duration(seconds: float) -> str:
    for unit, size in _SECONDS:
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"


def _type(parameters: Parameters, name: str) -> str:
    schema = parameters.schema_of(name)
    bounds = [
        f"{word} {schema[key]:g}"
        for key, word in (("minimum", "from"), ("maximum", "up to"))
        if key in schema and "format" not in schema
    ]
    return " ".join([_kind(schema), *bounds])


def _kind(schema: Mapping[str, Any]) -> str:
    """Return the type of *schema* as people say it."""
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    declared = schema.get("type")
    if isinstance(declared, list):
        words = (_plain(kind, schema) for kind in declared if kind != "null")
        return " or ".join(words) + (" or null" if "null" in declared else "")
    return "any" if declared is None else _plain(declared, schema)


def _plain(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "string":
        return str(schema.get("format", "text"))
    word = _KINDS.get(kind, kind)
    inner = schema.get("items") if kind == "array" else None
    has_known_items = isinstance(inner, Mapping) and isinstance(inner.get("type"), str)
    return f"{word} of {_kind(inner)}" if has_known_items and inner is not None else word


def _result(spec: ActionSpec) -> Iterator[tuple[str, str, str, Any]]:
    return _fields(spec.result, "steps.ID", None)


def _fields(
    schema: Mapping[str, Any], path: str, sample: Any
) -> Iterator[tuple[str, str, str, Any]]:
    """Yield path, type, meaning and example of each field of *schema*, depth first."""
    for name, inner in schema.get("properties", {}).items():
        value = sample.get(name) if isinstance(sample, Mapping) else None
        if "properties" in inner:
            yield from _fields(inner, f"{path}.{name}", value)
            continue
        yield f"{path}.{name}", _kind(inner), inner.get("description", ""), value
        items = inner.get("items", {})
        if "properties" in items:
            yield from _fields(items, f"{path}.{name}[0]", None)
