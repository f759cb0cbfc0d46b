"""A small recipe around one trigger, with comments that say how to go on."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rouage.analysis.drafting.draft import Draft, Piece
from rouage.catalog.catalog import Catalog
from rouage.errors import StepError
from rouage.language import Language, Text
from rouage.sdk.connector import TriggerSpec

_INTRO: Final = Text(
    "A recipe says when to act (when), if at all (if), and what to do (do).",
    "Une recette dit quand agir (when), à quelle condition (if), et que faire (do).",
)
_FIELDS: Final = Text("What the event holds: {fields}", "Ce que l’événement contient : {fields}")
_SEE: Final = Text(
    "Only sometimes? Add below, at the left margin, a line such as “if: {example}”.",
    "Seulement parfois ? Ajoutez dessous, à la marge gauche, une ligne comme « if: {example} ».",
)
_REPLACE: Final = Text(
    "Put your own steps here; `rouage try` shows what they would do, and does nothing.",
    "Mettez ici vos propres étapes ; « rouage try » montre ce qu’elles feraient, sans rien faire.",
)
_HAPPENED: Final = Text("It happened: {what}", "C’est arrivé : {what}")
_MOST_FIELDS: Final = 8
# First of all what every installation has, and people ask for most.
_FIRST: Final = ("folder.file", "schedule.at", "webhook.received", "manual.start")


def starts(catalog: Catalog) -> list[TriggerSpec]:
    """Return the triggers a recipe may begin with, the usual ones first."""
    order = {name: place for place, name in enumerate(_FIRST)}
    return sorted(
        catalog.triggers.values(), key=lambda spec: (order.get(spec.id, len(order)), spec.id)
    )


def asked_of(spec: TriggerSpec) -> dict[str, Any]:
    """Return the parameters to ask for, each with what is proposed.

    They are the required ones and those by which a sender proves who it is. Where these alone
    are refused, all those of the example belong to them.
    """
    required = spec.parameters.required
    proofs = [name for name, value in spec.example.items() if "secrets." in str(value)]
    asked = {name: spec.example.get(name) for name in (*required, *proofs)}
    if any(value is None for value in asked.values()) or _is_refused(spec, asked):
        return {**dict(spec.example), **{n: v for n, v in asked.items() if v is not None}}
    return asked


def _is_refused(spec: TriggerSpec, values: Mapping[str, Any]) -> bool:
    return refusal(spec, values) is not None


def refusal(spec: TriggerSpec, values: Mapping[str, Any]) -> Text | None:
    """Return what the trigger says against *values*, or None."""
    try:
        return spec.listen.check(spec.parameters.build(dict(values)))
    except StepError as error:
        return Text(error.render("en"), error.render("fr"))


def draft_from(
    spec: TriggerSpec, values: Mapping[str, Any], name: str, language: Language
) -> Draft:
    """Return a recipe that starts by *spec* and tells the log about it."""
    fields = list(_leaves(spec.sample, "event"))
    shown = next((path for path, value in fields if isinstance(value, str)), None)
    what = f"${{{{ {shown} }}}}" if shown else spec.id
    message = _HAPPENED.render(language, {"what": what})
    draft = Draft(name=name, intro=[_INTRO])
    notes = []
    if fields:
        listed = ", ".join(path for path, _ in fields[:_MOST_FIELDS])
        notes.append(_FIELDS.fill(fields=listed))
        notes.append(_SEE.fill(example=_example(fields)))
    draft.triggers = [Piece(entry={spec.id: dict(values)}, notes=notes)]
    draft.steps = [Piece(entry={"log.write": {"message": message}}, notes=[_REPLACE])]
    return draft


def _example(fields: list[tuple[str, Any]]) -> str:
    path, value = next(
        ((path, value) for path, value in fields if isinstance(value, int | float)), fields[0]
    )
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{path} > 0" if is_number else f"{path} is defined"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an event that an expression can name, with a value of each."""
    if not isinstance(value, Mapping):
        if path != "event" and not isinstance(value, list):
            yield path, value
        return
    for name, inner in value.items():
        if name.isidentifier():
            yield from _leaves(inner, f"{path}.{name}")
