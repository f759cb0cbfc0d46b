"""The mail connector, and what its parts have in common: how a mail stands in an event."""

from typing import Final

from rouage.sdk import JSON, Connector, Text
from rouage_connectors.mail.kinds import KINDS

connector = Connector(
    "mail",
    title=Text("Mail", "Mail"),
    about=Text(
        "Mails that arrive in a mailbox, and mails that recipes send, answer and file.",
        "Les mails qui arrivent dans une boîte, et ceux que les recettes envoient ou classent.",
    ),
)

ACCOUNT: Final = Text(
    "Name of the account in rouage.yaml; not needed when there is only one.",
    "Nom du compte dans rouage.yaml ; inutile quand il n’y en a qu’un.",
)
ACCOUNT_TITLE: Final = Text("Account", "Compte")
ACCOUNT_PATTERN: Final = "^[a-z][a-z0-9_]{0,30}$"

_TEXT: Final[dict[str, JSON]] = {"type": "string"}
_MAYBE: Final[dict[str, JSON]] = {"type": ["string", "null"]}
_ADDRESSES: Final[dict[str, JSON]] = {"type": "array", "items": {"type": "string"}}

TOLD: Final[dict[str, JSON]] = {
    "message_id": _MAYBE,
    "in_reply_to": _MAYBE,
    "references": _ADDRESSES,
    "from": {**_MAYBE, "description": "Address that claims to have written; null if unclear"},
    "from_name": _TEXT,
    "to": _ADDRESSES,
    "cc": _ADDRESSES,
    "reply_to": _MAYBE,
    "subject": _TEXT,
    "date": {**_MAYBE, "format": "date-time"},
    "text": {**_TEXT, "description": "What a person would read, up to 100,000 characters"},
    "html": _MAYBE,
    "automatic": {
        "enum": [None, *KINDS],
        "description": "What kind of automatic mail it is; null when a person wrote it",
    },
    "is_truncated": {"type": "boolean", "description": "Whether something was too large"},
}
"""What the header and the texts of a mail tell: the same in events and in results."""

SAMPLE: Final[dict[str, JSON]] = {
    "message_id": "CAF-31@mail.example.org",
    "in_reply_to": None,
    "references": [],
    "from": "alice@example.org",
    "from_name": "Alice Martin",
    "to": ["marie@example.org"],
    "cc": [],
    "reply_to": None,
    "subject": "Demande de devis",
    "date": "2026-01-15T09:00:00+01:00",
    "text": "Bonjour, pourriez-vous me faire un devis pour dix portraits ?\n",
    "html": None,
    "automatic": None,
    "is_truncated": False,
}
