"""Find a mail of an event again in its mailbox, move and mark it.

Its number holds within one era of the folder; its Message-ID must be the same, or it is
another mail. Where the number says nothing any more, the Message-ID is searched for.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from rouage.sdk import JSON, Context, StepError, Text
from rouage.sdk.records import dataclass
from rouage_connectors.mail.account import Account, read_account
from rouage_connectors.mail.headers import message_id_of, parse_header
from rouage_connectors.mail.refusals import explain
from rouage_connectors.mail.session import LINE_ERRORS, ImapRefusal, ImapSession, open_session

_NOT_A_MAIL: Final = Text(
    "`mail` must be the mail of an event: ${{ event.mail }}",
    "`mail` doit être le mail d’un événement : ${{ event.mail }}",
)
_GONE: Final = Text(
    "the mail is no longer in the folder “{folder}”: somebody moved or deleted it",
    "le mail n’est plus dans le dossier « {folder} » : quelqu’un l’a déplacé ou supprimé",
)
_FLAGS: Final = {"seen": "\\Seen", "flagged": "\\Flagged", "answered": "\\Answered"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a mail was when its event came."""

    account: str
    folder: str
    uid: int
    uidvalidity: int
    message_id: str | None

    @classmethod
    def of(cls, mail: Any) -> "Place":
        """Return where the mail of an event was.

        Raises:
            StepError: it is not the mail of an event.
        """
        try:
            return cls(
                account=str(mail["account"]),
                folder=str(mail["folder"]),
                uid=int(mail["uid"]),
                uidvalidity=int(mail["uidvalidity"]),
                message_id=None if mail["message_id"] is None else str(mail["message_id"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StepError(_NOT_A_MAIL) from error

    def as_json(self) -> dict[str, JSON]:
        """Return the place as it can be read by `of` again."""
        return {
            "account": self.account,
            "folder": self.folder,
            "uid": self.uid,
            "uidvalidity": self.uidvalidity,
            "message_id": self.message_id,
        }


async def move(place: Place, target: str, context: Context) -> int | None:
    """Move the mail to *target*, unless it is there; return its number there, where known.

    Raises:
        StepError: it is in neither folder, or the server refuses.
    """
    async with _session_for(place, context) as session:
        uid = await _find(session, place, place.folder)
        if uid is not None and target != place.folder:
            return await _move(session, uid, target)
        if uid is None:
            uid = await _find_there(session, place, target)
        if uid is None:
            raise StepError(_GONE, folder=place.folder)
        return uid


async def move_back(place: Place, target: str, context: Context) -> None:
    """Move the mail from *target* back to where it was.

    Raises:
        StepError: it is no longer there.
    """
    async with _session_for(place, context) as session:
        uid = await _find_there(session, place, target)
        if uid is None:
            raise StepError(_GONE, folder=target)
        await session.move(uid, place.folder)


async def marks_of(place: Place, names: Sequence[str], context: Context) -> dict[str, bool]:
    """Return which of the marks *names* the mail has."""
    async with _session_for(place, context) as session:
        uid = await _find(session, place, place.folder)
        facts = None if uid is None else await session.facts(uid)
    flags = frozenset[str]() if facts is None else facts.flags
    return {name: _FLAGS[name].lower() in flags for name in names}


async def mark(place: Place, wanted: Mapping[str, bool], context: Context) -> None:
    """Give the mail the marks that are true in *wanted*, and take away those that are false.

    Raises:
        StepError: it is no longer where it was.
    """
    async with _session_for(place, context) as session:
        uid = await _find(session, place, place.folder)
        if uid is None:
            raise StepError(_GONE, folder=place.folder)
        for add in (True, False):
            flags = [_FLAGS[name] for name, value in wanted.items() if value is add]
            await session.change_flags(uid, flags, add=add)


@asynccontextmanager
async def _session_for(place: Place, context: Context) -> AsyncIterator[ImapSession]:
    account = read_account(context.accounts.find("mail", place.account), context.workspace)
    try:
        async with open_session(account) as session:
            yield session
    except LINE_ERRORS as error:
        raise _as_step_error(error, account) from error


def _as_step_error(error: BaseException, account: Account) -> StepError:
    return explain(error, account, account.imap).as_error()


async def _find(session: ImapSession, place: Place, folder: str) -> int | None:
    """Return the number of the mail in *folder*: its own, or that of its Message-ID."""
    selected = await session.select(folder)
    if folder == place.folder and selected.uidvalidity == place.uidvalidity:
        header = await session.header(place.uid)
        if header is not None and message_id_of(parse_header(header)) == place.message_id:
            return place.uid
    if place.message_id is None or not place.message_id.isascii():
        return None
    found = await session.find(f"<{place.message_id}>")
    return found[-1] if found else None


async def _move(session: ImapSession, uid: int, target: str) -> int | None:
    try:
        return await session.move(uid, target)
    except ImapRefusal:
        await session.create(target)
        return await session.move(uid, target)


async def _find_there(session: ImapSession, place: Place, target: str) -> int | None:
    try:
        return await _find(session, place, target)
    except ImapRefusal:
        return None  # there is no such folder
