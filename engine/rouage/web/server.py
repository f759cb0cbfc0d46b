"""The console's listener: who may call, by which name, with which right (security D.1, D.2).

The listener for webhooks is another one (`hooks.py`); the two share no port.
"""

import asyncio
import errno
import hmac
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from rouage.errors import JournalError, Overloaded, RouageError, WorkspaceError
from rouage.language import Language, Text
from rouage.web.answers import REFUSALS
from rouage.web.api import Api, Refused, Right, Route
from rouage.web.controls import Control
from rouage.web.hosts import HostList
from rouage.web.routes import ROUTES

logger = logging.getLogger(__name__)

LARGEST_BODY: Final = 1 << 20
MOST_CONNECTIONS: Final = 256
MOST_HEADERS: Final = 100
HEAD_SECONDS: Final = 10.0
"""Time for the head of a request to arrive, and for a connection to stay idle."""
_STOP_SECONDS: Final = 2.0
_PORT_TRIES: Final = 10

_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "rouage",
}
_NO_TOKEN: Final = Text(
    "this needs the token of the workspace", "ceci demande le jeton de l’espace de travail"
)
_NO_RIGHT: Final = Text("this is not allowed", "ceci n’est pas permis")
_FOREIGN: Final = Text(
    "a change must come from the console itself", "une modification doit venir de la console même"
)
_NOT_JSON: Final = Text(
    "a change must be sent as application/json",
    "une modification doit être envoyée en application/json",
)
_BROKEN: Final = Text(
    "something went wrong inside; the log names the reference",
    "un incident interne s’est produit ; le journal technique cite la référence",
)
_PORT_TAKEN: Final = Text("port {port} is in use", "le port {port} est déjà utilisé")
_PORT_TAKEN_HINT: Final = Text(
    "choose another one with --port, or `port:` in rouage.yaml (0 picks a free one)",
    "choisissez-en un autre avec --port, ou `port:` dans rouage.yaml (0 en trouve un libre)",
)


class ConsoleServer:
    """Serve health and the API on loopback until `stop`."""

    def __init__(
        self,
        control: Control,
        *,
        token: str,
        allowed_hosts: Iterable[str] = (),
        language: Language = "en",
    ) -> None:
        application = make_application(
            control, token=token, allowed_hosts=allowed_hosts, language=language
        )
        self._runner = web.AppRunner(application, shutdown_timeout=_STOP_SECONDS)
        self._servers: list[asyncio.Server] = []

    async def start(
        self, hosts: Sequence[str], port: int, *, sockets: Sequence[socket.socket] = ()
    ) -> int:
        """Listen on *hosts* and return the port; 0 picks one that is free on all of them.

        Where the service manager handed over *sockets*, those are listened on instead.

        A host that this machine does not have (::1 without IPv6) is left out, unless it is
        the only one.

        Raises:
            WorkspaceError: the port is in use.
        """
        await self._runner.setup()
        if sockets:
            return await self._take(sockets)
        for _ in range(_PORT_TRIES if port == 0 else 1):
            found = await self._listen(hosts, port)
            if found is not None:
                return found
        raise WorkspaceError(_PORT_TAKEN, hint=_PORT_TAKEN_HINT, port=port)

    async def stop(self) -> None:
        """Stop listening, and let requests in progress end."""
        self._close()
        await self._runner.cleanup()

    async def _take(self, sockets: Sequence[socket.socket]) -> int:
        loop = asyncio.get_running_loop()
        make = _connections(self._runner)
        for given in sockets:
            self._servers.append(await loop.create_server(make, sock=given, backlog=128))
        return int(sockets[0].getsockname()[1])

    async def _listen(self, hosts: Sequence[str], port: int) -> int | None:
        loop = asyncio.get_running_loop()
        make = _connections(self._runner)
        for host in hosts:
            try:
                server = await loop.create_server(make, host, port, backlog=128)
            except OSError as error:
                if _is_absent(error) and len(hosts) > 1:
                    continue
                self._close()
                return None
            self._servers.append(server)
            port = server.sockets[0].getsockname()[1]
        return port if self._servers else None

    def _close(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()


def make_application(
    control: Control,
    *,
    token: str,
    allowed_hosts: Iterable[str] = (),
    language: Language = "en",
    routes: Sequence[Route] = ROUTES,
) -> web.Application:
    """Return the application: guarded, and with nothing but *routes*."""
    api = Api(control, language=language)
    guard = _Guard(api, token=token, hosts=HostList(allowed_hosts), routes=routes)
    application = web.Application(middlewares=[guard.answer], client_max_size=LARGEST_BODY)
    for route in routes:
        application.router.add_route(route.method, route.path, _bind(api, route))
    application.on_response_prepare.append(_add_headers)
    check_rights(application, routes)
    return application


def check_rights(application: web.Application, routes: Sequence[Route]) -> None:
    """Check that every route of *application* stands in the table *routes*, once.

    Raises:
        RuntimeError: one does not; nothing may be served (security S-16).
    """
    table = {(route.method, route.path) for route in routes}
    found = [
        (route.method, route.resource.canonical if route.resource else "?")
        for route in application.router.routes()
    ]
    if len(found) != len(set(found)) or set(found) != table:
        raise RuntimeError("a route lacks its entry in the table of rights")


def _bind(api: Api, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await route.handler(api, request)

    return handle


class _Guard:
    """Everything that is asked of a request before it is answered."""

    def __init__(self, api: Api, *, token: str, hosts: HostList, routes: Sequence[Route]) -> None:
        self._api = api
        self._token = token.encode()
        self._hosts = hosts
        self._rights: dict[tuple[str, str], Right] = {
            (route.method, route.path): route.right for route in routes
        }

    @web.middleware
    async def answer(self, request: web.Request, handler: _Next) -> web.StreamResponse:
        """Answer *request*, with an error in our own shape where need be."""
        try:
            self._admit(request)
            return await handler(request)
        except Refused as refused:
            return self._refuse(request, refused)
        except web.HTTPException as error:
            return self._refuse(request, _standard(error))
        except RouageError as error:
            return self._refuse(request, _explained(error))
        except Exception as error:  # noqa: BLE001 - the border to the network
            return self._break(request, error)

    def _admit(self, request: web.Request) -> None:
        if not self._hosts.admits(request.headers.get("Host")):
            raise _refused(421)
        resource = request.match_info.route.resource
        right = self._rights.get((request.method, resource.canonical if resource else ""))
        if right == "public":
            return
        if right == "link":
            # The address is the right: the handler judges it. A change is one all the same.
            if request.method not in {"GET", "HEAD"}:
                _check_form(request)
            return
        self._check_token(request)
        if request.match_info.http_exception is not None:
            raise request.match_info.http_exception
        if right is None:
            raise Refused(403, "forbidden", _NO_RIGHT)
        if right == "change":
            _check_change(request)

    def _check_token(self, request: web.Request) -> None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        token = given.strip().encode("utf-8", "replace")
        if kind.lower() != "bearer" or not hmac.compare_digest(token, self._token):
            raise Refused(401, "unauthorized", _NO_TOKEN, headers={"WWW-Authenticate": "Bearer"})

    def _refuse(self, request: web.Request, refused: Refused) -> web.Response:
        language = self._api.language_of(request)
        error = {
            "code": refused.code,
            "message": refused.message.render(language, refused.facts),
            "hint": refused.hint.render(language, refused.facts) if refused.hint else None,
            "reference": secrets.token_hex(4),
            **refused.details,
        }
        logger.debug("refused with %s, reference %s", refused.status, error["reference"])
        return web.json_response({"error": error}, status=refused.status, headers=refused.headers)

    def _break(self, request: web.Request, error: Exception) -> web.Response:
        reference = secrets.token_hex(4)
        logger.error("request failed, reference %s", reference, exc_info=error)
        body = {
            "code": "internal",
            "message": _BROKEN.render(self._api.language_of(request)),
            "hint": None,
            "reference": reference,
        }
        return web.json_response({"error": body}, status=500)


def _check_change(request: web.Request) -> None:
    """Refuse what a foreign page could make a browser send (security S-13)."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    ours = f"{request.scheme}://{request.headers.get('Host', '')}".lower()
    if (origin is not None and origin.lower() != ours) or site not in {"same-origin", "none"}:
        raise Refused(403, "foreign_origin", _FOREIGN)
    if request.headers.get("Content-Type", "").lower() != "application/json":
        raise Refused(415, "unsupported_type", _NOT_JSON)


def _check_form(request: web.Request) -> None:
    """Refuse a form that another site made a browser send.

    Our page asks for no referrer, so its own form comes with `Origin: null`; then what the
    form carries, and `Sec-Fetch-Site` where there is one, tell it from a foreign one.
    """
    origin = request.headers.get("Origin", "null").lower()
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    host = request.headers.get("Host", "").lower()
    if origin not in {"null", f"http://{host}", f"https://{host}"} or site != "same-origin":
        raise Refused(403, "foreign_origin", _FOREIGN)
    if request.content_type != "application/x-www-form-urlencoded":
        raise _refused(415)


def _refused(status: int) -> Refused:
    code, message = REFUSALS.get(status, REFUSALS[400])
    return Refused(status, code, message)


def _standard(error: web.HTTPException) -> Refused:
    refused = _refused(error.status if error.status in REFUSALS else 400)
    if "Allow" in error.headers:
        refused.headers["Allow"] = error.headers["Allow"]
    return refused


def _explained(error: RouageError) -> Refused:
    """Return the answer for an error that Rouage can explain."""
    if isinstance(error, Overloaded):
        headers = {"Retry-After": str(max(1, round(error.retry_after_seconds)))}
        return Refused(503, "overloaded", error.message, headers=headers, facts=error.facts)
    status, code = (503, "journal") if isinstance(error, JournalError) else (422, "refused")
    return Refused(status, code, error.message, hint=error.hint, facts=error.facts)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    del request
    for name, value in SECURITY_HEADERS.items():
        # A page may bring a stricter policy of its own; `Server` never tells what serves.
        if name == "Server" or name not in response.headers:
            response.headers[name] = value


def _is_absent(error: OSError) -> bool:
    """Say whether the machine lacks the address, rather than the port being taken."""
    return error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class _Full(asyncio.Protocol):
    """Turns a connection away when there are too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class _Connection(RequestHandler):
    """One connection; what is not HTTP gets a plain answer that echoes nothing (S-08)."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what could not be read as a request."""
        del request, message
        logger.debug("not a request: %s", type(exc).__name__)
        refused = _refused(status if status in REFUSALS else 400)
        body = {"code": refused.code, "message": refused.message.en, "hint": None}
        reply = web.json_response({"error": body}, status=refused.status, headers=SECURITY_HEADERS)
        reply.force_close()
        return reply


def _connections(runner: web.AppRunner) -> Callable[[], asyncio.BaseProtocol]:
    """Return the maker of connections: bounded in number, and in time until they speak."""
    loop = asyncio.get_running_loop()

    def make() -> asyncio.BaseProtocol:
        server = runner.server
        if server is None or len(server.connections) >= MOST_CONNECTIONS:
            return _Full()
        return _Connection(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # None switches it off, as documented
            logger=logger,
            keepalive_timeout=HEAD_SECONDS,
            max_headers=MOST_HEADERS,
        )

    return make
