"""`rouage approve RUN`: say yes to what a run asks."""

import argparse

from rouage.cli.answering import answer, configure_answer
from rouage.cli.parser import Parser
from rouage.cli.session import Session


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    configure_answer(parser, takes_fields=True)


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Send the answer."""
    return answer(session, arguments, "approve")
