"""Hide the values of secrets in whatever leaves the daemon (security S-56).

A secret is found by value, not by where it stands: as it is, and as it looks after being
put into a URL, base64, hexadecimal, JSON or HTML. Every sink (journal, log, console, command
line) passes its text through one `Redactor`.
"""

import base64
import html
import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, quote_plus

MASK: Final = "•••"
SHORTEST: Final = 6
"""Shorter values are not looked for: they would hide ordinary words."""

_SHORTEST_LINE: Final = 12
_PADDINGS: Final = ((0, 0), (1, 2), (2, 3))
"""Bytes ahead of the secret in its group of three, and the characters they spoil."""


class Redactor:
    """Replaces the known secrets in texts by a mask. Immutable: make a new one on a change."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        self._longest = len(self._forms[0]) if self._forms else 0

    def mask(self, text: str) -> str:
        """Return *text* with every form of every secret masked."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def mask_json(self, value: Any) -> Any:
        """Return the JSON *value* with its texts and names masked."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask(name): self.mask_json(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.mask_json(item) for item in value]
        return value

    def stream(self) -> "StreamRedactor":
        """Return a masker for a text that arrives in pieces."""
        return StreamRedactor(self, self._longest)


class StreamRedactor:
    """Masks a text that arrives in pieces: a secret split between two is still found."""

    def __init__(self, redactor: Redactor, longest: int) -> None:
        self._redactor = redactor
        self._held = ""
        self._longest = longest

    def feed(self, piece: str) -> str:
        """Take the next *piece* and return what is safe to pass on so far."""
        text = self._redactor.mask(self._held + piece)
        keep = min(len(text), max(0, self._longest - 1))
        self._held = text[len(text) - keep :] if keep else ""
        return text[: len(text) - keep]

    def close(self) -> str:
        """Return what was held back."""
        rest, self._held = self._redactor.mask(self._held), ""
        return rest


def _forms(secret: str) -> set[str]:
    if len(secret) < SHORTEST:
        return set()
    lines = [line.strip() for line in secret.splitlines()]
    whole = {secret, secret.strip(), *(line for line in lines if len(line) >= _SHORTEST_LINE)}
    forms = {form for text in whole for form in _encodings(text)}
    return {form for form in forms if len(form) >= SHORTEST}


def _encodings(text: str) -> set[str]:
    data = text.encode("utf-8", "surrogateescape")
    urls = {quote(data), quote(data, safe=""), quote_plus(data), quote(data, safe="!'()*")}
    forms = {text, data.hex(), data.hex().upper(), *urls, *(_lower_escapes(url) for url in urls)}
    forms |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    forms |= {json.dumps(text)[1:-1].replace("/", "\\/")}
    forms |= {html.escape(text), html.escape(text, quote=False)}
    forms |= {html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")}
    return forms | _base64_forms(data)


def _lower_escapes(url: str) -> str:
    """Return *url* with its percent escapes in lower case, as some write them."""
    head, *parts = url.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in parts)])


def _base64_forms(data: bytes) -> set[str]:
    """Return what is constant of *data* in base64, wherever it stands in the encoded bytes."""
    forms = set()
    for ahead, spoilt in _PADDINGS:
        encoded = base64.b64encode(b"\0" * ahead + data).decode("ascii")
        body = encoded.rstrip("=")
        # The last character before padding also holds bits of what would follow.
        core = body[spoilt:-1] if body != encoded else body[spoilt:]
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms
