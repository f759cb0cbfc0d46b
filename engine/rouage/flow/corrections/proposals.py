"""From corrections that are alike to one proposal each; nothing is decided here (features N-16)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rouage.flow.corrections import rows
from rouage.flow.corrections.changes import Taken, changes_for, place_of
from rouage.flow.corrections.facts import facts_of
from rouage.flow.corrections.rows import (
    MOST_PROPOSALS,
    Change,
    Correction,
    Known,
    Proposal,
    proposal_key,
)
from rouage.model.run import RunRecord
from rouage.records import dataclass

ENOUGH: Final = 2
"""So many corrections that are alike are worth a question."""
_ORDER: Final = {"map": 0, "word": 1, "text": 2, "folder": 3, "pattern": 4}
"""Of two changes that as many corrections speak for, the first of these is proposed."""


Step = tuple[str, rows.Path | None]
"""A recipe, and where the step stands in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """One correction, and each change that would have made it needless."""

    correction: Correction
    changes: Sequence[Change]


def wishes_of(
    corrections: Iterable[Correction], run: RunRecord, recipe: Mapping[str, Any], workspace: Path
) -> list[Wish]:
    """Return what the *corrections* of one run would change in its *recipe* as it is now."""
    steps, facts = {step.path: step for step in run.steps}, facts_of(run, recipe)
    wishes = []
    for one in corrections:
        step = steps.get(one.step)
        if step is not None and isinstance(step.parameters, dict):
            taken = Taken(action=step.action, parameters=step.parameters, facts=facts)
            changes = changes_for(one, taken, recipe, workspace)
            wishes.append(Wish(correction=one, changes=changes))
    return wishes


def propose(
    known: Known, wishes: Iterable[Wish], made: Mapping[Step, int], now: datetime
) -> list[Proposal]:
    """Return the proposals that are new, or say something else than before.

    *made* tells how many files each step of a recipe made. A proposal whose change is not
    possible any more, since its recipe was changed, is overtaken.
    """
    groups = _alike(wishes)
    found = dict(known.proposals)
    number = max((one.number for one in found.values()), default=0)
    taken: set[tuple[str, bool]] = set()
    for change, corrections in groups:
        # A correction of the folder and one of the name are two things; two words are one.
        free = [one for one in corrections if (one.key, change.kind == "folder") not in taken]
        if len({one.old for one in free}) < ENOUGH:
            continue
        taken |= {(one.key, change.kind == "folder") for one in free}
        first = free[0]
        count = made.get((first.recipe, place_of(first.step)), 0)
        before = found.get(proposal_key(first.recipe, change))
        if before is None:
            number += 1
            before = Proposal(
                number=number,
                recipe=first.recipe,
                change=change,
                corrections=(),
                made=count,
                since=now,
            )
        found[before.key] = _now(before, change, free, count)
    wanted = {proposal_key(of[0].recipe, change) for change, of in groups}
    for key, proposal in found.items():
        if proposal.state == "open" and key not in wanted:
            found[key] = replace(proposal, state="overtaken")
    return [one for key, one in found.items() if known.proposals.get(key) != one]


def surplus(known: Known) -> list[str]:
    """Return the keys of the proposals beyond the bound: the oldest that are decided."""
    over = len(known.proposals) - MOST_PROPOSALS
    if over <= 0:
        return []
    decided = [one for one in known.proposals.values() if one.state != "open"]
    return [one.key for one in sorted(decided, key=lambda one: one.number)[:over]]


def _alike(wishes: Iterable[Wish]) -> list[tuple[Change, list[Correction]]]:
    """Return each change with the corrections that it would have spared, the most first."""
    groups: dict[str, tuple[Change, list[Correction]]] = {}
    for wish in wishes:
        for change in wish.changes:
            key = proposal_key(wish.correction.recipe, change)
            groups.setdefault(key, (change, []))[1].append(wish.correction)
    return sorted(groups.values(), key=lambda one: (-len(one[1]), _ORDER[one[0].kind]))


def _now(
    proposal: Proposal, change: Change, corrections: Sequence[Correction], made: int
) -> Proposal:
    """Return *proposal* with what speaks for it today; what was decided stays decided."""
    if proposal.state in {"accepted", "dismissed"}:
        return proposal
    keys = tuple(sorted(one.key for one in corrections))
    is_back = proposal.state == "overtaken"
    return replace(
        proposal,
        change=change,
        corrections=keys,
        # The count alone is not worth a write.
        made=made if keys != proposal.corrections else proposal.made,
        state="open",
        is_told=proposal.is_told and not is_back,
    )
