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

_NOT_YET: Final = Text("(not made yet)", "(pas encore créé)")


def configure(parser: Parser) -> None:
    """Declare the arguments: there are none of its own."""
    del parser


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the paths."""
    del arguments
    paths = _paths(session)
    if session.is_json:
        session.output.data({name: str(path) for name, path in paths.items()})
        return OK
    width = max(len(name) for name in paths)
    for name, path in paths.items():
        note = "" if path.exists() else "  " + session.say(_NOT_YET)
        session.output.line(f"{name:<{width}}  {path}{note}")
    return OK


def _paths(session: Session) -> dict[str, Path]:
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
        "daemon": places.daemon,
        "lock": places.lock,
        "logs": places.logs,
        "scratch": places.scratch,
        "recipe_schema": places.recipe_schema,
        "shipped_schemas": shipped("schemas"),
        "shipped_recipes": shipped("recipes"),
        "package": Path(rouage.__file__).parent,
        "python": Path(sys.executable),
    }
