"""The only HTTP client of actions: it reaches the public internet and nothing else (S-37, S-38).

Every address is checked where it is used: names when they are resolved (all the answers),
addresses written out before each request and each redirect, and once more the very address
that a socket is about to connect to.
"""

import errno
import socket
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from rouage.errors import StepError
from rouage.language import Text
from rouage.safety.addresses import is_public
from rouage.safety.names import shown

TOTAL_SECONDS: Final = 30.0
_MOST_REDIRECTS: Final = 3
_MOST_CONNECTIONS: Final = 64
_PORTS: Final = {"http": 80, "https": 443}
# What may follow a redirect to another host; anything else may be a credential.
_HARMLESS_HEADERS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "content-type", "user-agent"}
)

_PRIVATE: Final = Text(
    "{host} is a private address: requests may only go to the public internet",
    "{host} est une adresse privée : les requêtes ne peuvent aller que vers l’internet public",
)
_PRIVATE_HINT: Final = Text(
    "if it is yours, write `allow_private: [HOST:PORT]` next to a literal `url`",
    "si elle est à vous, écrivez `allow_private: [HÔTE:PORT]` à côté d’une `url` littérale",
)
_SCHEME: Final = Text(
    "only http and https addresses can be requested",
    "seules les adresses http et https sont admises",
)
_DOWNGRADE: Final = Text(
    "{host} redirects to an unencrypted address", "{host} redirige vers une adresse non chiffrée"
)
_TOO_MANY: Final = Text(
    "{host} redirects more than {limit} times", "{host} redirige plus de {limit} fois"
)


class PrivateAddressError(StepError):
    """The request would have reached a machine or network that is not public."""


class _Guard:
    """What one session may reach besides the public internet: literal `host:port` pairs."""

    def __init__(self, allow_private: Iterable[str]) -> None:
        self._hosts = frozenset(_host_port(text) for text in allow_private)
        self._addresses: set[tuple[str, int]] = set()

    def admit(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Let *host* be reached at *addresses*, or refuse.

        Raises:
            PrivateAddressError: one of them is not public, and the pair is not allowed.
        """
        if (host.lower().rstrip("."), port) in self._hosts:
            self._addresses.update((address, port) for address in addresses)
        elif not all(is_public(address) for address in addresses):
            raise PrivateAddressError(_PRIVATE, hint=_PRIVATE_HINT, host=shown(host))

    def socket(self, found: Any) -> socket.socket:
        """Make the socket for one address, which is looked at a last time."""
        family, kind, protocol, _, address = found
        if not is_public(address[0]) and (address[0], address[1]) not in self._addresses:
            raise OSError(errno.EACCES, "not a public address")
        return socket.socket(family, kind, protocol)

    async def check(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Check an address that is written out, before every request and redirect."""
        url = request.url
        if url.scheme not in _PORTS:
            raise StepError(_SCHEME)
        host = url.host or ""
        if _is_address(host):
            self.admit(host, url.port or _PORTS[url.scheme], [host])
        return await handler(request)


class _Resolver(AbstractResolver):
    """Resolves names and lets through only answers that the guard admits, all or none."""

    def __init__(self, guard: _Guard) -> None:
        self._guard = guard
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of *host*."""
        found = await self._inner.resolve(host, port, family)
        self._guard.admit(host, port, [answer["host"] for answer in found])
        return found

    async def close(self) -> None:
        """Release the resolver."""
        await self._inner.close()


def open_session(
    *, allow_private: Iterable[str] = (), total_seconds: float = TOTAL_SECONDS
) -> aiohttp.ClientSession:
    """Return a guarded session; close it when done. Call it where an event loop runs.

    *allow_private* lists `host:port` pairs that may be private. Give such a session to one
    literal request and close it: a kept connection must not serve another recipe.
    """
    guard = _Guard(allow_private)
    connector = aiohttp.TCPConnector(
        resolver=_Resolver(guard),
        socket_factory=guard.socket,
        limit=_MOST_CONNECTIONS,
        ttl_dns_cache=30,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=total_seconds),
        middlewares=(guard.check,),
        trace_configs=[_redirect_rules()],
        trust_env=False,
        headers={"User-Agent": "Rouage"},
    )


def _redirect_rules() -> aiohttp.TraceConfig:
    rules = aiohttp.TraceConfig()
    rules.on_request_redirect.append(_on_redirect)
    return rules


async def _on_redirect(
    _: aiohttp.ClientSession, context: SimpleNamespace, found: aiohttp.TraceRequestRedirectParams
) -> None:
    """Allow at most three redirects, never to plain http, and take no credential along."""
    context.redirects = getattr(context, "redirects", 0) + 1
    origin, response = found.url, found.response
    refusal = _redirect_refusal(origin, _target(found), context.redirects)
    if refusal is not None:
        response.close()
        raise StepError(refusal, host=shown(origin.host), limit=_MOST_REDIRECTS)
    target = _target(found)
    if target is not None and target.host != origin.host:
        for name in [name for name in found.headers if name.lower() not in _HARMLESS_HEADERS]:
            found.headers.popall(name, None)


def _target(found: aiohttp.TraceRequestRedirectParams) -> URL | None:
    location = found.response.headers.get("Location") or found.response.headers.get("URI")
    try:
        return None if location is None else found.url.join(URL(location))
    except ValueError:
        return None  # aiohttp says what is wrong with it


def _redirect_refusal(origin: URL, target: URL | None, count: int) -> Text | None:
    if count > _MOST_REDIRECTS:
        return _TOO_MANY
    if target is not None and origin.scheme == "https" and target.scheme != "https":
        return _DOWNGRADE
    return None


def _is_address(host: str) -> bool:
    """Say whether *host* is an address and no name: a colon, or a number at its end."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return ":" in host or last.isdigit() or last.startswith("0x")


def _host_port(text: str) -> tuple[str, int]:
    """Return the host and port that *text* (`host:port`) names.

    Raises:
        StepError: the port is missing or is no number.
    """
    host, _, port = text.strip().rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise StepError(
            Text(
                "“{pair}” in `allow_private` must be written host:port",
                "« {pair} » dans `allow_private` doit s’écrire hôte:port",
            ),
            pair=shown(text),
        )
    return host.strip("[]").lower().rstrip("."), int(port)
