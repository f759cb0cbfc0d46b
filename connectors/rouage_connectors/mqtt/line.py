"""One lasting connection to a broker: paho in its thread on one side, the loop on the other.

A message is acknowledged only when it was dealt with; what is not acknowledged, the broker
sends again. At most `ROOM` messages wait for that: then the thread stops reading, and the
broker holds back what it has.
"""

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from rouage.sdk import Text
from rouage.sdk.records import dataclass
from rouage_connectors.mqtt.declaration import Broker

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

ROOM: Final = 200
_LOOK_SECONDS: Final = 0.5
_REFUSALS: Final = frozenset({"Not authorized", "Bad user name or password", "Banned"})

_LOST: Final = Text(
    "{place} hung up ({reason}); connecting again",
    "{place} a raccroché ({reason}) ; nouvelle connexion en cours",
)
_AWAY: Final = Text(
    "{place} cannot be reached; trying again", "{place} est injoignable ; nouvel essai en cours"
)
_UNTAKEN: Final = Text("{place} refuses to send {topics}", "{place} refuse d’envoyer {topics}")


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What the thread tells the loop: how the connection is."""

    is_up: bool
    reason: Text | None = None
    is_refused: bool = False


class Line:
    """A connection that keeps its session; `inbox` holds messages and news, in order."""

    def __init__(
        self, broker: Broker, client_id: str, *, topics: Sequence[str], dropped: Sequence[str]
    ) -> None:
        self.inbox: asyncio.Queue[MQTTMessage | News] = asyncio.Queue()
        self._broker = broker
        self._topics = tuple(topics)
        self._dropped = tuple(dropped)
        self._room = threading.BoundedSemaphore(ROOM)
        self._is_closing = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._client = broker.make_client(client_id, keeps_session=True)
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._failed
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._received

    def open(self) -> None:
        """Begin to connect, now and whenever the connection is lost."""
        self._broker.connect_soon(self._client)
        self._client.loop_start()

    async def close(self) -> None:
        """Hang up; the session stays with the broker."""
        self._is_closing.set()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def done(self, message: "MQTTMessage") -> None:
        """Acknowledge *message*, and make room for another."""
        self._client.ack(message.mid, message.qos)
        self._room.release()

    # -- in the thread of paho ---------------------------------------------------------------

    def _tell(self, what: "MQTTMessage | News") -> None:
        if not self._is_closing.is_set():
            self._loop.call_soon_threadsafe(self.inbox.put_nowait, what)

    def _connected(self, client: "Client", _: Any, __: Any, code: Any, ___: Any) -> None:
        if code.is_failure:
            reason = _LOST.fill(place=self._broker.place, reason=code)
            self._tell(News(is_up=False, reason=reason, is_refused=str(code) in _REFUSALS))
            return
        if self._dropped:
            client.unsubscribe([*self._dropped])
        client.subscribe([(topic, 1) for topic in self._topics])
        self._tell(News(is_up=True))

    def _subscribed(self, _: Any, __: Any, ___: Any, codes: Sequence[Any], ____: Any) -> None:
        untaken = [
            topic for topic, code in zip(self._topics, codes, strict=False) if code.is_failure
        ]
        if untaken:
            facts = {"place": self._broker.place, "topics": ", ".join(untaken)}
            self._tell(News(is_up=False, reason=_UNTAKEN.fill(**facts)))

    def _failed(self, _: Any, __: Any) -> None:
        self._tell(News(is_up=False, reason=_AWAY.fill(place=self._broker.place)))

    def _disconnected(self, _: Any, __: Any, ___: Any, code: Any, ____: Any) -> None:
        reason = _LOST.fill(place=self._broker.place, reason=code)
        self._tell(News(is_up=False, reason=reason))

    def _received(self, _: Any, __: Any, message: "MQTTMessage") -> None:
        while not self._room.acquire(timeout=_LOOK_SECONDS):
            if self._is_closing.is_set():
                return
        self._tell(message)
