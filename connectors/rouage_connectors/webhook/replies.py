"""What a hook answers: fixed words, and never more than the sender may know."""

from typing import Final

from rouage.sdk import JSON, HookReply, Outcome
from rouage_connectors.webhook.content import Unreadable

PAUSE_SECONDS: Final = 5

_UNAUTHORIZED: Final[dict[str, JSON]] = {
    "error": "unauthorized",
    "message": {
        "en": "the signature or token is missing or wrong",
        "fr": "la signature ou le jeton manque ou n’est pas le bon",
    },
}
_UNAVAILABLE: Final[dict[str, JSON]] = {
    "error": "unavailable",
    "message": {
        "en": "nothing can be accepted now; try again later",
        "fr": "rien ne peut être accepté maintenant ; réessayez plus tard",
    },
}
UNAUTHORIZED: Final = HookReply(status=401, body=_UNAUTHORIZED)


def unavailable(seconds: float) -> HookReply:
    """Return that the sender should come again in *seconds*."""
    return HookReply(
        status=503, body=_UNAVAILABLE, headers={"Retry-After": str(max(1, round(seconds)))}
    )


def unreadable(error: Unreadable) -> HookReply:
    """Return why the body was refused."""
    codes = {413: "too_large", 415: "unsupported_type"}
    message: dict[str, JSON] = {"en": error.message.en, "fr": error.message.fr}
    body: JSON = {"error": codes.get(error.status, "bad_body"), "message": message}
    return HookReply(status=error.status, body=body)


def awaited(event_id: str, outcome: Outcome) -> HookReply:
    """Return the result of the step that was waited for, or that it is not there yet."""
    if outcome.is_done:
        return HookReply(status=200, body=outcome.result)
    body: JSON = {"id": event_id, "run": outcome.run, "state": outcome.state}
    return HookReply(status=202, body=body)
