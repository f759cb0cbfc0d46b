"""Ask a person at the terminal for a yes or a no."""

from typing import Final

from rouage.cli.session import Session
from rouage.language import Text

_CHOICE: Final = Text("[Y/n]", "[O/n]")
_NO: Final = frozenset({"n", "no", "non"})


def can_ask(session: Session) -> bool:
    """Say whether somebody is there to answer."""
    return not session.is_json and session.stdin.isatty()


def confirm(session: Session, question: str) -> bool:
    """Return the answer; an empty line is a yes, the end of the input a no."""
    session.output.prompt(f"{question} {session.say(_CHOICE)} ")
    answer = session.stdin.readline()
    return bool(answer) and answer.strip().lower() not in _NO
