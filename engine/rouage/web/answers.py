"""HTTP answers as bytes: fixed heads, JSON or plain text, never chosen by the request."""

import json
import secrets
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from rouage.language import Text
from rouage.sdk.json import JSON

_HEADS: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii")
    for status in HTTPStatus
}
_JSON: Final = (
    b"Content-Type: application/json; charset=utf-8\r\n"
    b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
)
_TEXT: Final = (
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
)
_PAGE: Final = (
    b"Content-Type: text/html; charset=utf-8\r\n"
    b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
)
_CLOSE: Final = b"Connection: close\r\n"
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))

REFUSALS: Final[Mapping[int, tuple[str, Text]]] = {
    400: ("bad_request", Text("the request is malformed", "la requête est mal formée")),
    404: ("not_found", Text("there is nothing here", "il n’y a rien ici")),
    405: (
        "method_not_allowed",
        Text("this method is not accepted here", "cette méthode n’est pas acceptée ici"),
    ),
    408: (
        "too_slow",
        Text("the request took too long to arrive", "la requête a mis trop de temps à arriver"),
    ),
    410: ("gone", Text("this hook was removed", "ce point d’entrée a été supprimé")),
    413: ("too_large", Text("the body is too large", "le corps est trop grand")),
    415: (
        "unsupported_type",
        Text("this encoding is not accepted", "cet encodage n’est pas accepté"),
    ),
    417: (
        "expectation_failed",
        Text("send the body without waiting", "envoyez le corps sans attendre"),
    ),
    421: (
        "misdirected",
        Text("this host name is not served here", "ce nom d’hôte n’est pas servi ici"),
    ),
    429: ("too_many_requests", Text("too many requests", "trop de requêtes")),
    431: (
        "head_too_large",
        Text("the header is too large", "l’en-tête est trop grand"),
    ),
    503: (
        "unavailable",
        Text(
            "nothing can be accepted now; try again later",
            "rien ne peut être accepté maintenant ; réessayez plus tard",
        ),
    ),
    505: (
        "version_not_supported",
        Text("only HTTP/1.0 and 1.1 are spoken here", "seuls HTTP/1.0 et 1.1 sont parlés ici"),
    ),
}


def http_date() -> bytes:
    """Return the `Date` field for the present second."""
    return b"Date: " + formatdate(usegmt=True).encode("ascii") + b"\r\n"


def encode(
    status: int,
    *,
    body: JSON = None,
    text: str | None = None,
    page: str | None = None,
    fields: Mapping[str, str] | None = None,
    date: bytes = b"",
    close: bool = False,
    is_head: bool = False,
) -> bytes:
    """Return a whole answer. A refusal gets a reference number that the log names too."""
    if page is not None:
        kind, content = _PAGE, page.encode()
    elif text is not None:
        kind, content = _TEXT, text.encode()
    else:
        if status >= 400 and isinstance(body, dict) and "reference" not in body:
            body = {**body, "reference": secrets.token_hex(4)}
        kind, content = _JSON, _ENCODER.encode(body).encode("ascii")
    head = b"%s%s%s%s%sContent-Length: %d\r\n\r\n" % (
        _HEADS[status],
        date,
        kind,
        _encode_fields(fields) if fields else b"",
        _CLOSE if close else b"",
        len(content),
    )
    return head if is_head else head + content


def refusal(status: int) -> dict[str, JSON]:
    """Return the body of a refusal: a code and a sentence in both languages."""
    code, text = REFUSALS[status]
    return {"error": code, "message": {"en": text.en, "fr": text.fr}}


def _encode_fields(fields: Mapping[str, str]) -> bytes:
    lines = (f"{name}: {value}\r\n" for name, value in fields.items())
    return "".join(
        line for line in lines if line.isascii() and "\n" not in line[:-2] and "\r" not in line[:-2]
    ).encode("ascii")
