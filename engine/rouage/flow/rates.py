"""Rate limits per connector account: before each call a token is taken (durability R16)."""

from datetime import timedelta
from typing import Final

from rouage.errors import StepError
from rouage.flow.journey import Journey
from rouage.flow.retry import Pause
from rouage.flow.services import Rate

_SHORT_SECONDS: Final = 1.0
"""A shorter wait for a token is made in memory; a longer one is a row of the journal."""


async def keep_to(rate: Rate, journey: Journey, path: str) -> None:
    """Wait for a token before the first call of the step at *path*; it is taken once."""
    known = journey.context.recorded(f"{path}:rate")
    if known is not None and known.state == "done":
        return
    seconds = journey.services.take_tokens(rate) if known is None else 0.0
    if known is None and seconds <= _SHORT_SECONDS:
        if seconds > 0:
            await journey.services.clock.sleep(seconds)
        return
    wake = journey.services.clock.now() + timedelta(seconds=seconds)
    await journey.context.sleep_until(f"{path}:rate", wake)


def with_rate(rate: Rate, journey: Journey, pause: Pause | None) -> Pause | None:
    """Return *pause* for a step whose account is limited: an attempt takes its token before."""
    if pause is None:
        return None

    def longer(attempts: int, error: StepError, elapsed: float) -> float | None:
        seconds = pause(attempts, error, elapsed)
        return None if seconds is None else max(seconds, journey.services.take_tokens(rate))

    return longer
