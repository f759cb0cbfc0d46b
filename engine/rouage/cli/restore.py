"""`rouage restore`: put a backup in the place of the journal, and keep what was there."""

import argparse
from pathlib import Path
from typing import Final

from rouage.cli.backup import show_backups
from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.states import local_time
from rouage.durable.sqlite.copies import folder_of, list_backups
from rouage.durable.sqlite.restore import Restored, State, look, restore
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text
from rouage.lock import WorkspaceLock

_BACKUP: Final = Text(
    "name of a backup, or the path of a copy of the journal (default: the newest backup)",
    "nom d’une sauvegarde, ou chemin d’une copie du journal (par défaut : la dernière sauvegarde)",
)
_LIST: Final = Text("list the backups there are", "lister les sauvegardes existantes")
_YES: Final = Text("do not ask", "ne pas demander de confirmation")
_CANCEL: Final = Text(
    "end the runs that were unfinished when the backup was made",
    "arrêter les exécutions inachevées au moment de la sauvegarde",
)
_NO_BACKUP: Final = Text(
    "there is no backup in {folder}", "il n’y a pas de sauvegarde dans {folder}"
)
_UNKNOWN: Final = Text("there is no backup “{name}”", "il n’y a pas de sauvegarde « {name} »")
_UNKNOWN_HINT: Final = Text(
    "`rouage restore --list` shows them", "« rouage restore --list » les montre"
)
_ASK_FIRST: Final = Text(
    "this replaces the journal by {name}; confirm with --yes",
    "ceci remplace le journal par {name} ; confirmez avec --yes",
)
_PLAN: Final = Text(
    "This replaces the journal by {name} (last entry: {last}).",
    "Ceci remplace le journal par {name} (dernière écriture : {last}).",
)
_QUESTION: Final = Text("Go on? [y/N] ", "Continuer ? [o/N] ")
_UNCHANGED: Final = Text("nothing was changed", "rien n’a été modifié")
_RESTORED: Final = Text("the journal is that of {name} now", "le journal est maintenant {name}")
_LOST: Final = Text(
    "what happened from {since} to {until} is not in it ({events} events, {runs} runs)",
    "ce qui s’est passé du {since} au {until} n’y est pas ({events} événements, {runs} exécutions)",
)
_LOST_UNCOUNTED: Final = Text(
    "what happened from {since} to {until} is not in it",
    "ce qui s’est passé du {since} au {until} n’y est pas",
)
_NOTHING_LOST: Final = Text("nothing came after it", "rien n’est venu après lui")
_KEPT: Final = Text(
    "the journal from before is kept: {path}", "l’ancien journal est gardé : {path}"
)
_UNFINISHED: Final = Text(
    "note: {count} run(s) were unfinished then and will go on from there at the next start; what"
    " they have done since, such as sending a mail, may be done again. To end them instead,"
    " restore with --cancel-unfinished",
    "attention : {count} exécution(s) n’étaient pas finies alors et reprendront de là au prochain"
    " démarrage ; ce qu’elles ont fait depuis, comme envoyer un courriel, peut être refait."
    " Pour les arrêter plutôt, restaurez avec --cancel-unfinished",
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take(
        "backup", about=_BACKUP, nargs="?", metavar=parser.say(Text("BACKUP", "SAUVEGARDE"))
    )
    parser.take("--list", about=_LIST, action="store_true")
    parser.take("--yes", about=_YES, action="store_true")
    parser.take("--cancel-unfinished", about=_CANCEL, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Restore, while no daemon works here."""
    if arguments.list:
        return show_backups(session)
    places = session.places
    backup = _find(session, arguments.backup)
    places.state.mkdir(mode=0o700, exist_ok=True)
    with WorkspaceLock(places.lock):
        if not arguments.yes and not _is_confirmed(session, backup):
            session.tell(_UNCHANGED)
            return FAILED
        restored = restore(places.journal, backup, cancel_unfinished=arguments.cancel_unfinished)
    _report(session, backup, restored)
    return OK


def _find(session: Session, wish: str | None) -> Path:
    """Return the file to restore.

    Raises:
        WorkspaceError: there is none.
    """
    backups = list_backups(session.places.journal)
    if wish is None:
        if not backups:
            folder = folder_of(session.places.journal)
            raise WorkspaceError(_NO_BACKUP, folder=folder)
        return backups[0].path
    for backup in backups:
        if backup.name == wish:
            return backup.path
    path = session.here / Path(wish).expanduser()
    if not path.is_file():
        raise WorkspaceError(_UNKNOWN, hint=_UNKNOWN_HINT, name=wish[:200])
    return path


def _is_confirmed(session: Session, backup: Path) -> bool:
    if session.is_json or not session.stdin.isatty():
        raise UsageError(_ASK_FIRST, name=backup.name)
    last = local_time(look(backup).last, session.settings.zone)
    session.output.talk(session.say(_PLAN, name=backup.name, last=last))
    session.output.talk(session.say(_QUESTION))
    answer = session.stdin.readline().strip().lower()
    return answer in {"y", "yes", "o", "oui"}


def _report(session: Session, backup: Path, restored: Restored) -> None:
    before, after = restored.before, restored.after
    if session.is_json:
        session.output.data(
            {
                "restored": str(backup),
                "kept": None if restored.kept is None else str(restored.kept),
                "lost": _interval(before, after),
                "unfinished": after.unfinished,
            }
        )
        return
    session.tell(_RESTORED, name=backup.name)
    _tell_interval(session, before, after)
    if restored.kept is not None:
        session.tell(_KEPT, path=restored.kept)
    if after.unfinished:
        session.tell(_UNFINISHED, count=after.unfinished)


def _interval(before: State, after: State) -> dict[str, object] | None:
    """Return the time that is not in the restored journal; None when there is none."""
    if before.last is None or (after.last is not None and before.last <= after.last):
        return None
    return {
        "since": None if after.last is None else after.last.isoformat(),
        "until": before.last.isoformat(),
        "events": _difference(before.events, after.events),
        "runs": _difference(before.runs, after.runs),
    }


def _tell_interval(session: Session, before: State, after: State) -> None:
    lost = _interval(before, after)
    if lost is None:
        session.tell(_NOTHING_LOST)
        return
    text = _LOST_UNCOUNTED if lost["events"] is None else _LOST
    zone = session.settings.zone
    since, until = local_time(after.last, zone), local_time(before.last, zone)
    session.tell(text, since=since, until=until, events=lost["events"], runs=lost["runs"])


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else max(0, before - after)
