"""Which mails a trigger wants: by their header first, by their attachments once they are known."""

import re
from collections.abc import Sequence
from email.message import Message
from typing import NamedTuple

from rouage_connectors.mail.arrivals import Arrivals
from rouage_connectors.mail.headers import sender_of, text_of
from rouage_connectors.mail.kinds import Automatic


class Refusal(NamedTuple):
    """Why a mail does not count: the parameter that refuses it, and what it met."""

    parameter: str
    value: str


def refused_by_header(params: Arrivals, header: Message, *, is_seen: bool) -> Refusal | None:
    """Return why the header of a mail already rules it out, None if it does not."""
    if params.unseen and is_seen:
        return Refusal("unseen", "")
    address, name = sender_of(header)
    senders = [one for one in (address, name) if one]
    if not _fits(params.from_, senders):
        return Refusal("from", address or name)
    subject = text_of(header, "Subject")
    return None if _fits(params.subject, [subject]) else Refusal("subject", subject)


def refused_by_kind(params: Arrivals, kind: Automatic | None) -> Refusal | None:
    """Return why a mail of that automatic kind does not count, None if it does."""
    return Refusal("ignore", kind) if kind is not None and kind in params.ignore else None


def refused_by_files(params: Arrivals, count: int) -> Refusal | None:
    """Return why a mail with so many attachments does not count, None if it does."""
    wanted = params.has_attachment
    return None if wanted is None or wanted == (count > 0) else Refusal("has_attachment", "")


def _fits(patterns: str | list[str], values: Sequence[str]) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return not listed or any(
        _expression(one).fullmatch(value) for one in listed for value in values
    )


def _expression(pattern: str) -> re.Pattern[str]:
    # Only * is special: subjects are full of brackets and question marks.
    parts = [re.escape(part) for part in re.split(r"\*+", pattern)]
    return re.compile(".*".join(parts), re.I | re.S)
