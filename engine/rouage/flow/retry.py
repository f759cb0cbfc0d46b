"""When a failed attempt is made again: policy, kinds of errors, and the pause before it."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zlib import crc32

from rouage.errors import OutcomeUnknown, RetryableError, RouageError, StepError
from rouage.expressions import compile_condition
from rouage.flow.facts import error_facts
from rouage.flow.journey import LONGEST_SECONDS, Journey
from rouage.model.recipe import RetryPolicy

logger = logging.getLogger(__name__)

Pause = Callable[[int, StepError, float], float | None]


class TriedAgain(RetryableError):  # noqa: N818 - it stands for another error
    """A failure that only `retry.when` has tried again; it is recorded as what it is."""

    def __init__(self, error: StepError) -> None:
        self._record = error.record()
        super().__init__(error.message, hint=error.hint)

    def record(self) -> dict[str, Any]:
        """Return the record of the failure itself."""
        return dict(self._record)


def pause_of(journey: Journey, policy: RetryPolicy) -> Pause:
    """Return the decision about a failed attempt."""

    def pause(attempts: int, error: StepError, elapsed: float) -> float | None:
        return _pause(journey, policy, attempts, error, elapsed)

    return pause


def pause_before(
    journey: Journey,
    policy: RetryPolicy,
    attempts: int,
    error: StepError,
    first: datetime,
) -> float | None:
    """Return the seconds before the next attempt at a block; None when it was the last."""
    elapsed = (journey.services.clock.now() - first).total_seconds()
    if policy.when is None and error.record().get("kind") == "Refused":
        # Who was asked has said no: asking again is not for a machine to decide.
        return None
    return _pause(journey, policy, attempts, error, max(0.0, elapsed))


def _pause(
    journey: Journey,
    policy: RetryPolicy,
    attempts: int,
    error: StepError,
    elapsed: float,
) -> float | None:
    if attempts > policy.times or not _is_worth_it(journey, policy, error, attempts):
        return None
    try:
        seconds = policy.wait_seconds * policy.backoff ** (attempts - 1)
    except OverflowError:
        seconds = LONGEST_SECONDS
    if policy.max_wait_seconds is not None:
        seconds = min(seconds, policy.max_wait_seconds)
    if policy.jitter:
        seconds *= 1 + policy.jitter * _spread(journey.context.run_id, attempts)
    if isinstance(error, RetryableError) and error.retry_after_seconds is not None:
        seconds = max(seconds, error.retry_after_seconds)
    if policy.max_total_seconds is not None and elapsed + seconds > policy.max_total_seconds:
        return None
    left = journey.seconds_left()
    return None if left is not None and seconds >= left else min(seconds, LONGEST_SECONDS)


def _spread(run: str, attempts: int) -> float:
    """Return a share from -1 to 1 that differs by run and attempt, the same in every process."""
    return crc32(f"{run}/{attempts}".encode()) / 0x7FFFFFFF - 1


def widened(
    journey: Journey, policy: RetryPolicy, error: StepError, attempts: int
) -> TriedAgain | None:
    """Return what to raise instead of a final failure that `retry.when` names."""
    if policy.when is None or attempts > policy.times:
        return None
    if isinstance(error, RetryableError | OutcomeUnknown):
        return None
    return TriedAgain(error) if _is_worth_it(journey, policy, error, attempts) else None


def _is_worth_it(journey: Journey, policy: RetryPolicy, error: StepError, attempts: int) -> bool:
    """Say whether `retry.when` wants this failure to be tried again."""
    wanted = policy.when
    if wanted is None:
        return True
    record = error.record()
    if not isinstance(wanted, str):
        return str(record.get("kind")) in wanted
    facts = error_facts(record, step="", attempts=attempts, language=journey.services.language)
    try:
        condition = compile_condition(wanted)
        return bool(condition.evaluate({**journey.scope, "error": facts}))
    except RouageError as problem:
        logger.warning("retry.when of %s: %s", journey.plan.recipe.id, problem)
        return False
