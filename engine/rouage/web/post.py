"""Questions that travel: letters sent by the channels of connectors, and the answers heard (N-15).

A question with `via: mail` is noted when it is asked, in the step that tells of it; its letter
leaves once the mailbox for the answers is watched, is repeated under the same id after a crash,
and never leaves when the question is over.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from rouage.durable.port import Engine
from rouage.errors import RetryableError, StepError
from rouage.flow.notices import Notices
from rouage.flow.services import Services
from rouage.language import Text
from rouage.model.run import FINAL_STATES, WaitRecord
from rouage.sdk.channel import Channel, Enclosure, Letter, Said
from rouage.sdk.json import JSON
from rouage.sdk.trigger import Hooks
from rouage.web.api import Api
from rouage.web.errands import OWNER, Errand, Way, read_errand
from rouage.web.hearing import Active, Ears, context_for
from rouage.web.letters import asked_of, question_text, subject_of
from rouage.web.questions import ShownFile, shown_files
from rouage.web.replies import ANSWERABLE, Heard, Judge
from rouage.web.reply_tokens import Asked, ReplyTokens

logger = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 5.0
_SOON_SECONDS: Final = 0.25
"""A question is on record a moment after its letter is noted."""
_SEND_SECONDS: Final = 300.0
_FIRST_PAUSE: Final = timedelta(seconds=10)
_LONGEST_PAUSE: Final = timedelta(minutes=30)
_NOT_YET: Final = timedelta(minutes=10)
"""So long after a start, a question may not be on record yet."""
_EARLY: Final = timedelta(seconds=10)
_TIDY_EVERY: Final = timedelta(hours=1)
_LIFE: Final = timedelta(days=400)
"""How long a letter can be answered at all; whether in time is for the question to say."""
_MOST_REPLIES: Final = 10
"""So many mails about one question are answered, or two programs would write for ever."""
_MOST_ENCLOSED: Final = 10 << 20

_NOBODY: Final = Text(
    "the run {run} asks “{ask}” via {way}, and names nobody who can be reached by it: "
    "write addresses in `from`",
    "l’exécution {run} demande « {ask} » par {way}, sans personne que l’on puisse joindre ainsi : "
    "mettez des adresses dans `from`",
)
_NO_WAY: Final = Text(
    "`ask_via: {way}` in rouage.yaml is no way to ask people; known: {known}",
    "`ask_via: {way}` dans rouage.yaml n’est pas un moyen de poser une question ; connus : {known}",
)
_NOT_SENT: Final = Text(
    "a question could not be sent via {way}: {reason}; it is tried again",
    "une question n’a pas pu partir par {way} : {reason} ; un autre essai suivra",
)
_STRANGER: Final = Text(
    "{sender} answered a question of the run {run} that was asked to somebody else: "
    "nothing was decided",
    "{sender} a répondu à une question de l’exécution {run} posée à quelqu’un d’autre : "
    "rien n’a été décidé",
)
_SILENT: Final = Text("the server does not answer", "le serveur ne répond pas")


class Post:
    """The letters of a workspace, and the ears for what is answered."""

    def __init__(
        self,
        *,
        engine: Engine,
        services: Services,
        active: Active,
        api: Api,
        tokens: ReplyTokens,
        hooks: Hooks,
        notices: Notices,
    ) -> None:
        self._engine = engine
        self._services = services
        self._tokens = tokens
        self._notices = notices
        self._api = api
        self._judge = Judge(api, services.language, sleep=services.clock.sleep)
        self._channels: Mapping[str, Channel] = services.catalog.channels
        self._errands: dict[str, Errand] = {}
        self._pauses: dict[str, tuple[datetime, timedelta]] = {}
        self._asked = asyncio.Event()
        self._is_early = False
        self._ears = Ears(
            engine=engine,
            services=services,
            active=active,
            hooks=hooks,
            notices=notices,
            is_asked=tokens.is_ours,
            take=self._take,
            wake=self._asked.set,
        )
        self._since = self._tidied = services.clock.now()

    async def load(self) -> None:
        """Go on from what the journal holds."""
        for way in self._services.ask_via:
            if Way.read(way).kind not in self._channels:
                said = _NO_WAY.fill(way=way, known=", ".join(sorted(self._channels)))
                self._notices.raise_(f"ask_via:{way}", "nobody_asked", said)
        for stored in (await self._engine.load_items(OWNER)).values():
            errand = read_errand(stored)
            if errand is not None:
                self._errands[errand.key] = errand

    def is_asked(self, ids: Iterable[str]) -> bool:
        """Say whether one of these ids is that of a letter of ours."""
        return self._tokens.is_ours(ids)

    async def write(self, facts: Mapping[str, JSON]) -> None:
        """Note letters to the people that *facts* of a question name; on disk when it returns."""
        told: Any = facts
        new: dict[str, Errand] = {}
        for way in map(Way.read, told["via"]):
            for address in self._addresses(way, told):
                errand = self._errand(told, to=address, via=str(way))
                new[errand.key] = errand
        await self._note({key: one for key, one in new.items() if key not in self._errands})

    def _addresses(self, way: Way, facts: Mapping[str, Any]) -> list[str]:
        """Return whom a question reaches by *way*; an empty address is that of the account."""
        channel = self._channels.get(way.kind)
        if channel is None:
            return []  # a word for recipes that listen for questions
        if not facts["people"]:
            return [""]
        found = [channel.reach(str(person)) for person in facts["people"]]
        reached = [address for address in found if address is not None]
        if not reached:
            recipe = facts["recipe"]
            said = _NOBODY.fill(run=facts["run"], ask=facts["ask"], way=way)
            self._notices.raise_(f"letters:{recipe}", "nobody_asked", said, recipe=recipe)
        return reached

    async def work(self) -> None:
        """Send what is to be sent, and hear what is answered, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._ears.begin()
            while True:
                self._asked.clear()
                self._is_early = False
                self._ears.attend(tasks, {one.way for one in self._errands.values()})
                await self._send_all()
                await self._tidy()
                with contextlib.suppress(TimeoutError):
                    pause = _SOON_SECONDS if self._is_early else _LOOK_SECONDS
                    async with asyncio.timeout(pause):
                        await self._asked.wait()

    def _errand(self, facts: Mapping[str, Any], *, to: str, via: str) -> Errand:
        return Errand(
            to=to,
            via=via,
            run=facts["run"],
            path=facts["path"],
            recipe=facts["recipe"],
            kind=facts["kind"],
            mark=facts["mark"],
            at=self._services.clock.now().isoformat(),
        )

    async def _note(self, errands: Mapping[str, Errand | None]) -> None:
        """Write *errands* down (None: forget it), then remember them."""
        if not errands:
            return
        rows = {
            hashlib.sha256(key.encode()).digest(): None if one is None else one.as_json()
            for key, one in errands.items()
        }
        await self._engine.put_items(OWNER, rows)
        for key, one in errands.items():
            if one is None:
                self._errands.pop(key, None)
                self._pauses.pop(key, None)
            else:
                self._errands[key] = one
        self._asked.set()

    # -- letters -----------------------------------------------------------------------------

    async def _send_all(self) -> None:
        now = self._services.clock.now()
        for key, errand in list(self._errands.items()):
            due, pause = self._pauses.get(key, (now, _FIRST_PAUSE))
            if errand.sent is not None or due > now or not self._ears.hears(errand.way):
                continue
            try:
                await self._send(errand)
            except StepError as error:
                later = min(pause * 2, _LONGEST_PAUSE)
                self._pauses[key] = (self._services.clock.now() + pause, later)
                reason = Text(error.render("en"), error.render("fr"))
                said = _NOT_SENT.fill(way=errand.way, reason=reason)
                self._notices.raise_(f"sending:{errand.way}", "letter_not_sent", said)

    async def _send(self, errand: Errand) -> None:
        channel, account = self._channels[errand.way.kind], errand.way.account
        context = context_for(self._services, run=errand.run, recipe=errand.recipe, key=errand.key)
        own = channel.own_address(account, context)
        letter = await self._letter(errand, own)
        if letter is None:
            return
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await channel.send(letter, account, context)
        except TimeoutError as error:
            raise RetryableError(_SILENT) from error
        sent = replace(errand, sent=self._services.clock.now().isoformat(), text=None)
        await self._note({errand.key: sent})
        self._notices.solve(f"sending:{errand.way}")

    async def _letter(self, errand: Errand, own: str) -> Letter | None:
        """Return the letter; None when there is nothing to ask any more, or not yet."""
        if errand.text is not None:
            text, subject, digest = errand.text, errand.subject, errand.digest
            enclosures: tuple[Enclosure, ...] = ()
        else:
            wait = await self._wait_of(errand)
            if wait is None:
                return None
            question: Any = wait.question
            subject = subject_of(errand.kind, asked_of(wait), self._services.language)
            digest = str(question.get("digest", ""))
            states, enclosures = await self._proof(shown_files(question))
            zone, language = self._api.control.zone, self._services.language
            text = question_text(wait, errand.kind, states, zone, language)
        person = errand.to or own
        asked = Asked(
            run=errand.run,
            path=errand.path,
            digest=digest,
            person=person,
            expires=errand.since + _LIFE,
            letter=errand.mark,
        )
        domain = own.rpartition("@")[2] or "localhost"
        return Letter(
            to=person,
            id=self._tokens.message_id(asked, domain),
            subject=subject,
            text=text,
            answers=errand.answers,
            enclosures=enclosures,
        )

    async def _wait_of(self, errand: Errand) -> WaitRecord | None:
        """Return the question; an errand whose question is over is forgotten."""
        waits = await self._engine.list_waits(kinds=ANSWERABLE, run_id=errand.run)
        found = [one for one in waits if (one.run, one.path) == (errand.run, errand.path)]
        if found:
            return found[0]
        run = await self._engine.get_run(errand.run)
        age = self._services.clock.now() - max(errand.since, self._since)
        self._is_early |= age < _EARLY
        if run is None or run.state in FINAL_STATES or age >= _NOT_YET:
            await self._note({errand.key: None})
            self._notices.solve(f"sending:{errand.way}")
        return None

    async def _proof(
        self, files: tuple[ShownFile, ...]
    ) -> tuple[dict[ShownFile, str], tuple[Enclosure, ...]]:
        """Return what becomes of each shown file, and those that go along, unchanged."""
        states: dict[ShownFile, str] = {}
        enclosed: list[Enclosure] = []
        room = _MOST_ENCLOSED
        for file in files:
            if file.size > room:
                states[file] = "large"
                continue
            try:
                data = await self._api.control.read_shown(file.path)
            except StepError:
                states[file] = "changed"
                continue
            is_same = hashlib.sha256(data).hexdigest() == file.sha256
            states[file] = "attached" if is_same else "changed"
            if is_same:
                room -= len(data)
                enclosed.append(Enclosure(name=file.name, data=data))
        return states, tuple(enclosed)

    async def _tidy(self) -> None:
        """Forget the letters whose run is over."""
        now = self._services.clock.now()
        if now - self._tidied < _TIDY_EVERY:
            return
        self._tidied = now
        for run_id in {one.run for one in self._errands.values()}:
            run = await self._engine.get_run(run_id)
            if run is None or run.state in FINAL_STATES:
                over = [k for k, one in self._errands.items() if _is_over(one, run_id)]
                await self._note(dict.fromkeys(over))

    # -- answers -----------------------------------------------------------------------------

    async def _take(self, way: Way, said: Said) -> None:
        """Have an answer judged, and say what came of it."""
        now = self._services.clock.now()
        found = [self._tokens.read(said.letters, sender=one, now=now) for one in said.senders]
        asked = found[0] if found and None not in found else None
        if asked is None:
            self._tell_of_stranger(said)
            return
        channel = self._channels[way.kind]
        heard = Heard(said=said, asked=asked, channel=channel, kind=way.kind)
        outcome = await self._judge.judge(heard)
        logger.info("an answer via %s to the run %s: %s", way, asked.run, outcome.is_taken)
        if self._replies_to(asked, way) >= _MOST_REPLIES:
            return
        mark = "re." + heard.signal_id.rpartition(":")[2][:12]
        reply = Errand(
            to=said.senders[0],
            via=str(way),
            run=asked.run,
            path=asked.path,
            recipe=outcome.recipe,
            kind="reply",
            digest=asked.digest,
            mark=mark,
            at=now.isoformat(),
            answers=said.id or "unknown@localhost",
            subject=said.subject,
            text=outcome.text,
        )
        if reply.key not in self._errands:
            await self._note({reply.key: reply})

    def _replies_to(self, asked: Asked, way: Way) -> int:
        return sum(
            one.answers is not None
            and (one.run, one.path, one.via) == (asked.run, asked.path, str(way))
            and one.to.casefold() == asked.person
            for one in self._errands.values()
        )

    def _tell_of_stranger(self, said: Said) -> None:
        """Tell the owner; whoever wrote it is told nothing."""
        run = next((one for one in map(self._tokens.run_of, said.letters) if one), "?")
        sender = " / ".join(dict.fromkeys(said.senders))[:200] or "?"
        text = _STRANGER.fill(sender=sender, run=run)
        self._notices.raise_(f"stranger:{run}", "answer_refused", text)


def _is_over(errand: Errand, run_id: str) -> bool:
    is_told = errand.sent is not None or errand.text is None
    return errand.run == run_id and is_told
