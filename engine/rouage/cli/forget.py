"""`rouage forget ADDRESS`: blank what is known of a person, or list what is done with data."""

import argparse
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2s
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text
from rouage.lock import WorkspaceLock

if TYPE_CHECKING:
    from rouage.durable.erasure import Sought
    from rouage.durable.sqlite.erasing import Found

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
_SHORTEST: Final = 4
_RECORD: Final = "forgotten.jsonl"
_MARKER: Final = ".event"
_LARGEST_SEARCHED: Final = 64 << 20


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("names", about=_NAMES, nargs="*", metavar=parser.say(Text("ADDRESS", "ADRESSE")))
    parser.take("--dry-run", about=_DRY_RUN, action="store_true")
    parser.take("--yes", about=_YES, action="store_true")
    parser.take("--register", about=_REGISTER, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Blank what names the person: 0 all of it, 1 when something had to stay.

    Raises:
        UsageError: nobody is named, or it was not confirmed.
        WorkspaceError: there is no journal, or a daemon works with it.
    """
    if arguments.register:
        from rouage.cli.forget_register import show_register

        return show_register(session)
    sought = _sought(arguments.names)
    journal = session.places.journal
    if not journal.exists():
        raise WorkspaceError(_NO_JOURNAL)
    if arguments.dry_run:
        return _look(session, sought)
    with WorkspaceLock(session.places.lock):
        return _forget(session, sought, is_sure=arguments.yes)


def _sought(names: list[str]) -> "Sought":
    from rouage.durable.erasure import Sought

    if not names:
        raise UsageError(_NO_NAME)
    for name in names:
        if len(name.strip()) < _SHORTEST:
            raise UsageError(_TOO_SHORT, name=name)
    return Sought([name.strip() for name in names])


def _look(session: Session, sought: "Sought") -> int:
    from rouage.cli.forget_report import report
    from rouage.durable.sqlite.erasing import Erasing
    from rouage.durable.sqlite.opening import connect_for_reading

    connection = connect_for_reading(session.places.journal)
    try:
        connection.execute("BEGIN")
        found = Erasing(connection, sought).search()
    finally:
        connection.close()
    beside = _beside(session, sought, found)
    report(session, found, beside, is_done=False)
    return OK


def _forget(session: Session, sought: "Sought", *, is_sure: bool) -> int:
    from rouage.cli.forget_report import report
    from rouage.durable.sqlite.erasing import Erasing
    from rouage.durable.sqlite.locking import FileLock
    from rouage.durable.sqlite.opening import open_for_writing

    with FileLock(session.places.journal):
        connection = open_for_writing(session.places.journal)
        try:
            erasing = Erasing(connection, sought)
            found = erasing.search()
            beside = _beside(session, sought, found)
            if not is_sure and not _is_confirmed(session, found, beside):
                session.tell(_UNCHANGED)
                return FAILED
            for path in (*beside["received"], *beside["kept"]):
                _remove(path)
            erasing.write()
        finally:
            connection.close()
    _record(session, sought, found)
    report(session, found, beside, is_done=True)
    return FAILED if found.open_runs else OK


def _is_confirmed(session: Session, found: "Found", beside: dict[str, list[Path]]) -> bool:
    from rouage.cli.forget_report import report

    if session.is_json or not session.stdin.isatty():
        raise UsageError(_ASK_FIRST)
    report(session, found, beside, is_done=False)
    session.output.prompt(session.say(_QUESTION))
    return session.stdin.readline().strip().lower() in {"y", "yes", "o", "oui"}


def _beside(session: Session, sought: "Sought", found: "Found") -> dict[str, list[Path]]:
    """Return the files beside the journal that are about the person, by what they are."""
    from rouage.durable.sqlite.copies import list_backups

    places = session.places
    return {
        "received": list(_received(places.received, found)),
        "kept": [path for path in _files(places.state / "kept") if _holds(path, sought)],
        "logs": [path for path in _files(places.state / "logs") if _holds(path, sought)],
        "backups": [one.path for one in list_backups(places.journal)],
    }


def _received(root: Path, found: "Found") -> Iterator[Path]:
    """Yield the folders of files that came with events that are blanked."""
    for marker in sorted(root.glob(f"*/{_MARKER}")):
        try:
            source, key = json.loads(marker.read_bytes())
        except (OSError, ValueError):
            continue
        if (source, key) in found.identities:
            yield marker.parent


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _holds(path: Path, sought: "Sought") -> bool:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_SEARCHED)
    except OSError:
        return False
    return sought.is_in(content.decode("utf-8", "replace"))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _record(session: Session, sought: "Sought", found: "Found") -> None:
    """Note when how much was blanked, and of whom as a digest: who knows the name can check it."""
    salt = token_bytes(16)
    names = [blake2s(name.lower().encode(), key=salt).hexdigest() for name in sought.names]
    entry: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "salt": salt.hex(),
        "names": names,
        "rows": found.rows,
        "left_open": len(found.open_runs),
    }
    path = session.places.state / _RECORD
    with path.open("a", encoding="utf-8") as file:
        path.chmod(0o600)
        file.write(json.dumps(entry) + "\n")
