"""The Message-ID of a mail that asks: it names the question, and only we can make it (N-15).

A mail that answers repeats it (`In-Reply-To`, `References`). It is of no use in an address: the
program of a mail server that follows every link in a mail decides nothing with it. Whoever
answers must also write from the address that was asked.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from rouage.records import dataclass

_MARK: Final = "rg1."
_PURPOSE: Final = b"rouage approval mail 1\0"
_SIGNATURE_BYTES: Final = 16
_DIGEST_SHOWN: Final = 16
_LONGEST: Final = 900
"""A header line may be this long; a path in nested loops makes the longest ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The question that a mail asked: `digest` begins that of what was shown.

    `letter` says which mail about it this is, since two mails must not have the same id.
    """

    run: str
    path: str
    digest: str
    person: str
    expires: datetime
    letter: str = ""


class ReplyTokens:
    """Make and read these Message-IDs. *key* is that of the links of this workspace."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def message_id(self, asked: Asked, domain: str) -> str:
        """Return the Message-ID, without its angle brackets, of the mail that asks."""
        digest, person = asked.digest[:_DIGEST_SHOWN], asked.person.casefold()
        facts: list[str | int] = [asked.run, asked.path, digest, person]
        facts += [int(asked.expires.timestamp()), asked.letter]
        body = json.dumps(facts, separators=(",", ":")).encode()
        return f"{_MARK}{_spell(body)}.{_spell(self._sign(body))}@{domain}"

    def is_ours(self, message_ids: Iterable[str]) -> bool:
        """Say whether one of these is the Message-ID of a mail that asked, whoever answers it."""
        return any(self._read(one.strip().strip("<>")) is not None for one in message_ids)

    def run_of(self, message_id: str) -> str | None:
        """Return the run whose question this Message-ID is about, None if it is not ours."""
        asked = self._read(message_id.strip().strip("<>"))
        return None if asked is None else asked.run

    def read(self, message_ids: Iterable[str], *, sender: str, now: datetime) -> Asked | None:
        """Return the question that a mail from *sender* answers; None when it answers none.

        The nearest one counts: *message_ids* are `In-Reply-To`, then `References` backwards.
        """
        for message_id in message_ids:
            asked = self._read(message_id.strip().strip("<>"))
            if asked is not None:
                is_theirs = hmac.compare_digest(
                    asked.person.encode(), sender.strip().casefold().encode("utf-8", "replace")
                )
                return asked if is_theirs and now < asked.expires else None
        return None

    def _read(self, message_id: str) -> Asked | None:
        local, _, _ = message_id.partition("@")
        if not local.startswith(_MARK) or len(local) > _LONGEST or not local.isascii():
            return None
        body, _, signature = local[len(_MARK) :].partition(".")
        try:
            signed, given = _unspell(body), _unspell(signature)
        except (ValueError, binascii.Error):
            return None
        if not hmac.compare_digest(self._sign(signed), given):
            return None
        run, path, digest, person, expires, letter = json.loads(signed)
        return Asked(
            run=run,
            path=path,
            digest=digest,
            person=person,
            expires=datetime.fromtimestamp(expires, UTC),
            letter=letter,
        )

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, _PURPOSE + body, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def _spell(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _unspell(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
