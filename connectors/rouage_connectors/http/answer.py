"""What an answer means, and what no answer means: done, refused, try again, or unknown."""

import json
import re
from typing import TYPE_CHECKING, Final

from rouage.sdk import JSON, RetryableError, StepError, StepTimeout, Text
from rouage.sdk.fetching import retry_after
from rouage.sdk.files import shown

if TYPE_CHECKING:
    from aiohttp import ClientResponse

REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that the rules of HTTP let anybody repeat without harm."""

_TEXTUAL: Final = re.compile(r"text/|.*(?:json|xml|javascript|x-www-form-urlencoded|yaml|csv)")

_REFUSED: Final = Text("{place} answered {status}", "{place} a répondu {status}")
_REFUSED_HINT: Final = Text(
    "to go on with any answer, write `on_status: return` and look at `status`",
    "pour continuer avec toute réponse, écrivez `on_status: return` et regardez `status`",
)
_UNREACHABLE: Final = Text(
    "{place} cannot be reached: {reason}", "{place} est injoignable : {reason}"
)
_UNKNOWN: Final = Text(
    "{place} did not answer; whether it acted is unknown",
    "{place} n’a pas répondu ; impossible de savoir s’il a agi",
)
_NO_ANSWER: Final = Text("{place} did not answer", "{place} n’a pas répondu")
_BINARY: Final = Text(
    "the answer of {place} is not text ({kind})",
    "la réponse de {place} n’est pas du texte ({kind})",
)
_BINARY_HINT: Final = Text(
    "write it to a file with `save_to`", "écrivez-la dans un fichier avec `save_to`"
)
_NOT_JSON: Final = Text(
    "{place} says it answers JSON, but the answer is not JSON",
    "{place} dit répondre en JSON, mais la réponse n’en est pas",
)
_BAD_REQUEST: Final = Text(
    "this request cannot be sent: {reason}", "cette requête ne peut pas être envoyée : {reason}"
)


def judge(reply: "ClientResponse", *, method: str, place: str) -> None:
    """Raise for an answer of 400 and above.

    429 says that nothing was done. Other errors may be tried again where repeating the
    method is harmless by the rules of HTTP.

    Raises:
        RetryableError: trying again is honest.
        StepError: it is not.
    """
    if reply.status == 429 or (reply.status >= 500 and method in REPEATABLE):
        raise RetryableError(
            _REFUSED,
            retry_after_seconds=retry_after(reply.headers),
            place=place,
            status=reply.status,
        )
    raise StepError(_REFUSED, hint=_REFUSED_HINT, place=place, status=reply.status)


def body_of(reply: "ClientResponse", data: bytes, place: str) -> JSON:
    """Return *data* as its type says: data if it is JSON, else text.

    Raises:
        StepError: it is neither.
    """
    kind = reply.content_type
    is_json = kind == "application/json" or kind.endswith("+json")
    if is_json and data.strip():
        try:
            parsed: JSON = json.loads(data, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            if reply.status < 400:
                raise StepError(_NOT_JSON, place=place) from None
        else:
            return parsed
    try:
        return data.decode(reply.charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        if _TEXTUAL.match(kind) is None:
            raise StepError(_BINARY, hint=_BINARY_HINT, place=place, kind=kind) from None
        return data.decode("cp1252", errors="replace")


def explained(error: Exception, *, method: str, place: str) -> StepError:
    """Return what to raise for *error*: not done, failed, or unknown."""
    from aiohttp import ClientConnectorError, ClientError, ConnectionTimeoutError, InvalidURL

    if isinstance(error, ClientConnectorError | ConnectionTimeoutError):
        return RetryableError(_UNREACHABLE, place=place, reason=_reason(error))
    if isinstance(error, InvalidURL | ValueError | TypeError):
        return StepError(_BAD_REQUEST, reason=shown(str(error)[:200]))
    if not isinstance(error, ClientError | TimeoutError | OSError):
        raise error
    if method in REPEATABLE:
        return RetryableError(_NO_ANSWER, place=place)
    return StepTimeout(_UNKNOWN, place=place)


def _refuse_constant(word: str) -> None:
    raise ValueError(word)


def _reason(error: Exception) -> str:
    cause = error.__cause__
    return shown(getattr(cause, "strerror", None) or type(error).__name__)
