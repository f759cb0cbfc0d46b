"""Verify a request against its scheme, on the raw bytes and in constant time."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from rouage.sdk import Body, HookRequest
from rouage_connectors.webhook.schemes import Scheme

_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_PLACE: Final = re.compile(r"\{(id|timestamp|body)\}")
_STANDARD_PREFIX: Final = "whsec_"
_PUBLIC_PREFIX: Final = "whpk_"
_ENTITIES: Final = {
    "&amp;": "&", "&#038;": "&", "&lt;": "<", "&#060;": "<", "&gt;": ">", "&#062;": ">",
    "&quot;": '"', "&#034;": '"', "&#039;": "'", "&#x27;": "'",
}  # fmt: skip
"""What WordPress decodes in a secret before it signs with it; each place once."""
_ENTITY: Final = re.compile("|".join(map(re.escape, _ENTITIES)))
_LONGEST_HEADER: Final = 4096
_MOST_SIGNATURES: Final = 16

Parts = Callable[[bytes, bytes, Body], Sequence[Body]]


class UnusableSecretError(ValueError):
    """A secret cannot be a key of its scheme."""


class Verifier:
    """The check of one hook: a scheme and its secrets, all of them admitted (rotation).

    Raises:
        UnusableSecretError: a secret is empty, or not of the form the scheme wants.
    """

    def __init__(self, scheme: Scheme, secrets: Iterable[str]) -> None:
        self._scheme = scheme
        secrets = tuple(secrets)
        is_standard = scheme.key == "standard"
        public = [one for one in secrets if is_standard and one.startswith(_PUBLIC_PREFIX)]
        self._public = tuple(_public_key(one) for one in public)
        self._keys = tuple(_key(scheme, one) for one in secrets if one not in public)
        self._parts = _signed_parts(scheme.template)
        self._size = hashlib.new(scheme.algorithm).digest_size
        # Keyed once and copied for each request: unlike the one-shot function, hashing a short
        # body this way never gives the interpreter lock away.
        self._macs = tuple(hmac.new(key, digestmod=scheme.algorithm) for key in self._keys)

    def admits(self, request: HookRequest, *, now: float) -> bool:
        """Say whether *request* was sent by one who knows a secret, and is fresh at *now*.

        A malformed proof takes the same way, and about the same time, as a wrong one.
        """
        kind = self._scheme.kind
        if kind == "none":
            return True
        header = request.headers.get(self._scheme.header, "")[:_LONGEST_HEADER]
        if kind == "hmac":
            return self._is_signed(request, header, now)
        token = self._scheme.query_token
        if token is not None and not header:
            return self._is_known(f"{kind} {request.query.get(token, '')[:_LONGEST_HEADER]}")
        return self._is_known(header)

    def _is_known(self, header: str) -> bool:
        given = _credential(self._scheme, header)
        matches = [hmac.compare_digest(given, key) for key in self._keys]
        return any(matches)

    def _is_signed(self, request: HookRequest, header: str, now: float) -> bool:
        scheme = self._scheme
        timestamp, written = _proofs(scheme, header, request.headers)
        identity = request.headers.get(scheme.id_header or "", "")
        message = self._parts(_bytes(identity), _bytes(timestamp), request.body)
        digests = [_digest(mac, message) for mac in self._macs]
        given = [self._decode(text) for text in written[:_MOST_SIGNATURES]] or [bytes(self._size)]
        matches = [hmac.compare_digest(one, digest) for one in given for digest in digests]
        if self._public and not any(matches):
            matches = [self._is_signed_publicly(header, message)]
        return any(matches) and self._is_fresh(timestamp, now)

    def _is_signed_publicly(self, header: str, message: Sequence[Body]) -> bool:
        """Say whether one of the signatures of the form `v1a,…` was made by a key we know."""
        versions = [part.partition(",") for part in header.split(" ")][:_MOST_SIGNATURES]
        given = [self._decode(value) for name, _, value in versions if name == "v1a"]
        signed = b"".join(message)
        return any(is_made_by(one, signed) for one in given for is_made_by in self._public)

    def _is_fresh(self, timestamp: str, now: float) -> bool:
        if not _is_timed(self._scheme):
            return True
        if _DIGITS.fullmatch(timestamp) is None:
            return False
        return abs(now - int(timestamp)) <= self._scheme.tolerance_seconds

    def _decode(self, text: str) -> bytes:
        try:
            if self._scheme.encoding == "hex":
                return bytes.fromhex(text)
            return base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            return bytes(self._size)


def _digest(mac: hmac.HMAC, message: Sequence[Body]) -> bytes:
    keyed = mac.copy()
    for piece in message:
        keyed.update(piece)
    return keyed.digest()


def _is_timed(scheme: Scheme) -> bool:
    return scheme.layout == "pairs" or scheme.timestamp_header is not None


def _proofs(scheme: Scheme, header: str, headers: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the timestamp and the signatures as written."""
    if scheme.layout == "pairs":
        pairs = [part.strip().partition("=") for part in header.split(",")]
        times = [value for name, _, value in pairs if name == "t"]
        signatures = [value for name, _, value in pairs if name == "v1"]
        return (times[0] if len(times) == 1 else ""), signatures
    timestamp = headers.get(scheme.timestamp_header or "", "")
    if scheme.layout == "list":
        versions = [part.partition(",") for part in header.split(" ")]
        return timestamp, [value for name, _, value in versions if name == "v1"]
    if not header.startswith(scheme.prefix):
        return timestamp, []
    return timestamp, [header[len(scheme.prefix) :]]


def _credential(scheme: Scheme, header: str) -> bytes:
    """Return what the header claims to know; nothing when it is malformed."""
    if scheme.header != "authorization":
        return _bytes(header)
    word, _, rest = header.partition(" ")
    if word.lower() != scheme.kind:
        return b""
    if scheme.kind == "bearer":
        return _bytes(rest.strip())
    try:
        return base64.b64decode(rest.strip(), validate=True)
    except (ValueError, binascii.Error):
        return b""


def _key(scheme: Scheme, secret: str) -> bytes:
    if not secret.strip():
        raise UnusableSecretError
    if scheme.kind == "basic" and ":" not in secret:
        raise UnusableSecretError
    if scheme.key == "entities":
        return _ENTITY.sub(lambda found: _ENTITIES[found[0]], secret).encode()
    if scheme.key != "standard":
        return secret.encode()
    text = secret.removeprefix(_STANDARD_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise UnusableSecretError from None
    if not 24 <= len(key) <= 64:
        raise UnusableSecretError
    return key


def _public_key(secret: str) -> Callable[[bytes, bytes], bool]:
    """Return how to judge the signatures of the one whose public key *secret* is (ed25519)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    text = secret.removeprefix(_PUBLIC_PREFIX)
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        key = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise UnusableSecretError from None

    def is_made_by(signature: bytes, message: bytes) -> bool:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return is_made_by


def _signed_parts(template: str) -> Parts:
    """Return a function that gives the pieces a signature covers."""
    if template == "{body}":
        return lambda _identity, _timestamp, body: (body,)
    pieces = _PLACE.split(template)

    def parts(identity: bytes, timestamp: bytes, body: Body) -> Sequence[Body]:
        values: dict[str, Body] = {"id": identity, "timestamp": timestamp, "body": body}
        return [
            values[piece] if number % 2 else piece.encode() for number, piece in enumerate(pieces)
        ]

    return parts


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
