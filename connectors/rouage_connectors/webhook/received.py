"""The trigger `webhook.received`: verify, recognise a second delivery, commit, answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rouage.sdk import (
    JSON,
    Connector,
    Emit,
    HookReply,
    HookRequest,
    JournalError,
    Overloaded,
    Receipt,
    StepError,
    Text,
    Trigger,
    TriggerContext,
    parse_duration,
    parse_size,
)
from rouage_connectors.webhook.cloudevents import read_cloudevents
from rouage_connectors.webhook.content import Unreadable, read_content, read_json
from rouage_connectors.webhook.delivery import (
    headers_of,
    identify,
    kept_headers,
    keys_of,
    query_of,
)
from rouage_connectors.webhook.handshakes import after, before
from rouage_connectors.webhook.parameters import Received, find_fault, respond_of, scheme_of
from rouage_connectors.webhook.parts import is_multipart, keep_parts
from rouage_connectors.webhook.replies import (
    PAUSE_SECONDS,
    UNAUTHORIZED,
    awaited,
    unavailable,
    unreadable,
)
from rouage_connectors.webhook.schemes import EXTRA_METHODS
from rouage_connectors.webhook.signature import UnusableSecretError, Verifier

connector = Connector(
    "webhook",
    title=Text("Webhooks", "Webhooks"),
    about=Text(
        "Requests that other services send when something happens.",
        "Requêtes que d’autres services envoient quand quelque chose se passe.",
    ),
)

_UNSIGNED_RATE: Final = (10 / 60, 10)

_NO_SECRET: Final = Text(
    "no usable secret is set: nothing is accepted",
    "aucun secret utilisable n’est défini : rien n’est accepté",
)
_NO_PROOF: Final = Text("anybody may send (unsigned)", "n’importe qui peut envoyer (sans preuve)")

_FILE: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "field": {"type": "string"},
        "path": {"type": "string"},
        "name": {"type": "string"},
        "size": {"type": "integer"},
        "type": {"type": "string"},
        "sha256": {"type": "string"},
    },
}
_EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "body": {},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "query": {"type": "object", "additionalProperties": {"type": "string"}},
        "id": {"type": "string"},
        "method": {"type": "string"},
        "remote": {"type": "string"},
        "files": {"type": "array", "items": _FILE},
        "cloudevent": {"type": "object"},
    },
    "required": ["body", "headers", "query", "id", "method", "remote"],
}
_SAMPLE: Final[dict[str, JSON]] = {
    "body": {"id": "A-1001", "total": 42.5, "lines": [{"sku": "AFF-0001", "quantity": 2}]},
    "headers": {"content-type": "application/json", "user-agent": "Boutique/1.0"},
    "query": {},
    "id": "A-1001",
    "method": "POST",
    "remote": "127.0.0.1",
}


@connector.trigger(
    "received",
    title=Text("Webhook received", "Webhook reçu"),
    about=Text(
        "A verified request to /hooks/PATH; it is on disk before the sender gets its answer.",
        "Une requête vérifiée vers /hooks/CHEMIN ; elle est sur le disque avant que l’expéditeur "
        "n’ait sa réponse.",
    ),
    event=_EVENT,
    sample=_SAMPLE,
    example={"path": "commandes", "preset": "shopify", "secret": "${{ secrets.shop }}"},
    describe=Text("a webhook arrives at {path}", "un webhook arrive sur {path}"),
)
class ReceivedTrigger(Trigger[Received]):
    """Turn verified requests into events."""

    def __init__(self, params: Received, context: TriggerContext) -> None:
        super().__init__(params, context)
        self._scheme = scheme_of(params)
        self._verifier: Verifier | None = None
        self._kept = kept_headers(self._scheme, params.keep_headers)
        self._methods = frozenset(word.upper() for word in params.methods)
        self._respond = respond_of(params)
        self._per_second, self._burst = self._rate()
        self._refused: dict[str, int] = {}
        self._last_refusal: str | None = None

    @classmethod
    def check(cls, params: Received) -> Text | None:
        """Say what is wrong with parameters that are fine one by one, or None."""
        return find_fault(params)

    @classmethod
    def keys(cls, params: Received, subject: str) -> tuple[str, ...]:
        """Return how the keys of the delivery *subject* begin."""
        return keys_of(scheme_of(params), subject)

    @classmethod
    def address(cls, params: Received, items: Mapping[bytes, JSON]) -> str:
        """Return where it listens, below the address of the hooks."""
        del items
        return f"/hooks/{params.path}"

    @classmethod
    def is_open_to_all(cls, params: Received) -> bool:
        """Say whether senders have to prove nothing."""
        return params.preset == "none"

    async def probe(self) -> bool | None:
        """Call the hook over its real socket (features N-4)."""
        return await self.context.hooks.probe(self.params.path)

    def status(self) -> dict[str, Any]:
        """Return where it listens, and what was refused since the start."""
        facts: dict[str, Any] = {"path": f"/hooks/{self.params.path}", "preset": self.params.preset}
        if self._refused:
            facts |= {"refused": dict(self._refused), "last_refusal": self._last_refusal}
        return facts

    async def listen(self, emit: Emit) -> None:
        """Serve the hook until cancelled."""
        problem = find_fault(self.params)
        if problem is not None:
            raise StepError(problem)
        self._verifier = self._make_verifier()
        methods = set(self._methods)
        if self._scheme.handshake is not None:
            methods |= EXTRA_METHODS.get(self._scheme.handshake, frozenset())
        with self.context.hooks.open(
            self.params.path,
            methods=frozenset(methods),
            max_body_bytes=parse_size(self.params.max_body),
            answer=self._answerer(emit),
            rate_per_second=self._per_second,
            burst=self._burst,
            owner=self.context.recipe_id,
        ):
            if self._verifier is None:
                self.context.report("error", _NO_SECRET)
            else:
                self.context.report("listening", _NO_PROOF if self.params.unsigned else None)
            await asyncio.get_running_loop().create_future()

    def _make_verifier(self) -> Verifier | None:
        secret = self.params.secret
        secrets = [secret] if isinstance(secret, str) else secret
        if not secrets and self._scheme.kind != "none":
            return None
        try:
            return Verifier(self._scheme, secrets)
        except UnusableSecretError:
            return None

    def _rate(self) -> tuple[float, int]:
        if self._scheme.kind == "none":
            return _UNSIGNED_RATE
        count, _, span = self.params.rate.partition(" per ")
        rate = float(count) / parse_duration(span)
        return rate, 200 if rate == 50.0 else max(1, int(float(count)))

    def _answerer(self, emit: Emit) -> Callable[[HookRequest], Coroutine[Any, Any, HookReply]]:
        async def answer(request: HookRequest) -> HookReply:
            reply = await self._answer(request, emit)
            if reply.status >= 400:
                self._count(reply.status)
            return reply

        return answer

    def _count(self, status: int) -> None:
        """Note a refusal, for the owner who wonders why nothing comes."""
        self._refused[str(status)] = self._refused.get(str(status), 0) + 1
        self._last_refusal = self.context.clock.now().isoformat(timespec="seconds")

    async def _answer(self, request: HookRequest, emit: Emit) -> HookReply:
        verifier = self._verifier
        if verifier is None:
            return unavailable(PAUSE_SECONDS)
        handshake = self._scheme.handshake
        if handshake is not None:
            token = self.params.verify_token
            reply = before(handshake, request, verify_tokens=[token] if token else [])
            if reply is not None:
                return reply
        now = self.context.clock.now()
        if isinstance(request.body, bytes):
            is_admitted = verifier.admits(request, now=now.timestamp())
        else:
            is_admitted = await asyncio.to_thread(verifier.admits, request, now=now.timestamp())
        if not is_admitted:
            return UNAUTHORIZED
        if handshake is not None:
            reply = after(handshake, request, per_minute=max(1, round(self._per_second * 60)))
            if reply is not None:
                return reply
        return await self._accept(request, now, emit)

    async def _is_admitted(self, verifier: Verifier, request: HookRequest, now: datetime) -> bool:
        if isinstance(request.body, bytes):
            return verifier.admits(request, now=now.timestamp())
        return await asyncio.to_thread(verifier.admits, request, now=now.timestamp())

    async def _accept(self, request: HookRequest, now: datetime, emit: Emit) -> HookReply:
        """Commit what a verified request holds, and return the answer."""
        if request.method not in self._methods:
            return UNAUTHORIZED
        if self.params.paused == "drop" and self.context.is_paused():
            return HookReply(status=200, body={"id": None, "dropped": True})
        try:
            if self._scheme.handshake == "cloudevents":
                return await self._accept_events(request, now, emit)
            declared = request.headers.get("content-type", "")
            if self.params.accept == "multipart" and is_multipart(declared):
                return await self._accept_parts(request, now, emit)
            return await self._commit(request, self._read(request), now, emit)
        except Unreadable as error:
            return unreadable(error)
        except Overloaded as error:
            return unavailable(error.retry_after_seconds)
        except (JournalError, OSError) as error:
            self.context.log.warning("webhook %s: not accepted: %s", self.params.path, error)
            return unavailable(PAUSE_SECONDS)

    def _wanted_methods(self) -> set[str]:
        return {word.upper() for word in self.params.methods}

    async def _commit(
        self, request: HookRequest, body: JSON, now: datetime, emit: Emit
    ) -> HookReply:
        identity, key = self._identify(request, body, now)
        receipt = await emit(self._data(request, body, identity), key=key, time=now)
        return await self._reply(receipt)

    async def _accept_parts(self, request: HookRequest, now: datetime, emit: Emit) -> HookReply:
        """Keep the files of a form before the event that names them is committed."""
        identity, key = self._identify(request, None, now)
        received, declared = self.context.received, request.headers["content-type"]
        fields, files, folder = await asyncio.to_thread(
            keep_parts, request.body, declared, received, key
        )
        data = {**self._data(request, fields, identity), "files": files}
        try:
            receipt = await emit(data, key=key, time=now)
        except (JournalError, Overloaded):
            await self._discard(folder)
            raise
        if receipt.is_duplicate:
            await self._discard(folder)
        return await self._reply(receipt)

    async def _discard(self, folder: Path | None) -> None:
        if folder is not None:
            await asyncio.to_thread(self.context.received.discard, folder)

    async def _accept_events(self, request: HookRequest, now: datetime, emit: Emit) -> HookReply:
        """Commit one event per CloudEvent; those of a batch start together, in one commit."""
        events, is_batch = read_cloudevents(request, self.params.accept)
        emits: list[Awaitable[Receipt]] = [
            emit(
                {
                    **self._data(request, event.data, event.identity),
                    "cloudevent": dict(event.attributes),
                },
                key=event.key,
                time=now,
            )
            for event in events
        ]
        receipts = await _all_or_error(emits)
        if not is_batch:
            reply = await self._reply(receipts[0])
            return HookReply(status=202, body=reply.body) if reply.status == 200 else reply
        ids: list[JSON] = [receipt.event_id for receipt in receipts]
        return HookReply(status=202, body={"ids": ids})

    async def _reply(self, receipt: Receipt) -> HookReply:
        if self._respond is not None:
            step, seconds = self._respond
            outcome = await self.context.outcome(receipt.event_id, step, seconds)
            return awaited(receipt.event_id, outcome)
        body: JSON = {"id": receipt.event_id}
        if receipt.is_duplicate:
            body = {"id": receipt.event_id, "duplicate": True}
        return HookReply(status=self.params.status, body=body)

    def _data(self, request: HookRequest, body: JSON, identity: str) -> dict[str, JSON]:
        return {
            "body": body,
            "headers": headers_of(request, self._kept),
            "query": {**query_of(self._scheme, request)},
            "id": identity,
            "method": request.method,
            "remote": request.remote,
        }

    def _read(self, request: HookRequest) -> JSON:
        declared = request.headers.get("content-type", "")
        body = read_content(request.body, declared, self.params.accept)
        if self.params.preset == "github" and isinstance(body, dict) and set(body) == {"payload"}:
            wrapped = body["payload"]
            if isinstance(wrapped, str):
                return read_json(wrapped.encode())
        return body

    def _identify(self, request: HookRequest, body: JSON, now: datetime) -> tuple[str, str]:
        again = now if self.params.same_body == "again" else None
        return identify(self._scheme, request, body, again_at=again)


async def _all_or_error(emits: list[Awaitable[Receipt]]) -> list[Receipt]:
    """Return the receipts of events that are emitted together.

    All of them are awaited even when one fails: those that were taken are found again by
    their ids when the sender repeats the batch.
    """
    found = await asyncio.gather(*emits, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if isinstance(one, Receipt)]
