"""The worker processes of a daemon: started when first needed, bounded, replaced, dismissed."""

import asyncio
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from rouage.errors import OutcomeUnknown, RetryableError, StepError, StepTimeout
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.context import Context
from rouage.sdk.json import JSON
from rouage.sdk.limits import Limits
from rouage.workers import texts
from rouage.workers.calls import Call
from rouage.workers.conversation import Conversation
from rouage.workers.facts import error_of
from rouage.workers.process import WorkerLost, WorkerProcess
from rouage.workers.turns import Turns

logger = logging.getLogger(__name__)

FEWEST: Final = 4
IDLE_SECONDS: Final = 60.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 30.0
_STUMBLES_BEFORE_REST: Final = 5
_REMEMBERED: Final = 1_000
_START_AGAIN_SECONDS: Final = 5.0
_END_SECONDS: Final = 5.0


@dataclass(slots=True)
class _Trouble:
    """How often in a row a worker had to be ended, and until when none is started again."""

    count: int = 0
    until: float = 0.0


class Workers:
    """At most *places* processes; each belongs to one connector at a time.

    A recipe may hold half of them, foreign connectors all but one: whatever hangs, a place
    is left for the others. After *idle_seconds* without work a process is dismissed.
    """

    def __init__(
        self,
        *,
        places: int | None = None,
        idle_seconds: float = IDLE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        places = places or max(FEWEST, os.cpu_count() or 1)
        self._turns = Turns(places, per_group=max(1, places // 2), strangers=max(1, places - 1))
        self._places = places
        self._idle_seconds = idle_seconds
        self._monotonic = monotonic
        self._idle: list[tuple[WorkerProcess, asyncio.TimerHandle]] = []
        self._busy: set[WorkerProcess] = set()
        self._ending: list[WorkerProcess] = []
        self._troubles: OrderedDict[tuple[str, str], _Trouble] = OrderedDict()
        self._is_closed = False

    async def run(self, call: Call, context: Context) -> JSON:
        """Make *call* in a process of its connector, and return its result.

        Raises:
            RetryableError: no process can be had now; the action was not called.
            StepTimeout: it took too long, by the clock or of the processor.
            OutcomeUnknown: it crashed, or was ended at another of its limits.
            StepError: the action failed, or gave back what cannot be recorded.
        """
        self._refuse_if_resting(call, context)
        async with self._turns.turn(context.recipe_id, is_stranger=call.is_foreign):
            worker = await self._hire(call, context)
            if self._is_closed:  # meanwhile: nobody would end it
                self._end(worker)
                raise RetryableError(texts.CLOSING)
            self._busy.add(worker)
            try:
                return await self._converse(worker, call, context)
            finally:
                self._busy.discard(worker)

    def status(self) -> dict[str, JSON]:
        """Return how many processes work, are idle, and how many calls wait."""
        return {
            "busy": len(self._busy),
            "idle": len(self._idle),
            "waiting": self._turns.waiting,
            "places": self._places,
        }

    async def close(self) -> None:
        """End every process; calls that are under way end too."""
        self._is_closed = True
        for worker, timer in self._idle:
            timer.cancel()
            self._end(worker)
        self._idle.clear()
        for worker in self._busy:
            worker.lose("closing")
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                for worker in (*self._ending, *self._busy):
                    await worker.wait_exited()

    # -- one call ----------------------------------------------------------------------------

    async def _converse(self, worker: WorkerProcess, call: Call, context: Context) -> JSON:
        key, seconds = (context.recipe_id, call.action), call.limits.seconds
        try:
            async with asyncio.timeout(seconds):
                outcome = await Conversation(worker, call, context).hold()
        except TimeoutError as error:
            self._dismiss(worker, key)
            raise StepTimeout(
                texts.OUT_OF_TIME, action=call.action, seconds=f"{seconds:g}"
            ) from error
        except WorkerLost as lost:
            self._dismiss(worker, key)
            self._log_output(worker, call, context)
            raise _explained(lost, call) from None
        except BaseException:  # cancelled: nobody can tell the process to stop but the system
            self._dismiss(worker, key)
            raise
        return self._settle(worker, call, context, outcome)

    def _settle(
        self, worker: WorkerProcess, call: Call, context: Context, outcome: Mapping[str, Any]
    ) -> JSON:
        """Return the result of a call that came to its end, and keep the process if it is fit."""
        self._log_output(worker, call, context)
        if outcome.get("stopped") == "memory":
            self._dismiss(worker, (context.recipe_id, call.action))
            raise _explained(WorkerLost(None, "memory"), call)
        self._troubles.pop((context.recipe_id, call.action), None)
        if call.is_foreign and worker.has_children():
            logger.warning("%s left processes behind: they were ended", call.action)
            self._end(worker)
        self._keep(worker)
        if outcome.get("stopped") == "result":
            raise _explained(WorkerLost(None, "result"), call)
        if "error" in outcome:
            if outcome.get("trace"):
                logger.error("unexpected failure in %s:\n%s", call.action, outcome["trace"])
            raise error_of(outcome["error"])
        result: JSON = outcome.get("result")
        return result

    def _log_output(self, worker: WorkerProcess, call: Call, context: Context) -> None:
        """Write what the action printed into the log, where its author will look."""
        if not worker.output:
            return
        text = worker.output.decode("utf-8", errors="replace").rstrip()
        worker.output.clear()
        fields = {"run": context.run_id, "recipe": context.recipe_id, "step": context.step}
        context.log.info("%s printed: %s", call.action, text, extra=fields)

    # -- processes ---------------------------------------------------------------------------

    async def _hire(self, call: Call, context: Context) -> WorkerProcess:
        """Return an idle process of the connector, or a new one."""
        for entry in self._idle:
            worker, timer = entry
            if worker.target == call.target and worker.memory_bytes == call.limits.memory_bytes:
                timer.cancel()
                self._idle.remove(entry)
                if worker.is_usable:
                    return worker
                self._end(worker)
                break
        await asyncio.sleep(self._refuse_if_resting(call, context))
        if self._is_closed:
            raise RetryableError(texts.CLOSING)
        self._make_room()
        return await _started(call)

    def _end(self, worker: WorkerProcess) -> None:
        worker.end()
        self._ending = [one for one in (*self._ending, worker) if not one.has_exited]

    def _make_room(self) -> None:
        """End the process that was idle longest, if there would be too many."""
        while self._idle and len(self._idle) + len(self._busy) >= self._places:
            worker, timer = self._idle.pop(0)
            timer.cancel()
            self._end(worker)

    def _keep(self, worker: WorkerProcess) -> None:
        worker.finish()
        if self._is_closed or not worker.is_usable:
            self._end(worker)
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._idle_seconds, self._retire, worker)
        self._idle.append((worker, timer))

    def _retire(self, worker: WorkerProcess) -> None:
        self._idle = [entry for entry in self._idle if entry[0] is not worker]
        self._end(worker)

    def _dismiss(self, worker: WorkerProcess, key: tuple[str, str]) -> None:
        """End *worker*, and let what it did count against the recipe and its action."""
        self._end(worker)
        trouble = self._troubles.pop(key, None) or _Trouble()
        trouble.count += 1
        pause = _FIRST_PAUSE_SECONDS * 2 ** min(trouble.count - 1, 16)
        trouble.until = self._monotonic() + min(pause, _LONGEST_PAUSE_SECONDS)
        self._troubles[key] = trouble
        if len(self._troubles) > _REMEMBERED:
            self._troubles.popitem(last=False)

    def _refuse_if_resting(self, call: Call, context: Context) -> float:
        """Return for how many seconds no process should be started yet: the pause grows.

        Raises:
            RetryableError: it stumbled too often; the pause is too long to wait for.
        """
        trouble = self._troubles.get((context.recipe_id, call.action))
        left = 0.0 if trouble is None else max(0.0, trouble.until - self._monotonic())
        if trouble is not None and trouble.count >= _STUMBLES_BEFORE_REST and left > 0:
            raise RetryableError(
                texts.RESTING, action=call.action, count=trouble.count, retry_after_seconds=left
            )
        return left


async def _started(call: Call) -> WorkerProcess:
    try:
        return await WorkerProcess.start(
            call.target, memory_bytes=call.limits.memory_bytes, is_foreign=call.is_foreign
        )
    except TimeoutError:
        reason: Text | str = texts.SLOW_START.fill(seconds=30)
    except WorkerLost as lost:
        reason = _how_it_ended(lost.code)
    except OSError as error:  # no process, no descriptor, no memory left: it may pass
        reason = error.strerror or str(error)
    except StepError as error:
        raise StepError(texts.NOT_LOADED, action=call.action, reason=str(error)) from None
    raise RetryableError(
        texts.NOT_STARTED,
        action=call.action,
        reason=reason,
        retry_after_seconds=_START_AGAIN_SECONDS,
    )


def _how_it_ended(code: int | None) -> str:
    return f"exit {code}" if code is None or code >= 0 else _signal_name(-code)


def _signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _explained(lost: WorkerLost, call: Call) -> StepError:
    """Return the error that says why the process of *call* is no more."""
    facts: dict[str, Any] = {"action": call.action}
    limits = call.limits
    if lost.reason is not None:
        return _ended_by_us(lost.reason, limits, facts)
    if lost.code is None:
        return OutcomeUnknown(texts.SILENT, **facts)
    if lost.code >= 0:
        return OutcomeUnknown(texts.LEFT, code=lost.code, **facts)
    name = _signal_name(-lost.code)
    if name == "SIGXCPU":
        seconds = f"{limits.processor_seconds:g}"
        return StepTimeout(texts.OUT_OF_PROCESSOR, seconds=seconds, **facts)
    return OutcomeUnknown(texts.CRASHED, signal=name, **facts)


def _ended_by_us(reason: str, limits: Limits, facts: Mapping[str, Any]) -> StepError:
    if reason == "result":
        mebibytes = f"{limits.result_bytes / (1 << 20):g}"
        return StepError(texts.RESULT_TOO_LARGE, hint=texts.RESULT_HINT, limit=mebibytes, **facts)
    if reason == "memory":
        return OutcomeUnknown(texts.OUT_OF_MEMORY, limit=limits.memory_bytes >> 20, **facts)
    if reason == "talk":
        return OutcomeUnknown(texts.SAID_TOO_MUCH, limit=1024, **facts)
    if reason == "closing":
        return OutcomeUnknown(texts.CLOSING)
    return OutcomeUnknown(texts.GIBBERISH, **facts)
