"""What senders ask before they send: answered to the right one only, and never an event.

`before` looks at requests that carry no signature by nature, `after` at those that were
verified (triggers W-9).
"""

import hmac
import re
from collections.abc import Sequence
from typing import Final

from rouage.sdk import JSON, HookReply, HookRequest
from rouage_connectors.webhook.content import Unreadable, read_json
from rouage_connectors.webhook.schemes import Handshake

_WOOCOMMERCE_PING: Final = re.compile(rb"webhook_id=\d{1,20}")
_FORM: Final = "application/x-www-form-urlencoded"
_LONGEST_CHALLENGE: Final = 1_000
_LARGEST_QUESTION: Final = 10_000
_ORIGIN: Final = re.compile(r"[A-Za-z0-9*][A-Za-z0-9.:*/_-]{0,252}")
_DONE: Final[dict[str, JSON]] = {"ok": True}
_REFUSED: Final[dict[str, JSON]] = {
    "error": "refused",
    "message": {
        "en": "this is not what the recipe expects",
        "fr": "ce n’est pas ce que la recette attend",
    },
}


def before(
    kind: Handshake | None, request: HookRequest, *, verify_tokens: Sequence[str]
) -> HookReply | None:
    """Return the answer to a question that is not signed, None when this is none."""
    if kind == "woocommerce" and _is_woocommerce_ping(request):
        return HookReply(status=200, body=_DONE)
    if kind == "meta" and request.method == "GET" and "hub.mode" in request.query:
        return _meta(request, verify_tokens)
    return None


def after(kind: Handshake | None, request: HookRequest, *, per_minute: int) -> HookReply | None:
    """Return the answer to a question whose sender was verified, None when this is none."""
    if kind == "github" and request.headers.get("x-github-event") == "ping":
        return HookReply(status=200, body=_DONE)
    if kind == "slack":
        return _slack(request)
    if kind == "cloudevents" and request.method == "OPTIONS":
        return _cloudevents(request, per_minute)
    return None


def _is_woocommerce_ping(request: HookRequest) -> bool:
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != _FORM or "x-wc-webhook-signature" in request.headers:
        return False
    return len(request.body) < 40 and _WOOCOMMERCE_PING.fullmatch(request.body) is not None


def _meta(request: HookRequest, verify_tokens: Sequence[str]) -> HookReply:
    given = request.query.get("hub.verify_token", "").encode("utf-8", "surrogateescape")
    known = [hmac.compare_digest(given, one.encode()) for one in verify_tokens]
    challenge = request.query.get("hub.challenge", "")
    is_asked = request.query.get("hub.mode") == "subscribe" and challenge.isprintable()
    if not any(known) or not is_asked or not 0 < len(challenge) <= _LONGEST_CHALLENGE:
        return HookReply(status=403, body=_REFUSED)
    return HookReply(status=200, text=challenge)


def _slack(request: HookRequest) -> HookReply | None:
    if len(request.body) > _LARGEST_QUESTION or b"url_verification" not in request.body:
        return None
    try:
        body = read_json(bytes(request.body))
    except Unreadable:
        return None
    if not isinstance(body, dict) or body.get("type") != "url_verification":
        return None
    challenge = body.get("challenge")
    if not isinstance(challenge, str) or not 0 < len(challenge) <= _LONGEST_CHALLENGE:
        return HookReply(status=400, body=_REFUSED)
    return HookReply(status=200, text=challenge)


def _cloudevents(request: HookRequest, per_minute: int) -> HookReply:
    origin = request.headers.get("webhook-request-origin", "")
    if _ORIGIN.fullmatch(origin) is None:
        return HookReply(status=400, body=_REFUSED)
    allowed = {"WebHook-Allowed-Origin": origin, "Allow": "POST, OPTIONS"}
    if "webhook-request-rate" in request.headers:
        allowed["WebHook-Allowed-Rate"] = str(per_minute)
    return HookReply(status=200, body=_DONE, headers=allowed)
