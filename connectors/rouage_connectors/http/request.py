"""The action `http.request`: where a request may go, and what is sent."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from rouage.sdk import JSON, Connector, Context, Duration, StepError, Text, param, params
from rouage.sdk.fetching import place_of, read
from rouage.sdk.files import OnConflict, shown, write
from rouage_connectors.http.answer import REPEATABLE, body_of, explained, judge

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

connector = Connector(
    "http",
    title=Text("HTTP", "HTTP"),
    about=Text("Requests to other services.", "Des requêtes à d’autres services."),
)

# The host ends before the first expression, so that no value can change or extend it.
_LITERAL_HOST: Final = re.compile(r"https?://[^/?#${}\s]+[/?#]", re.IGNORECASE)

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
        exposed=True,
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


async def simulate_request(params: Request, context: Context) -> JSON:
    """Look whether the request could be sent; only the other side knows what it would answer."""
    _check(params, context)
    if params.save_to is not None:
        context.files.check(params.save_to, "write")
    return None


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
            "status": {"type": "integer", "examples": [200]},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "body": {"description": "Data if the answer is JSON, else text"},
            "path": {"type": ["string", "null"], "description": "The file of `save_to`"},
        },
        "required": ["status", "headers", "body", "path"],
    },
    example={"url": "https://api.example.org/orders", "method": "POST", "json": {"id": "A-1"}},
    describe=Text("send {method} to {url}", "envoyer {method} à {url}"),
    simulate=simulate_request,
)
async def request(params: Request, context: Context) -> JSON:
    """Send a request and return the answer.

    A lost connection or a timeout after a POST or PATCH is a doubt, not a failure: the other
    side may have acted. Those two carry the key of the step in `Idempotency-Key`.
    """
    _check(params, context)
    place = place_of(params.url)
    try:
        async with (
            asyncio.timeout(params.timeout),
            _session(params, context) as session,
            session.request(params.method, params.url, **_options(params, context)) as reply,
        ):
            if reply.status >= 400 and params.on_status == "fail":
                judge(reply, method=params.method, place=place)
            data = await read(reply, place)
    except (StepError, asyncio.CancelledError):
        raise
    except Exception as error:
        raise explained(error, method=params.method, place=place) from error
    return await _result(params, context, reply, data)


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
        raise StepError(_BAD_URL, url=shown(url[:80])) from None
    if host is None or parts.scheme not in {"http", "https"}:
        raise StepError(_BAD_URL, url=shown(url[:80]))
    return host


def _options(params: Request, context: Context) -> dict[str, Any]:
    from aiohttp import ClientTimeout

    options: dict[str, Any] = {
        "headers": dict(params.headers),
        "timeout": ClientTimeout(total=params.timeout),
    }
    if params.method not in REPEATABLE:
        options["headers"].setdefault("Idempotency-Key", context.idempotency_key)
    if params.query:
        options["params"] = params.query
    if params.json is not None:
        options["json"] = params.json
    elif params.body is not None:
        options["data"] = params.body.encode()
    return options


async def _result(params: Request, context: Context, reply: "ClientResponse", data: bytes) -> JSON:
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
        body = body_of(reply, data, place_of(params.url))
    headers: dict[str, JSON] = {
        name.lower(): ", ".join(reply.headers.getall(name)) for name in reply.headers
    }
    return {"status": reply.status, "headers": headers, "body": body, "path": path}
