"""Notice when something stops the daemon's event loop, and say which step or trigger it is.

Bundled actions run beside everything else: one that computes or sleeps without awaiting stops
every recipe. A thread asks the loop for a sign of life each second; when none comes, it looks
at what the loop is doing.
"""

import asyncio
import logging
import selectors
import sys
import threading
import time
from types import FrameType
from typing import Any, Final

from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.context import Context
from rouage.sdk.trigger import TriggerContext

logger = logging.getLogger(__name__)

PERIOD_SECONDS: Final = 1.0
TICKS: Final = 3
REMEMBERED_SECONDS: Final = 300.0

STOOD_STILL: Final = Text(
    "everything stood still for {seconds} s because of {culprit}",
    "tout s’est arrêté pendant {seconds} s à cause de {culprit}",
)
STANDS_STILL: Final = Text(
    "everything has been standing still for {seconds} s because of {culprit}",
    "tout est arrêté depuis {seconds} s à cause de {culprit}",
)
_STEP: Final = Text(
    "the step {step} of the recipe {recipe}", "l’étape {step} de la recette {recipe}"
)
_TRIGGER: Final = Text(
    "the trigger {trigger} of the recipe {recipe}",
    "le déclencheur {trigger} de la recette {recipe}",
)
_PLACE: Final = Text("something in {place}", "quelque chose dans {place}")
_UNKNOWN: Final = Text(
    "something that cannot be told any more", "quelque chose qui ne se voit plus"
)


_WAITING: Final = (
    selectors.DefaultSelector.select.__code__,
    asyncio.BaseEventLoop._run_once.__code__,  # type: ignore[attr-defined] # where loops wait
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stall:
    """A time in which the loop did nothing: how long, whose fault, and when it was noticed."""

    seconds: float
    culprit: Text
    noticed: float
    is_over: bool = False

    @property
    def text(self) -> Text:
        """Return the sentence for the owner."""
        sentence = STOOD_STILL if self.is_over else STANDS_STILL
        return sentence.fill(seconds=f"{self.seconds:.0f}", culprit=self.culprit)


class StallWatch:
    """Watches one event loop from a thread of its own.

    It counts its own ticks rather than the clock: a machine that slept was not stalled.
    """

    def __init__(self, *, period_seconds: float = PERIOD_SECONDS, ticks: int = TICKS) -> None:
        self._period = period_seconds
        self._ticks = ticks
        self._stop = threading.Event()
        self._is_answered = True
        self._asked = 0.0
        self._stall: Stall | None = None
        self._thread: threading.Thread | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch *loop*; call it from the thread that runs the loop."""
        self._thread = threading.Thread(
            target=self._watch, args=(loop, threading.get_ident()), name="stalls", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()

    @property
    def recent(self) -> Stall | None:
        """Return the last stall of the last minutes, or None."""
        stall = self._stall
        if stall is None or time.monotonic() - stall.noticed > REMEMBERED_SECONDS:
            return None
        return stall

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        missed, is_told = 0, False
        while not self._stop.wait(self._period):
            if self._is_answered:
                if is_told:
                    self._tell_end()
                missed, is_told = 0, False
                if not _is_idle(thread) and not self._ask(loop):
                    return
                continue
            missed += 1
            if missed == self._ticks:
                is_told = True
                self._tell(thread)

    def _ask(self, loop: asyncio.AbstractEventLoop) -> bool:
        self._is_answered, self._asked = False, time.monotonic()
        try:
            loop.call_soon_threadsafe(self._answer)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def _answer(self) -> None:
        self._is_answered = True

    def _tell(self, thread: int) -> None:
        culprit, trace = culprit_of(sys._current_frames().get(thread))
        now = time.monotonic()
        if self._is_answered:
            return  # it went on while we looked
        self._stall = Stall(seconds=now - self._asked, culprit=culprit, noticed=now)
        logger.warning("%s\n%s", self._stall.text.en, trace)

    def _tell_end(self) -> None:
        before, now = self._stall, time.monotonic()
        if before is not None:
            self._stall = Stall(
                seconds=now - self._asked, culprit=before.culprit, noticed=now, is_over=True
            )
            logger.warning("%s", self._stall.text.en)


def _is_idle(thread: int) -> bool:
    """Say whether the loop waits for something to do: it need not be woken to say that it lives.

    A loop that is closed has no such frame, and is asked.
    """
    frame = sys._current_frames().get(thread)
    if frame is None or frame.f_back is None:
        return False
    return (frame.f_code, frame.f_back.f_code) == _WAITING


def culprit_of(frame: FrameType | None) -> tuple[Text, str]:
    """Return who is at work in *frame* or further out, and where, line by line, inside first."""
    found: Text | None = None
    places: list[str] = []
    while frame is not None and len(places) < 100:
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}")
        if found is None:
            found = _named_in(frame.f_locals)
        frame = frame.f_back
    if found is None:
        found = _PLACE.fill(place=places[0].rpartition(" ")[2]) if places else _UNKNOWN
    return found, "\n".join(f"  {place}" for place in places[:12])


def _named_in(names: dict[str, Any]) -> Text | None:
    for value in list(names.values()):
        context = value if isinstance(value, Context | TriggerContext) else None
        if context is None and hasattr(type(value), "listen"):
            context = getattr(value, "context", None)
        if isinstance(context, Context):
            return _STEP.fill(step=context.step, recipe=context.recipe_id)
        if isinstance(context, TriggerContext):
            return _TRIGGER.fill(trigger=context.trigger_id, recipe=context.recipe_id)
    return None
