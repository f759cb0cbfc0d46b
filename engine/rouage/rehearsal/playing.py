"""Play one case of a test file, and say how it went."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.errors import RouageError
from rouage.language import Text
from rouage.model.recipe import Recipe
from rouage.model.secret import Secret
from rouage.records import dataclass
from rouage.rehearsal.cases import Case, Known
from rouage.rehearsal.comparing import Difference, UnfitCase, compare, complaints
from rouage.rehearsal.samples import sample_event
from rouage.rehearsal.scene import MANUAL, Cue, Performance, Surround
from rouage.rehearsal.stage import rehearse
from rouage.rerun import steps_of
from rouage.sdk.json import JSON

MOMENT: Final = "2026-01-15T09:00:00"
"""When a case happens that says no `now`."""

_SECRET: Final = re.compile(rb"\bsecrets\.([A-Za-z_]\w*)")
_NO_EVENT: Final = Text(
    "the trigger {name} has no sample event: write one under `event`, as `data`",
    "le déclencheur {name} n’a pas d’événement d’exemple : écrivez-en un sous « event », en "
    "« data »",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """One case after it was played: it passed when nothing differs and nothing is amiss."""

    case: Case
    performance: Performance | None
    differences: tuple[Difference, ...] = ()
    complaints: tuple[Text, ...] = ()

    @property
    def has_passed(self) -> bool:
        """Say whether all came as expected."""
        return not self.differences and not self.complaints


async def play(
    case: Case, recipe: Recipe, surround: Surround, *, load: Callable[[str], JSON]
) -> Played:
    """Rehearse *case*, whose event may be a file that *load* reads."""
    here = surround
    if case.timezone is not None:
        here = replace(here, timezone=ZoneInfo(case.timezone))
    here = replace(here, reads=False, secrets=made_up_secrets(recipe))
    try:
        cue = _cue(case, recipe, here, load)
        performance = await rehearse(recipe, cue, here)
    except RouageError as error:
        told = Text(error.render("en"), error.render("fr"))
        return Played(case=case, performance=None, complaints=(told,))
    ids = {step.path: step.id for step in steps_of(recipe)}
    return Played(
        case=case,
        performance=performance,
        differences=compare(case.expect, performance, ids=ids, workspace=here.workspace),
        complaints=complaints(performance, case.expect),
    )


def known_of(recipe: Recipe, actions: Mapping[str, Any]) -> Known:
    """Return what the tests of *recipe* may name."""
    return Known(
        steps=[step.id for step in steps_of(recipe) if step.id is not None],
        triggers=[use.id for use in recipe.triggers],
        inputs=list(recipe.inputs),
        actions=list(actions),
    )


def made_up_secrets(recipe: Recipe) -> dict[str, Secret]:
    """Return a made-up value for each secret that *recipe* names: tests know no real ones."""
    names = {found.decode() for found in _SECRET.findall(recipe.definition)}
    return {name: Secret(f"made-up-{name}", name=name) for name in sorted(names)}


def _cue(case: Case, recipe: Recipe, surround: Surround, load: Callable[[str], JSON]) -> Cue:
    zone = ZoneInfo(recipe.timezone) if recipe.timezone else surround.timezone
    now = datetime.fromisoformat(case.now or MOMENT)
    now = (now if now.tzinfo is not None else now.replace(tzinfo=zone)).astimezone(UTC)
    trigger = case.trigger or (recipe.triggers[0].id if recipe.triggers else MANUAL)
    cue = Cue(trigger=trigger, data={}, now=now, answers=case.answers)
    if case.file is not None:
        return replace(cue, data=load(case.file))
    if case.has_data:
        return replace(cue, data=case.data)
    use = next((one for one in recipe.triggers if one.id == trigger), None)
    if use is None:
        return cue
    sample = sample_event(use, surround.catalog, workspace=surround.workspace, now=now, zone=zone)
    if sample is None:
        raise UnfitCase(_NO_EVENT, name=trigger)
    return replace(cue, data=sample)


def cases_beside(recipe: Path) -> Path:
    """Return where the tests of the recipe in the file *recipe* stand."""
    return recipe.with_name(f"{recipe.stem}.test.yaml")
