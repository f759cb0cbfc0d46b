"""The listener for webhooks: exact paths, bounded reading, answers after the commit.

It stands apart from console and API (security S-02) and is the only part that the internet
may reach. What a request means is for the trigger that opened the path.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from aiohttp.http import HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.streams import StreamReader

from rouage.errors import StepError
from rouage.language import Text
from rouage.sdk.trigger import HookAnswer, HookReply, HookRequest
from rouage.web.answers import encode, refusal
from rouage.web.body import Unacceptable, inflate, read_body
from rouage.web.connection import Connection
from rouage.web.hosts import HostList
from rouage.web.limits import HookRate, Limits
from rouage.web.listener import Listener

logger = logging.getLogger(__name__)

PREFIX: Final = "/hooks/"
_VERSIONS: Final = frozenset({HttpVersion10, HttpVersion11})
_REMEMBERED_PATHS: Final = 1000
_REOPEN_SECONDS: Final = 10.0
_RELOAD_PAUSE: Final = 2.0
_PAUSE_AFTER_FAULT: Final = 5.0
_MOST_QUERY_FIELDS: Final = 200

_TAKEN: Final = Text(
    "another trigger already listens to the hook “{path}”",
    "un autre déclencheur écoute déjà le point d’entrée « {path} »",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hook:
    path: str
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

    *allowed_hosts* are the names, beside those of this machine, that `Host` may hold.
    """

    def __init__(self, *, allowed_hosts: Iterable[str] = (), limits: Limits | None = None) -> None:
        super().__init__(limits)
        self._hosts = HostList(allowed_hosts)
        self._hooks: dict[str, _Hook] = {}
        self._closed_paths: OrderedDict[str, float] = OrderedDict()
        self._retry_after: float | None = None

    def open(
        self,
        path: str,
        *,
        methods: frozenset[str],
        max_body_bytes: int,
        answer: HookAnswer,
        rate_per_second: float = 50.0,
        burst: int = 200,
    ) -> AbstractContextManager[None]:
        """Serve `/hooks/<path>` until the context ends.

        Raises:
            StepError: another trigger holds the path (when the context is entered).
        """
        now = asyncio.get_running_loop().time()
        rate = HookRate(rate=rate_per_second, burst=burst, now=now)
        return self._opened(
            _Hook(
                path=path,
                methods=methods,
                max_body_bytes=max_body_bytes,
                answer=answer,
                rate=rate,
            )
        )

    def refuse(self, retry_after: float) -> None:
        """Answer 503 to everything from now on (starting, draining, disk full)."""
        self._retry_after = retry_after

    def admit(self) -> None:
        """End what `refuse` began."""
        self._retry_after = None

    async def respond(
        self, connection: Connection, message: RawRequestMessage, payload: StreamReader
    ) -> tuple[bytes, bool]:
        """Return the bytes of the answer, and whether the connection may go on."""
        goes_on = True
        try:
            hook = self._route(connection, message)
            request = await self._receive(hook, connection, message, payload)
            reply = await _ask(hook, request)
        except _Refusal as refused:
            reply = HookReply(
                status=refused.status, body=refusal(refused.status), headers=refused.fields
            )
            goes_on = payload.is_eof()
        except Unacceptable as refused:
            reply = HookReply(status=refused.status, body=refusal(refused.status))
            goes_on = False
        goes_on = goes_on and not message.should_close
        data = encode(
            reply.status,
            body=reply.body,
            text=reply.text,
            fields=reply.headers,
            date=self.date,
            close=not goes_on,
            is_head=message.method == "HEAD",
        )
        return data, goes_on

    @contextlib.contextmanager
    def _opened(self, hook: _Hook) -> Iterator[None]:
        key = PREFIX + hook.path
        if key in self._hooks:
            raise StepError(_TAKEN, path=hook.path)
        self._hooks[key] = hook
        self._closed_paths.pop(key, None)
        try:
            yield
        finally:
            del self._hooks[key]
            self._closed_paths[key] = asyncio.get_running_loop().time()
            if len(self._closed_paths) > _REMEMBERED_PATHS:
                self._closed_paths.popitem(last=False)

    def _route(self, connection: Connection, message: RawRequestMessage) -> _Hook:
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
        wait = hook.rate.take(connection.peer, asyncio.get_running_loop().time())
        if wait:
            raise _Refusal(429, Retry_After=_seconds(wait))
        return hook

    def _absent(self, path: str) -> _Refusal:
        """Tell a hook that is being reloaded (503) and one that was removed (410) from none."""
        closed = self._closed_paths.get(path)
        if closed is None:
            return _Refusal(404)
        if asyncio.get_running_loop().time() - closed < _REOPEN_SECONDS:
            return _Refusal(503, Retry_After=_seconds(_RELOAD_PAUSE))
        return _Refusal(410)

    async def _receive(
        self,
        hook: _Hook,
        connection: Connection,
        message: RawRequestMessage,
        payload: StreamReader,
    ) -> HookRequest:
        encoding = message.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "gzip", "x-gzip"}:
            raise _Refusal(415)
        if payload.is_eof():
            body = await read_body(payload, most=hook.max_body_bytes)
        else:
            connection.begin_body(payload)
            body = await read_body(payload, most=hook.max_body_bytes)
            connection.end_body()
        if encoding != "identity":
            body = inflate(body, most=hook.max_body_bytes, ratio=self.limits.inflate_ratio)
        return HookRequest(
            method=message.method,
            path=hook.path,
            headers={name.lower(): value for name, value in message.headers.items()},
            query=_query(message.path),
            body=body,
            remote=connection.remote,
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
