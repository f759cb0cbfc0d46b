"""What a proposal would change in its recipe and in the past; and taking it over."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.corrections.change import changed_text, check_recipe
from rouage.cli.corrections.command import correction_line, decide
from rouage.cli.journal import ask
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.versions import Source, file_of, present_source, versions_of
from rouage.durable.port import Reader
from rouage.errors import UsageError, WorkspaceError
from rouage.flow.corrections.proposals import wishes_of
from rouage.flow.corrections.rows import Change, Known, Proposal, proposal_key
from rouage.flow.corrections.sentences import proposal_as_json, question
from rouage.language import Text
from rouage.recipes.reader import read

if TYPE_CHECKING:
    from rouage.cli.diff.replay_report import Replayed

_BECAUSE: Final = Text("Because of:", "À cause de :")
_OF: Final = Text(
    "The step made {made} files in that time.", "L’étape a fait {made} fichiers pendant ce temps."
)
_PAST: Final = Text(
    "What the past {past} would have been:", "Ce qu’auraient donné les derniers {past} :"
)
_DECIDED: Final = Text(
    "the proposal {number} is decided already", "la proposition {number} est déjà décidée"
)
_CHANGED: Final = Text(
    "{recipe} was changed since: the proposal {number} does not fit any more",
    "{recipe} a changé depuis : la proposition {number} ne convient plus",
)
_AGAIN: Final = Text(
    "change the recipe by hand, or dismiss it: `rouage corrections dismiss {number}`",
    "changez la recette à la main, ou écartez-la : « rouage corrections dismiss {number} »",
)
_ASK_FIRST: Final = Text("confirm with --yes", "confirmez avec --yes")
_QUESTION: Final = Text(
    "Write this into the recipe? [y/N] ", "Écrire cela dans la recette ? [o/N] "
)
_UNCHANGED: Final = Text("nothing was changed", "rien n’a été modifié")
_DONE: Final = Text(
    "{file} is changed. `rouage history {recipe}` lists the versions, and brings one back",
    "{file} est changé. « rouage history {recipe} » liste les versions et en remet une",
)
_NOW: Final = Text("{file} (proposed)", "{file} (proposé)")


def show(session: Session, known: Known, proposal: Proposal, *, past: str, shows_all: bool) -> int:
    """Print the question, the change of the recipe, and what it would have done to the past."""
    from rouage.cli.diff.command import tell
    from rouage.cli.diff.replay import play
    from rouage.cli.diff.replay_report import report

    _, pair = _texts(session, known, proposal)
    corrections = [
        known.corrections[key] for key in proposal.corrections if key in known.corrections
    ]
    if not session.is_json:
        session.output.line(session.say(question(proposal)))
        session.tell(_BECAUSE)
        for one in corrections:
            session.output.line(f"  {correction_line(session, one)}")
        session.tell(_OF, made=proposal.made)
        session.output.line()
        tell(session, proposal.recipe, pair)
        session.output.line()
        session.tell(_PAST, past=past)
    replayed = play(session, proposal.recipe, pair, past=past, shows_all=shows_all)
    if session.is_json:
        session.output.data(_as_json(session, proposal, pair, replayed))
    else:
        report(replayed)
    return OK


def accept(session: Session, known: Known, proposal: Proposal, *, is_sure: bool) -> int:
    """Write the change into the recipe, once its owner has seen it and says so."""
    from rouage.cli.diff.command import tell
    from rouage.cli.rewriting import rewrite

    if proposal.state in {"accepted", "dismissed"}:
        raise WorkspaceError(_DECIDED, number=proposal.number)
    path, pair = _texts(session, known, proposal)
    check_recipe(session, path, pair[1].text)
    if not session.is_json:
        tell(session, proposal.recipe, pair)
    if not is_sure and not _is_confirmed(session):
        session.tell(_UNCHANGED)
        return FAILED
    rewrite(path, before=pair[0].text, after=pair[1].text)
    decide(session, proposal, "accepted")
    if session.is_json:
        told = proposal_as_json(proposal, session.language)
        session.output.data({**told, "state": "accepted", "file": pair[0].label})
    session.tell(_DONE, file=pair[0].label, recipe=proposal.recipe)
    return OK


def _texts(
    session: Session, known: Known, proposal: Proposal
) -> tuple[Path, tuple[Source, Source]]:
    """Return the file of the recipe, what it holds, and what it would hold.

    Raises:
        WorkspaceError: it does not hold any more what the proposal is about.
    """
    versions = versions_of(session, proposal.recipe)
    present, path = present_source(session, versions), file_of(session, versions)
    change = _change_now(session, known, proposal, present.text)
    after = None if change is None else changed_text(present.text, change)
    if after is None or path is None:
        facts: dict[str, Any] = {"recipe": proposal.recipe, "number": proposal.number}
        raise WorkspaceError(_CHANGED, hint=_AGAIN, **facts)
    label = session.say(_NOW, file=present.label)
    return path, (present, Source(label=label, text=after))


def _change_now(session: Session, known: Known, proposal: Proposal, text: bytes) -> Change | None:
    """Return the change as it is for the *text* of today: another may have been made since."""
    if changed_text(text, proposal.change) is not None:
        return proposal.change
    data: Any = read(text).data
    corrections = [
        known.corrections[one] for one in proposal.corrections if one in known.corrections
    ]

    async def look(reader: Reader) -> Change | None:
        for one in corrections:
            run = await reader.get_run(one.run)
            wishes = [] if run is None else wishes_of([one], run, data, session.places.root)
            for change in (change for wish in wishes for change in wish.changes):
                if proposal_key(proposal.recipe, change) == proposal.key:
                    return change
        return None

    return ask(session, look) if isinstance(data, Mapping) else None


def _as_json(
    session: Session, proposal: Proposal, pair: tuple[Source, Source], replayed: "Replayed"
) -> dict[str, Any]:
    from rouage.cli.diff.command import difference, meaning
    from rouage.cli.diff.replay_report import as_data

    changes = meaning(session, pair)
    return {
        **proposal_as_json(proposal, session.language),
        "changes": None if changes is None else [one.to_json() for one in changes],
        "diff": "\n".join(difference(*pair)),
        "replay": as_data(replayed),
    }


def _is_confirmed(session: Session) -> bool:
    if session.is_json or not session.stdin.isatty():
        raise UsageError(_ASK_FIRST)
    session.output.prompt(session.say(_QUESTION))
    return session.stdin.readline().strip().lower() in {"y", "yes", "o", "oui"}
