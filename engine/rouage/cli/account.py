"""`rouage account`: list the accounts of `rouage.yaml`, and try one without changing anything."""

import argparse
import asyncio
from collections.abc import Mapping
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError
from rouage.language import Text
from rouage.sdk.accounts import Finding, TestAccount
from rouage.sdk.json import JSON
from rouage.secrets import SecretStore
from rouage.vault import LiveAccounts, LiveSecrets

_DO: Final = Text("what to do", "ce qu’il faut faire")
_NAME: Final = Text("name of the account", "nom du compte")
_NEEDS_NAME: Final = Text(
    "`rouage account test` needs the name of an account: {known}",
    "« rouage account test » demande le nom d’un compte : {known}",
)
_NO_NAME: Final = Text(
    "`rouage account list` takes no name", "« rouage account list » ne prend pas de nom"
)
_NONE: Final = Text(
    "there is no account yet: describe one under `accounts:` in rouage.yaml",
    "il n’y a pas encore de compte : décrivez-en un sous `accounts:` dans rouage.yaml",
)
_UNKNOWN: Final = Text(
    "there is no account “{name}” in rouage.yaml",
    "il n’y a pas de compte « {name} » dans rouage.yaml",
)
_KNOWN: Final = Text("known accounts: {known}", "comptes connus : {known}")
_NO_TEST: Final = Text(
    "its secrets are there; how to try an account of type “{kind}” is not known",
    "ses secrets sont là ; on ne sait pas essayer un compte de type « {kind} »",
)
_HINT: Final = Text("    what to do: {hint}", "    que faire : {hint}")
_MARKS: Final = {"ok": "✓", "warning": "!", "failed": "✗"}


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("do", about=_DO, choices=("list", "test"))
    parser.take("name", about=_NAME, nargs="?", metavar=parser.say(Text("NAME", "NOM")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    accounts = session.settings.accounts
    known = ", ".join(sorted(accounts)) or "–"
    if arguments.do == "list":
        if arguments.name is not None:
            raise UsageError(_NO_NAME)
        return _list(session)
    if arguments.name is None:
        raise UsageError(_NEEDS_NAME, known=known)
    if arguments.name not in accounts:
        raise UsageError(_UNKNOWN, hint=_KNOWN, name=arguments.name[:40], known=known)
    return _test(session, arguments.name)


def _list(session: Session) -> int:
    accounts = session.settings.accounts
    rows = [{"name": name, "type": accounts[name]["type"]} for name in sorted(accounts)]
    if session.is_json:
        session.output.data({"accounts": rows})
    elif rows:
        session.output.line("\n".join(f"{row['name']:<16} {row['type']}" for row in rows))
    else:
        session.tell(_NONE)
    return OK


def _test(session: Session, name: str) -> int:
    """Try the account; a missing secret is said by `find` itself."""
    kind = str(session.settings.accounts[name]["type"])
    secrets = LiveSecrets(SecretStore(session.places.secrets))
    given = LiveAccounts(session.settings.accounts, secrets).find(kind, name)
    test = _test_of(kind)
    if test is None:
        findings = [Finding(state="warning", what=_NO_TEST.fill(kind=kind))]
    else:
        findings = asyncio.run(_findings(test, given, session))
    _tell(session, name, findings)
    return FAILED if any(one.state == "failed" for one in findings) else OK


async def _findings(
    test: TestAccount, given: Mapping[str, JSON], session: Session
) -> list[Finding]:
    return await test(given, session.workspace)


def _test_of(kind: str) -> TestAccount | None:
    from rouage.catalog.discovery import discover  # loads every connector

    for connector in discover().connectors.values():
        if kind in connector.account_tests:
            return connector.account_tests[kind]
    return None


def _tell(session: Session, name: str, findings: list[Finding]) -> None:
    if session.is_json:
        rows = [
            {
                "state": one.state,
                "message": session.say(one.what),
                "hint": None if one.hint is None else session.say(one.hint),
            }
            for one in findings
        ]
        session.output.data({"account": name, "findings": rows})
        return
    for one in findings:
        session.output.line(f"{_MARKS[one.state]} {session.say(one.what)}")
        if one.hint is not None:
            session.output.line(session.say(_HINT, hint=session.say(one.hint)))
