"""Signed links to one question for one person (security S-17, features N-15).

A link is a capability: run, step, digest of what is shown, person and expiry, signed with a
key that only this daemon has. It can be used once, because the first answer of a person to
a question is the only one that the journal takes.
"""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Final

from rouage.records import dataclass

LONGEST_LIFE: Final = timedelta(hours=72)
"""A reminder carries a fresh link (S-17)."""
_LONGEST_TOKEN: Final = 2_048
_PURPOSE: Final = b"rouage approval link 1\0"
_FORM: Final = b"rouage approval form 1\0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What a link permits: *person* may answer the question at *path* of *run*, as shown."""

    run: str
    path: str
    digest: str
    person: str
    expires: datetime


class Links:
    """Make and read links. *base* is the address under which people reach the console."""

    def __init__(self, key: bytes, base: str = "") -> None:
        self._key = key
        self.base = base

    def make(self, grant: Grant) -> str:
        """Return the address of the page for *grant*."""
        return f"{self.base}/approve/{self.token(grant)}"

    def token(self, grant: Grant) -> str:
        """Return *grant*, signed."""
        facts = [grant.run, grant.path, grant.digest, grant.person, int(grant.expires.timestamp())]
        body = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
        return f"{_spell(body)}.{_spell(self._sign(_PURPOSE, body))}"

    def read(self, token: str) -> Grant | None:
        """Return what *token* permits, also when it has expired; None when it is not ours."""
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            return None
        body, _, signature = token.partition(".")
        try:
            signed, given = _unspell(body), _unspell(signature)
        except (ValueError, binascii.Error):
            return None
        # One spelling only: a token that differs by unused bits is another token.
        if _spell(signed) != body or _spell(given) != signature:
            return None
        if not hmac.compare_digest(self._sign(_PURPOSE, signed), given):
            return None
        run, path, digest, person, expires = json.loads(signed)
        return Grant(
            run=run,
            path=path,
            digest=digest,
            person=person,
            expires=datetime.fromtimestamp(expires, UTC),
        )

    def form_proof(self, token: str) -> str:
        """Return what the form of the page carries: only who has seen the page can send it."""
        return _spell(self._sign(_FORM, token.encode()))

    def is_form_proof(self, token: str, given: str) -> bool:
        """Say whether *given* comes from the page of *token*."""
        return hmac.compare_digest(
            self.form_proof(token).encode(), given.encode("utf-8", "replace")
        )

    def _sign(self, purpose: bytes, body: bytes) -> bytes:
        return hmac.new(self._key, purpose + body, hashlib.sha256).digest()


def expiry(now: datetime, deadline: datetime | None) -> datetime:
    """Return until when a link made *now* is good: with its question, and never for long."""
    latest = now + LONGEST_LIFE
    return latest if deadline is None else min(deadline, latest)


def _spell(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _unspell(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
