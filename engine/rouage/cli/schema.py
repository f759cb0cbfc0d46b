"""`rouage schema`: print the JSON Schema of recipes for what is installed here."""

import argparse
import json
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.language import Text, choose_language
from rouage.settings import settings_schema

_LANGUAGE: Final = Text(
    "language of the descriptions (default: that of the messages)",
    "langue des descriptions (par défaut : celle des messages)",
)
_DRAFT: Final = Text("version of JSON Schema", "version de JSON Schema")
_SETTINGS: Final = Text("the schema of rouage.yaml instead", "plutôt le schéma de rouage.yaml")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("--language", about=_LANGUAGE, choices=("en", "fr"))
    parser.take("--draft", about=_DRAFT, choices=("2020-12", "draft-07"), default="2020-12")
    parser.take("--settings", about=_SETTINGS, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the schema, which is JSON with or without `--json`."""
    language = choose_language(arguments.language, session.language)
    if arguments.settings:
        schema = settings_schema(language)
    else:
        from rouage.catalog.discovery import discover
        from rouage.catalog.schema import compose

        schema = compose(discover(), language=language, draft=arguments.draft)
    session.output.line(json.dumps(schema, ensure_ascii=False, indent=2))
    return OK
