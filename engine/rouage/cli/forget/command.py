"""`rouage forget ADDRESS`: blank what is known of a person, or list what is done with data."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text
from rouage.lock import WorkspaceLock

if TYPE_CHECKING:
    from rouage.cli.client import Client
    from rouage.durable.erasure import Sought

_NAMES: Final = Text(
    "how the person is named: an address, a telephone number, a name; several are one person",
    "comment la personne est nommée : adresse, numéro de téléphone, nom ; plusieurs désignent "
    "la même personne",
)
_DRY_RUN: Final = Text("say what would be blanked, change nothing", "dire ce qui serait effacé")
_REGISTER: Final = Text(
    "list which recipe handles which personal data, and where it goes",
    "lister quelle recette traite quelles données personnelles, et où elles vont",
)
_YES: Final = Text("do not ask", "ne pas demander de confirmation")
_NO_NAME: Final = Text(
    "say whom to forget, or ask for the --register", "dites qui oublier, ou demandez --register"
)
_TOO_SHORT: Final = Text(
    "“{name}” is too short: it would be found everywhere",
    "« {name} » est trop court : on le trouverait partout",
)
_NO_JOURNAL: Final = Text("nothing ever ran here", "rien n’a encore été exécuté ici")
_ASK_FIRST: Final = Text(
    "what is blanked cannot come back; look with --dry-run, then confirm with --yes",
    "ce qui est effacé ne revient pas ; regardez avec --dry-run, puis confirmez avec --yes",
)
_QUESTION: Final = Text("Blank all this for good? [y/N] ", "Effacer tout cela ? [o/N] ")
_UNCHANGED: Final = Text("nothing was changed", "rien n’a été modifié")
_LONGEST_SECONDS: Final = 3_600.0
"""A daemon takes its time, so as to delay nobody."""


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("names", about=_NAMES, nargs="*", metavar=parser.say(Text("ADDRESS", "ADRESSE")))
    parser.take("--dry-run", about=_DRY_RUN, action="store_true")
    parser.take("--yes", about=_YES, action="store_true")
    parser.take("--register", about=_REGISTER, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Blank what names the person: 0 all of it, 1 when something had to stay.

    A daemon that works with the journal does it itself, between everything else.

    Raises:
        UsageError: nobody is named, or it was not confirmed.
        WorkspaceError: there is no journal, or something else works with it.
    """
    if arguments.register:
        from rouage.cli.forget.register import show_register

        return show_register(session)
    sought = _sought(arguments.names)
    if not session.places.journal.exists():
        raise WorkspaceError(_NO_JOURNAL)
    daemon = _daemon(session)
    if arguments.dry_run:
        _report(session, _look(session, sought, is_live=daemon is not None))
        return OK
    if daemon is not None:
        return _forget_there(session, daemon, sought, is_sure=arguments.yes)
    with WorkspaceLock(session.places.lock):
        return _forget_here(session, sought, is_sure=arguments.yes)


def _daemon(session: Session) -> "Client | None":
    from rouage.cli.client import NotRunning, find_daemon

    try:
        daemon = find_daemon(
            session.places, language=session.language, host=session.settings.hosts[0]
        )
        daemon.get("/healthz")
    except NotRunning:
        return None
    return daemon


def _sought(names: list[str]) -> "Sought":
    from rouage.durable.erasure import Sought
    from rouage.web.forgetting import SHORTEST

    if not names:
        raise UsageError(_NO_NAME)
    for name in names:
        if len(name.strip()) < SHORTEST:
            raise UsageError(_TOO_SHORT, name=name)
    return Sought([name.strip() for name in names])


def _look(session: Session, sought: "Sought", *, is_live: bool) -> dict[str, Any]:
    """Return what would be blanked."""
    from rouage.durable.sqlite.erasing import Erasing
    from rouage.durable.sqlite.opening import connect_for_reading
    from rouage.web.forgetting import look_beside, told

    connection = connect_for_reading(session.places.journal)
    try:
        connection.execute("BEGIN")
        found = Erasing(connection, sought, is_live=is_live).search()
    finally:
        connection.close()
    return told(found, look_beside(session.places, sought, found), is_done=False)


def _forget_there(session: Session, daemon: "Client", sought: "Sought", *, is_sure: bool) -> int:
    if not is_sure and not _is_confirmed(session, _look(session, sought, is_live=True)):
        session.tell(_UNCHANGED)
        return FAILED
    body = {"names": list(sought.names)}
    return _report(session, daemon.post("/api/forget", body, within_seconds=_LONGEST_SECONDS))


def _forget_here(session: Session, sought: "Sought", *, is_sure: bool) -> int:
    from rouage.durable.sqlite.erasing import Erasing
    from rouage.durable.sqlite.locking import FileLock
    from rouage.durable.sqlite.opening import open_for_writing
    from rouage.web.forgetting import look_beside, record, told

    with FileLock(session.places.journal):
        connection = open_for_writing(session.places.journal)
        try:
            erasing = Erasing(connection, sought)
            found = erasing.search()
            beside = look_beside(session.places, sought, found)
            if not is_sure and not _is_confirmed(session, told(found, beside, is_done=False)):
                session.tell(_UNCHANGED)
                return FAILED
            beside.remove()
            erasing.write()
        finally:
            connection.close()
    record(session.places, sought, found)
    return _report(session, told(found, beside, is_done=True))


def _is_confirmed(session: Session, found: Mapping[str, Any]) -> bool:
    if session.is_json or not session.stdin.isatty():
        raise UsageError(_ASK_FIRST)
    _report(session, found)
    session.output.prompt(session.say(_QUESTION))
    return session.stdin.readline().strip().lower() in {"y", "yes", "o", "oui"}


def _report(session: Session, found: Mapping[str, Any]) -> int:
    from rouage.cli.forget.report import report

    report(session, found)
    has_left = found["open_runs"] or found["waiting"] or not found["scrubbed"]
    return FAILED if has_left else OK
