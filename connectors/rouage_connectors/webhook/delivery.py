"""One delivery: what identifies it, and which of its headers an event may hold."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from rouage.sdk import JSON, HookRequest
from rouage_connectors.webhook.schemes import ALWAYS_KEPT, NEVER_KEPT, Scheme

_LONGEST_ID = 200
_LONGEST_KEPT = 1000


def identify(
    scheme: Scheme, request: HookRequest, body: JSON, *, again_at: datetime | None
) -> tuple[str, str]:
    """Return what identifies the delivery to its sender, and to us (triggers W-6).

    *again_at* makes a body that came before something new when its sender gives no id.
    """
    identity = request.headers.get(scheme.id_header or "", "")
    if scheme.id_field is not None and isinstance(body, dict):
        field = body.get(scheme.id_field)
        identity = field if isinstance(field, str) else ""
    if len(identity) > _LONGEST_ID or not identity.isprintable() or not identity.isascii():
        identity = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
    if identity and scheme.is_id_decisive:
        return identity, f"id:{identity}"
    digest = _digest(scheme, request)
    if identity:
        return identity, f"id:{identity} sha256:{digest}"
    if again_at is not None:
        return digest, f"sha256:{digest} at:{again_at.isoformat()}"
    return digest, f"sha256:{digest}"


def keys_of(scheme: Scheme, subject: str) -> tuple[str, ...]:
    """Return how the keys of the delivery *subject* begin, for those who ask what became of it."""
    if scheme.handshake == "cloudevents":
        return (f"id:{subject} source:",)
    exact = (f"id:{subject}",) if scheme.is_id_decisive else (f"id:{subject} sha256:",)
    is_digest = len(subject) == 64 and all(letter in "0123456789abcdef" for letter in subject)
    return (*exact, f"sha256:{subject}") if is_digest else exact


def query_of(scheme: Scheme, request: HookRequest) -> dict[str, str]:
    """Return the query as the event may hold it: without the token that may stand there."""
    return {name: value for name, value in request.query.items() if name != scheme.query_token}


def kept_headers(scheme: Scheme, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return which headers an event may hold: never one that proves who the sender is."""
    names = ALWAYS_KEPT | set(scheme.kept_headers) | {name.lower() for name in wanted}
    return tuple(sorted(names - NEVER_KEPT - {scheme.header}))


def headers_of(request: HookRequest, kept: Sequence[str]) -> dict[str, JSON]:
    """Return the headers that are *kept*."""
    headers = request.headers
    return {
        name: headers[name][:_LONGEST_KEPT].encode("ascii", "replace").decode("ascii")
        for name in kept
        if name in headers
    }


def _digest(scheme: Scheme, request: HookRequest) -> str:
    """Return the hash of the body; of method and query too, unless only the body is signed."""
    is_body_all = request.method == "POST" and not request.query
    if is_body_all or (scheme.kind == "hmac" and request.body):
        return hashlib.sha256(request.body).hexdigest()
    query = sorted(query_of(scheme, request).items())
    rest = repr((request.method, query)).encode("utf-8", "replace")
    digest = hashlib.sha256(rest + b"\n")
    digest.update(request.body)
    return digest.hexdigest()
