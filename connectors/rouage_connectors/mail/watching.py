"""How a mailbox is watched: a line to the mailbox that is held, proved alive, and renewed.

A server may hang up, fall silent or stop telling of new mail. So the folder is selected and
looked through at every renewal, whatever was told; a line that is dead is noticed then at the
latest, and what is wrong is reported in words until it is over.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final, NoReturn

from rouage.sdk import Emit, Health, StepError, Text, TriggerContext
from rouage_connectors.mail.account import Account, read_account
from rouage_connectors.mail.arrivals import Arrivals
from rouage_connectors.mail.intake import Intake
from rouage_connectors.mail.probes import Probes, new_token
from rouage_connectors.mail.refusals import Trouble, explain
from rouage_connectors.mail.sending import send_probe
from rouage_connectors.mail.session import LINE_ERRORS, ImapRefusal, ImapSession, open_session

_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 300.0
_LOGIN_PAUSE: Final = 900.0
_LOOK_SECONDS: Final = 5.0
_BURST_SECONDS: Final = 5.0
_MOST_MISSES: Final = 2

_NEXT: Final = Text(
    "{what}; next try at {time}. {hint}", "{what} ; prochain essai à {time}. {hint}"
)
_DEAF: Final = Text(
    "the server does not tell of new mail as it should; Rouage looks every {seconds} s instead",
    "le serveur n’annonce pas les nouveaux mails comme il devrait ; Rouage regarde toutes les "
    "{seconds} s",
)


class Watch:
    """The line of one trigger to its mailbox; or of the one that *wants_answers* to letters."""

    def __init__(
        self, params: Arrivals, context: TriggerContext, *, wants_answers: bool = False
    ) -> None:
        self.params = params
        self.context = context
        self._probes = Probes()
        self._wants_answers = wants_answers
        self._intake: Intake | None = None
        self._account: Account | None = None
        self._failures = 0
        self._misses = 0

    async def listen(self, emit: Emit) -> None:
        """Emit until cancelled; whatever happens to the line, it is taken up again."""
        stored = await self.context.items.load()
        intake = self._intake = Intake(
            self.params,
            self.context,
            emit=emit,
            stored=stored,
            probes=self._probes,
            wants_answers=self._wants_answers,
        )
        while True:
            account, trouble = await self._hold(intake)
            await self._recover(trouble, account)

    async def _hold(self, intake: Intake) -> tuple[Account | None, Trouble]:
        """Hold the line until it breaks; return why it did, or why there is none."""
        try:
            account = self._account = self._find_account()
        except StepError as error:
            return None, _as_trouble(error)
        try:
            async with open_session(account) as session:
                await self._attend(session, account, intake)
        except StepError as error:
            return account, _as_trouble(error)
        except LINE_ERRORS as error:
            return account, explain(error, account, account.imap)

    def status(self) -> dict[str, Any]:
        """Return which mailbox is watched, and how many mails became events."""
        account, intake = self._account, self._intake
        return {
            "mailbox": None if account is None else account.address,
            "server": None if account is None else str(account.imap),
            "folder": self.params.folder,
            "mails": 0 if intake is None else intake.count,
        }

    async def probe(self) -> bool | None:
        """Send a mail to the mailbox itself, and return once it has come in (N-4)."""
        account = self._account
        if account is None or self.params.folder.upper() != "INBOX":
            return None  # only the inbox is where mail to oneself arrives
        token = new_token(account)
        async with asyncio.TaskGroup() as group:
            arrival = group.create_task(self._probes.arrival(token))
            await send_probe(account, token)
            await arrival
        return True

    def _find_account(self) -> Account:
        found = self.context.accounts.find("mail", self.params.account)
        return read_account(found, self.context.workspace)

    async def _attend(self, session: ImapSession, account: Account, intake: Intake) -> NoReturn:
        """Take what is new, and wait for more, until the line breaks."""
        was_told = is_burst = True
        while True:
            folder = await session.select(self.params.folder)
            found = await intake.catch_up(session, account, folder)
            self._failures = 0
            if found and not (was_told or is_burst):
                self._misses += 1
            is_burst = found > 0
            # Mails come in bursts, and the moment in which IDLE begins is one to miss them.
            was_told = await self._wait(session, _BURST_SECONDS if found else self.params.renew)

    async def _wait(self, session: ImapSession, seconds: float) -> bool:
        """Wait for news; return whether the next look is because of some, or routine."""
        is_deaf = self._misses >= _MOST_MISSES or self.context.is_cautious
        if "IDLE" in session.capabilities and not is_deaf:
            self.context.report("listening", None)
            try:
                return await session.wait_for_news(min(seconds, self.params.renew))
            except ImapRefusal:
                self._misses = _MOST_MISSES
                return True
        reason = _DEAF.fill(seconds=f"{self.params.poll:g}") if is_deaf else None
        self.context.report("polling", reason)
        await self.context.clock.sleep(self.params.poll)
        return True

    async def _recover(self, trouble: Trouble, account: Account | None) -> None:
        """Report *trouble*, and wait longer each time; what was mended is tried at once."""
        self._failures += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures - 1, 10))
        if trouble.kind == "login" and self._failures > 1:
            pause = _LOGIN_PAUSE  # a server may lock an account that fails too often
        clock = self.context.clock
        due = clock.now() + timedelta(seconds=pause)
        time = due.astimezone(self.context.timezone).strftime("%H:%M:%S")
        hint = trouble.hint or Text("", "")
        self.context.log.warning("%s", trouble.what.en)
        state: Health = "degraded" if trouble.is_passing else "error"
        self.context.report(state, _NEXT.fill(what=trouble.what, time=time, hint=hint))
        while pause > 0 and self._is_still(account):
            await clock.sleep(min(pause, _LOOK_SECONDS))
            pause -= _LOOK_SECONDS

    def _is_still(self, account: Account | None) -> bool:
        """Say whether the account is described as it was: if not, another try is worth it."""
        try:
            return self._find_account() == account
        except StepError:
            return account is None


def _as_trouble(error: StepError) -> Trouble:
    hint = error.hint
    if hint is not None:
        hint = Text(error.render_hint("en") or "", error.render_hint("fr") or "")
    return Trouble(kind="settings", what=Text(error.render("en"), error.render("fr")), hint=hint)
