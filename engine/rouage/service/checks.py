"""One thing that was looked at: how it is, and what to do about it."""

from typing import Literal

from rouage.language import Text
from rouage.records import dataclass

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What was found; `remedy` is the next gesture where something is to be done."""

    name: str
    state: State
    sentence: Text
    remedy: Text | None = None


def well(name: str, sentence: Text, /, **facts: object) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name=name, state="ok", sentence=sentence.fill(**facts))


def warn(name: str, sentence: Text, remedy: Text, /, **facts: object) -> Check:
    """Return a check that found something to mind."""
    return Check(
        name=name, state="warning", sentence=sentence.fill(**facts), remedy=remedy.fill(**facts)
    )


def fail(name: str, sentence: Text, remedy: Text, /, **facts: object) -> Check:
    """Return a check that found something broken."""
    return Check(
        name=name, state="failed", sentence=sentence.fill(**facts), remedy=remedy.fill(**facts)
    )
