"""`rouage check`: check recipes without running anything; no daemon is needed."""

import argparse
from collections import Counter
from typing import Final

from rouage.catalog.catalog import Catalog
from rouage.cli.check.examining import examine, examine_quickly
from rouage.cli.check.report import FORMATS, Format, report
from rouage.cli.gallery_versions import outdated, sentence
from rouage.cli.parser import Parser
from rouage.cli.recipe_files import paths_of
from rouage.cli.session import FAILED, OK, Session
from rouage.language import Text

_FILES: Final = Text(
    "files or folders (default: the recipes of the workspace)",
    "fichiers ou dossiers (par défaut : les recettes de l’espace de travail)",
)
_FORMAT: Final = Text(
    "for people (text), for programs (json, sarif), or beside the code on GitHub (github)",
    "pour les humains (text), les programmes (json, sarif) ou à côté du code sur GitHub (github)",
)
_FIX: Final = Text(
    "correct what can be corrected safely, and show it",
    "corriger ce qui peut l’être sans risque, et le montrer",
)
_NOTE: Final = Text("note: {sentence}", "remarque : {sentence}")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("files", about=_FILES, nargs="*", metavar=parser.say(Text("FILE", "FICHIER")))
    parser.take("--format", about=_FORMAT, choices=FORMATS)
    parser.take("--fix", about=_FIX, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print every problem of every recipe; 1 when there is an error."""
    wanted: Format = arguments.format or ("json" if session.is_json else "text")
    session.is_json = wanted == "json"
    paths = paths_of(session, arguments.files)
    files, corrected = examine_quickly(session, paths), None
    if files is None or arguments.fix:
        catalog = _catalog(session)
        files = examine(session, paths, catalog)
        if arguments.fix:
            from rouage.cli.check.fix import correct

            corrected = correct(session, files, catalog)
            files = examine(session, paths, catalog) if corrected else files
    report(session, files, corrected, wanted=wanted)
    if wanted == "text":
        for one in outdated([file.path for file in files]):
            session.output.talk(session.say(_NOTE, sentence=sentence(session, one)))
    severities = Counter[str](problem.severity for one in files for problem in one.problems)
    return FAILED if severities["error"] else OK


def _catalog(session: Session) -> Catalog:
    from rouage.catalog.discovery import discover

    catalog = discover()
    for broken in catalog.broken:
        told = broken.error.render(session.language)
        session.output.talk(session.say(_NOTE, sentence=told))
    return catalog
