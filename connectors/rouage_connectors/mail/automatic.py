"""Was this mail written by a person? What must not be answered, or it would go on for ever."""

import re
from email.message import Message
from typing import Final

from rouage_connectors.mail.headers import parameters_of, sender_of, text_of
from rouage_connectors.mail.kinds import RUN_HEADER, Automatic

_AWAY: Final = re.compile(
    r"(automatic reply|auto[- ]?reply|out of( the)? office|réponse automatique|"
    r"absence du bureau|message d[’']absence)\b",
    re.I,
)
_AWAY_HEADERS: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From")
_DAEMONS: Final = frozenset({"mailer-daemon", "postmaster"})


def kind_of(header: Message, *, own_address: str | None = None) -> Automatic | None:
    """Return what kind of automatic mail this is, None for one that a person wrote."""
    sender, _ = sender_of(header)
    if sender is not None and sender == own_address and header.get(RUN_HEADER) is not None:
        return "own"
    report = _report(header)
    if report is not None:
        return "receipt" if report == "disposition-notification" else "bounce"
    if _is_from_daemon(header, sender):
        return "bounce"
    return _declared(header)


def _declared(header: Message) -> Automatic | None:
    """Return what the header says of itself."""
    submitted = text_of(header, "Auto-Submitted").lower().partition(";")[0].strip()
    precedence = text_of(header, "Precedence").lower()
    is_away = submitted == "auto-replied" or precedence in {"auto_reply", "auto-reply"}
    if is_away or any(header.get(name) is not None for name in _AWAY_HEADERS):
        return "auto_reply"
    if _AWAY.match(text_of(header, "Subject")):
        return "auto_reply"
    if header.get("List-Id") is not None or precedence == "list":
        return "list"
    if precedence in {"bulk", "junk"} or header.get("List-Unsubscribe") is not None:
        return "bulk"
    return "generated" if submitted not in {"", "no"} else None


def _report(header: Message) -> str | None:
    if header.get_content_type() != "multipart/report":
        return None
    return parameters_of(header, "Content-Type").get("report-type", "").lower()


def _is_from_daemon(header: Message, sender: str | None) -> bool:
    if text_of(header, "Return-Path") == "<>" and header.get("Auto-Submitted") is None:
        return sender is None or sender.partition("@")[0].lower() in _DAEMONS
    local = "" if sender is None else sender.partition("@")[0].lower()
    return local == "mailer-daemon" or header.get("X-Failed-Recipients") is not None
