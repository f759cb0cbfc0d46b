"""`rouage show RUN`: one run, with every condition, every step, and why it ended so."""

import argparse
from typing import Final

from rouage.cli.journal import ask, find_run
from rouage.cli.parser import Parser
from rouage.cli.run_lines import run_lines
from rouage.cli.session import OK, Session
from rouage.durable.port import Reader
from rouage.language import Text
from rouage.model.run import RunRecord
from rouage.web.runs import Relatives, detail_of, relatives_of

_RUN: Final = Text(
    "the run, or the first letters of its id; `last` is the newest",
    "l’exécution, ou le début de son identifiant ; « last » est la dernière",
)
_ALL: Final = Text("show every item of every loop", "montrer chaque élément de chaque boucle")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("run", about=_RUN, metavar=parser.say(Text("RUN", "EXÉCUTION")))
    parser.take("--all", about=_ALL, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the run."""
    record, step_ids, relatives = ask(session, lambda reader: _find(reader, arguments.run))
    detail = detail_of(record, session.language, step_ids, relatives)
    if session.is_json:
        session.output.data(detail)
    else:
        for line in run_lines(session, detail, shows_all=arguments.all):
            session.output.line(line)
    return OK


async def _find(reader: Reader, wish: str) -> tuple[RunRecord, dict[str, str | None], Relatives]:
    from rouage.recipes.definition import parse
    from rouage.rerun import steps_of

    record = await find_run(reader, wish)
    definition = await reader.get_definition(record.definition)
    ids: dict[str, str | None] = {}
    if definition is not None:
        ids = {step.path: step.id for step in steps_of(parse(definition))}
    return record, ids, await relatives_of(reader, record)
