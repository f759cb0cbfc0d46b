"""`rouage backup`: copy the journal, verify the copy, and say where it is."""

import argparse
from typing import Any, Final

from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.cli.states import local_time
from rouage.durable.sqlite.copies import Backup, list_backups
from rouage.errors import WorkspaceError
from rouage.language import Text

_LIST: Final = Text("list the backups there are", "lister les sauvegardes existantes")
_MADE: Final = Text(
    "backup made and verified: {path} ({size} MB)",
    "sauvegarde faite et vérifiée : {path} ({size} Mo)",
)
_NONE: Final = Text("there is no backup yet", "il n’y a pas encore de sauvegarde")
_NO_JOURNAL: Final = Text("nothing ever ran here", "rien n’a encore été exécuté ici")
_NO_JOURNAL_HINT: Final = Text("start the daemon: `rouage up`", "lancez le service : « rouage up »")
_HEADS: Final = (
    Text("BACKUP", "SAUVEGARDE"),
    Text("TAKEN", "FAITE LE"),
    Text("MB", "MO"),
    Text("CAUSE", "MOTIF"),
)
_CAUSES: Final = {
    "daily": Text("daily", "quotidienne"),
    "upgrade": Text("before an upgrade", "avant une mise à jour"),
    "manual": Text("asked for", "demandée"),
}


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("--list", about=_LIST, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Make a backup beside the daemon, or without one: a reading connection is all it takes."""
    if arguments.list:
        return show_backups(session)
    journal = session.places.journal
    if not journal.exists():
        raise WorkspaceError(_NO_JOURNAL, hint=_NO_JOURNAL_HINT)
    from rouage.durable.sqlite.backup import make_backup

    backup = make_backup(journal, "manual")
    if session.is_json:
        session.output.data({"backup": to_data(backup)})
    session.tell(_MADE, path=backup.path, size=_megabytes(backup))
    return OK


def show_backups(session: Session) -> int:
    """Print the backups there are, newest first."""
    backups = list_backups(session.places.journal)
    if session.is_json:
        session.output.data({"backups": [to_data(backup) for backup in backups]})
    elif not backups:
        session.tell(_NONE)
    else:
        rows = [
            (
                backup.name,
                local_time(backup.taken, session.settings.zone),
                _megabytes(backup),
                session.say(_CAUSES[backup.cause]),
            )
            for backup in backups
        ]
        session.output.table([session.say(head) for head in _HEADS], rows)
    return OK


def to_data(backup: Backup) -> dict[str, Any]:
    """Return what is known of a backup as data."""
    return {
        "name": backup.name,
        "path": str(backup.path),
        "taken": backup.taken.isoformat(),
        "schema": backup.schema,
        "cause": backup.cause,
        "size_bytes": backup.path.stat().st_size,
    }


def _megabytes(backup: Backup) -> str:
    return f"{backup.path.stat().st_size / 1_000_000:.1f}"
