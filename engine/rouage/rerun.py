"""What of a finished run stays when it is done again: everything before the chosen step.

A path tells where a step stands (`do.2[3].for_each.do.0`), so the order of the recipe can be
read from two paths. What is kept must mean the same in the version that goes on with it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal

from rouage.errors import StepError
from rouage.language import Text
from rouage.model.recipe import Recipe, StepUse
from rouage.model.run import SHADOW, Blanked, RunRecord, StepRecord

Version = Literal["then", "now"]
START: Final = "start"
FAILED: Final = "failed"

Place = tuple[int | str, ...]

_PART: Final = re.compile(r"[^.\[\]]+")
_ATTEMPT: Final = re.compile(r"#\d+")
_ITEM: Final = re.compile(r"\[\d+\]|#\d+")
_SETTLED: Final = frozenset({"done", "failed", "skipped"})
_BROKEN: Final = frozenset({"failed", "cancelled"})
_MARK: Final = ":"
_AHEAD: Final = frozenset({"if", "while"})
_DECISIONS: Final = _AHEAD | {"", "until", "vars"}
"""What is noted beside a step (`do.1:if`) and stays true later; instants and questions do not."""
_CHANGES: Final = ":vars"
_VARIABLES: Final = "vars"

_NO_FAILURE: Final = Text(
    "no step of this run failed: say from which one to go on",
    "aucune étape de cette exécution n’a échoué : dites à partir de laquelle reprendre",
)
_USE_STEP: Final = Text(
    "write --from start, or --from with the id or the path of a step (`rouage show` gives them)",
    "écrivez --from start, ou --from avec l’identifiant ou le chemin d’une étape (« rouage show » "
    "les donne)",
)
_NO_STEP: Final = Text(
    "the recipe has no step “{step}” in this version",
    "la recette n’a pas d’étape « {step} » dans cette version",
)
_STEPS: Final = Text("its steps: {steps}", "ses étapes : {steps}")
_IN_LOOP: Final = Text(
    "the step “{step}” stands in a loop: which of its items is not said",
    "l’étape « {step} » est dans une boucle : il manque de quel élément il s’agit",
)
_LOOP_HINT: Final = Text(
    "name the loop, or the path of the step with its item, such as {path}",
    "nommez la boucle, ou le chemin de l’étape avec son élément, comme {path}",
)
_CHANGED: Final = Text(
    "the step {path} was done by another version of the recipe and is not the same now",
    "l’étape {path} a été faite par une autre version de la recette et n’est plus la même",
)
BLANKED: Final[Mapping[Blanked, Text]] = {
    "personal": Text(
        "the personal values were blanked, their time was over (`retention` in "
        "rouage.yaml, `keep` in the recipe)",
        "les valeurs personnelles ont été effacées, leur durée était passée "
        "(« retention » dans rouage.yaml, « keep » dans la recette)",
    ),
    "values": Text(
        "the values were blanked, as the recipe says (`keep`)",
        "les valeurs ont été effacées, comme le dit la recette (« keep »)",
    ),
    "person": Text(
        "the values were blanked, because a person was to be forgotten",
        "les valeurs ont été effacées, car une personne devait être oubliée",
    ),
}
"""What is told of a run whose values are not there any more."""
_ANEW: Final = Text(
    "only what happened is known; start the recipe anew with the real values: rouage run {recipe}",
    "on ne sait plus que ce qui s’est passé ; relancez la recette avec les vraies valeurs : "
    "rouage run {recipe}",
)
_CHANGED_HINT: Final = Text(
    "go on with the version of then (--recipe then), or do all of it again (--from start)",
    "reprenez avec la version d’alors (--recipe then), ou refaites tout (--from start)",
)


def check_whole(blanked: Blanked | None, recipe: str) -> None:
    """Refuse to do with blanked values what needs the real ones.

    Raises:
        StepError: the values of the run, or of its event, were blanked.
    """
    if blanked is not None:
        raise StepError(BLANKED[blanked], hint=_ANEW, recipe=recipe)


def kept_steps(run: RunRecord, old: Recipe, new: Recipe, start: str) -> tuple[str, ...]:
    """Return the paths whose outcomes a replay of *run* takes over.

    *start* is `start`, `failed`, or the id or the path of a step. *old* is the version the
    run used, *new* the one to go on with.

    Raises:
        StepError: there is no such step, nothing failed, or what is kept has changed.
    """
    if start == START:
        return ()
    recorded = [step for step in run.steps if _is_settled(step)]
    if start == FAILED:
        if run.state not in _BROKEN:
            raise StepError(_NO_FAILURE, hint=_USE_STEP)
        kept = _before_failures(recorded, old)
    else:
        place = places(_path_of(start, run, new))
        kept = [step for step in recorded if _is_kept(step, place)]
    bases = {step.path for step in kept if _MARK not in step.path}
    paths = [step.path for step in kept if not step.path.endswith(_CHANGES) or _base(step) in bases]
    if new.hash != old.hash:
        _check_same(paths, old, new)
        if new.variables != old.variables:
            return tuple(paths)
    if any(step.path == _VARIABLES and step.state == "done" for step in run.steps):
        paths.insert(0, _VARIABLES)
    return tuple(paths)


def places(path: str) -> Place:
    """Return *path* as parts that compare in the order of the recipe; attempts do not count."""
    found = _PART.findall(_ATTEMPT.sub("", path))
    return tuple([int(part) if part.isdigit() else part for part in found])


def static_path(path: str) -> str:
    """Return *path* as it stands in the recipe: without items of loops and attempts."""
    return _ITEM.sub("", path)


def steps_of(recipe: Recipe) -> Iterator[StepUse]:
    """Yield every step of *recipe*, those inside engine words and handlers too."""
    for part in (recipe.steps, recipe.on_error, recipe.finally_):
        yield from walk(part)


def walk(steps: Iterable[StepUse]) -> Iterator[StepUse]:
    """Yield *steps* and all that stand inside them, in the order of the recipe."""
    for step in steps:
        yield step
        for inner in step.body.values():
            yield from walk(inner)
        if isinstance(step.on_error, tuple):
            yield from walk(step.on_error)


def _is_settled(step: StepRecord) -> bool:
    mark = step.path.partition(_MARK)[2]
    if step.action.startswith(SHADOW):
        # Nothing was done: there is nothing to keep.
        return False
    return _is_main(step.path) and step.state in _SETTLED and mark in _DECISIONS


def _is_main(path: str) -> bool:
    """Say whether *path* is a step of `do`: handlers at the end of a run are never kept."""
    return path.startswith("do.")


def _base(step: StepRecord) -> str:
    """Return the step that a record belongs to: `do.1:if` is a decision about `do.1`."""
    return step.path.partition(_MARK)[0]


def _before_failures(recorded: list[StepRecord], recipe: Recipe) -> list[StepRecord]:
    """Return what was settled apart from the failures that nobody dealt with."""
    steps = {step.path: step for step in steps_of(recipe)}
    failed = [places(one.path) for one in recorded if _is_unhandled(one, steps)]
    return [
        step
        for step in recorded
        if step.action != "stop" and all(_stays(step, place) for place in failed)
    ]


def _is_unhandled(step: StepRecord, steps: Mapping[str, StepUse]) -> bool:
    """Say whether *step* failed, or was refused, and no `on_error` around it took that."""
    use = steps.get(static_path(step.path))
    answer = step.result if isinstance(step.result, Mapping) else {}
    is_refused = step.action == "approve" and answer.get("approved") is False
    if use is None or use.on_error != "stop" or not (is_refused or step.state == "failed"):
        return False
    if is_refused and answer.get("late") != "stop":
        # A refusal ends the run, whatever stands around the question.
        return True
    return not any(_takes_failures(one) for one in _around(use.path, steps))


def _around(path: str, steps: Mapping[str, StepUse]) -> list[StepUse]:
    return [one for one in steps.values() if path.startswith(one.path + ".")]


def _takes_failures(step: StepUse) -> bool:
    given = step.parameters if isinstance(step.parameters, Mapping) else {}
    return step.on_error != "stop" or given.get("on_item_error") == "continue"


def _stays(step: StepRecord, place: Place) -> bool:
    """Say whether *step* is apart from what stands at *place*, or was decided before it."""
    base, mark = places(_base(step)), step.path.partition(_MARK)[2]
    if not _holds(base, place):
        return mark in _DECISIONS
    return len(base) < len(place) and (mark in _AHEAD or _leads_to(step, place))


def _is_kept(step: StepRecord, start: Place) -> bool:
    """Say whether *step* was settled before *start*."""
    base = places(_base(step))
    is_apart = _is_before(base, start) or _holds(base, start)
    return is_apart and step.action != "stop" and _stays(step, start)


def _leads_to(step: StepRecord, place: Place) -> bool:
    """Say whether *step* is the `choose` whose branch *place* stands in."""
    if step.action != "choose" or not isinstance(step.result, Mapping):
        return False
    rest = place[len(places(step.path)) :]
    return rest[:2] == ("choose", step.result.get("branch"))


def _holds(outer: Place, inner: Place) -> bool:
    return inner[: len(outer)] == outer


def _is_before(one: Place, other: Place) -> bool:
    """Say whether *one* comes before *other*; branches beside each other have no order."""
    for mine, theirs in zip(one, other, strict=False):
        if mine == theirs:
            continue
        if isinstance(mine, int) and isinstance(theirs, int):
            return mine < theirs
        return True
    # One holds the other: a block around the chosen step is done again, and so is all in it.
    return False


def _path_of(wish: str, run: RunRecord, recipe: Recipe) -> str:
    """Return the path of the step that *wish* names by its id or its path."""
    steps = [step for step in steps_of(recipe) if _is_main(step.path)]
    known = {step.path for step in steps}
    if static_path(wish) in known:
        path = wish
    else:
        found = [step.path for step in steps if step.id == wish]
        if len(found) != 1:
            names = ", ".join(step.id or step.path for step in steps[:20])
            raise StepError(_NO_STEP, hint=_STEPS, step=wish[:80], steps=names)
        path = found[0]
    if path == static_path(path):
        loop = next((one for one in steps if _is_loop_around(one, path)), None)
        if loop is not None:
            rest = path[len(loop.path) :]
            example = next(
                (step.path for step in run.steps if static_path(step.path) == path),
                f"{loop.path}[0]{rest}",
            )
            raise StepError(_IN_LOOP, hint=_LOOP_HINT, step=wish[:80], path=example)
    return path


def _is_loop_around(step: StepUse, path: str) -> bool:
    return step.uses in {"for_each", "repeat"} and path.startswith(step.path + ".")


def _check_same(paths: Iterable[str], old: Recipe, new: Recipe) -> None:
    """Refuse when a kept step, or a block around it, is not in *new* what it was in *old*."""
    before = {step.path: step for step in steps_of(old)}
    after = {step.path: step for step in steps_of(new)}
    for path in sorted(paths, key=len):
        own = static_path(path.partition(_MARK)[0])
        for outer in _outer_paths(own, before):
            if outer == own:
                same = before[outer] == after.get(outer)
            else:
                same = _bare(before[outer]) == _bare(after.get(outer))
            if not same:
                raise StepError(_CHANGED, hint=_CHANGED_HINT, path=outer)


def _outer_paths(path: str, known: dict[str, StepUse]) -> list[str]:
    """Return the steps around *path* and its own, the outermost first."""
    return [one for one in known if path == one or path.startswith(one + ".")]


def _bare(step: StepUse | None) -> StepUse | None:
    """Return *step* without what stands inside it."""
    if step is None:
        return None
    handlers = "continue" if isinstance(step.on_error, tuple) else step.on_error
    return replace(step, body={}, on_error=handlers)
