"""`rouage rerun RUN`: do a finished run again, from its start, its failure, or a step on."""

import argparse
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.repair import act_on_run, take_run
from rouage.cli.session import OK, Session
from rouage.language import Text

_FROM: Final = Text(
    "where to go on: start (default), failed, or the id or path of a step",
    "où reprendre : start (par défaut), failed, ou l’identifiant ou le chemin d’une étape",
)
_RECIPE: Final = Text(
    "with the version of then (default) or the present one",
    "avec la version d’alors (then, par défaut) ou celle d’aujourd’hui (now)",
)
_DONE: Final = Text("{run} does {old} again", "{run} reprend {old}")


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    take_run(parser)
    step = parser.say(Text("STEP", "ÉTAPE"))
    parser.take("--from", about=_FROM, dest="start", default="start", metavar=step)
    parser.take("--recipe", about=_RECIPE, choices=("then", "now"), default="then")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Start the replay and tell its id."""
    body = {"from": arguments.start, "recipe": arguments.recipe}
    old, answer = act_on_run(session, arguments.run, "rerun", body)
    if session.is_json:
        session.output.data(answer)
    session.tell(_DONE, run=answer["run"], old=old)
    return OK
