"""`rouage from FILE`: which run made it, from what; `--made-by` asks the other way round."""

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rouage.cli.journal import ask
from rouage.cli.output import one_line
from rouage.cli.parser import Parser
from rouage.cli.run_lines import blanked_lines
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.states import local_time
from rouage.durable.port import Reader, RunFilter
from rouage.errors import UsageError
from rouage.language import Text
from rouage.safety.fingerprint import Fingerprints
from rouage.safety.place import Place
from rouage.web.lineage import Origin, origins_of, products_of, readers_of

_FILE: Final = Text("the file, whatever its name is now", "le fichier, quel que soit son nom")
_MADE_BY: Final = Text(
    "what was made by a run, from a file, or from a mail (its Message-ID)",
    "ce qui a été fait par une exécution, à partir d’un fichier ou d’un courriel (son Message-ID)",
)
_ONE: Final = Text(
    "give a file, or --made-by with a run, a file or a mail",
    "donnez un fichier, ou --made-by avec une exécution, un fichier ou un courriel",
)
_MAKER: Final = Text(
    "{recipe} made it on {at} (run {run}, step {step})",
    "{recipe} l’a fait le {at} (exécution {run}, étape {step})",
)
_NAMED: Final = Text("under the name {path}", "sous le nom {path}")
_VERSION: Final = Text("with the version of {at} ({hash})", "avec la version du {at} ({hash})")
_EVENT: Final = Text("because of {source}: {about}", "à cause de {source} : {about}")
_APPROVED: Final = Text("approved by {by} on {at}", "approuvé par {by} le {at}")
_SOURCE: Final = Text("from {path}", "à partir de {path}")
_BY_NAME: Final = Text(
    "its content is not known: it was changed since, or made by hand; a file of this name was "
    "made so:",
    "son contenu n’est pas connu : il a été modifié depuis, ou fait à la main ; un fichier de ce "
    "nom a été fait ainsi :",
)
_UNKNOWN: Final = Text(
    "no run of this workspace made {file}, as far as the journal goes back",
    "aucune exécution de cet espace n’a fait {file}, d’aussi loin que remonte le journal",
)
_PRODUCT: Final = Text(
    "{path} ({recipe}, {at}, run {run})", "{path} ({recipe}, {at}, exécution {run})"
)
_NOTHING: Final = Text(
    "nothing that is known was made from {wish}", "rien de connu n’a été fait à partir de {wish}"
)
_SHORTEST: Final = 4
_HASH_SHOWN: Final = 12


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("file", about=_FILE, nargs="?", metavar=parser.say(Text("FILE", "FICHIER")))
    what = parser.say(Text("RUN|FILE|MAIL", "EXÉCUTION|FICHIER|COURRIEL"))
    parser.take("--made-by", about=_MADE_BY, metavar=what)


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Tell where the file comes from, or what was made from it."""
    if (arguments.file is None) == (arguments.made_by is None):
        raise UsageError(_ONE)
    if arguments.made_by is not None:
        return _tell_products(session, arguments.made_by)
    path = _absolute(session, arguments.file)
    fingerprint = _fingerprint(path)
    origin = ask(session, lambda reader: origins_of(reader, str(path), fingerprint))
    if session.is_json:
        session.output.data(
            {
                "file": str(path),
                "hash": fingerprint,
                "is_by_name": origin.is_by_name,
                "made_by": list(origin.makers),
            }
        )
        return OK
    return _tell_origin(session, path, origin)


def _tell_origin(session: Session, path: Path, origin: Origin) -> int:
    if not origin.makers:
        session.tell(_UNKNOWN, file=path)
        return FAILED
    if origin.is_by_name:
        session.tell(_BY_NAME)
    for maker in origin.makers:
        for line in _maker(session, maker, path=str(path)):
            session.output.line(line)
    return OK


def _maker(session: Session, maker: Mapping[str, Any], path: str) -> Iterator[str]:
    zone = session.settings.zone
    yield session.say(_MAKER, **{**maker, "at": local_time(maker["at"], zone)})
    if maker["path"] != path:
        yield "  " + session.say(_NAMED, path=maker["path"])
    if maker["version"]:
        at, digest = local_time(maker["version"], zone), maker["definition"][:_HASH_SHOWN]
        yield "  " + session.say(_VERSION, at=at, hash=digest)
    yield from ("  " + line for line in blanked_lines(session, maker["blanked"]))
    about = maker["event"].get("file") or maker["event"].get("subject")
    if about:
        source = maker["event"]["source"]
        yield "  " + session.say(_EVENT, source=source, about=one_line(about))
    for approval in maker["approved_by"]:
        at = local_time(approval["at"], zone)
        yield "  " + session.say(_APPROVED, by=approval["by"], at=at)
    for source in maker["sources"]:
        yield "  " + session.say(_SOURCE, path=source["path"])
        for earlier in source["made_by"]:
            for line in _maker(session, earlier, source["path"]):
                yield f"    {line}"


def _tell_products(session: Session, wish: str) -> int:
    async def look(reader: Reader) -> list[dict[str, Any]]:
        return await products_of(reader, await _runs_of(session, reader, wish))

    made = ask(session, look)
    if session.is_json:
        session.output.data({"made_by": wish, "files": made})
        return OK
    for one in made:
        at = local_time(one["at"], session.settings.zone)
        session.tell(_PRODUCT, **{**one, "at": at})
    if not made:
        session.tell(_NOTHING, wish=wish)
    return OK if made else FAILED


async def _runs_of(session: Session, reader: Reader, wish: str) -> list[str]:
    """Return the runs that *wish* names, began with, or led to."""
    exact = await reader.get_run(wish)
    if exact is not None:
        return [exact.id]
    path = _absolute(session, wish)
    events = [
        *await reader.find_events(subject=str(path)),
        *await reader.find_events(subject=wish.strip("<>")),
    ]
    found = [run.id for event in events for run in event.runs]
    fingerprint = _fingerprint(path)
    if fingerprint is not None:
        found += await readers_of(reader, fingerprint)
    if not found and len(wish) >= _SHORTEST and "/" not in wish:
        page = await reader.list_runs(RunFilter(run_id=wish), limit=1)
        found = [run.id for run in page.runs]
    return found


def _absolute(session: Session, file: str) -> Path:
    return Path(os.path.abspath(session.here / Path(file).expanduser()))  # noqa: PTH100 - `..` without following links


def _fingerprint(path: Path) -> str | None:
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        return Fingerprints().of(Place(folder=descriptor, name=path.name, path=str(path)))
    finally:
        os.close(descriptor)
