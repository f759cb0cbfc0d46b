"""A copy of a sent mail in the folder of sent mails, as a mail program would leave one.

The mail is gone by then: whatever happens here neither fails its step nor sends it again.
"""

import asyncio
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Final

from rouage.sdk import Context, StepError
from rouage_connectors.mail.account import Account
from rouage_connectors.mail.session import LINE_ERRORS, ImapSession, open_session

_MOST_SECONDS: Final = 30.0
_KEPT: Final[list[object]] = ["kept"]
_MARK: Final = b"\\sent"
_USUAL: Final = (
    "sent", "sent items", "sent messages", "sent mail", "envoyés", "messages envoyés",
    "éléments envoyés", "envoyes", "gesendet", "gesendete elemente", "outbox",
)  # fmt: skip
"""What servers without marks (RFC 6154) call the folder, the most usual first."""


async def keep_copy(account: Account, mail: EmailMessage, data: bytes, context: Context) -> bool:
    """Put the sent *mail* into its folder once; return whether it is there."""
    if account.keep_copy is False:
        return False
    intents, key = context.files.intents, f"{context.idempotency_key}/copy"
    is_kept = False
    try:
        noted = await asyncio.to_thread(intents.find, key)
        if noted is not None:
            return noted == _KEPT
        # Noted before, not after: a copy that is missing is better than a run that hangs twice.
        await asyncio.to_thread(intents.note, key, ["trying"])
        async with asyncio.timeout(_MOST_SECONDS), open_session(account) as session:
            is_kept = await _append(session, account, str(mail["Message-ID"]), data)
        await asyncio.to_thread(intents.note, key, _KEPT if is_kept else ["left"])
    except (StepError, *LINE_ERRORS) as error:
        context.log.warning("no copy of the mail was kept in the mailbox: %s", error)
    return is_kept


async def _append(session: ImapSession, account: Account, message_id: str, data: bytes) -> bool:
    wanted = account.keep_copy if isinstance(account.keep_copy, str) else None
    folder = wanted or sent_folder(await session.folders())
    if folder is None:
        return False
    if wanted is not None:
        await session.create(wanted)
    await session.select(folder, readonly=True)
    # Some servers keep what they send by themselves.
    if not await session.find(message_id):
        await session.append(folder, data)
    return True


def sent_folder(folders: Mapping[str, frozenset[bytes]]) -> str | None:
    """Return which folder holds sent mails: the one marked so, else the one with a usual name."""
    for name, marks in folders.items():
        if _MARK in marks:
            return name
    names = {_last(name): name for name in sorted(folders, key=len, reverse=True)}
    return next((names[usual] for usual in _USUAL if usual in names), None)


def _last(name: str) -> str:
    """Return the last part of the name of a folder, whatever separates the parts."""
    return name.casefold().replace(".", "/").rpartition("/")[2]
