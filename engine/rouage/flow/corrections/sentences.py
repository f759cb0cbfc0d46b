"""Corrections and proposals as people and programs are told of them."""

from typing import Any, Final

from rouage.flow.corrections.rows import Change, Correction, Kind, Known, Proposal
from rouage.language import Language, Text
from rouage.sdk.json import JSON

_LONGEST: Final = 200

_PROPOSED: Final[dict[Kind, Text]] = {
    "folder": Text(
        "you moved {count} files that {recipe} made from {old} to {new}: put them there from now "
        "on?",
        "vous avez déplacé {count} fichiers faits par {recipe} de {old} vers {new} : les y mettre "
        "désormais ?",
    ),
    "word": Text(
        "you replaced “{old}” by “{new}” in the names of {count} files that {recipe} made: do so "
        "from now on?",
        "vous avez remplacé « {old} » par « {new} » dans le nom de {count} fichiers faits par "
        "{recipe} : le faire désormais ?",
    ),
    "text": Text(
        "you replaced “{old}” by “{new}” in {count} texts that {recipe} wrote: do so from now on?",
        "vous avez remplacé « {old} » par « {new} » dans {count} textes écrits par {recipe} : le "
        "faire désormais ?",
    ),
    "pattern": Text(
        "you renamed {count} files that {recipe} made in the same way: name them {new} from now "
        "on?",
        "vous avez renommé de la même façon {count} fichiers faits par {recipe} : les nommer "
        "{new} désormais ?",
    ),
    "map": Text(
        "you wrote “{new}” for “{old}” {count} times in what {recipe} made: note it in `{place}`?",
        "vous avez écrit « {new} » pour « {old} » {count} fois dans ce que fait {recipe} : le "
        "noter dans « {place} » ?",
    ),
}
_NOTICE: Final = Text(
    "you corrected {count} files of {recipe} in the same way; it could do so itself: see "
    "`rouage corrections show {number}`",
    "vous avez corrigé {count} fichiers de {recipe} de la même façon ; elle pourrait le faire : "
    "voyez « rouage corrections show {number} »",
)
"""Without the words themselves: they may name a person, and notices are kept."""


def question(proposal: Proposal) -> Text:
    """Return what is proposed, as a question."""
    change = proposal.change
    return _PROPOSED[change.kind].fill(
        count=len(proposal.corrections),
        recipe=proposal.recipe,
        old=_short(change.old),
        new=_short(change.new),
        place=place(change),
    )


def sentence(proposal: Proposal) -> Text:
    """Return what the owner is told, with the way to go on."""
    count, recipe = len(proposal.corrections), proposal.recipe
    return _NOTICE.fill(count=count, recipe=recipe, number=proposal.number)


def place(change: Change) -> str:
    """Return where in the recipe the change would be made, such as `do.1 files.move target`."""
    if change.kind == "map":
        return ".".join(str(part) for part in change.path[:2])
    *step, action, parameter = (str(part) for part in change.path)
    return f"{'.'.join(step)} {action} {parameter}"


def known_as_json(known: Known, language: Language) -> dict[str, Any]:
    """Return everything that is remembered, the newest first."""
    corrections = sorted(known.corrections.values(), key=lambda one: one.noticed, reverse=True)
    proposals = sorted(known.proposals.values(), key=lambda one: one.number, reverse=True)
    return {
        "corrections": [correction_as_json(one) for one in corrections],
        "proposals": [proposal_as_json(one, language) for one in proposals],
    }


def correction_as_json(correction: Correction) -> dict[str, JSON]:
    """Return a correction as data; the text of a file is not part of it."""
    return {
        "recipe": correction.recipe,
        "run": correction.run,
        "step": correction.step,
        "from": correction.old,
        "to": correction.new,
        "is_edited": correction.edited is not None,
        "noticed": correction.noticed.isoformat(timespec="milliseconds"),
    }


def proposal_as_json(proposal: Proposal, language: Language) -> dict[str, JSON]:
    """Return a proposal as data, with its question in the reader's language."""
    return {
        "number": proposal.number,
        "recipe": proposal.recipe,
        "state": proposal.state,
        "kind": proposal.change.kind,
        "question": question(proposal).render(language),
        "place": place(proposal.change),
        "before": proposal.change.before,
        "after": proposal.change.after,
        "corrections": len(proposal.corrections),
        "made": proposal.made,
        "since": proposal.since.isoformat(timespec="milliseconds"),
    }


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
