"""`rouage doctor`: look at everything that can be wrong, and say what to do about it."""

import argparse
from typing import Final

from rouage.cli.doctor.checks import all_checks
from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.language import Text
from rouage.service.checks import Check

_ALL: Final = Text("show what is well, too", "montrer aussi ce qui va bien")
_MARKS: Final = {
    "ok": Text("well", "bien"),
    "warning": Text("mind", "à surveiller"),
    "failed": Text("broken", "cassé"),
}
_REMEDY: Final = Text("  do: {remedy}", "  à faire : {remedy}")
_FINE: Final = Text(
    "{count} things looked at, all is well", "{count} points vérifiés, tout va bien"
)
_SUM: Final = Text(
    "{count} things looked at: {failed} broken, {warned} to mind",
    "{count} points vérifiés : {failed} cassé(s), {warned} à surveiller",
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("--all", about=_ALL, action="store_true")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Look, and tell; 0 when nothing is broken, 1 when something is."""
    checks = all_checks(session)
    failed = sum(check.state == "failed" for check in checks)
    if session.is_json:
        data = [_as_data(session, check) for check in checks]
        session.output.data({"broken": failed, "checks": data})
        return FAILED if failed else OK
    for check in checks:
        if check.state != "ok" or arguments.all:
            _print(session, check)
    warned = sum(check.state == "warning" for check in checks)
    count = len(checks)
    if failed or warned:
        session.tell(_SUM, count=count, failed=failed, warned=warned)
    else:
        session.tell(_FINE, count=count)
    return FAILED if failed else OK


def _print(session: Session, check: Check) -> None:
    mark, sentence = session.say(_MARKS[check.state]), session.say(check.sentence)
    session.output.line(
        f"{mark}: {sentence}" if session.language == "en" else f"{mark} : {sentence}"
    )
    if check.remedy is not None:
        session.tell(_REMEDY, remedy=session.say(check.remedy))


def _as_data(session: Session, check: Check) -> dict[str, str | None]:
    remedy = None if check.remedy is None else session.say(check.remedy)
    return {
        "name": check.name,
        "state": check.state,
        "sentence": session.say(check.sentence),
        "remedy": remedy,
    }
