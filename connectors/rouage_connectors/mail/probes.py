"""Mails to oneself that prove that a mailbox is alive: recognised, removed, never an event."""

import asyncio
import hashlib
import hmac
import secrets
from email.message import Message
from typing import Final

from rouage_connectors.mail.account import Account
from rouage_connectors.mail.headers import text_of

PROBE_HEADER: Final = "X-Rouage-Probe"


class Probes:
    """The probes that are under way. Others cannot make one up: each is signed."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}

    async def arrival(self, token: str) -> None:
        """Return when the probe *token* has come back."""
        arrived = self._waiting.setdefault(token, asyncio.Event())
        try:
            await arrived.wait()
        finally:
            self._waiting.pop(token, None)

    def recognise(self, header: Message, account: Account) -> bool:
        """Say whether a mail is a probe of ours, also one of an earlier process."""
        token = text_of(header, PROBE_HEADER, 200)
        nonce, _, proof = token.partition(".")
        if not proof or not hmac.compare_digest(proof.encode(), _proof(nonce, account).encode()):
            return False
        arrived = self._waiting.get(token)
        if arrived is not None:
            arrived.set()
        return True


def new_token(account: Account) -> str:
    """Return a token that only whoever knows the password of *account* can make."""
    nonce = secrets.token_hex(12)
    return f"{nonce}.{_proof(nonce, account)}"


def _proof(nonce: str, account: Account) -> str:
    key = hashlib.sha256(f"rouage probe\0{account.password}".encode()).digest()
    return hmac.new(key, nonce.encode(), "sha256").hexdigest()[:32]
