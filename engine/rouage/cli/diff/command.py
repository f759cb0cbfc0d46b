"""`rouage diff RECIPE [OLD [NEW]]`: what changed between two versions of a recipe.

The meaning comes first, in the sentences of `rouage explain`; the lines come after it.
"""

import argparse
import difflib
from typing import TYPE_CHECKING, Final

from rouage.cli.gallery_versions import GALLERY, pair_with_gallery
from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.cli.versions import (
    FILE,
    Source,
    is_kept,
    present_source,
    source_of,
    version_named,
    versions_of,
)
from rouage.durable.port import DefinitionRecord
from rouage.errors import WorkspaceError
from rouage.language import Text

if TYPE_CHECKING:
    from rouage.analysis.comparing.changes import Change

_RECIPE: Final = Text("id of the recipe", "identifiant de la recette")
_OLD: Final = Text(
    "a version by the first letters of its hash, or `file` for the file as it is now; "
    "`gallery` alone compares the file with the newest version of the gallery; "
    "default: the version before",
    "une version par le début de son empreinte, ou « file » pour le fichier tel qu’il est ; "
    "« gallery » seul compare le fichier à la dernière version de la galerie ; "
    "par défaut : la version d’avant",
)
_NEW: Final = Text(
    "the same; default: the file if it was changed since, else the newest version",
    "de même ; par défaut : le fichier s’il a changé depuis, sinon la dernière version",
)
_REPLAY: Final = Text(
    "show both versions what came in this time (such as 30d), and tell what the newer one would "
    "do differently; nothing is done",
    "montrer aux deux versions ce qui est venu pendant ce temps (30d par exemple), et dire ce que "
    "la nouvelle ferait autrement ; rien n’est fait",
)
_ALL: Final = Text(
    "with --replay: every event that differs, not three of each kind",
    "avec --replay : chaque événement qui diffère, pas trois de chaque sorte",
)
_SAME: Final = Text("nothing differs", "aucune différence")
_ONLY: Final = Text(
    "there is one version of {recipe} only, and its file is the same",
    "il n’y a qu’une version de {recipe}, et son fichier est identique",
)
_CHANGES: Final = Text("What changes:", "Ce qui change :")
_SAME_MEANING: Final = Text(
    "The meaning is the same: only comments or layout differ.",
    "Le sens est le même : seuls les commentaires ou la mise en page diffèrent.",
)
_UNREADABLE: Final = Text(
    "One of the two cannot be read as a recipe, so only the lines are compared; "
    "`rouage check` says why.",
    "L’une des deux ne se lit pas comme une recette : seules les lignes sont comparées ; "
    "« rouage check » dit pourquoi.",
)
_LINES: Final = Text("Line by line:", "Ligne par ligne :")
_COLOURS: Final = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
_PLAIN: Final = "\x1b[0m"


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("recipe", about=_RECIPE, metavar=parser.say(Text("RECIPE", "RECETTE")))
    parser.take("old", about=_OLD, nargs="?", metavar=parser.say(Text("OLD", "ANCIENNE")))
    parser.take("new", about=_NEW, nargs="?", metavar=parser.say(Text("NEW", "NOUVELLE")))
    parser.take("--replay", about=_REPLAY, metavar=parser.say(Text("DURATION", "DURÉE")))
    parser.take("--all", about=_ALL, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print what changes in the meaning, then the lines that differ."""
    pair: tuple[Source, Source] | None
    if arguments.old == GALLERY and arguments.new is None:
        pair = pair_with_gallery(session, arguments.recipe)
    else:
        versions = versions_of(session, arguments.recipe)
        pair = texts_to_compare(session, versions, arguments.old, arguments.new)
    if arguments.replay is not None and pair is not None:
        from rouage.cli.diff.replay import replay

        return replay(
            session, arguments.recipe, pair, past=arguments.replay, shows_all=arguments.all
        )
    tell(session, arguments.recipe, pair)
    return OK


def tell(session: Session, recipe: str, pair: tuple[Source, Source] | None) -> None:
    """Print what the second text of *pair* changes; None says that there is only one."""
    lines = [] if pair is None else difference(*pair)
    changes = meaning(session, pair) if pair is not None and lines else ()
    if session.is_json:
        old, new = (None, None) if pair is None else (pair[0].label, pair[1].label)
        told = None if changes is None else [one.to_json() for one in changes]
        facts = {"recipe": recipe, "old": old, "new": new}
        session.output.data({**facts, "changes": told, "diff": "\n".join(lines)})
    elif not lines:
        session.tell(_SAME if pair else _ONLY, recipe=recipe)
    else:
        _tell_meaning(session, changes)
        session.tell(_LINES)
        for line in lines:
            _print(session, line)


def meaning(session: Session, pair: tuple[Source, Source]) -> "tuple[Change, ...] | None":
    """Return what changes in the meaning; None where one text is no recipe."""
    from rouage.analysis.comparing.changes import compare
    from rouage.catalog.discovery import discover

    return compare(pair[0].text, pair[1].text, discover(), session.language)


def _tell_meaning(session: Session, changes: "tuple[Change, ...] | None") -> None:
    if not changes:
        session.tell(_UNREADABLE if changes is None else _SAME_MEANING)
    else:
        session.tell(_CHANGES)
        for change in changes:
            session.output.line(f"- {change.text}")
    session.output.line()


def texts_to_compare(
    session: Session, versions: tuple[DefinitionRecord, ...], old: str | None, new: str | None
) -> tuple[Source, Source] | None:
    """Return the two texts to compare; None when there is nothing to compare with.

    Raises:
        UsageError: there is no such version.
        WorkspaceError: a text was not kept.
    """
    if old is not None:
        before = _named(session, versions, old)
        after = _newest(session, versions) if new is None else _named(session, versions, new)
        return before, after
    after = _newest(session, versions)
    if not is_kept(after.text, versions):
        return source_of(versions[0]), after
    return None if len(versions) == 1 else (source_of(versions[1]), source_of(versions[0]))


def _named(session: Session, versions: tuple[DefinitionRecord, ...], wish: str) -> Source:
    if wish == FILE:
        return present_source(session, versions)
    return source_of(version_named(versions, wish))


def _newest(session: Session, versions: tuple[DefinitionRecord, ...]) -> Source:
    """Return the file if it was changed since the newest version, else that version."""
    try:
        present = present_source(session, versions)
    except WorkspaceError:
        return source_of(versions[0])
    return source_of(versions[0]) if present.text == versions[0].source else present


def difference(old: Source, new: Source) -> list[str]:
    """Return what differs, as the lines of a unified diff."""
    before, after = (one.text.decode("utf-8", "replace").splitlines() for one in (old, new))
    found = difflib.unified_diff(before, after, old.label, new.label, lineterm="")
    return list(found)


def _print(session: Session, line: str) -> None:
    colour = _COLOURS.get(line[:1]) if session.output.is_terminal else None
    if colour is None:
        session.output.line(line)
    else:
        # What a recipe holds must not bring colours of its own.
        session.output.painted(f"{colour}{line.replace(chr(27), '␛')}{_PLAIN}")
