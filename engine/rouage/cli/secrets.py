"""`rouage secrets`: set, list and remove the secrets of a workspace. Values are never shown."""

import argparse
import getpass
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError
from rouage.language import Text
from rouage.safety.redaction import SHORTEST
from rouage.secrets import LONGEST_VALUE, SecretStore, check_name

_DO: Final = Text("what to do", "ce qu’il faut faire")
_NAME: Final = Text("name of the secret", "nom du secret")
_NEEDS_NAME: Final = Text(
    "`rouage secrets {do}` needs the name of a secret",
    "« rouage secrets {do} » demande le nom d’un secret",
)
_NO_NAME: Final = Text(
    "`rouage secrets list` takes no name", "« rouage secrets list » ne prend pas de nom"
)
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
    parser.take("do", about=_DO, choices=("set", "list", "remove"))
    parser.take("name", about=_NAME, nargs="?", metavar=parser.say(Text("NAME", "NOM")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    store = SecretStore(session.places.secrets)
    if arguments.do == "list":
        return _list(session, store, arguments.name)
    if arguments.name is None:
        raise UsageError(_NEEDS_NAME, do=arguments.do)
    check_name(arguments.name)
    if arguments.do == "set":
        return _set(session, store, arguments.name)
    return _remove(session, store, arguments.name)


def _list(session: Session, store: SecretStore, name: str | None) -> int:
    if name is not None:
        raise UsageError(_NO_NAME)
    names = store.names()
    if session.is_json:
        session.output.data({"secrets": [{"name": name} for name in names]})
    elif names:
        session.output.line("\n".join(names))
    else:
        session.tell(_NONE)
    return OK


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
