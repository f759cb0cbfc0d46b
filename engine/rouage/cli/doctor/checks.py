"""What `rouage doctor` looks at: the machine, the workspace, its journal, its daemon."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rouage.cli.client import Client, NotRunning, find_daemon
from rouage.cli.paths import paths_in_use
from rouage.cli.service.plan import make_plan, place_of, text_of
from rouage.cli.session import Session
from rouage.errors import RouageError
from rouage.language import Text
from rouage.service.checks import Check, fail, warn, well
from rouage.service.limits import resource_checks
from rouage.service.rights import right_checks

_SLOW_WRITE_SECONDS: Final = 0.2
_TRIES: Final = 5
_OLD_BACKUP: Final = timedelta(days=3)

_PATHS: Final = Text("paths: {paths}", "chemins : {paths}")
_PYTHON: Final = Text("Python {version}", "Python {version}")
_SETTINGS: Final = Text("rouage.yaml can be read", "rouage.yaml se lit bien")
_WRONG: Final = Text("{problem}", "{problem}")
_HINT: Final = Text("{hint}", "{hint}")
_CORRECT: Final = Text("correct it, then look again", "corrigez, puis relancez la vérification")
_WRITES: Final = Text(
    "the disk confirms a write in {milliseconds} ms",
    "le disque confirme une écriture en {milliseconds} ms",
)
_SLOW: Final = Text(
    "the disk takes {milliseconds} ms to confirm a write: few events per second can be accepted",
    "le disque met {milliseconds} ms à confirmer une écriture : peu d’événements par seconde "
    "peuvent être acceptés",
)
_FASTER: Final = Text(
    "put the workspace on a faster disk (an SSD)",
    "mettez l’espace de travail sur un disque plus rapide (un SSD)",
)
_JOURNAL: Final = Text(
    "the journal can be read: {runs} runs, {events} events",
    "le journal se lit : {runs} exécutions, {events} événements",
)
_NO_JOURNAL: Final = Text(
    "nothing ever ran here: there is no journal yet",
    "rien n’a encore été exécuté ici : pas encore de journal",
)
_ATTENTION: Final = Text(
    "{count} run(s) need your decision", "{count} exécution(s) demandent votre avis"
)
_DECIDE: Final = Text(
    "`rouage runs --state needs_attention` lists them, `rouage resolve` settles one",
    "« rouage runs --state needs_attention » les liste, « rouage resolve » en règle une",
)
_BACKUP: Final = Text("the last backup is of {time}", "la dernière sauvegarde date de {time}")
_NO_BACKUP: Final = Text(
    "there is no backup, or none of the last days",
    "il n’y a pas de sauvegarde, ou aucune de ces derniers jours",
)
_MAKE_BACKUP: Final = Text("make one: `rouage backup`", "faites-en une : « rouage backup »")
_RECIPES: Final = Text("{count} recipe(s), all usable", "{count} recette(s), toutes utilisables")
_BAD_RECIPE: Final = Text(
    "the recipe {file} cannot be used as it is", "la recette {file} est inutilisable en l’état"
)
_CHECK_IT: Final = Text("`rouage check recipes/{file}`", "« rouage check recipes/{file} »")
_CONNECTOR: Final = Text(
    "the connector {name} cannot be loaded: {cause}",
    "le connecteur {name} ne se charge pas : {cause}",
)
_REINSTALL: Final = Text(
    "install it again, or remove the package", "réinstallez-le, ou retirez son paquet"
)
_RUNS: Final = Text("the daemon works (process {pid})", "le service travaille (processus {pid})")
_STOPPED: Final = Text(
    "no daemon works: nothing is watched", "aucun service ne travaille : rien n’est surveillé"
)
_START: Final = Text(
    "`rouage up`, or `rouage service install` to have it start with the machine",
    "« rouage up », ou « rouage service install » pour démarrer avec la machine",
)
_UNWELL: Final = Text("the daemon is not well: {reason}", "le service ne va pas bien : {reason}")
_SEE_STATUS: Final = Text("`rouage status` tells more", "« rouage status » en dit plus")
_TRIGGER: Final = Text(
    "the trigger {trigger} of {recipe} does not work: {reason}",
    "le déclencheur {trigger} de {recipe} ne marche pas : {reason}",
)
_NOTICE: Final = Text("{text}", "{text}")
_LOOK: Final = Text(
    "deal with it; it leaves the list by itself, or with the console",
    "occupez-vous-en ; il quitte la liste de lui-même, ou depuis la console",
)
_PORT: Final = Text(
    "port {port} is held by another program", "le port {port} est pris par un autre programme"
)
_OTHER_PORT: Final = Text(
    "choose another one in rouage.yaml (`{name}:`), or stop that program",
    "choisissez-en un autre dans rouage.yaml (« {name}: »), ou arrêtez ce programme",
)
_FOLDER: Final = Text(
    "the folder {path} is named by a recipe and cannot be used: {cause}",
    "le dossier {path} est nommé par une recette et ne peut pas servir : {cause}",
)
_MAKE_FOLDER: Final = Text(
    "make it, mount it, or change its rights: {path}",
    "créez-le, montez-le, ou changez ses droits : {path}",
)
_SERVICE: Final = Text("it starts with the machine", "il démarre avec la machine")
_OLD_SERVICE: Final = Text(
    "the service was installed before a change of folders or settings",
    "le service a été installé avant un changement de dossiers ou de réglages",
)
_INSTALL: Final = Text(
    "`rouage service install --{scope}` again", "de nouveau « rouage service install --{scope} »"
)
_NO_SERVICE: Final = Text(
    "it is started by hand: it is not installed as a service",
    "il est lancé à la main : il n’est pas installé comme service",
)
_CAUSES: Final = {
    "absent": Text("it is not there", "il n’est pas là"),
    "denied": Text("access is denied", "l’accès est refusé"),
}


def all_checks(session: Session) -> list[Check]:
    """Return everything that was looked at."""
    paths = [f"{name} {path}" for name, path in paths_in_use(session).items()]
    found = [well("paths", _PATHS, paths=", ".join(paths))]
    found.append(well("python", _PYTHON, version=sys.version.split()[0]))
    found += right_checks(session.places)
    settings_check = _settings(session)
    found.append(settings_check)
    if settings_check.state == "failed":
        return found
    found += resource_checks(session.settings)
    found += _disk_speed(session.places.state)
    found += [*_journal(session), *_backups(session), *_recipes(session), *_folders(session)]
    return [*found, *_daemon(session), *_service(session)]


def _settings(session: Session) -> Check:
    try:
        session.settings  # noqa: B018 - read now, and refused now
    except RouageError as error:
        return _broken("settings", error)
    return well("settings", _SETTINGS)


def _broken(name: str, error: RouageError) -> Check:
    """Return a check for what an error explains by itself."""
    problem = Text(error.render("en"), error.render("fr"))
    hint = error.hint
    remedy = _CORRECT
    if hint is not None:
        remedy = Text(error.render_hint("en") or "", error.render_hint("fr") or "")
    return Check(name=name, state="failed", sentence=problem, remedy=remedy)


def _disk_speed(folder: Path) -> Iterator[Check]:
    """Yield how long the disk takes to confirm a write: it bounds what can be accepted."""
    if not folder.is_dir():
        return
    path = folder / ".doctor"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            began = time.perf_counter()
            for _ in range(_TRIES):
                os.pwrite(descriptor, b"x" * 4096, 0)
                os.fsync(descriptor)
            seconds = (time.perf_counter() - began) / _TRIES
        finally:
            os.close(descriptor)
            path.unlink()
    except OSError:
        return
    milliseconds = f"{seconds * 1000:.1f}"
    if seconds > _SLOW_WRITE_SECONDS:
        yield warn("disk_speed", _SLOW, _FASTER, milliseconds=milliseconds)
    else:
        yield well("disk_speed", _WRITES, milliseconds=milliseconds)


def _journal(session: Session) -> Iterator[Check]:
    from rouage.cli.journal import ask

    if not session.places.journal.exists():
        yield well("journal", _NO_JOURNAL)
        return
    try:
        stats = dict(ask(session, lambda reader: reader.stats()))
    except RouageError as error:
        yield _broken("journal", error)
        return
    events, unmatched = stats.pop("events", 0), stats.pop("unmatched", 0)
    yield well("journal", _JOURNAL, runs=sum(stats.values()), events=events + unmatched)
    waiting = stats.get("needs_attention", 0)
    if waiting:
        yield warn("attention", _ATTENTION, _DECIDE, count=waiting)


def _backups(session: Session) -> Iterator[Check]:
    from rouage.durable.sqlite.copies import list_backups

    journal = session.places.journal
    if not journal.exists():
        return
    newest = next(iter(list_backups(journal)), None)
    made = datetime.fromtimestamp(journal.stat().st_ctime, UTC)
    now = datetime.now(UTC)
    if newest is not None and now - newest.taken < _OLD_BACKUP:
        yield well("backup", _BACKUP, time=f"{newest.taken:%Y-%m-%d %H:%M}")
    elif now - made > _OLD_BACKUP or newest is not None:
        yield warn("backup", _NO_BACKUP, _MAKE_BACKUP)


def _recipes(session: Session) -> Iterator[Check]:
    from rouage.catalog.discovery import discover
    from rouage.recipes.folder import RecipeFolder
    from rouage.secrets import SecretStore

    catalog = discover()
    for broken in catalog.broken:
        facts = {"name": broken.name, "cause": str(broken.error)[:200]}
        yield fail("connector", _CONNECTOR, _REINSTALL, **facts)
    try:
        secrets = frozenset(SecretStore(session.places.secrets).load())
    except RouageError as error:
        yield _broken("secrets", error)
        secrets = frozenset()
    folder = RecipeFolder(
        session.places.recipes,
        catalog,
        known_secrets=secrets,
        input_values=session.settings.inputs,
    )
    folder.scan(0.0)
    bad = [one for one in folder.files if any(p.severity == "error" for p in one.problems)]
    for one in bad:
        yield fail("recipe", _BAD_RECIPE, _CHECK_IT, file=one.file)
    if not bad:
        yield well("recipes", _RECIPES, count=len(folder.files))


def _folders(session: Session) -> Iterator[Check]:
    from rouage.cli.service.plan import writable_folders

    for folder in writable_folders(session):
        cause = None
        if not folder.is_dir():
            cause = _CAUSES["absent"]
        elif not os.access(folder, os.R_OK | os.X_OK):
            cause = _CAUSES["denied"]
        if cause is not None:
            yield warn("folder", _FOLDER, _MAKE_FOLDER, path=folder, cause=cause)


def _daemon(session: Session) -> Iterator[Check]:
    try:
        daemon = find_daemon(
            session.places, language=session.language, host=session.settings.hosts[0]
        )
        yield from _running(daemon)
    except NotRunning:
        yield warn("daemon", _STOPPED, _START)
        yield from _ports(session)
    except RouageError as error:
        yield _broken("daemon", error)


def _running(daemon: Client) -> Iterator[Check]:
    status: dict[str, Any] = daemon.get("/status")
    if status.get("state") == "ok":
        yield well("daemon", _RUNS, pid=status.get("pid"))
    else:
        yield warn("daemon", _UNWELL, _SEE_STATUS, reason=status.get("reason"))
    for trigger in status.get("triggers") or []:
        if trigger.get("state") in {"error", "degraded"}:
            names = ("trigger", "recipe", "reason")
            facts = {name: trigger.get(name) for name in names}
            yield fail("trigger", _TRIGGER, _SEE_STATUS, **facts)
    for notice in status.get("notices") or []:
        yield warn("notice", _NOTICE, _LOOK, text=notice.get("text"))


def _ports(session: Session) -> Iterator[Check]:
    """Yield the ports that another program holds, where no daemon of ours does."""
    settings = session.settings
    for name, port in (("port", settings.port), ("hooks_port", settings.hooks_port)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                yield fail("port", _PORT, _OTHER_PORT, port=port, name=name)


def _service(session: Session) -> Iterator[Check]:
    """Yield whether the daemon starts with the machine, for this user or for all."""
    for scope, is_system in (("user", False), ("system", True)):
        try:
            plan = make_plan(session, is_system=is_system, name=None, run_as=None, sockets=False)
            place = place_of(plan, session, is_system=is_system)
            known = place.path.read_text(encoding="utf-8")
        except (OSError, ValueError, RouageError):
            continue
        if known == text_of(plan, place):
            yield well("service", _SERVICE)
        else:
            yield warn("service", _OLD_SERVICE, _INSTALL, scope=scope)
        return
    yield well("service", _NO_SERVICE)
