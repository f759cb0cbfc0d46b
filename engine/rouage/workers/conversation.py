"""What the daemon and a worker say to each other during one call."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from rouage.errors import StepError
from rouage.sdk.context import Context
from rouage.workers import texts
from rouage.workers.calls import Call
from rouage.workers.facts import error_facts, facts_of
from rouage.workers.process import WorkerLost, WorkerProcess

_MOST_WROTE: Final = 20_000
_MOST_QUESTIONS: Final = 100_000
_LEVELS: Final = frozenset(
    {logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL}
)


class Conversation:
    """One call: the task goes out, then questions and log lines come in, then the outcome.

    The worker may be in the hands of somebody hostile: each kind of message is counted, and
    an action may touch only the notes of its own key.
    """

    def __init__(self, worker: WorkerProcess, call: Call, context: Context) -> None:
        self._worker = worker
        self._call = call
        self._context = context
        self._lines = call.limits.log_lines
        self._bytes = 2 * call.limits.log_bytes
        self._wrote = _MOST_WROTE
        self._questions = _MOST_QUESTIONS

    async def hold(self) -> dict[str, Any]:
        """Return the message that ends the call.

        Raises:
            WorkerLost: the process ended, or said what it must not.
        """
        call, limits = self._call, self._call.limits
        self._worker.begin(most_bytes=limits.result_bytes)
        self._worker.tell(
            {
                "action": call.action,
                "part": call.part,
                "given": call.given,
                "facts": facts_of(self._context),
                "limits": {
                    "processor_seconds": limits.processor_seconds,
                    "result_bytes": limits.result_bytes,
                    "log_lines": limits.log_lines,
                    "log_bytes": limits.log_bytes,
                },
            }
        )
        while True:
            message = await self._worker.next()
            if "ask" in message:
                self._worker.tell(await self._answer(message))
            elif "log" in message:
                self._log(message["log"])
            elif "wrote" in message:
                self._note_written(message["wrote"])
            else:
                self._tell_dropped(message.get("dropped"))
                return message

    def _log(self, line: Any) -> None:
        try:
            level, text = line
            self._lines, self._bytes = self._lines - 1, self._bytes - len(text)
        except (TypeError, ValueError):
            raise WorkerLost(None, "gibberish") from None
        if self._lines < 0 or self._bytes < 0:
            raise WorkerLost(None, "talk")
        known = level if level in _LEVELS else logging.INFO
        self._context.log.log(known, "%s", text, extra=self._fields())

    def _tell_dropped(self, count: Any) -> None:
        if isinstance(count, int) and count > 0:
            said = texts.DROPPED.render("en", {"count": count, "action": self._call.action})
            self._context.log.warning("%s", said, extra=self._fields())

    def _fields(self) -> dict[str, str]:
        context = self._context
        return {"run": context.run_id, "recipe": context.recipe_id, "step": context.step}

    def _note_written(self, path: Any) -> None:
        self._wrote -= 1
        if not isinstance(path, str) or self._wrote < 0:
            raise WorkerLost(None, "gibberish")
        self._context.wrote(path)

    async def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        self._questions -= 1
        if self._questions < 0:
            raise WorkerLost(None, "talk")
        try:
            return {"answer": await self._find_out(message["ask"], message["with"])}
        except StepError as error:
            return {"error": error_facts(error)}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise WorkerLost(None, "gibberish") from None

    async def _find_out(self, question: str, facts: Mapping[str, Any]) -> Any:
        files = self._context.files
        if question == "scratch":
            return str(self._context.scratch())
        if question == "find":
            return await asyncio.to_thread(files.intents.find, self._own(facts["key"]))
        if question == "note":
            notes = [(self._own(key), intent) for key, intent in facts["notes"]]
            return await asyncio.to_thread(files.intents.note_all, notes)
        if question == "append":
            data = str(facts["data"]).encode("latin-1")
            return await files.append(str(facts["path"]), data, key=self._own(facts["key"]))
        if question == "account":
            name = facts["name"]
            return self._account(str(facts["kind"]), None if name is None else str(name))
        raise ValueError(question)

    def _account(self, kind: str, name: str | None) -> Mapping[str, Any]:
        """Return an account; an installed package learns those of its own type alone."""
        if self._call.is_foreign and kind != self._call.action.partition(".")[0]:
            raise StepError(texts.NOT_YOUR_ACCOUNT, action=self._call.action, kind=kind)
        return self._context.accounts.find(kind, name)

    def _own(self, key: Any) -> str:
        """Return *key* if it belongs to this step."""
        mine = self._context.idempotency_key
        if isinstance(key, str) and (key == mine or key.startswith(f"{mine}/")):
            return key
        raise StepError(texts.NOT_YOURS)
