"""`rouage forget --register`: which recipe handles which personal data, and where it goes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.recipe_files import recipes_in, shown_here
from rouage.cli.rehearsing import Work, load_recipe, work_of
from rouage.cli.session import OK, Session
from rouage.errors import RouageError
from rouage.language import Text

if TYPE_CHECKING:
    from rouage.model.recipe import Recipe
    from rouage.sdk.connector import ActionSpec

_HEAD: Final = Text("{recipe} — {name} ({file})", "{recipe} — {name} ({file})")
_PURPOSE: Final = Text("  purpose: {purpose}", "  finalité : {purpose}")
_DATA: Final = Text("  {category}: {fields}", "  {category} : {fields}")
_NO_DATA: Final = Text(
    "  no personal data is declared", "  aucune donnée personnelle n’est déclarée"
)
_SENT: Final = Text("  leaves this machine: {what}", "  sort de cette machine : {what}")
_NOT_SENT: Final = Text("  nothing leaves this machine", "  rien ne sort de cette machine")
_KEPT: Final = Text(
    "What ran is kept for {days} days, then forgotten (`retention` in rouage.yaml).",
    "Ce qui a tourné est gardé {days} jours, puis oublié (« retention » dans rouage.yaml).",
)
_FOREVER: Final = Text(
    "What ran is kept without limit (`retention` in rouage.yaml).",
    "Ce qui a tourné est gardé sans limite (« retention » dans rouage.yaml).",
)
_PERSONAL: Final = Text(
    "Personal values of what ran are blanked after {days} days (`retention`: `personal`).",
    "Les valeurs personnelles de ce qui a tourné sont effacées après {days} jours "
    "(« retention » : « personal »).",
)
_OWN: Final = Text("  kept: {said}", "  conservation : {said}")
_UNREADABLE: Final = Text(
    "{file} is not listed: it is not right (`rouage check` says why)",
    "{file} n’est pas listée : elle n’est pas correcte (« rouage check » dit pourquoi)",
)
_OUTWARD: Final = frozenset({"outward", "irreversible"})


def show_register(session: Session) -> int:
    """Print the register of the workspace."""
    work = work_of(session, session.places.recipes)
    entries, broken = [], []
    for path in recipes_in(session.places.recipes):
        try:
            recipe = load_recipe(work, path, {})
        except RouageError:
            broken.append(shown_here(session, path))
            continue
        entries.append(_entry(work, recipe, shown_here(session, path)))
    age = work.settings.retention.age_seconds
    personal = work.settings.retention.personal_seconds
    if session.is_json:
        kept = {"kept_seconds": age, "personal_seconds": personal, "not_listed": broken}
        session.output.data({"recipes": entries, **kept})
        return OK
    for entry in entries:
        _tell(session, entry)
    for file in broken:
        session.tell(_UNREADABLE, file=file)
    if age is None:
        session.tell(_FOREVER)
    else:
        session.tell(_KEPT, days=age // 86_400)
    if personal is not None:
        session.tell(_PERSONAL, days=personal // 86_400)
    return OK


def _entry(work: Work, recipe: "Recipe", file: str) -> dict[str, Any]:
    data: dict[str, list[str]] = {}
    for where, category in _personal(work, recipe):
        fields = data.setdefault(category, [])
        if where not in fields:
            fields.append(where)
    return {
        "recipe": recipe.id,
        "name": recipe.name,
        "file": file,
        "purpose": recipe.description,
        "data": data,
        "leaves": list(_leaving(work, recipe)),
        "kept": _kept(work, recipe),
    }


def _kept(work: Work, recipe: "Recipe") -> str | None:
    """Return what the recipe says itself about how long it is remembered."""
    from rouage.analysis.sentences.expressions import Names
    from rouage.analysis.sentences.keeping import tell_keep
    from rouage.analysis.sentences.parts import Teller
    from rouage.recipes.keeping import as_written

    teller = Teller(work.catalog, work.session.language, Names())
    return " ".join(line.text for line in tell_keep(teller, as_written(recipe.keep))) or None


def _personal(work: Work, recipe: "Recipe") -> Iterator[tuple[str, str]]:
    """Yield where personal data comes into the recipe, and of which category it is."""
    from rouage.analysis.personal import personal_event, personal_fields, personal_inputs
    from rouage.rerun import steps_of

    for name, category in personal_inputs(recipe.inputs):
        yield f"inputs.{name}", category
    for use in recipe.triggers:
        trigger = work.catalog.triggers.get(use.uses)
        event = None if trigger is None else trigger.event
        for name, category in personal_event(use.parameters, event):
            yield f"event.{name}", category
    for step in steps_of(recipe):
        action = work.catalog.actions.get(step.uses)
        for name, category in personal_fields(None if action is None else action.result):
            yield f"steps.{step.id or step.path}.{name}", category


def _leaving(work: Work, recipe: "Recipe") -> Iterator[str]:
    from rouage.analysis.sentences.expressions import Names
    from rouage.analysis.sentences.parts import Teller
    from rouage.rerun import steps_of

    teller = Teller(work.catalog, work.session.language, Names())
    for step in steps_of(recipe):
        action = work.catalog.actions.get(step.uses)
        if action is not None and action.effect in _OUTWARD and not _is_about_a_file(action):
            yield teller.use(action, step.parameters)


def _is_about_a_file(action: "ActionSpec") -> bool:
    """Say whether all that *action* must be told is a file: it cannot be undone, but stays here."""
    needed = set(action.parameters.required)
    return bool(needed) and needed <= set(action.parameters.paths)


def _tell(session: Session, entry: Mapping[str, Any]) -> None:
    from rouage.analysis.personal import CATEGORIES

    session.tell(_HEAD, recipe=entry["recipe"], name=entry["name"], file=entry["file"])
    if entry["purpose"]:
        session.tell(_PURPOSE, purpose=entry["purpose"])
    for category, fields in entry["data"].items():
        said = session.say(CATEGORIES[category])
        session.tell(_DATA, category=said, fields=", ".join(fields))
    if not entry["data"]:
        session.tell(_NO_DATA)
    for what in entry["leaves"]:
        session.tell(_SENT, what=what)
    if not entry["leaves"]:
        session.tell(_NOT_SENT)
    if entry["kept"]:
        session.tell(_OWN, said=entry["kept"])
    session.output.line()
