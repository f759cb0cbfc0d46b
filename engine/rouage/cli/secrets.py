"""`rouage secrets`: set, list, remove and test secrets, renew their key. No value is ever shown."""

import argparse
import getpass
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from rouage.cli.journal import ask
from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.cli.states import local_time
from rouage.durable.port import Reader, SecretUse
from rouage.errors import UsageError
from rouage.language import Text
from rouage.safety.redaction import SHORTEST
from rouage.secrets import (
    KEEPERS,
    LONGEST_VALUE,
    Keeping,
    KeptIn,
    SecretStore,
    check_name,
    has_keyring,
)

_DO: Final = Text("what to do", "ce qu’il faut faire")
_NAME: Final = Text("name of the secret", "nom du secret")
_NEEDS_NAME: Final = Text(
    "`rouage secrets {do}` needs the name of a secret",
    "« rouage secrets {do} » demande le nom d’un secret",
)
_NO_NAME: Final = Text(
    "`rouage secrets {do}` takes no name", "« rouage secrets {do} » ne prend pas de nom"
)
_KEY: Final = Text(
    "where the new key shall lie (rotate): in the workspace, in the home folder, in the keyring",
    "où ranger la nouvelle clé (rotate) : espace de travail, dossier personnel ou trousseau",
)
_KEY_FOR_ROTATE: Final = Text(
    "--key goes with `rouage secrets rotate` alone",
    "--key ne va qu’avec « rouage secrets rotate »",
)
_ROTATED: Final = Text(
    "the secrets are sealed with a new key, in {where}; their values are the same",
    "les secrets sont chiffrés avec une nouvelle clé, dans {where} ; leurs valeurs restent",
)
_SEALED: Final = Text(
    "The secrets open. Their key lies in {where}.",
    "Les secrets s’ouvrent. Leur clé est dans {where}.",
)
_CLEAR: Final = Text(
    "The secrets lie in clear in {where}; `rouage secrets rotate` seals them.",
    "Les secrets sont en clair dans {where} ; « rouage secrets rotate » les chiffre.",
)
_PROTECTS: Final[Mapping[str, Text]] = {
    "workspace": Text(
        "A copy of the file alone is of no use to anybody; a copy of the whole folder is.",
        "Une copie du seul fichier ne sert à personne ; une copie du dossier entier, si.",
    ),
    "home": Text(
        "A copy of the workspace is of no use without your home folder.",
        "Une copie de l’espace de travail ne sert à rien sans votre dossier personnel.",
    ),
    "keyring": Text(
        "A copy of your files is of no use without your session.",
        "Une copie de vos fichiers ne sert à rien sans votre session.",
    ),
}
_KEYRING: Final = Text(
    "This session has a keyring: `rouage secrets rotate --key keyring` puts the key there, if "
    "Rouage runs in your session and not as a service.",
    "Cette session a un trousseau : « rouage secrets rotate --key keyring » y met la clé, si "
    "Rouage tourne dans votre session et pas comme service.",
)
_USED: Final = Text("{name}: used by {places}", "{name} : utilisé par {places}")
_LAST_USED: Final = Text(
    "{name}  (last used by {recipe}, {at}, run {run})",
    "{name}  (dernier emploi : {recipe}, {at}, exécution {run})",
)
_UNUSED: Final = Text("{name}: not used", "{name} : pas utilisé")
_NOT_MASKED: Final = Text(
    "{name}: too short to be hidden inside longer texts",
    "{name} : trop court pour être masqué dans un texte",
)
_MISSING: Final = Text(
    "{name} is missing, and used by {places}: run `rouage secrets set {name}`",
    "{name} manque, et sert dans {places} : lancez « rouage secrets set {name} »",
)
# In comments too: a line that waits to be switched on needs its secret as well.
_USE: Final = re.compile(r"\bsecrets\.([a-z][a-z0-9_]{0,62})\b", re.ASCII)
_MOST_BYTES: Final = 1 << 20
_PROMPT: Final = Text("Value of {name} (not shown): ", "Valeur de {name} (invisible) : ")
_SET: Final = Text(
    "{name} is stored; recipes write {use}", "{name} est enregistré ; une recette écrit {use}"
)
_CHANGED: Final = Text("{name} has its new value", "{name} a sa nouvelle valeur")
_REMOVED: Final = Text("{name} is removed", "{name} est retiré")
_UNKNOWN: Final = Text("there is no secret {name}", "il n’y a pas de secret {name}")
_NONE: Final = Text("there is no secret yet", "il n’y a pas encore de secret")
_SHORT: Final = Text(
    "note: a value below {limit} characters cannot be hidden inside longer texts",
    "remarque : une valeur de moins de {limit} caractères ne peut pas être masquée dans un texte",
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("do", about=_DO, choices=("set", "list", "remove", "test", "rotate"))
    parser.take("name", about=_NAME, nargs="?", metavar=parser.say(Text("NAME", "NOM")))
    parser.take("--key", about=_KEY, choices=KEEPERS)


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    store, do, name = SecretStore(session.places.secrets), arguments.do, arguments.name
    if arguments.key is not None and do != "rotate":
        raise UsageError(_KEY_FOR_ROTATE)
    if name is not None:
        check_name(name)
    if do in {"list", "rotate"}:
        if name is not None:
            raise UsageError(_NO_NAME, do=do)
        return _list(session, store) if do == "list" else _rotate(session, store, arguments.key)
    if do == "test":
        return _test(session, store, name)
    if name is None:
        raise UsageError(_NEEDS_NAME, do=do)
    return _set(session, store, name) if do == "set" else _remove(session, store, name)


def _rotate(session: Session, store: SecretStore, keeper: KeptIn | None) -> int:
    keeping = store.rotate(keeper)
    if session.is_json:
        session.output.data({"key": keeping.keeper})
    else:
        session.tell(_ROTATED, where=keeping.where)
    return OK


def _test(session: Session, store: SecretStore, name: str | None) -> int:
    """Say whether the secrets open, what protects them, who uses them, and which are missing."""
    keeping, values, uses = store.keeping(), store.load(), _uses(session)
    if name is not None:
        uses = {name: uses.get(name, [])}
    names = [one for one in sorted(values) if name in {None, one}]
    missing = [one for one in sorted(uses) if one not in values]
    short = [one for one in names if len(values[one]) < SHORTEST]
    if session.is_json:
        known = [
            {"name": one, "is_masked": one not in short, "used_by": uses.get(one, [])}
            for one in names
        ]
        lacking = [{"name": one, "used_by": uses[one]} for one in missing]
        session.output.data({"key": keeping.keeper, "secrets": known, "missing": lacking})
    else:
        _tell_keeping(session, keeping, is_empty=not values)
        for one in names:
            used = uses.get(one)
            session.tell(_USED if used else _UNUSED, name=one, places=", ".join(used or ()))
        for one in short:
            session.tell(_NOT_MASKED, name=one)
        for one in missing:
            _tell_missing(session, one, uses[one])
    return FAILED if missing or (values and keeping.keeper is None) else OK


def _tell_keeping(session: Session, keeping: Keeping, *, is_empty: bool) -> None:
    if keeping.keeper is not None:
        session.tell(_SEALED, where=keeping.where)
        session.tell(_PROTECTS[keeping.keeper])
        if keeping.keeper == "workspace" and has_keyring():
            session.tell(_KEYRING)
    else:
        session.tell(_NONE if is_empty else _CLEAR, where=keeping.where)


def _tell_missing(session: Session, name: str, places: list[str]) -> None:
    if places:
        session.output.talk(session.say(_MISSING, name=name, places=", ".join(places)))
    else:
        session.output.talk(session.say(_UNKNOWN, name=name))


def _uses(session: Session) -> dict[str, list[str]]:
    """Return which files of the workspace name which secrets."""
    uses: dict[str, list[str]] = {}
    for path in _written(session):
        with suppress(OSError), path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8", "replace")
            for name in sorted(set(_USE.findall(text))):
                uses.setdefault(name, []).append(str(path.relative_to(session.workspace)))
    return uses


def _written(session: Session) -> Iterator[Path]:
    yield session.places.settings_file
    for ending in ("*.yaml", "*.yml"):
        yield from sorted(session.places.recipes.rglob(ending))


def _list(session: Session, store: SecretStore) -> int:
    names = store.names()
    uses = _last_uses(session, names)
    if session.is_json:
        listed = [{"name": name, "last_used": _use_as_json(uses.get(name))} for name in names]
        session.output.data({"secrets": listed})
        return OK
    for name in names:
        use = uses.get(name)
        session.output.line(name if use is None else _listed(session, use))
    if not names:
        session.tell(_NONE)
    return OK


def _last_uses(session: Session, names: Iterable[str]) -> dict[str, SecretUse]:
    """Return which run was given each secret last, as far as the journal knows."""
    if not session.places.journal.exists():
        return {}

    async def look(reader: Reader) -> dict[str, SecretUse]:
        found = [await reader.list_secret_uses(name=name, limit=1) for name in names]
        return {uses[0].name: uses[0] for uses in found if uses}

    return ask(session, look)


def _use_as_json(use: SecretUse | None) -> dict[str, str] | None:
    if use is None:
        return None
    return {"run": use.run, "recipe": use.recipe, "at": use.created.isoformat()}


def _listed(session: Session, use: SecretUse) -> str:
    at = local_time(use.created, session.settings.zone)
    return session.say(_LAST_USED, name=use.name, recipe=use.recipe, run=use.run, at=at)


def _set(session: Session, store: SecretStore, name: str) -> int:
    value = _read_value(session, name)
    is_new = store.set(name, value)
    if len(value) < SHORTEST:
        session.output.talk(session.say(_SHORT, limit=SHORTEST))
    if session.is_json:
        session.output.data({"name": name, "is_new": is_new})
    elif is_new:
        session.tell(_SET, name=name, use="${{ secrets." + name + " }}")
    else:
        session.tell(_CHANGED, name=name)
    return OK


def _remove(session: Session, store: SecretStore, name: str) -> int:
    was_known = store.remove(name)
    if session.is_json:
        session.output.data({"name": name, "removed": was_known})
    elif was_known:
        session.tell(_REMOVED, name=name)
    else:
        session.output.talk(session.say(_UNKNOWN, name=name))
    return OK if was_known else FAILED


def _read_value(session: Session, name: str) -> str:
    """Return the value from a prompt without echo, or from standard input without its line end."""
    if session.stdin.isatty():
        return getpass.getpass(session.say(_PROMPT, name=name))
    return session.stdin.read(LONGEST_VALUE + 2).removesuffix("\n").removesuffix("\r")
