"""The listener for webhooks: exact paths, bounded reading, answers after the commit.

It stands apart from console and API (security S-02) and is the only part that the internet
may reach. What a request means is for the trigger that opened the path.
"""

import asyncio
import contextlib
import logging
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qsl

from aiohttp.http import HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.streams import StreamReader

from rouage.errors import StepError
from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.forms import FormPage, Submit
from rouage.sdk.multipart import Body
from rouage.sdk.trigger import HookAnswer, HookReply, HookRequest
from rouage.web.answers import encode, refusal
from rouage.web.body import Depot, Growing, Unacceptable, inflate, read_body
from rouage.web.connection import Connection
from rouage.web.form_site import FormSite, PageReply
from rouage.web.forwarded import Proxies, caller_of
from rouage.web.hosts import HostList
from rouage.web.known_paths import KnownPaths
from rouage.web.limits import HookRate, Limits, peer_of
from rouage.web.listener import Keep, Listener
from rouage.web.selfcall import is_served

logger = logging.getLogger(__name__)

PREFIX: Final = "/hooks/"
FORMS: Final = "/forms/"
_VERSIONS: Final = frozenset({HttpVersion10, HttpVersion11})
_REMEMBERED_PATHS: Final = 1000
_REOPEN_SECONDS: Final = 10.0
_RELOAD_PAUSE: Final = 2.0
_PAUSE_AFTER_FAULT: Final = 5.0
Outlook = Literal["coming", "closed", "gone"]
"""Of a recipe that serves no hook now: its trigger is starting or failed and will be tried
again; it is switched off; it is deleted."""
_MOST_QUERY_FIELDS: Final = 200

_TAKEN: Final = Text(
    "another trigger already listens to the hook “{path}”",
    "un autre déclencheur écoute déjà le point d’entrée « {path} »",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hook:
    path: str
    prefix: str = PREFIX
    owner: str = ""
    methods: frozenset[str]
    max_body_bytes: int
    answer: HookAnswer
    rate: HookRate


class _Refusal(Exception):  # noqa: N818 - an answer to give, not a fault of ours
    """The request goes no further: a status, and the fields that come with it."""

    def __init__(self, status: int, **fields: str) -> None:
        self.status = status
        self.fields = {name.replace("_", "-"): value for name, value in fields.items()}
        super().__init__(str(status))


class HookServer(Listener):
    """Serve `/hooks/<path>` for the triggers that open a path.

    *allowed_hosts* are the names, beside those of this machine, that `Host` may hold;
    *proxies* the addresses whose word about the caller is taken. *folder* is where large bodies
    lie while they are read, *known_paths* the file that remembers what was served, and
    *outlook* says of a recipe whether it will serve its path again. *keep* is as for any listener.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str] = (),
        proxies: Iterable[str] = (),
        limits: Limits | None = None,
        folder: Path | None = None,
        known_paths: Path | None = None,
        outlook: Callable[[str], Outlook] = lambda _: "gone",
        keep: Keep | None = None,
    ) -> None:
        super().__init__(limits, keep=keep)
        self._hosts = HostList(allowed_hosts)
        self._proxies = Proxies(proxies)
        self._depot = Depot(folder, most_bytes=self.limits.stored_bytes)
        self._known = KnownPaths(known_paths)
        self._outlook = outlook
        self._hooks: dict[str, _Hook] = {}
        self._closed_paths: OrderedDict[str, float] = OrderedDict()
        self._retry_after: float | None = None
        self._bound: tuple[str, ...] = ()

    def open(
        self,
        path: str,
        *,
        methods: frozenset[str],
        max_body_bytes: int,
        answer: HookAnswer,
        rate_per_second: float = 50.0,
        burst: int = 200,
        owner: str = "",
    ) -> AbstractContextManager[None]:
        """Serve `/hooks/<path>` until the context ends; *owner* is the recipe it is for.

        Raises:
            StepError: another trigger holds the path (when the context is entered).
        """
        now = asyncio.get_running_loop().time()
        rate = HookRate(rate=rate_per_second, burst=burst, now=now)
        return self._opened(
            _Hook(
                path=path,
                owner=owner,
                methods=methods,
                max_body_bytes=max_body_bytes,
                answer=answer,
                rate=rate,
            )
        )

    def open_form(
        self,
        path: str,
        *,
        form: FormPage,
        submit: Submit,
        rate_per_second: float,
        burst: int,
        owner: str = "",
    ) -> AbstractContextManager[None]:
        """Serve the page of a form at `/forms/<path>` until the context ends.

        Raises:
            StepError: another trigger holds the path (when the context is entered).
        """
        now = asyncio.get_running_loop().time()
        return self._opened(
            _Hook(
                path=path,
                prefix=FORMS,
                owner=owner,
                methods=frozenset({"GET", "POST"}),
                max_body_bytes=form.most_bytes,
                answer=FormSite(FORMS + path, form, submit).answer,
                rate=HookRate(rate=rate_per_second, burst=burst, now=now),
            )
        )

    async def probe(self, path: str) -> bool:
        """Call `/hooks/<path>` as a sender would, and say whether it is served."""
        if self._retry_after is not None:
            return True  # refused on purpose: the disk is full, or it starts or stops
        return await is_served(self._bound, self.port, PREFIX + path)

    def refuse(self, retry_after: float) -> None:
        """Answer 503 to everything from now on (starting, draining, disk full)."""
        self._retry_after = retry_after

    def admit(self) -> None:
        """End what `refuse` began."""
        self._retry_after = None

    async def start(
        self, hosts: Sequence[str], port: int, *, sockets: Sequence[socket.socket] = ()
    ) -> int:
        """Listen, and remember where, for `probe`."""
        self._bound = tuple(str(one.getsockname()[0]) for one in sockets) or tuple(hosts)
        return await super().start(hosts, port, sockets=sockets)

    def welcome(self, connection: Connection) -> bool:
        """Take in a new connection, and note whether a proxy of ours makes it."""
        connection.is_proxy = self._proxies.trust(connection.remote)
        return super().welcome(connection)

    def look_after(self) -> None:
        """Write down which paths are served, when that has changed."""
        if self._known.has_changed:
            self._known.save()

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """Close the sockets, let answers under way leave, close the connections."""
        await super().stop(grace_seconds)
        self.look_after()

    async def respond(
        self, connection: Connection, message: RawRequestMessage, payload: StreamReader
    ) -> tuple[bytes, bool]:
        """Return the bytes of the answer, and whether the connection may go on."""
        goes_on = True
        try:
            remote = connection.remote
            if connection.is_proxy:
                remote = caller_of(message.headers) or remote
            hook = self._route(connection, message, remote)
            if payload.is_eof() and "Content-Encoding" not in message.headers:
                body: Body = await read_body(payload, most=hook.max_body_bytes)
                reply = await _ask(hook, _request(hook, message, body, remote))
            else:
                reply = await self._take(hook, connection, message, payload, remote)
        except _Refusal as refused:
            reply = HookReply(
                status=refused.status, body=refusal(refused.status), headers=refused.fields
            )
            goes_on = payload.is_eof()
        except Unacceptable as refused:
            fields = {"Retry-After": _seconds(_PAUSE_AFTER_FAULT)} if refused.status == 503 else {}
            reply = HookReply(status=refused.status, body=refusal(refused.status), headers=fields)
            goes_on = False
        goes_on = goes_on and not message.should_close
        data = encode(
            reply.status,
            body=reply.body,
            text=reply.text,
            page=reply.page if isinstance(reply, PageReply) else None,
            fields=reply.headers,
            date=self.date,
            close=not goes_on,
            is_head=message.method == "HEAD",
        )
        return data, goes_on

    @contextlib.contextmanager
    def _opened(self, hook: _Hook) -> Iterator[None]:
        key = hook.prefix + hook.path
        if key in self._hooks:
            raise StepError(_TAKEN, path=hook.path)
        self._hooks[key] = hook
        self._known.note(key, hook.owner)
        self._closed_paths.pop(key, None)
        try:
            yield
        finally:
            del self._hooks[key]
            self._closed_paths[key] = asyncio.get_running_loop().time()
            if len(self._closed_paths) > _REMEMBERED_PATHS:
                self._closed_paths.popitem(last=False)

    def _route(self, connection: Connection, message: RawRequestMessage, remote: str) -> _Hook:
        if message.version not in _VERSIONS:
            raise _Refusal(505)
        if not self._hosts.admits(message.headers.get("Host")):
            raise _Refusal(421)
        if self._retry_after is not None:
            raise _Refusal(503, Retry_After=_seconds(self._retry_after))
        path = message.path.partition("?")[0]
        hook = self._hooks.get(path)
        if hook is None:
            raise self._absent(path)
        _check_head(hook, message)
        peer = connection.peer if remote is connection.remote else peer_of(remote)[0]
        wait = hook.rate.take(peer, asyncio.get_running_loop().time())
        if wait:
            raise _Refusal(429, Retry_After=_seconds(wait))
        return hook

    def _absent(self, path: str) -> _Refusal:
        """Tell a hook that comes back (503) and one that was removed (410) from none.

        A sender that reads 410 never comes again: a recipe that is only switched off is 404.
        """
        closed = self._closed_paths.get(path)
        if closed is not None and asyncio.get_running_loop().time() - closed < _REOPEN_SECONDS:
            return _Refusal(503, Retry_After=_seconds(_RELOAD_PAUSE))
        owner = self._known.owner_of(path)
        outlook = "closed" if owner is None else self._outlook(owner)
        if outlook == "coming":
            return _Refusal(503, Retry_After=_seconds(_PAUSE_AFTER_FAULT))
        return _Refusal(404 if outlook == "closed" else 410)

    async def _take(
        self,
        hook: _Hook,
        connection: Connection,
        message: RawRequestMessage,
        payload: StreamReader,
        remote: str,
    ) -> HookReply:
        """Read a body that is on its way or compressed, and have the hook answer."""
        encoding = message.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "gzip", "x-gzip"}:
            raise _Refusal(415)
        arriving = Growing(self._depot, most=hook.max_body_bytes)
        inflated = Growing(self._depot, most=hook.max_body_bytes)
        try:
            connection.begin_body(payload)
            while piece := await payload.readany():
                await arriving.add(piece)
            connection.end_body()
            body = await arriving.finish()
            if encoding != "identity":
                body = await inflate(body, inflated, ratio=self.limits.inflate_ratio)
            return await _ask(hook, _request(hook, message, body, remote))
        finally:
            arriving.close()
            inflated.close()


def _request(hook: _Hook, message: RawRequestMessage, body: Body, remote: str) -> HookRequest:
    return HookRequest(
        method=message.method,
        path=hook.path,
        headers={name.lower(): value for name, value in message.headers.items()},
        query=_query(message.path),
        body=body,
        remote=remote,
    )


def _check_head(hook: _Hook, message: RawRequestMessage) -> None:
    if message.method not in hook.methods:
        raise _Refusal(405, Allow=", ".join(sorted(hook.methods)))
    if "Expect" in message.headers:
        raise _Refusal(417)
    length = message.headers.get("Content-Length")
    if length is not None and int(length) > hook.max_body_bytes:
        raise _Refusal(413)


async def _ask(hook: _Hook, request: HookRequest) -> HookReply:
    try:
        return await hook.answer(request)
    except Exception:  # the border around a trigger: a sender may try again, never sees a 500
        logger.exception("hooks: no answer from %s", hook.path)
        raise _Refusal(503, Retry_After=_seconds(_PAUSE_AFTER_FAULT)) from None


def _seconds(wait: float) -> str:
    return str(max(1, int(wait + 0.999)))


def _query(target: str) -> dict[str, str]:
    query = target.partition("?")[2]
    if not query:
        return {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_QUERY_FIELDS)
    except ValueError:
        raise _Refusal(400) from None
    return dict(pairs)
