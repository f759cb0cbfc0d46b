"""`rouage account test`: try the way in and the way out of a mailbox, and say what is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rouage.sdk import JSON, Finding, StepError, Text
from rouage_connectors.mail.declaration import connector

if TYPE_CHECKING:
    from rouage_connectors.mail.account import Account

_MOST_FOLDERS: Final = 40

_IN: Final = Text(
    "{server} lets us in; the mailbox holds the folders {folders}",
    "{server} nous laisse entrer ; la boîte contient les dossiers {folders}",
)
_TOLD: Final = Text(
    "the server tells of new mail at once", "le serveur annonce les nouveaux mails aussitôt"
)
_NOT_TOLD: Final = Text(
    "the server does not tell of new mail by itself: Rouage looks every 2 minutes (`poll`)",
    "le serveur n’annonce pas les nouveaux mails : Rouage regarde toutes les 2 minutes (`poll`)",
)
_OUT: Final = Text(
    "{server} accepts to send for {address}", "{server} accepte d’envoyer pour {address}"
)


@connector.account_test("mail")
async def try_account(given: Mapping[str, JSON], workspace: Path) -> list[Finding]:
    """Log in to both servers of an account, read the list of folders, and leave again."""
    from rouage_connectors.mail.account import read_account

    try:
        account = read_account(given, workspace)
    except StepError as error:
        return [_failed(error)]
    return [*await _way_in(account), await _way_out(account)]


async def _way_in(account: "Account") -> list[Finding]:
    from rouage_connectors.mail.refusals import explain
    from rouage_connectors.mail.session import LINE_ERRORS, open_session

    try:
        async with open_session(account) as session:
            names = await session.folders()
            can_tell = "IDLE" in session.capabilities
    except LINE_ERRORS as error:
        trouble = explain(error, account, account.imap)
        return [Finding(state="failed", what=trouble.what, hint=trouble.hint)]
    folders = ", ".join([*names][:_MOST_FOLDERS])
    return [
        Finding(state="ok", what=_IN.fill(server=account.imap, folders=folders)),
        Finding(state="ok", what=_TOLD) if can_tell else Finding(state="warning", what=_NOT_TOLD),
    ]


async def _way_out(account: "Account") -> Finding:
    from rouage_connectors.mail.sending import try_login

    try:
        await try_login(account)
    except StepError as error:
        return _failed(error)
    return Finding(state="ok", what=_OUT.fill(server=account.smtp, address=account.address))


def _failed(error: StepError) -> Finding:
    what = Text(error.render("en"), error.render("fr"))
    hint = error.hint
    if hint is not None:
        hint = Text(error.render_hint("en") or "", error.render_hint("fr") or "")
    return Finding(state="failed", what=what, hint=hint)
