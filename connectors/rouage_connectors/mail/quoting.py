"""An answer looks like one: its subject, and the mail it answers below it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from rouage_connectors.mail.headers import clean

_ANSWERED: Final = re.compile(r"\A(?:(?:re|aw|sv|tr|fw|fwd) ?(?:\[\d+\])? ?: *)+", re.I)
_MOST_LINES: Final = 200
_MOST_CHARACTERS: Final = 20_000


def answer_subject(subject: str) -> str:
    """Return the subject of an answer: one `Re:`, however often the mail went to and fro."""
    return f"Re: {_ANSWERED.sub('', clean(subject)).strip()}"


def with_quote(text: str, mail: Mapping[str, Any]) -> str:
    """Return *text* with *mail* below it, each line marked as not ours."""
    said = str(mail.get("text") or "")[:_MOST_CHARACTERS].rstrip()
    if not said:
        return text
    who = clean(str(mail.get("from_name") or mail.get("from") or ""), 200)
    day = str(mail.get("date") or "")[:10]
    quoted = "\n".join(f"> {line}" for line in said.splitlines()[:_MOST_LINES])
    return f"{text.rstrip()}\n\n{' '.join(filter(None, [day, who]))} :\n{quoted}\n"
