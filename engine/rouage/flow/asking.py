"""One question on its way to an answer: who is told, reminders, a deadline, a deputy (R9)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from rouage.durable.port import Attempt, StepSpec, WaitSpec, WaitTimeout
from rouage.flow.answers import AnswerError, check_answer
from rouage.flow.journey import Journey
from rouage.flow.shown import check_unchanged
from rouage.flow.terms import Term, after, periods
from rouage.model.run import SignalRecord
from rouage.sdk.json import JSON

_Due = Literal["reminder", "deadline"]


class Asking:
    """A question that is asked at *path*. `outcome` parks the run until it is decided.

    *given* says what becomes of it without an answer: the parameters of `approve`.
    """

    def __init__(self, journey: Journey, given: Any, path: str, question: dict[str, Any]) -> None:
        self._journey = journey
        self._path = path
        self._given: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        self.question = question
        self._asked = journey.context.now(f"{path}:asked")
        self._timeout: Term | None = self._given.get("timeout")
        self._remind: Term | None = self._given.get("remind")
        self._has_deputy = self._given.get("on_timeout") == "escalate" and bool(question["then"])

    async def outcome(self) -> dict[str, JSON]:
        """Return what came of it.

        Raises:
            RunParked: nothing yet.
            ChangedAfterApproval: they said yes to a file that has changed since.
        """
        await self._tell("approval_waiting", "told")
        seen = 0
        while True:
            look, due = self._next_look()
            try:
                signals = await self._journey.context.wait_signal(
                    self._path, self._spec(), deadline=look, after=seen
                )
            except WaitTimeout:
                if due == "reminder":
                    await self._tell("approval_reminder", f"reminder.{self._periods()}")
                elif self._has_deputy and not self._is_escalated():
                    await self._tell("approval_escalated", "escalated")
                    # What was too late or from the wrong person a moment ago may count now.
                    seen = 0
                else:
                    return self._late()
                continue
            seen = len(signals)
            decided = await self._judge(signals)
            if decided is not None:
                return decided

    def _spec(self) -> WaitSpec:
        deadline = self._deadline()
        question = {
            **self.question,
            "from": self._people(),
            "timeout_at": None if deadline is None else deadline.isoformat(),
        }
        return WaitSpec(kind="approval", name=self._path, action="approve", question=question)

    def _people(self) -> list[str]:
        people = list(self.question["from"])
        return [*people, *self.question["then"]] if people and self._is_escalated() else people

    def _is_escalated(self) -> bool:
        return self._journey.context.recorded(f"{self._path}:escalated") is not None

    def _deadline(self) -> datetime | None:
        """Return when the time of those who are asked now is over; a deputy has as long."""
        if self._timeout is None:
            return None
        told = self._journey.context.recorded(f"{self._path}:escalated")
        since = self._asked if told is None or told.ended is None else told.ended
        return after(self._journey, since, self._timeout)

    def _periods(self) -> int:
        """Return how many times the pause between reminders has passed."""
        assert self._remind is not None  # noqa: S101 - asked for reminders only
        now = self._journey.services.clock.now()
        return periods(self._journey, self._asked, self._remind, now)

    def _next_look(self) -> tuple[datetime | None, _Due]:
        """Return when to look again without an answer, and what is due then.

        After a downtime there is one reminder, however many were missed, and none when the
        time is up anyway.
        """
        deadline, reminder = self._deadline(), self._next_reminder()
        now = self._journey.services.clock.now()
        if reminder is None or (deadline is not None and deadline <= max(reminder, now)):
            return deadline, "deadline"
        return reminder, "reminder"

    def _next_reminder(self) -> datetime | None:
        if self._remind is None:
            return None
        number = self._periods()
        known = self._journey.context.recorded(f"{self._path}:reminder.{number}")
        if number == 0 or known is not None:
            number += 1
        return after(self._journey, self._asked, self._remind, number)

    def _late(self) -> dict[str, JSON]:
        wanted = str(self._given.get("on_timeout", "refuse"))
        # `seconds` for recipes that read it; working days are no fixed number of them.
        term: JSON = self._timeout
        name = "within" if isinstance(term, str) else "seconds"
        return {"approved": False, "late": wanted, name: term, "by": None}

    async def _tell(self, kind: str, mark: str) -> None:
        """Tell people, once: what tells them is recorded."""
        facts: dict[str, JSON] = {
            "run": self._journey.context.run_id,
            "recipe": self._journey.plan.recipe.id,
            "path": self._path,
            "ask": self.question["ask"],
            "people": self.question["then" if kind == "approval_escalated" else "from"],
            "via": self.question["via"],
        }

        async def tell(_: Attempt) -> JSON:
            if facts["via"]:
                await self._journey.services.write({**facts, "kind": kind, "mark": mark})
            self._journey.services.notify(kind, facts)
            return True

        spec = StepSpec(action="approve", effect="outward", idempotent="yes")
        await self._journey.context.step(f"{self._path}:{mark}", spec, tell)

    async def _judge(self, signals: tuple[SignalRecord, ...]) -> dict[str, JSON] | None:
        """Return the decision that the answers make, or None while it needs more."""
        yes: dict[str, tuple[SignalRecord, dict[str, JSON]]] = {}
        question, deadline = {**self.question, "from": self._people()}, self._deadline()
        for signal in signals:
            if deadline is not None and signal.received >= deadline:
                continue
            try:
                answer = check_answer(question, signal.payload, signal.author)
            except AnswerError:
                continue
            if answer["choice"] == "refuse":
                return {
                    "approved": False,
                    "by": signal.author,
                    "at": signal.received.isoformat(),
                    "reason": answer["reason"],
                }
            yes.setdefault(signal.author, (signal, answer))
            if len(yes) >= int(self.question["need"]):
                return await self._approved(signal, answer, list(yes))
        return None

    async def _approved(
        self, signal: SignalRecord, answer: dict[str, JSON], people: list[str]
    ) -> dict[str, JSON]:
        files: dict[str, JSON] = {
            item["path"]: item["sha256"] for item in self.question["show"] if "path" in item
        }
        for path, digest in files.items():
            await check_unchanged(self._journey, path, str(digest))
        return {
            "approved": True,
            "by": ", ".join(people),
            "at": signal.received.isoformat(),
            "fields": answer["fields"],
            "files": files,
        }
