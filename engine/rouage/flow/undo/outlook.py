"""What undoing a run would do: each of its effects, from the last to the first (features N-1).

Nothing is changed here. An effect can be taken back when the world still is what it left; the
effects after it count as taken back already, unless somebody changed what they made.
"""

from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from typing import Final, Literal

from rouage.catalog.catalog import Catalog
from rouage.durable.erasure import has_blanks
from rouage.errors import StepError
from rouage.language import Text
from rouage.model.run import RunRecord, StepRecord
from rouage.records import dataclass
from rouage.safety.world import World
from rouage.sdk.connector import ActionSpec
from rouage.sdk.json import JSON

UNDO_STEP: Final = "undo."
"""Before the path of a step: the step of an undoing run that takes it back."""

State = Literal["ready", "conflict", "stays", "undone", "unchanged", "elsewhere"]

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_MAY_HAVE_ACTED: Final = frozenset({"done", "failed", "in_doubt", "started"})
_STAYS: Final = Text("it cannot be taken back", "cela ne peut pas être repris")
_NOT_RECORDED: Final = Text(
    "how to take it back was not recorded", "la façon de le reprendre n’a pas été enregistrée"
)
_IN_DOUBT: Final = Text(
    "nobody knows whether it was done; if it was, it stays",
    "nul ne sait si c’est fait ; si oui, cela reste fait",
)
_BLANKED: Final = Text(
    "how to take it back was blanked with the values of the run",
    "la façon de le reprendre a été effacée avec les valeurs de l’exécution",
)
_BY_HAND: Final = Text(
    "put it back by hand, if it still matters", "remettez-le à la main, si cela compte encore"
)
_TRY: Final = Text(
    "whether the world has changed is seen when it is tried",
    "si le monde a changé, cela se verra à l’essai",
)
_MISSING: Final = Text(
    "the connector of {action} is not installed here",
    "le connecteur de {action} n’est pas installé ici",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """One effect of a run: what undoing it would do, or why that cannot be.

    `ready`: it would be taken back. `conflict`: the world has changed since, it would be left.
    `stays`: there is no way back. `undone`: an earlier undo did it. `unchanged`: nothing is
    left to take back. `elsewhere`: an earlier run did it, which this one is a replay of.
    """

    path: str
    action: str
    state: State
    parameters: JSON = None
    lines: tuple[Text, ...] = ()
    hint: Text | None = None


def look_ahead(
    run: RunRecord,
    inverses: Mapping[str, JSON],
    *,
    catalog: Catalog,
    world: World,
    undone: Set[str],
    is_wanted: Callable[[str], bool],
) -> list[Outlook]:
    """Return what undoing the wanted steps of *run* would do, in the order of doing it.

    It looks at the disk: call it in a thread.
    """
    steps = [step for step in run.steps if step.state in _MAY_HAVE_ACTED and is_wanted(step.path)]
    steps.sort(key=lambda step: (step.ended or step.started or _LONG_AGO, step.path), reverse=True)
    found = []
    for step in steps:
        outlook = _look(run, step, inverses, catalog, world, undone)
        if outlook is not None:
            found.append(outlook)
    return found


def _look(
    run: RunRecord,
    step: StepRecord,
    inverses: Mapping[str, JSON],
    catalog: Catalog,
    world: World,
    undone: Set[str],
) -> Outlook | None:
    action, inverse = catalog.actions.get(step.action), inverses.get(step.path)
    if action is None and inverse is None:
        # An engine word, or an action that left nothing behind that we know of.
        return None
    if step.path in undone:
        return _told(step, "undone")
    if inverse is None or (run.blanked is not None and has_blanks(inverse)):
        return _without_inverse(run, step, action, inverse)
    if action is None or action.undo is None:
        return _told(step, "conflict", _MISSING.fill(action=step.action))
    if inverse == {}:
        return _told(step, "unchanged")
    if action.undo.check is None:
        return _told(step, "ready", _TRY)
    try:
        lines = action.undo.check(inverse, world)
    except StepError as error:
        return _told(step, "conflict", said_by(error), hint=hint_of(error))
    return _told(step, "ready" if lines else "unchanged", *lines)


def _without_inverse(
    run: RunRecord, step: StepRecord, action: ActionSpec | None, inverse: JSON
) -> Outlook | None:
    if inverse is not None:
        return _told(step, "stays", _BLANKED, hint=_BY_HAND)
    if action is None or action.effect == "none":
        return None
    if run.replay_of is not None and step.ended is not None and step.ended < run.created:
        return _told(step, "elsewhere")
    if step.state == "failed":
        return None  # it says that it did nothing
    if step.state != "done":
        return _told(step, "stays", _IN_DOUBT)
    return _told(step, "stays", _STAYS if action.undo is None else _NOT_RECORDED)


def said_by(error: StepError) -> Text:
    """Return the sentence of *error* in both languages."""
    return error.message.fill(**error.facts)


def hint_of(error: StepError) -> Text | None:
    """Return the way out that *error* tells, in both languages."""
    return None if error.hint is None else error.hint.fill(**error.facts)


def _told(step: StepRecord, state: State, *lines: Text, hint: Text | None = None) -> Outlook:
    return Outlook(
        path=step.path,
        action=step.action,
        state=state,
        parameters=step.parameters,
        lines=lines,
        hint=hint,
    )
