"""Ask a model one question: from the kept answers, or within the budget from the service."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from rouage.sdk import JSON, Context, RetryableError, StepError, Text
from rouage.sdk.fetching import place_of, read, reason_of, retry_after
from rouage.sdk.files import shown
from rouage.sdk.records import dataclass
from rouage_connectors.ai.account import MICROS, Account
from rouage_connectors.ai.ledger import Ledger, Use

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_MOST_BYTES: Final = 4 << 20
_LONGEST_TOLD: Final = 200
_OVERHEAD_TOKENS: Final = 50

_UNREACHABLE: Final = Text(
    "the model at {place} cannot be reached: {reason}",
    "le modèle à {place} est injoignable : {reason}",
)
_SLOW: Final = Text(
    "the model at {place} did not answer within {seconds} seconds",
    "le modèle à {place} n’a pas répondu en {seconds} secondes",
)
_BUSY: Final = Text("{place} answered {status}", "{place} a répondu {status}")
_REFUSED: Final = Text(
    "{place} refused the question ({status}): {reason}",
    "{place} a refusé la question ({status}) : {reason}",
)
_KEY_HINT: Final = Text(
    "check `api_key` and `model` of the account “{account}” in rouage.yaml",
    "vérifiez `api_key` et `model` du compte « {account} » dans rouage.yaml",
)
_MALFORMED: Final = Text(
    "{place} did not answer as a language model does",
    "{place} n’a pas répondu comme un modèle de langage",
)
_MALFORMED_HINT: Final = Text(
    "check `url` of the account “{account}”: it usually ends in /v1",
    "vérifiez `url` du compte « {account} » : elle finit d’habitude par /v1",
)
_CUT: Final = Text(
    "the answer was cut off at {limit} tokens", "la réponse a été coupée à {limit} jetons"
)
_CUT_HINT: Final = Text("raise `max_length`", "augmentez `max_length`")


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What to ask: the messages, the bounds of the answer, and its JSON Schema if it has one."""

    messages: tuple[Mapping[str, str], ...]
    most_tokens: int
    timeout: float
    cache_seconds: float
    temperature: float | None = None
    schema: Mapping[str, JSON] | None = None

    def body(self, account: Account) -> dict[str, JSON]:
        """Return the request for the service of *account*."""
        body: dict[str, JSON] = {
            "model": account.model,
            "messages": [dict(message) for message in self.messages],
            "max_tokens": self.most_tokens,
        }
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if self.schema is not None and account.answers_json == "schema":
            named: JSON = {"name": "answer", "schema": dict(self.schema), "strict": False}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self.schema is not None and account.answers_json == "object":
            body["response_format"] = {"type": "json_object"}
        return body


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a model said, and what it used."""

    text: str
    model: str
    use: Use
    is_cut: bool = False
    is_cached: bool = False

    def used(self, account: Account) -> dict[str, JSON]:
        """Return the part of a result that tells where the answer came from."""
        cost = None if account.prices is None else self.use.micros / MICROS
        return {
            "model": self.model,
            "cached": self.is_cached,
            "tokens": self.use.tokens,
            "cost": cost,
        }


def ledger_of(context: Context) -> Ledger:
    """Return the ledger of the workspace."""
    return Ledger(context.files.private)


def fingerprint(account: Account, question: Question) -> str:
    """Return what makes two questions the same: the service, the words, the bounds."""
    whole = json.dumps([account.url, question.body(account), question.schema], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


async def find_answer(context: Context, account: Account, question: Question) -> Answer | None:
    """Return the answer that the same question got before, if it is kept."""
    if not question.cache_seconds:
        return None
    since = context.clock.now() - timedelta(seconds=question.cache_seconds)
    ledger, key = ledger_of(context), fingerprint(account, question)
    kept = await asyncio.to_thread(ledger.find, key, since=since)
    if not isinstance(kept, dict):
        return None
    nothing = Use(tokens=0, micros=0)
    return Answer(text=str(kept["text"]), model=str(kept["model"]), use=nothing, is_cached=True)


async def keep_answer(
    context: Context, account: Account, question: Question, answer: Answer
) -> None:
    """Keep *answer* for the next time."""
    if question.cache_seconds and not answer.is_cached:
        kept: JSON = {"text": answer.text, "model": answer.model}
        key, now = fingerprint(account, question), context.clock.now()
        await asyncio.to_thread(ledger_of(context).keep, key, kept, now=now)


async def ask(context: Context, account: Account, question: Question) -> Answer:
    """Ask the service, within the budget.

    Raises:
        StepError: the budget does not allow it, or the service refuses.
        RetryableError: it is busy, slow or cannot be reached.
    """
    ledger, most = ledger_of(context), _most(account, question)
    now = context.clock.now().astimezone(context.timezone)
    number = await asyncio.to_thread(ledger.reserve, account, most, now=now)
    try:
        answer = await _answer(account, question)
    except _NotAsked as refused:
        # Nothing was used: nobody charges for a question that was not taken.
        await asyncio.to_thread(ledger.settle, number, Use(tokens=0, micros=0))
        raise refused.error from refused.__cause__
    await asyncio.to_thread(ledger.settle, number, answer.use)
    return answer


def check_whole(answer: Answer, question: Question) -> None:
    """Refuse an answer that was cut off.

    Raises:
        StepError: it was.
    """
    if answer.is_cut:
        raise StepError(_CUT, hint=_CUT_HINT, limit=question.most_tokens)


class _NotAsked(Exception):  # noqa: N818 - what happened
    """The service did not take the question; *error* is what to tell."""

    def __init__(self, error: StepError) -> None:
        self.error = error
        super().__init__(str(error))


def _most(account: Account, question: Question) -> Use:
    """Return the most that *question* is expected to use, on the safe side."""
    size = sum(len(message["content"].encode()) for message in question.messages)
    if question.schema is not None:
        size += len(json.dumps(question.schema))
    # French and English need four bytes a token, other writings two to three.
    tokens_in = size // 2 + _OVERHEAD_TOKENS
    micros = account.cost_of(tokens_in, question.most_tokens) or 0
    return Use(tokens=tokens_in + question.most_tokens, micros=micros)


async def _answer(account: Account, question: Question) -> Answer:
    from aiohttp import ClientConnectorError, ClientError

    from rouage.sdk.http import open_session

    place, headers = place_of(account.url), {}
    if account.key is not None:
        headers["Authorization"] = f"Bearer {account.key}"
    try:
        async with (
            asyncio.timeout(question.timeout),
            open_session(
                allow_private=[account.private_host], total_seconds=question.timeout
            ) as session,
            session.post(
                f"{account.url}/chat/completions",
                json=question.body(account),
                headers=headers,
                allow_redirects=False,
            ) as reply,
        ):
            data = await read(reply, place, most_bytes=_MOST_BYTES)
            _judge(reply, data, account, place)
    except TimeoutError as error:
        # It may have answered into the void, and charged for it: what was reserved stays.
        raise RetryableError(_SLOW, place=place, seconds=f"{question.timeout:g}") from error
    except (ClientError, OSError) as error:
        told = RetryableError(_UNREACHABLE, place=place, reason=reason_of(error))
        if isinstance(error, ClientConnectorError):
            raise _NotAsked(told) from error
        raise told from error
    return _understood(data, account, question, place)


def _judge(reply: "ClientResponse", data: bytes, account: Account, place: str) -> None:
    status = reply.status
    if status == 429 or status >= 500:
        wish = retry_after(reply.headers)
        raise _NotAsked(RetryableError(_BUSY, retry_after_seconds=wish, place=place, status=status))
    if status != 200:
        reason = _told(data, account)
        facts = {"place": place, "status": status, "account": account.name, "reason": reason}
        raise _NotAsked(StepError(_REFUSED, hint=_KEY_HINT, **facts))


def _told(data: bytes, account: Account) -> str:
    """Return the words of a refusal, without the key, which some services repeat."""
    try:
        told = json.loads(data)
        error = told.get("error", told)
        words = error.get("message") if isinstance(error, dict) else error
    except (ValueError, AttributeError, RecursionError):
        words = None
    text = str(words or "?")
    if account.key is not None:
        text = text.replace(account.key, "•••")
    return shown(text[:_LONGEST_TOLD])


def _understood(data: bytes, account: Account, question: Question, place: str) -> Answer:
    try:
        said: Any = json.loads(data)
        choice = said["choices"][0]
        text = str.strip(choice["message"]["content"])
    except (ValueError, LookupError, TypeError, RecursionError):
        raise StepError(
            _MALFORMED, hint=_MALFORMED_HINT, place=place, account=account.name
        ) from None
    return Answer(
        text=text,
        model=str(said.get("model") or account.model)[:_LONGEST_TOLD],
        use=_use(said.get("usage"), account, question, text),
        is_cut=choice.get("finish_reason") == "length",
    )


def _use(usage: Any, account: Account, question: Question, text: str) -> Use:
    """Return what was used, as the service counts; as we estimate if it does not say."""
    try:
        counts = [int(usage[name]) for name in ("prompt_tokens", "completion_tokens")]
    except (TypeError, LookupError, ValueError):
        counts = []
    if len(counts) != 2 or min(counts) < 0:
        most = _most(account, replace(question, most_tokens=0))
        counts = [most.tokens, len(text.encode()) // 2 + 1]
    micros = account.cost_of(counts[0], counts[1]) or 0
    return Use(tokens=sum(counts), micros=micros)
