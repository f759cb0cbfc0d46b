"""What a message of the catalogue is made of."""

from rouage.language import Text
from rouage.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One code: its sentence, why it is so, the way out, and an example of both.

    The texts hold `{named}` places for the facts of a problem. `label` stands beside the
    caret where nothing better is known than the remedy.
    """

    message: Text
    why: Text | None = None
    remedy: Text | None = None
    bad: str = ""
    good: str = ""
