"""`rouage diff RECIPE [OLD [NEW]]`: what changed between two versions of a recipe."""

import argparse
import difflib
from typing import Final

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

_RECIPE: Final = Text("id of the recipe", "identifiant de la recette")
_OLD: Final = Text(
    "a version by the first letters of its hash, or `file` for the file as it is now; "
    "default: the version before",
    "une version par le début de son empreinte, ou « file » pour le fichier tel qu’il est ; "
    "par défaut : la version d’avant",
)
_NEW: Final = Text(
    "the same; default: the file if it was changed since, else the newest version",
    "de même ; par défaut : le fichier s’il a changé depuis, sinon la dernière version",
)
_SAME: Final = Text("nothing differs", "aucune différence")
_ONLY: Final = Text(
    "there is one version of {recipe} only, and its file is the same",
    "il n’y a qu’une version de {recipe}, et son fichier est identique",
)
_COLOURS: Final = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
_PLAIN: Final = "\x1b[0m"


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("recipe", about=_RECIPE, metavar=parser.say(Text("RECIPE", "RECETTE")))
    parser.take("old", about=_OLD, nargs="?", metavar=parser.say(Text("OLD", "ANCIENNE")))
    parser.take("new", about=_NEW, nargs="?", metavar=parser.say(Text("NEW", "NOUVELLE")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the differences of the two texts."""
    versions = versions_of(session, arguments.recipe)
    pair = texts_to_compare(session, versions, arguments.old, arguments.new)
    lines = [] if pair is None else difference(*pair)
    if session.is_json:
        old, new = (None, None) if pair is None else (pair[0].label, pair[1].label)
        diff = "\n".join(lines)
        session.output.data({"recipe": arguments.recipe, "old": old, "new": new, "diff": diff})
    elif not lines:
        session.tell(_SAME if pair else _ONLY, recipe=arguments.recipe)
    for line in () if session.is_json else lines:
        _print(session, line)
    return OK


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
