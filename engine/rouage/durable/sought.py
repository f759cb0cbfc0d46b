"""Which events somebody asks for; None admits all."""

from datetime import datetime

from rouage.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """What `Reader.find_events` is asked; *key* is how the event's key begins."""

    source: str | None = None
    subject: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None
