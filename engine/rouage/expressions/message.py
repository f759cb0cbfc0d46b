"""The shape of one entry of the message tables."""

from typing import NamedTuple

from rouage.language import Text


class Message(NamedTuple):
    """What is wrong, why, how to put it right, and one example `bad -> good`."""

    text: Text
    why: Text | None = None
    fix: Text | None = None
    example: str = ""
