"""An answer that came by a channel: whose it is, what it says, and what becomes of it (N-15).

It goes through the door of the page and the commands. Whatever is not sure decides nothing, and
whoever wrote it is told what was understood and what to write. A stranger is told nothing.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from rouage.durable.port import Reader
from rouage.flow.answers import AnswerError
from rouage.flow.gate.hold import MARK
from rouage.language import Language
from rouage.model.run import FINAL_STATES, WaitKind, WaitRecord
from rouage.records import dataclass
from rouage.sdk.channel import Channel, Said
from rouage.web.api import Api, Refused
from rouage.web.approvals import answer_payload, changed, open_question, submit
from rouage.web.letters import asked_of, not_taken_text, taken_text
from rouage.web.outbox import HELD, gone, submit_change
from rouage.web.questions import APPROVALS, fields_of
from rouage.web.reply_grammar import Reply, read_reply
from rouage.web.reply_tokens import Asked

ANSWERABLE: Final[frozenset[WaitKind]] = APPROVALS | HELD
"""What a mail can be the answer to: a question, or a call that waits in the outbox."""

_LOOKS: Final = 20
_LOOK_SECONDS: Final = 0.25


Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """An answer of a person who was asked, through *channel*."""

    said: Said
    asked: Asked
    channel: Channel
    kind: str

    @property
    def signal_id(self) -> str:
        """Return the id under which the journal takes it, once."""
        return f"{self.kind}:{hashlib.sha256(self.said.key.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What is told to whoever answered."""

    text: str
    is_taken: bool
    recipe: str = ""


class Judge:
    """Take answers in for the questions that wait."""

    def __init__(self, api: Api, language: Language, *, sleep: Sleep) -> None:
        self._api = api
        self._language: Language = language
        self._sleep = sleep

    @property
    def _reader(self) -> Reader:
        return self._api.control.reader

    async def judge(self, heard: Heard) -> Outcome:
        """Take the answer if it is surely one; say what came of it.

        Raises:
            JournalError: it could not be written; it has to come again.
        """
        asked = heard.asked
        wait = await self._wait_of(heard)
        known = await self._taken(heard, wait)
        if known is not None:
            return known
        try:
            if wait is None and asked.path.endswith(MARK):
                raise gone()
            if wait is None:
                wait = await open_question(self._reader, asked.run, asked.path, asked.person)
            return await self._submit(heard, wait)
        except Refused as refused:
            again = refused.status == 422 and wait is not None
            return self._refusal(refused, wait, fields=_fields(wait) if again else None)

    async def _submit(self, heard: Heard, wait: WaitRecord) -> Outcome:
        fields, ask, language = _fields(wait), asked_of(wait), self._language
        try:
            reply = read_reply(_without_name(heard.said), fields)
        except AnswerError as error:
            reason = error.render(language)
            text = not_taken_text(reason, ask, fields, language)
            return Outcome(text=text, is_taken=False, recipe=wait.recipe)
        choice = await self._hand_in(heard, wait, reply)
        taken = {"choice": choice, "fields": _with_proposed(fields, reply)}
        text = taken_text(ask, fields, taken, language)
        return Outcome(text=text, is_taken=True, recipe=wait.recipe)

    async def _hand_in(self, heard: Heard, wait: WaitRecord, reply: Reply) -> str:
        """Give the answer to whatever waits for it; return the choice as it is recorded there."""
        question = _question(wait)
        digest = str(question.get("digest", ""))
        # The letter names the beginning of the digest of what it showed.
        is_same = bool(digest) and digest.startswith(heard.asked.digest)
        author, signal_id = _author(question, heard), heard.signal_id
        if wait.kind == "hold":
            # A no holds back whatever was edited meanwhile; a yes is for what was shown.
            if reply.choice == "approve" and not is_same:
                raise changed()
            choice = "send" if reply.choice == "approve" else "cancel"
            change = {"choice": choice, "with": None, "reason": None}
            await submit_change(self._api, wait, change, author=author, signal_id=signal_id)
            return choice
        payload = answer_payload(
            reply.choice, fields=reply.fields, reason=None, shown=digest if is_same else "?"
        )
        await submit(self._api, wait, payload, author=author, signal_id=signal_id)
        return reply.choice

    async def _taken(self, heard: Heard, wait: WaitRecord | None) -> Outcome | None:
        """Return what was told of this same answer before: a crash makes it come twice."""
        for signal in await self._reader.list_signals(heard.asked.run):
            if signal.id == heard.signal_id and isinstance(signal.payload, Mapping):
                text = taken_text(asked_of(wait), _fields(wait), signal.payload, self._language)
                return Outcome(text=text, is_taken=True)
        return None

    async def _wait_of(self, heard: Heard) -> WaitRecord | None:
        """Return the question, which is not there for a moment while its run is looked at."""
        asked = heard.asked
        for _ in range(_LOOKS):
            waits = await self._reader.list_waits(kinds=ANSWERABLE, run_id=asked.run)
            for wait in waits:
                if (wait.run, wait.path) == (asked.run, asked.path):
                    return wait
            run = await self._reader.get_run(asked.run)
            if run is None or run.state in FINAL_STATES or run.state == "waiting":
                return None
            await self._sleep(_LOOK_SECONDS)
        return None

    def _refusal(
        self, refused: Refused, wait: WaitRecord | None, *, fields: Mapping[str, Any] | None
    ) -> Outcome:
        language = self._language
        reason = refused.message.render(language, refused.facts)
        text = not_taken_text(reason, asked_of(wait), fields, language)
        return Outcome(text=text, is_taken=False, recipe=wait.recipe if wait else "")


def _without_name(said: Said) -> str:
    """Return the text without a line that is only the name of whoever wrote it."""
    words = said.name.casefold().split()
    names = {" ".join(words), *words[:1]} - {""}
    first, *more = said.text.strip().split("\n") or [""]
    kept = [line for line in more if " ".join(line.casefold().split()).strip(" ,.") not in names]
    return "\n".join([first, *kept])


def _question(wait: WaitRecord) -> Mapping[str, Any]:
    return wait.question if isinstance(wait.question, Mapping) else {}


def _fields(wait: WaitRecord | None) -> Mapping[str, Any]:
    return {} if wait is None else fields_of(_question(wait))


def _author(question: Mapping[str, Any], heard: Heard) -> str:
    """Return the person as the question names them, else by their address."""
    for person in question.get("from") or ():
        address = heard.channel.reach(str(person))
        if address is not None and address.casefold() == heard.asked.person:
            return str(person)
    return heard.asked.person


def _with_proposed(fields: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    """Return every value that a yes stands for, so that it is seen."""
    if reply.choice != "approve":
        return {}
    return {name: reply.fields.get(name, one.get("value")) for name, one in fields.items()}
