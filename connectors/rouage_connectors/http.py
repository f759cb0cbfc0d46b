"""Requests to other services over HTTP."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from rouage.sdk import (
    JSON,
    Connector,
    Context,
    Duration,
    RetryableError,
    StepError,
    StepTimeout,
    Text,
    param,
    params,
)
from rouage.sdk.files import OnConflict, shown, write

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

connector = Connector(
    "http",
    title=Text("HTTP", "HTTP"),
    about=Text("Requests to other services.", "Des requêtes à d’autres services."),
)

_MOST_BYTES: Final = 10 << 20
_MOST_RATIO: Final = 100
_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_LITERAL_HOST: Final = re.compile(r"https?://[^/?#${}\s]+[/?#]", re.IGNORECASE)
_TEXTUAL: Final = re.compile(r"text/|.*(?:json|xml|javascript|x-www-form-urlencoded|yaml|csv)")

_TWO_BODIES: Final = Text(
    "give either `json` or `body`, not both", "donnez soit `json`, soit `body`, pas les deux"
)
_BAD_URL: Final = Text(
    "“{url}” is not an http or https address", "« {url} » n’est pas une adresse http ou https"
)
_TEMPLATED_HOST: Final = Text(
    "the host of `url` comes from an expression: it could lead anywhere",
    "l’hôte de `url` vient d’une expression : il pourrait mener n’importe où",
)
_TEMPLATED_HOST_HINT: Final = Text(
    "write the host into the recipe, or list the hosts you expect: `allow_hosts: [example.org]`",
    "écrivez l’hôte dans la recette, ou listez les hôtes attendus : `allow_hosts: [example.org]`",
)
_TEMPLATED_PRIVATE: Final = Text(
    "`allow_private` needs a `url` and values that are written out, without expressions",
    "`allow_private` exige une `url` et des valeurs écrites en toutes lettres, sans expression",
)
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
_TOO_LARGE: Final = Text(
    "the answer of {place} is larger than {limit} MiB",
    "la réponse de {place} dépasse {limit} Mio",
)
_BOMB: Final = Text(
    "the answer of {place} unpacks to more than {ratio} times its size",
    "la réponse de {place} se décompresse à plus de {ratio} fois sa taille",
)
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


@params
class Request:
    """What to ask, and where."""

    url: str = param(
        Text("The address.", "L’adresse."),
        title=Text("Address", "Adresse"),
        format="url",
        examples=["https://api.example.org/orders"],
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = param(
        Text("What to do there.", "Ce qu’il faut y faire."),
        title=Text("Method", "Méthode"),
        default="GET",
    )
    headers: dict[str, str] = param(
        Text("Headers, by name.", "Les en-têtes, par nom."),
        title=Text("Headers", "En-têtes"),
        default={},
    )
    query: dict[str, str] = param(
        Text(
            "What follows the “?” of the address, by name.",
            "Ce qui suit le « ? » de l’adresse, par nom.",
        ),
        title=Text("Query", "Requête"),
        default={},
    )
    json: JSON = param(
        Text("Data to send as JSON.", "Des données à envoyer en JSON."),
        title=Text("JSON", "JSON"),
        default=None,
        format="json",
    )
    body: str | None = param(
        Text("Text to send.", "Un texte à envoyer."), title=Text("Body", "Corps"), default=None
    )
    timeout: Duration = param(
        Text("How long the answer may take.", "Le temps laissé à la réponse."),
        title=Text("Time limit", "Délai"),
        default=30.0,
        maximum=600,
    )
    on_status: Literal["fail", "return"] = param(
        Text(
            "What to do with an answer of 400 and above: fail, or return it like any other.",
            "Que faire d’une réponse de 400 et plus : échouer (fail), ou la rendre comme une "
            "autre (return).",
        ),
        title=Text("On refusal", "En cas de refus"),
        default="fail",
    )
    save_to: str | None = param(
        Text(
            "A file to write the answer to, instead of `body`.",
            "Un fichier où écrire la réponse, à la place de `body`.",
        ),
        title=Text("Save to", "Enregistrer sous"),
        default=None,
        format="path",
    )
    on_conflict: OnConflict = param(
        Text(
            "What to do if that file exists: fail, skip, overwrite or rename.",
            "Que faire si ce fichier existe : fail, skip, overwrite ou rename.",
        ),
        title=Text("If it exists", "S’il existe déjà"),
        default="fail",
    )
    allow_private: list[str] = param(
        Text(
            "Machines of your own network that may be reached, as host:port.",
            "Machines de votre réseau qui peuvent être atteintes, sous la forme hôte:port.",
        ),
        title=Text("Private hosts", "Hôtes privés"),
        default=[],
        examples=[["localhost:8080"]],
    )
    allow_hosts: list[str] = param(
        Text(
            "Hosts that an address made by an expression may lead to (* stands for any part).",
            "Hôtes où peut mener une adresse faite par une expression (* vaut pour toute partie).",
        ),
        title=Text("Expected hosts", "Hôtes attendus"),
        default=[],
        examples=[["*.example.org"]],
    )


@connector.action(
    "request",
    title=Text("Send a request", "Envoyer une requête"),
    about=Text("Send a request and return the answer.", "Envoie une requête et rend la réponse."),
    effect="outward",
    # The declaration is per action, and a POST is not: the method decides inside about retries.
    idempotent=False,
    result={
        "type": "object",
        "properties": {
            "status": {"type": "integer"},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "body": {"description": "Data if the answer is JSON, else text"},
            "path": {"type": ["string", "null"], "description": "The file of `save_to`"},
        },
        "required": ["status", "headers", "body", "path"],
    },
    example={"url": "https://api.example.org/orders", "method": "POST", "json": {"id": "A-1"}},
    describe=Text("send {method} to {url}", "envoyer {method} à {url}"),
)
async def request(params: Request, context: Context) -> JSON:
    """Send a request and return the answer.

    A lost connection or a timeout after a POST or PATCH is a doubt, not a failure: the other
    side may have acted. Those two carry the key of the step in `Idempotency-Key`.
    """
    _check(params, context)
    place = _place(params.url)
    try:
        async with (
            asyncio.timeout(params.timeout),
            _session(params, context) as session,
            session.request(params.method, params.url, **_options(params, context)) as reply,
        ):
            _judge(params, reply, place)
            data = await _read(reply, place)
            return await _result(params, context, reply, data, place)
    except (StepError, asyncio.CancelledError):
        raise
    except Exception as error:
        raise _explained(error, params, place) from error


@asynccontextmanager
async def _session(params: Request, context: Context) -> "AsyncIterator[ClientSession]":
    if not params.allow_private:
        yield context.http
        return
    from rouage.sdk.http import open_session

    async with open_session(
        allow_private=params.allow_private, total_seconds=params.timeout
    ) as session:
        yield session


def _check(params: Request, context: Context) -> None:
    if params.json is not None and params.body is not None:
        raise StepError(_TWO_BODIES)
    host = _host(params.url)
    template = context.templates.get("/url")
    if params.allow_private and (
        template is not None
        or any(pointer.startswith("/allow_private") for pointer in context.templates)
    ):
        raise StepError(_TEMPLATED_PRIVATE)
    if params.allow_hosts:
        is_expected = any(fnmatchcase(host, pattern.lower()) for pattern in params.allow_hosts)
    else:
        is_expected = template is None or _LITERAL_HOST.match(template) is not None
    if not is_expected:
        raise StepError(_TEMPLATED_HOST, hint=_TEMPLATED_HOST_HINT)


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme not in {"http", "https"}:
        raise StepError(_BAD_URL, url=shown(url[:80]))
    return host


def _place(url: str) -> str:
    """Return *url* for messages: without credentials and query, where secrets travel."""
    parts = urlsplit(url)
    return shown(f"{parts.hostname}{parts.path}")


def _options(params: Request, context: Context) -> dict[str, Any]:
    from aiohttp import ClientTimeout

    options: dict[str, Any] = {
        "headers": dict(params.headers),
        "timeout": ClientTimeout(total=params.timeout),
    }
    if params.method not in _REPEATABLE:
        options["headers"].setdefault("Idempotency-Key", context.idempotency_key)
    if params.query:
        options["params"] = params.query
    if params.json is not None:
        options["json"] = params.json
    elif params.body is not None:
        options["data"] = params.body.encode()
    return options


def _judge(params: Request, reply: "ClientResponse", place: str) -> None:
    """Raise for an answer that the recipe does not want to see.

    429 says that nothing was done. Other errors may be tried again where repeating the
    method is harmless by the rules of HTTP.
    """
    if reply.status < 400 or params.on_status == "return":
        return
    passing = reply.status >= 500 and params.method in _REPEATABLE
    if passing or reply.status == 429:
        raise RetryableError(
            _REFUSED,
            retry_after_seconds=retry_after(reply.headers),
            place=place,
            status=reply.status,
        )
    raise StepError(_REFUSED, hint=_REFUSED_HINT, place=place, status=reply.status)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for (a number, or a date), if it does."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    now = headers.get("Date")
    try:
        start = parsedate_to_datetime(now) if now else datetime.now(when.tzinfo)
        return max(0.0, (when - start).total_seconds())
    except (ValueError, TypeError):
        return None


async def _read(reply: "ClientResponse", place: str) -> bytes:
    sent = reply.content_length if "Content-Encoding" in reply.headers else None
    chunks, size = [], 0
    async for chunk in reply.content.iter_any():
        size += len(chunk)
        if size > _MOST_BYTES:
            raise StepError(_TOO_LARGE, place=place, limit=_MOST_BYTES >> 20)
        if sent is not None and size > _MOST_RATIO * max(sent, 1024):
            raise StepError(_BOMB, place=place, ratio=_MOST_RATIO)
        chunks.append(chunk)
    return b"".join(chunks)


async def _result(
    params: Request, context: Context, reply: "ClientResponse", data: bytes, place: str
) -> JSON:
    path: str | None = None
    body: JSON = None
    if params.save_to is not None and reply.status < 400:
        saved = await asyncio.to_thread(
            write,
            context.files,
            params.save_to,
            data,
            on_conflict=params.on_conflict,
            key=context.idempotency_key,
        )
        path = saved.path
    else:
        body = _body(reply, data, place)
    headers: dict[str, JSON] = {
        name.lower(): ", ".join(reply.headers.getall(name)) for name in reply.headers
    }
    return {"status": reply.status, "headers": headers, "body": body, "path": path}


def _body(reply: "ClientResponse", data: bytes, place: str) -> JSON:
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


def _refuse_constant(word: str) -> None:
    raise ValueError(word)


def _explained(error: Exception, params: Request, place: str) -> StepError:
    """Return what to raise for *error*: not done, failed, or unknown."""
    from aiohttp import ClientConnectorError, ClientError, ConnectionTimeoutError, InvalidURL

    if isinstance(error, ClientConnectorError | ConnectionTimeoutError):
        return RetryableError(_UNREACHABLE, place=place, reason=_reason(error))
    if isinstance(error, InvalidURL | ValueError | TypeError):
        return StepError(_BAD_REQUEST, reason=shown(str(error)[:200]))
    if not isinstance(error, ClientError | TimeoutError | OSError):
        raise error
    if params.method in _REPEATABLE:
        return RetryableError(_NO_ANSWER, place=place)
    return StepTimeout(_UNKNOWN, place=place)


def _reason(error: Exception) -> str:
    cause = error.__cause__
    return shown(getattr(cause, "strerror", None) or type(error).__name__)
