"""From a folder of a mailbox to events: each new mail once, in order, safe before it is marked."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from email.message import Message
from typing import Final

from rouage.sdk import JSON, Emit, TriggerContext
from rouage.sdk.polling import deliver
from rouage_connectors.mail.account import Account
from rouage_connectors.mail.arrival import Arrival, Fetching
from rouage_connectors.mail.arrivals import Arrivals
from rouage_connectors.mail.automatic import kind_of
from rouage_connectors.mail.headers import ids_in, mailboxes, message_id_of, parse_header
from rouage_connectors.mail.marks import Mark, key_of, note_left, read_mark
from rouage_connectors.mail.probes import Probes
from rouage_connectors.mail.session import Folder, ImapRefusal, ImapSession
from rouage_connectors.mail.wanted import Refusal, refused_by_header, refused_by_kind

_STORE_EVERY: Final = 50
_MOST_TRIES: Final = 5
_SEEN_EVERY: Final = timedelta(days=1)
"""A quiet mailbox is noted as read this often: keys are known for a month (see `marks`)."""


class Intake:
    """The way of the mails of one folder; `count` says how many became events."""

    def __init__(
        self,
        params: Arrivals,
        context: TriggerContext,
        *,
        emit: Emit,
        stored: Mapping[bytes, JSON],
        probes: Probes,
        wants_answers: bool = False,
    ) -> None:
        self._params = params
        self._context = context
        self._emit = emit
        self._stored = dict(stored)
        self._probes = probes
        self._wants_answers = wants_answers
        self._fetching = Fetching(params, context)
        self._tries = (0, 0)
        self.count = 0

    async def catch_up(self, session: ImapSession, account: Account, folder: Folder) -> int:
        """Take every mail that is new in *folder*; return how many there were."""
        key = key_of(account, folder.name)
        mark = self._begin(key, folder)
        if mark.after is not None:
            await self._mark_done(session, mark.after)
        mark = replace(mark, after=None)
        await self._store(key, mark)
        uids = await session.uids_from(mark.uid + 1, since=mark.since)
        left: dict[bytes, JSON] = {}
        for number, uid in enumerate(uids, start=1):
            mark = replace(mark, uid=uid)
            mark, refused = await self._take(session, account, folder, key, mark)
            left |= refused
            if number % _STORE_EVERY == 0:
                await self._store(key, mark, left)
                left = {}
        if mark.since is not None:
            mark = replace(mark, uid=max(mark.uid, folder.uidnext - 1), since=None)
        now = self._context.clock.now()
        if uids or now - mark.seen > _SEEN_EVERY:
            mark = replace(mark, seen=now)
        await self._store(key, mark, left)
        return len(uids)

    def _begin(self, key: bytes, folder: Folder) -> Mark:
        """Return the mark from which to go on."""
        mark = read_mark(self._stored.get(key))
        if mark is None:
            skipped = folder.uidnext - 1 if self._params.existing == "skip" else 0
            now = self._context.clock.now()
            return Mark(uidvalidity=folder.uidvalidity, uid=skipped, seen=now)
        # A folder that was restored may lose numbers without beginning a new era.
        if mark.uidvalidity != folder.uidvalidity or folder.uidnext <= mark.uid:
            return mark.in_new_era(folder.uidvalidity)
        return mark

    async def _store(
        self, key: bytes, mark: Mark, left: Mapping[bytes, JSON] | None = None
    ) -> None:
        stored = mark.to_json()
        if left or self._stored.get(key) != stored:
            await self._context.items.put({**(left or {}), key: stored})
            self._stored[key] = stored

    async def _take(
        self, session: ImapSession, account: Account, folder: Folder, key: bytes, mark: Mark
    ) -> tuple[Mark, dict[bytes, JSON]]:
        """Make an event of the mail at the mark, or leave it alone and note why."""
        facts, raw = await session.facts(mark.uid), await session.header(mark.uid)
        if facts is None or raw is None:
            return mark, {}  # somebody removed it meanwhile
        header = parse_header(raw)
        # A probe is for the trigger that sent it, which removes it.
        if not self._wants_answers and self._probes.recognise(header, account):
            await session.remove(mark.uid)
            return mark, {}
        kind = kind_of(header, own_address=account.address)
        refusal = refused_by_header(self._params, header, is_seen=facts.is_seen)
        refusal = refusal or refused_by_kind(self._params, kind)
        if self._is_foreign(header):
            if self._wants_answers:
                return mark, {}  # nobody asked for it: there is nothing to tell
            refusal = Refusal("answer", "")
        if refusal is None:
            arrival = Arrival(
                account=account.account,
                folder=folder,
                facts=facts,
                raw=raw,
                header=header,
                kind=kind,
                only_header=self._tried(mark.uid) > _MOST_TRIES,
            )
            mark, refusal = await self._bring_in(session, arrival, key, mark)
        if refusal is None or self._wants_answers:
            return mark, {}
        return note_left(mark, message_id_of(header), refusal, self._context.clock.now())

    def _is_foreign(self, header: Message) -> bool:
        """Say whether this is a letter or an answer where events are wanted, or the reverse."""
        answered = [*ids_in(header, "In-Reply-To"), *ids_in(header, "References")]
        if self._wants_answers:
            return not self._context.is_asked(answered)
        own = message_id_of(header)
        return self._context.is_asked(answered if own is None else [own, *answered])

    def _tried(self, uid: int) -> int:
        """Count how often in a row the line was taken up for this mail: one must not block all."""
        last, tries = self._tries
        self._tries = (uid, tries + 1 if uid == last else 1)
        return self._tries[1]

    async def _bring_in(
        self, session: ImapSession, arrival: Arrival, key: bytes, mark: Mark
    ) -> tuple[Mark, Refusal | None]:
        received, is_used = self._context.received, False
        folder = await asyncio.to_thread(received.fresh_folder, arrival.key)
        try:
            mail = await self._fetching.bring_in(session, arrival, folder)
            if isinstance(mail, Refusal):
                return mark, mail
            is_used = await self._tell(arrival, mail, key, mark)
        finally:
            if not is_used:
                await asyncio.to_thread(received.discard, folder)
        await self._mark_done(session, mark.uid)
        return mark, None

    async def _tell(
        self, arrival: Arrival, mail: Mapping[str, JSON], key: bytes, mark: Mark
    ) -> bool:
        """Emit the mail, with the mark behind it; return whether its event is a new one."""
        is_marked = self._params.mark_seen or self._params.move_to is not None
        stored = replace(mark, after=mark.uid if is_marked else None).to_json()
        told = dict(mail)
        if self._wants_answers:
            told["envelope"] = _envelope_sender(arrival.header)
        data: JSON = {"mail": told}
        receipt = await deliver(
            self._context, self._emit, data, key=arrival.key, items={key: stored}
        )
        self._stored[key] = stored
        self.count += not receipt.is_duplicate
        return not receipt.is_duplicate

    async def _mark_done(self, session: ImapSession, uid: int) -> None:
        """Mark or move a mail whose event is on disk; a server that refuses stops nothing."""
        try:
            if self._params.mark_seen:
                await session.change_flags(uid, ["\\Seen"], add=True)
            if self._params.move_to is not None:
                await self._move(session, uid, self._params.move_to)
        except ImapRefusal as refusal:
            self._context.log.warning("a mail could not be marked or moved: %s", refusal)

    async def _move(self, session: ImapSession, uid: int, target: str) -> None:
        try:
            await session.move(uid, target)
        except ImapRefusal:
            await session.create(target)
            await session.move(uid, target)


def _envelope_sender(header: Message) -> str | None:
    """Return whom the sending server named, as ours wrote it down; None when it did not.

    A sender that is no address (programs send from nobody) is nobody we asked.
    """
    if header.get("Return-Path") is None:
        return None
    paths = mailboxes(header, "Return-Path")
    return paths[0][0] if paths else "<>"
