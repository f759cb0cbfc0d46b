"""`rouage paths`: print every path in use."""

import argparse
import sys
from pathlib import Path
from typing import Final

import rouage
from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.durable.sqlite.copies import folder_of
from rouage.language import Text
from rouage.resources import shipped
from rouage.secrets.keys import home_keys

_HANDED_OVER: Final = (
    "STATE_DIRECTORY",
    "RUNTIME_DIRECTORY",
    "CONFIGURATION_DIRECTORY",
    "CREDENTIALS_DIRECTORY",
)
_NOT_YET: Final = Text("(not made yet)", "(pas encore créé)")


def configure(parser: Parser) -> None:
    """Declare the arguments: there are none of its own."""
    del parser


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the paths."""
    del arguments
    paths = paths_in_use(session)
    if session.is_json:
        session.output.data({name: str(path) for name, path in paths.items()})
        return OK
    width = max(len(name) for name in paths)
    for name, path in paths.items():
        note = "" if path.exists() else "  " + session.say(_NOT_YET)
        session.output.line(f"{name:<{width}}  {path}{note}")
    return OK


def paths_in_use(session: Session) -> dict[str, Path]:
    """Return every path in use by its name: the workspace, the program, what lies outside."""
    places = session.places
    return {
        "workspace": places.root,
        "settings": places.settings_file,
        "recipes": places.recipes,
        "files": places.files,
        "state": places.state,
        "journal": places.journal,
        "backups": folder_of(places.journal),
        "secrets": places.secrets,
        "token": places.token,
        "link_key": places.link_key,
        "daemon": places.daemon,
        "lock": places.lock,
        "logs": places.logs,
        "scratch": places.scratch,
        "received": places.received,
        "known_hooks": places.known_hooks,
        "recipe_schema": places.recipe_schema,
        "secret_keys": home_keys(),
        "shipped_schemas": shipped("schemas"),
        "shipped_recipes": shipped("recipes"),
        "package": Path(rouage.__file__).parent,
        "python": Path(sys.executable),
        **_handed_over(session),
    }


def _handed_over(session: Session) -> dict[str, Path]:
    """Return the folders that systemd made for the service, where it started this."""
    found = {}
    for name in _HANDED_OVER:
        given = session.environment.get(name, "").partition(":")[0]
        if given:
            found[name.lower()] = Path(given)
    return found
