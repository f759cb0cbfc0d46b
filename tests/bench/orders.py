"""Signed orders of 1 KiB as JSON, each unique, made before the clock starts."""

import hmac
import json

SECRET = "bench-secret-0123456789-0123456789"
SIGNATURE_HEADER = "X-Signature"
BODY_BYTES = 1024

_LINES = [
    {"sku": f"AFF-{number:04d}", "label": "Affiche encadrée, chêne clair", "quantity": number}
    for number in range(1, 6)
]


def body_of(order: str, number: int) -> bytes:
    """Return the body of one order: 1,024 bytes of JSON."""
    document = {
        "id": order,
        "number": number,
        "customer": {"name": "Zoé Lefèvre", "city": "Besançon", "email": "zoe@example.org"},
        "total": 20 + number % 500,
        "lines": _LINES,
        "note": "",
    }
    text = json.dumps(document, ensure_ascii=False).encode()
    padding = BODY_BYTES - len(text)
    return text.replace(b'"note": ""', b'"note": "' + b"n" * padding + b'"')


def signature_of(body: bytes) -> str:
    """Return the value of the signature header."""
    return hmac.digest(SECRET.encode(), body, "sha256").hex()


def request_of(body: bytes, *, path: str, signature: str | None = None) -> bytes:
    """Return a whole keep-alive HTTP request."""
    head = (
        f"POST {path} HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        "Content-Type: application/json\r\n"
        f"{SIGNATURE_HEADER}: {signature or signature_of(body)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def order_id(prefix: str, number: int) -> str:
    """Return the id of one order; the same length for all of a prefix."""
    return f"{prefix}-{number:07d}"


def make_requests(prefix: str, count: int, *, path: str) -> list[bytes]:
    """Return *count* signed requests with unique bodies."""
    return [
        request_of(body_of(order_id(prefix, number), number), path=path) for number in range(count)
    ]
