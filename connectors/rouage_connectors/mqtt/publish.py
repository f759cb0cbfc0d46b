"""The action `mqtt.publish`: one message to a topic, and the word of the broker that it has it."""

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any, Final

from rouage.sdk import (
    JSON,
    Context,
    Duration,
    RetryableError,
    StepError,
    StepTimeout,
    Text,
    param,
    params,
)
from rouage.sdk.files import shown
from rouage_connectors.mqtt.declaration import (
    ACCOUNT,
    ACCOUNT_TITLE,
    Broker,
    connector,
    find_broker,
    is_topic,
)

if TYPE_CHECKING:
    from paho.mqtt.client import Client

_MOST_BYTES: Final = 256 << 10
_BAD_TOPIC: Final = Text(
    "“{topic}” is not a topic to publish to: it is empty, too long or holds + or #",
    "« {topic} » n’est pas un sujet où publier : il est vide, trop long ou contient + ou #",
)
_TOO_LARGE: Final = Text("the message is larger than {limit} KiB", "le message dépasse {limit} Kio")
_AWAY: Final = Text(
    "{place} cannot be reached within {seconds} seconds",
    "{place} est injoignable en {seconds} secondes",
)
_REFUSED: Final = Text(
    "{place} refuses the account “{account}”: {reason}",
    "{place} refuse le compte « {account} » : {reason}",
)
_UNKNOWN: Final = Text(
    "{place} did not say whether it took the message",
    "{place} n’a pas dit s’il a pris le message",
)


@params
class Publication:
    """What to publish, and where."""

    topic: str = param(
        Text("The topic.", "Le sujet."),
        title=Text("Topic", "Sujet"),
        examples=["workshop/lamp/set"],
    )
    payload: JSON = param(
        Text(
            "What to say: a text goes as it is, anything else as JSON.",
            "Ce qu’il faut dire : un texte part tel quel, le reste en JSON.",
        ),
        title=Text("Content", "Contenu"),
        format="json",
        examples=["on", {"brightness": 80}],
    )
    retain: bool = param(
        Text(
            "Whether the broker repeats it to whoever listens later: the last state.",
            "Si le serveur le répète à qui écoutera plus tard : le dernier état.",
        ),
        title=Text("As last state", "Comme dernier état"),
        default=False,
    )
    account: str | None = param(ACCOUNT, title=ACCOUNT_TITLE, default=None, max_length=31)
    timeout: Duration = param(
        Text("How long the broker may take.", "Le temps laissé au serveur."),
        title=Text("Time limit", "Délai"),
        default=15.0,
        minimum=1,
        maximum=300,
    )


async def simulate_publish(params: Publication, context: Context) -> JSON:
    """Return what would be published, and connect to nobody."""
    broker, data = find_broker(context.accounts, params.account), _data(params)
    return {"topic": params.topic, "size": len(data), "account": broker.name}


@connector.action(
    "publish",
    title=Text("Publish an MQTT message", "Publier un message MQTT"),
    about=Text(
        "Publish a message on a topic of an MQTT broker.",
        "Publie un message sur un sujet d’un serveur MQTT.",
    ),
    effect="irreversible",
    unit="messages",
    idempotent=False,
    result={
        "type": "object",
        "properties": {
            "topic": {"type": "string"},
            "size": {"type": "integer", "description": "Bytes"},
            "account": {"type": "string", "description": "The account that was used"},
        },
        "required": ["topic", "size", "account"],
    },
    example={"topic": "workshop/lamp/set", "payload": {"state": "on"}},
    describe=Text("publish on {topic}", "publier sur {topic}"),
    simulate=simulate_publish,
)
async def publish(params: Publication, context: Context) -> JSON:
    """Publish a message, and wait until the broker has it."""
    broker, data = find_broker(context.accounts, params.account), _data(params)
    sender = _Sender(broker)
    try:
        await asyncio.to_thread(sender.send, params, data)
    finally:
        await asyncio.to_thread(sender.close)
    return {"topic": params.topic, "size": len(data), "account": broker.name}


def _data(params: Publication) -> bytes:
    if not is_topic(params.topic):
        raise StepError(_BAD_TOPIC, topic=shown(params.topic[:80]))
    payload = params.payload
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    data = text.encode("utf-8", "replace")
    if len(data) > _MOST_BYTES:
        raise StepError(_TOO_LARGE, limit=_MOST_BYTES >> 10)
    return data


class _Sender:
    """A connection for one message."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._answered = threading.Event()
        self._code: Any = None
        self._client = broker.make_client("", keeps_session=False)
        self._client.on_connect = self._connected

    def send(self, params: Publication, data: bytes) -> None:
        """Connect, publish and wait for the word of the broker. It blocks.

        Raises:
            RetryableError: the broker cannot be reached; nothing was sent.
            StepError: it refuses us.
            StepTimeout: it did not confirm.
        """
        place = self._broker.place
        self._broker.connect_soon(self._client)
        self._client.loop_start()
        if not self._answered.wait(params.timeout):
            raise RetryableError(_AWAY, place=place, seconds=f"{params.timeout:g}")
        if self._code.is_failure:
            facts = {"place": place, "account": self._broker.name, "reason": self._code}
            raise StepError(_REFUSED, **facts)
        sent = self._client.publish(params.topic, data, qos=1, retain=params.retain)
        try:
            sent.wait_for_publish(params.timeout)
        except (ValueError, RuntimeError) as error:
            raise StepTimeout(_UNKNOWN, place=place) from error
        if not sent.is_published():
            raise StepTimeout(_UNKNOWN, place=place)

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, _: "Client", __: Any, ___: Any, code: Any, ____: Any) -> None:
        self._code = code
        self._answered.set()
