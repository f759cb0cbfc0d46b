"""The trigger `mqtt.message`: each message of a topic, at least once sent, once an event.

The broker keeps our session, and with it what arrives while we are away. A message that it
sends again (we were cut off before we could acknowledge) is recognised by its number.
"""

import asyncio
import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from rouage.sdk import JSON, Emit, StepError, Text, Trigger, param, params
from rouage.sdk.polling import deliver
from rouage_connectors.mqtt.declaration import (
    ACCOUNT,
    ACCOUNT_TITLE,
    BAD_TOPIC,
    connector,
    find_broker,
    is_filter,
)
from rouage_connectors.mqtt.line import Line, News

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

MOST_BYTES: Final = 256 << 10
_AT_ONCE: Final = 50
_FILTERS: Final = b"filters"
_SLOT: Final = b"m"
_SLOTS: Final = 512

_REFUSED: Final = Text(
    "{place} refuses the account “{account}”: check its user and password",
    "{place} refuse le compte « {account} » : vérifiez son utilisateur et son mot de passe",
)


@params
class Topics:
    """Which messages, and how to read them."""

    topic: str | list[str] = param(
        Text(
            "The topic, or several; + stands for one word, # for all that follows.",
            "Le sujet, ou plusieurs ; + remplace un mot, # tout ce qui suit.",
        ),
        title=Text("Topic", "Sujet"),
        examples=["workshop/+/temperature", ["alarm/#", "door/state"]],
    )
    payload: Literal["auto", "json", "text", "bytes"] = param(
        Text(
            "How to read a message: auto takes JSON, then text, then bytes (in base64).",
            "Comment lire un message : auto essaie JSON, puis texte, puis octets (en base64).",
        ),
        title=Text("Content", "Contenu"),
        default="auto",
    )
    retained: Literal["skip", "process"] = param(
        Text(
            "What to do with the last state that the broker repeats at each connection.",
            "Que faire du dernier état que le serveur répète à chaque connexion.",
        ),
        title=Text("Last state", "Dernier état"),
        default="skip",
    )
    account: str | None = param(ACCOUNT, title=ACCOUNT_TITLE, default=None, max_length=31)


@connector.trigger(
    "message",
    title=Text("MQTT message", "Message MQTT"),
    about=Text(
        "A message of a device or a service, on a topic of an MQTT broker.",
        "Un message d’un appareil ou d’un service, sur un sujet d’un serveur MQTT.",
    ),
    event={
        "type": "object",
        "properties": {
            "topic": {"type": "string"},
            "payload": {"description": "What it says"},
            "format": {"enum": ["json", "text", "base64", "too large"]},
            "size": {"type": "integer", "description": "Bytes"},
            "retained": {"type": "boolean", "description": "Whether it is a repeated last state"},
        },
        "required": ["topic", "payload", "format", "size", "retained"],
    },
    sample={
        "topic": "workshop/oven/temperature",
        "payload": {"celsius": 184.5},
        "format": "json",
        "size": 17,
        "retained": False,
    },
    example={"topic": "workshop/+/temperature"},
    describe=Text("each message on {topic}", "chaque message sur {topic}"),
)
class MqttMessage(Trigger[Topics]):
    """Listen to one broker."""

    _messages: int = 0
    _is_up: bool = False

    @classmethod
    def check(cls, params: Topics) -> Text | None:
        """Say which topic cannot be listened to, or None."""
        wrong = next((topic for topic in _listed(params.topic) if not is_filter(topic)), None)
        if wrong is not None or not _listed(params.topic):
            return BAD_TOPIC.fill(topic=(wrong or "")[:80])
        return None

    async def listen(self, emit: Emit) -> None:
        """Emit each message until cancelled."""
        wrong = self.check(self.params)
        if wrong is not None:
            raise StepError(wrong)
        broker = find_broker(self.context.accounts, self.params.account)
        stored, topics = await self.context.items.load(), _listed(self.params.topic)
        self._recent = _Recent(stored)
        before = stored.get(_FILTERS)
        dropped = [str(topic) for topic in before] if isinstance(before, list) else []
        await self.context.items.put({_FILTERS: [*topics]})
        line = Line(
            broker,
            _client_id(str(self.context.workspace), self.context.trigger_id),
            topics=topics,
            dropped=[topic for topic in dropped if topic not in topics],
        )
        line.open()
        try:
            while True:
                batch = []
                for what in await _some(line):
                    if isinstance(what, News):
                        self._hear(what, broker.place, broker.name)
                    else:
                        batch.append(what)
                await self._take(batch, line, emit)
        finally:
            await line.close()

    def status(self) -> dict[str, Any]:
        """Return whether it is connected, and how many messages it took."""
        return {"connected": self._is_up, "messages": self._messages}

    def _hear(self, news: News, place: str, account: str) -> None:
        self._is_up = news.is_up
        if news.is_refused:
            raise StepError(_REFUSED, place=place, account=account)
        self.context.report("listening" if news.is_up else "degraded", news.reason)

    async def _take(self, batch: "list[MQTTMessage]", line: Line, emit: Emit) -> None:
        """Commit what arrived together, then acknowledge it in the order it came."""
        await asyncio.gather(*(self._commit(message, emit) for message in batch))
        for message in batch:
            line.done(message)
        self._messages += len(batch)

    async def _commit(self, message: "MQTTMessage", emit: Emit) -> None:
        if message.retain and self.params.retained == "skip":
            return
        key, items = self._recent.key_of(message)
        await deliver(self.context, emit, _told(message, self.params.payload), key=key, items=items)


class _Recent:
    """The numbers of the messages that were taken last, and the keys of their events."""

    def __init__(self, stored: Mapping[bytes, JSON]) -> None:
        self._known: dict[int, tuple[str, str]] = {}
        self._next = 0
        rows: list[Any] = [row for key, row in stored.items() if key[:1] == _SLOT]
        for count, mid, digest, key in sorted(rows):
            self._known[mid] = (digest, key)
            self._next = count + 1

    def key_of(self, message: "MQTTMessage") -> tuple[str, Mapping[bytes, JSON]]:
        """Return the key of the event for *message*, and what to keep of it."""
        digest = hashlib.sha256(message.topic.encode() + b"\0" + message.payload).hexdigest()[:24]
        if message.retain:
            return f"state/{digest}", {}  # the same state is one event, however often repeated
        if message.qos == 0:
            return uuid.uuid4().hex, {}
        known = self._known.get(message.mid)
        if message.dup and known is not None and known[0] == digest:
            return known[1], {}
        key = uuid.uuid4().hex
        count, self._next = self._next, self._next + 1
        self._known[message.mid] = (digest, key)
        slot = _SLOT + str(count % _SLOTS).encode()
        return key, {slot: [count, message.mid, digest, key]}


async def _some(line: Line) -> "list[MQTTMessage | News]":
    """Return what is there, one thing at least."""
    found = [await line.inbox.get()]
    while len(found) < _AT_ONCE and not line.inbox.empty():
        found.append(line.inbox.get_nowait())
    return found


def _told(message: "MQTTMessage", wish: str) -> JSON:
    payload, kind = _read(message.payload, wish)
    return {
        "topic": message.topic,
        "payload": payload,
        "format": kind,
        "size": len(message.payload),
        "retained": bool(message.retain),
    }


def _read(data: bytes | bytearray, wish: str) -> tuple[JSON, str]:
    """Return what *data* says, and how it was read."""
    if len(data) > MOST_BYTES:
        return None, "too large"
    if wish in {"auto", "json"}:
        try:
            parsed: JSON = json.loads(data, parse_constant=_refuse)
        except (ValueError, RecursionError):
            pass
        else:
            return parsed, "json"
    if wish != "bytes":
        try:
            return data.decode(), "text"
        except UnicodeDecodeError:
            pass
    return base64.b64encode(data).decode("ascii"), "base64"


def _refuse(word: str) -> None:
    raise ValueError(word)


def _listed(topic: str | list[str]) -> list[str]:
    return [topic] if isinstance(topic, str) else [*topic]


def _client_id(workspace: str, trigger_id: str) -> str:
    """Return the name of our session: always the same, and short enough for every broker."""
    return "rouage-" + hashlib.sha256(f"{workspace}\n{trigger_id}".encode()).hexdigest()[:16]
