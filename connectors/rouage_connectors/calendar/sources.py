"""Where a calendar comes from: an address that is looked at politely, or a file."""

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from rouage.sdk import JSON, StepError, Text, TriggerContext
from rouage.sdk.fetching import Fetched
from rouage.sdk.polling import Poller

Take = Callable[[Mapping[str, JSON]], Awaitable[None]]
"""Gets where to read the calendar from: parameters for the action that reads it."""

_ACCEPT: Final = "text/calendar, */*;q=0.5"
_FILE_SECONDS: Final = 30.0

_NO_FILE: Final = Text(
    "the calendar {path} cannot be read: {reason}", "l’agenda {path} est illisible : {reason}"
)


async def follow_address(
    context: TriggerContext, *, url: str, interval: float, allow_private: list[str], take: Take
) -> None:
    """Hand over the calendar at *url*, now and whenever it has changed, until cancelled."""
    poller = Poller(
        context, url=url, interval=interval, accept=_ACCEPT, allow_private=allow_private
    )

    async def look(fetched: Fetched) -> None:
        await take({"content": base64.b64encode(fetched.body).decode("ascii"), "base64": True})

    # What was read before a restart is not kept: an answer “not changed” would be of no use.
    await poller.run(look, {})


async def follow_file(context: TriggerContext, *, path: str, take: Take) -> None:
    """Hand over the calendar in the file *path*, now and whenever it has changed."""
    whole, seen = _whole(context, path), None
    while True:
        try:
            facts = await asyncio.to_thread(os.stat, whole)
            mark = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
            if mark != seen:
                seen = mark  # half a file, perhaps: it is read again when it has changed
                await take({"file": str(whole)})
                context.report("listening", None)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            context.report("degraded", _NO_FILE.fill(path=path, reason=reason))
        except StepError as error:
            context.report("degraded", Text(error.render("en"), error.render("fr")))
        await context.clock.sleep(_FILE_SECONDS)


def _whole(context: TriggerContext, path: str) -> Path:
    return context.workspace / Path(path).expanduser()
