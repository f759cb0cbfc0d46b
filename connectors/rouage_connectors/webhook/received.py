"""The trigger `webhook.received`: verify, recognise a second delivery, commit, answer."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final

from rouage.sdk import (
    JSON,
    Connector,
    Emit,
    HookReply,
    HookRequest,
    JournalError,
    Overloaded,
    StepError,
    Text,
    Trigger,
    TriggerContext,
    parse_duration,
    parse_size,
)
from rouage_connectors.webhook.content import Unreadable, read_content, read_json
from rouage_connectors.webhook.parameters import Received, find_fault, scheme_of
from rouage_connectors.webhook.schemes import ALWAYS_KEPT, NEVER_KEPT, Scheme
from rouage_connectors.webhook.signature import UnusableSecretError, Verifier

connector = Connector(
    "webhook",
    title=Text("Webhooks", "Webhooks"),
    about=Text(
        "Requests that other services send when something happens.",
        "Requêtes que d’autres services envoient quand quelque chose se passe.",
    ),
)

_LONGEST_ID: Final = 200
_LONGEST_KEPT: Final = 1000
_UNSIGNED_RATE: Final = (10 / 60, 10)
_PAUSE_SECONDS: Final = 5

_NO_SECRET: Final = Text(
    "no usable secret is set: nothing is accepted",
    "aucun secret utilisable n’est défini : rien n’est accepté",
)
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
_PONG: Final[dict[str, JSON]] = {"ok": True}


_EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "body": {},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "query": {"type": "object", "additionalProperties": {"type": "string"}},
        "id": {"type": "string"},
        "method": {"type": "string"},
        "remote": {"type": "string"},
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
        self._kept = _kept_headers(self._scheme, params.keep_headers)

    @classmethod
    def check(cls, params: Received) -> Text | None:
        """Say what is wrong with parameters that are fine one by one, or None."""
        return find_fault(params)

    async def listen(self, emit: Emit) -> None:
        """Serve the hook until cancelled."""
        problem = find_fault(self.params)
        if problem is not None:
            raise StepError(problem)
        self._verifier = self._make_verifier()
        rate, burst = self._rate()
        with self.context.hooks.open(
            self.params.path,
            methods=frozenset(word.upper() for word in self.params.methods),
            max_body_bytes=parse_size(self.params.max_body),
            answer=self._answerer(emit),
            rate_per_second=rate,
            burst=burst,
        ):
            if self._verifier is None:
                self.context.report("error", _NO_SECRET)
            else:
                self.context.report("listening", None)
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
            return await self._answer(request, emit)

        return answer

    async def _answer(self, request: HookRequest, emit: Emit) -> HookReply:
        verifier = self._verifier
        if verifier is None:
            return _unavailable(_PAUSE_SECONDS)
        now = self.context.clock.now()
        if not verifier.admits(request, now=now.timestamp()):
            return HookReply(status=401, body=_UNAUTHORIZED)
        ping = self._scheme.ping
        if ping is not None and request.headers.get(ping[0]) == ping[1]:
            return HookReply(status=200, body=_PONG)
        try:
            body = self._read(request)
        except Unreadable as error:
            return _unreadable(error)
        return await self._commit(request, body, now, emit)

    async def _commit(
        self, request: HookRequest, body: JSON, now: datetime, emit: Emit
    ) -> HookReply:
        identity, key = self._identify(request, body, now)
        data: JSON = {
            "body": body,
            "headers": self._keep(request),
            "query": dict(request.query),
            "id": identity,
            "method": request.method,
            "remote": request.remote,
        }
        try:
            receipt = await emit(data, key=key, time=now)
        except Overloaded as error:
            return _unavailable(error.retry_after_seconds)
        except JournalError as error:
            self.context.log.warning("webhook %s: not accepted: %s", self.params.path, error)
            return _unavailable(_PAUSE_SECONDS)
        if receipt.is_duplicate:
            return HookReply(status=200, body={"id": receipt.event_id, "duplicate": True})
        return HookReply(status=200, body={"id": receipt.event_id})

    def _read(self, request: HookRequest) -> JSON:
        body = read_content(
            request.body, request.headers.get("content-type", ""), self.params.accept
        )
        if self.params.preset == "github" and isinstance(body, dict) and set(body) == {"payload"}:
            wrapped = body["payload"]
            if isinstance(wrapped, str):
                return read_json(wrapped.encode())
        return body

    def _identify(self, request: HookRequest, body: JSON, now: datetime) -> tuple[str, str]:
        """Return what identifies the delivery to the sender, and to us (triggers W-6)."""
        scheme = self._scheme
        identity = request.headers.get(scheme.id_header or "", "")
        if scheme.id_field is not None and isinstance(body, dict):
            field = body.get(scheme.id_field)
            identity = field if isinstance(field, str) else ""
        if len(identity) > _LONGEST_ID or not identity.isprintable() or not identity.isascii():
            identity = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
        if identity and scheme.is_id_decisive:
            return identity, f"id:{identity}"
        digest = self._digest(request)
        if identity:
            return identity, f"id:{identity} sha256:{digest}"
        if self.params.same_body == "again":
            return digest, f"sha256:{digest} at:{now.isoformat()}"
        return digest, f"sha256:{digest}"

    def _digest(self, request: HookRequest) -> str:
        """Return the hash of the body; of method and query too, unless only the body is signed."""
        is_body_all = request.method == "POST" and not request.query
        if is_body_all or (self._scheme.kind == "hmac" and request.body):
            return hashlib.sha256(request.body).hexdigest()
        rest = repr((request.method, sorted(request.query.items()))).encode("utf-8", "replace")
        return hashlib.sha256(rest + b"\n" + request.body).hexdigest()

    def _keep(self, request: HookRequest) -> dict[str, JSON]:
        headers = request.headers
        return {
            name: headers[name][:_LONGEST_KEPT].encode("ascii", "replace").decode("ascii")
            for name in self._kept
            if name in headers
        }


def _kept_headers(scheme: Scheme, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return which headers an event may hold: never one that proves who the sender is."""
    names = ALWAYS_KEPT | set(scheme.kept_headers) | {name.lower() for name in wanted}
    return tuple(sorted(names - NEVER_KEPT - {scheme.header}))


def _unavailable(seconds: float) -> HookReply:
    return HookReply(
        status=503, body=_UNAVAILABLE, headers={"Retry-After": str(max(1, round(seconds)))}
    )


def _unreadable(error: Unreadable) -> HookReply:
    code = "unsupported_type" if error.status == 415 else "bad_body"
    message: dict[str, JSON] = {"en": error.message.en, "fr": error.message.fr}
    return HookReply(status=error.status, body={"error": code, "message": message})
