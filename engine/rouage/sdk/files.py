"""The disk for connectors: every function asks the guard of the recipe (`context.files`).

They block: call them through `asyncio.to_thread`. `context.files.append` is the exception,
it is awaited. Those that take a *key* do their effect once for it, also across a crash; pass
`context.idempotency_key`.

Where many runs may do the like at once, `await context.files.together(moving(…))` does it for
all of them in one go: `copying`, `deleting`, `discarding`, `moving` and `writing` take what the
blocking functions take.
"""

from rouage.safety.append import Compose, Tail
from rouage.safety.atomic import OnConflict
from rouage.safety.failures import explaining
from rouage.safety.moving import move, moving
from rouage.safety.names import new_name, shown
from rouage.safety.paths import Folders
from rouage.safety.transfer import (
    Outcome,
    copy,
    copying,
    preview,
    target_of,
    write,
    writing,
)
from rouage.safety.trash import Discarded, delete, deleting, discard, discarding
from rouage.safety.walk import Found, walk

__all__ = [
    "Compose",
    "Discarded",
    "Folders",
    "Found",
    "OnConflict",
    "Outcome",
    "Tail",
    "copy",
    "copying",
    "delete",
    "deleting",
    "discard",
    "discarding",
    "explaining",
    "move",
    "moving",
    "new_name",
    "preview",
    "shown",
    "target_of",
    "walk",
    "write",
    "writing",
]
