"""An approved platform, spoken to through the AFNOR Flow Service API (XP Z12-013).

One way for all platforms that implement it: OAuth2 client credentials, then flows. Rouage is
no platform itself; it hands the file over and asks what became of it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from rouage.sdk import JSON, Context, RetryableError, StepError, Text
from rouage.sdk.fetching import place_of, read, reason_of, retry_after
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

KIND: Final = "platform"
_KEYS: Final = ("url", "token_url", "client_id", "client_secret")
_PORTS: Final = {"http": 80, "https": 443}
_SECONDS: Final = 60.0
_MOST_ANSWER: Final = 4 << 20

_MISSING: Final = Text(
    "the account “{account}” needs `{key}`, as the platform gave it to you",
    "le compte « {account} » a besoin de `{key}`, tel que la plateforme vous l’a donné",
)
_BAD_URL: Final = Text(
    "`{key}` of the account “{account}” must be an address that begins with https://",
    "`{key}` du compte « {account} » doit être une adresse qui commence par https://",
)
_UNREACHABLE: Final = Text(
    "the platform {place} cannot be reached: {reason}",
    "la plateforme {place} est injoignable : {reason}",
)
_SLOW: Final = Text(
    "the platform {place} did not answer within {seconds} seconds",
    "la plateforme {place} n’a pas répondu en {seconds} secondes",
)
_BUSY: Final = Text(
    "the platform {place} is overloaded or out of order ({status})",
    "la plateforme {place} est surchargée ou en panne ({status})",
)
_LOCKED: Final = Text(
    "the platform {place} refuses your access ({status})",
    "la plateforme {place} refuse votre accès ({status})",
)
_LOCKED_HINT: Final = Text(
    "check `client_id` and `client_secret` of the account “{account}”",
    "vérifiez `client_id` et `client_secret` du compte « {account} »",
)
_REFUSED: Final = Text(
    "the platform {place} refuses this ({status}): {reason}",
    "la plateforme {place} refuse ceci ({status}) : {reason}",
)
_STRANGE: Final = Text(
    "the platform {place} gave an answer that is none",
    "la plateforme {place} a donné une réponse incompréhensible",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Where a platform is, and who we are there."""

    name: str
    url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    organization: str | None = None
    scope: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """A document at the platform: its id there, and `Pending`, `Ok` or `Error`."""

    id: str
    state: str
    reasons: tuple[str, ...] = ()


def find_account(context: Context, name: str | None) -> Account:
    """Return the account of the platform *name* (None: the only one).

    Raises:
        StepError: there is none, or something is missing.
    """
    given = context.accounts.find(KIND, name)
    account = str(given["account"])
    values: dict[str, str] = {}
    for key in _KEYS:
        value = given.get(key)
        if not isinstance(value, str) or not value:
            raise StepError(_MISSING, account=account, key=key)
        values[key] = value
    for key in ("url", "token_url"):
        values[key] = _address(values[key], key, account)
    extra = {
        key: str(given[key]) for key in ("organization", "scope") if given.get(key) is not None
    }
    return Account(name=account, **values, **extra)


def _address(url: str, key: str, account: str) -> str:
    try:
        parts = urlsplit(url)
        is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_here)
        if is_safe and parts.hostname and parts.port != 0:
            return url.rstrip("/")
    except ValueError:
        pass
    raise StepError(_BAD_URL, account=account, key=key)


class Platform:
    """A session with a platform, already let in."""

    def __init__(self, session: "ClientSession", account: Account, token: str) -> None:
        self._session, self._account = session, account
        self._headers = {"Authorization": f"Bearer {token}"}
        if account.organization:
            self._headers["Organization-Id"] = account.organization

    async def send(self, about: Mapping[str, JSON], name: str, data: bytes) -> Flow:
        """Hand a file over, and return the flow it has become."""
        from aiohttp import FormData

        form = FormData()
        form.add_field("flowInfo", json.dumps(about), content_type="application/json")
        form.add_field("file", data, filename=name, content_type=_type_of(name))
        return _flow(await self._call("POST", "/v1/flows", data=form), self._account)

    async def find(self, tracking_id: str) -> Flow | None:
        """Return the flow that we sent as *tracking_id*, or None."""
        asked = {"limit": 10, "where": {"trackingId": tracking_id}}
        answer = await self._call("POST", "/v1/flows/search", json=asked)
        results = answer.get("results")
        for result in results if isinstance(results, list) else ():
            if isinstance(result, dict) and result.get("trackingId") == tracking_id:
                return _flow(result, self._account)
        return None

    async def state(self, flow: str) -> Flow:
        """Return what became of a flow."""
        from urllib.parse import quote

        path = f"/v1/flows/{quote(flow, safe='')}"
        return _flow(await self._call("GET", path), self._account)

    async def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        from uuid import uuid4

        headers = {**self._headers, "Request-Id": str(uuid4())}
        url = f"{self._account.url}{path}"
        async with self._session.request(
            method, url, headers=headers, allow_redirects=False, **more
        ) as reply:
            return await _answer(reply, self._account, place_of(url))


@asynccontextmanager
async def opened(account: Account) -> AsyncIterator[Platform]:
    """Open a session with the platform of *account*.

    Raises:
        RetryableError: it cannot be reached, or is overloaded.
        StepError: it refuses.
    """
    from aiohttp import ClientError

    from rouage.sdk.http import open_session

    place = place_of(account.url)
    private = sorted({_host(url) for url in (account.url, account.token_url)})
    try:
        async with (
            asyncio.timeout(_SECONDS),
            open_session(allow_private=private, total_seconds=_SECONDS) as session,
        ):
            yield Platform(session, account, await _token(session, account))
    except TimeoutError as error:
        raise RetryableError(_SLOW, place=place, seconds=f"{_SECONDS:g}") from error
    except (ClientError, OSError) as error:
        raise RetryableError(_UNREACHABLE, place=place, reason=reason_of(error)) from error


async def _token(session: "ClientSession", account: Account) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": account.client_id,
        "client_secret": account.client_secret,
    }
    if account.scope:
        form["scope"] = account.scope
    async with session.post(account.token_url, data=form, allow_redirects=False) as reply:
        answer = await _answer(reply, account, place_of(account.token_url))
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise StepError(_STRANGE, place=place_of(account.token_url))
    return token


async def _answer(reply: "ClientResponse", account: Account, place: str) -> dict[str, Any]:
    data = await read(reply, place, most_bytes=_MOST_ANSWER)
    status = reply.status
    if status == 429 or status >= 500:
        wish = retry_after(reply.headers)
        raise RetryableError(_BUSY, retry_after_seconds=wish, place=place, status=status)
    answer = _object(data)
    if status in {401, 403} or (answer or {}).get("error") == "invalid_client":
        raise StepError(
            _LOCKED, hint=_LOCKED_HINT, place=place, status=status, account=account.name
        )
    if status >= 300:
        reason = _told(answer, account)
        raise StepError(_REFUSED, place=place, status=status, reason=reason)
    if answer is None:
        raise StepError(_STRANGE, place=place)
    return answer


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _told(answer: Mapping[str, Any] | None, account: Account) -> str:
    """Return the words of a refusal, without what they might repeat of our secret."""
    told = answer or {}
    words = next(
        (told[name] for name in ("errorMessage", "message", "error_description", "error", "detail")
         if isinstance(told.get(name), str)),
        "?",
    )  # fmt: skip
    return shown(words.replace(account.client_secret, "…")[:300])


def _flow(answer: Mapping[str, Any], account: Account) -> Flow:
    id_ = answer.get("flowId")
    if not isinstance(id_, str) or not id_:
        raise StepError(_STRANGE, place=place_of(account.url))
    told = answer.get("acknowledgement")
    told = told if isinstance(told, dict) else {}
    details = told.get("details")
    reasons = tuple(
        shown(str(detail.get("reasonMessage") or detail.get("reasonCode") or "?")[:300])
        for detail in (details if isinstance(details, list) else [])[:20]
        if isinstance(detail, dict)
    )
    return Flow(id=id_, state=str(told.get("status") or "Pending")[:20], reasons=reasons)


def _type_of(name: str) -> str:
    return "application/pdf" if name.endswith(".pdf") else "application/xml"


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"
