"""The connector `mqtt`, against a real broker that the tests start."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager, suppress

import paho.mqtt.client as paho
import pytest
from amqtt.broker import Broker

from rouage.errors import JournalError, RetryableError, StepError
from rouage.language import Text
from rouage.sdk.testing import (
    MemoryItems,
    RecordingEmit,
    Surroundings,
    run_action,
    simulate_action,
)
from rouage_connectors.mqtt import connector
from rouage_connectors.mqtt.declaration import is_filter, is_topic
from rouage_connectors.mqtt.message import _read


class Accounts:
    def __init__(self, **account):
        self.account = account

    def find(self, kind, name=None):
        assert kind == "mqtt"
        return {"type": "mqtt", "account": name or "home", **self.account}


@asynccontextmanager
async def broker_at(port, *, allows=True, **listener):
    """Run a broker at *port*."""
    anonymous = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    bind = {"type": "tcp", "bind": f"127.0.0.1:{port}", **listener}
    broker = Broker(
        {"listeners": {"default": bind}, "plugins": {anonymous: {"allow_anonymous": allows}}}
    )
    await broker.start()
    try:
        yield
    finally:
        await broker.shutdown()


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
async def broker(port):
    async with broker_at(port):
        yield port


class Listening:
    """The trigger, listening to the broker at *port*."""

    def __init__(self, workspace, port, topic, items=None, emit=None, account=None, **more):
        self.items = items or MemoryItems()
        self.emit = emit or RecordingEmit(self.items)
        self.reports = []
        accounts = Accounts(**{"host": "127.0.0.1", "port": port, **(account or {})})
        surroundings = Surroundings(workspace=workspace, items=self.items, accounts=accounts)
        context = surroundings.context()
        context.report = lambda state, reason: self.reports.append((state, reason))
        spec = connector.triggers["mqtt.message"]
        self.trigger = spec.listen(spec.parameters.build({"topic": topic, **more}), context)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.trigger.listen(self.emit))
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.wait([self.task])

    async def until(self, condition):
        deadline = time.monotonic() + 30
        while not condition():
            assert not self.task.done(), self.task.exception()
            assert time.monotonic() < deadline, "this never came to be"
            await asyncio.sleep(0.005)

    async def connected(self):
        await self.until(lambda: self.reports[-1:] and self.reports[-1][0] == "listening")

    @property
    def payloads(self):
        return [event.data["payload"] for event in self.emit.events]


async def publish(port, context, topic, payload, **more):
    """Publish with the action, which is tested by that too."""
    accounts = Accounts(host="127.0.0.1", port=port)
    parameters = {"topic": topic, "payload": payload, **more}
    return await run_action(connector, "mqtt.publish", parameters, context(accounts=accounts))


async def test_a_message_becomes_an_event(broker, tmp_path, context_for):
    async with Listening(tmp_path, broker, "workshop/+/temperature") as listening:
        await listening.connected()
        result = await publish(broker, context_for, "workshop/four/temperature", {"celsius": 18.5})
        await publish(broker, context_for, "workshop/four/other", "no")
        await publish(broker, context_for, "workshop/x/temperature", "chaud é")
        wanted = {"connected": True, "messages": 2}
        await listening.until(lambda: listening.trigger.status() == wanted)
    assert result == {"topic": "workshop/four/temperature", "size": 17, "account": "home"}
    assert listening.emit.events[0].data == {
        "topic": "workshop/four/temperature",
        "payload": {"celsius": 18.5},
        "format": "json",
        "size": 17,
        "retained": False,
    }
    assert listening.emit.events[1].data["format"] == "text"


async def test_a_broker_with_a_certificate_is_spoken_to_in_secret(
    port, certificate, tmp_path, context_for
):
    file, key = map(str, certificate)
    safe = {"host": "localhost", "port": port, "tls": True}
    async with broker_at(port, ssl=True, certfile=file, keyfile=key):
        async with Listening(tmp_path, port, "a", account={**safe, "ca": file}) as listening:
            await listening.connected()
            context = context_for(accounts=Accounts(**safe, ca=file))
            await run_action(connector, "mqtt.publish", {"topic": "a", "payload": 7}, context)
            await listening.until(lambda: listening.payloads == [7])


# paho leaves the socket of a failed handshake to the collector, which complains.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_nothing_is_said_to_a_broker_whose_certificate_is_unknown(
    port, certificate, context_for
):
    file, key = map(str, certificate)
    context = context_for(accounts=Accounts(host="localhost", port=port, tls=True))
    parameters = {"topic": "a", "payload": 8, "timeout": "1s"}
    async with broker_at(port, ssl=True, certfile=file, keyfile=key):
        with pytest.raises(RetryableError, match=f"localhost:{port}"):
            await run_action(connector, "mqtt.publish", parameters, context)


class ScriptedBroker:
    """A broker that does as told: `packets` are sent to each client once it has subscribed."""

    def __init__(self, port, *packets):
        self._port, self._packets = port, packets
        self.acknowledged = []
        self.given_up = []
        self._writers = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, size = await reader.readexactly(2)
                self._answer(kind >> 4, await reader.readexactly(size), writer)
        self._writers.discard(writer)
        writer.close()

    def _answer(self, kind, body, writer):
        if kind == 1:  # CONNECT
            assert not body[7] & 2, "the session must be kept"
            writer.write(b"\x20\x02\x00\x00")
        elif kind == 8:  # SUBSCRIBE
            writer.write(b"\x90\x03" + body[:2] + b"\x01")
            writer.write(b"".join(self._packets))
        elif kind == 10:  # UNSUBSCRIBE
            self.given_up.append(body[4:])
            writer.write(b"\xb0\x02" + body[:2])
        elif kind == 4:  # PUBACK
            self.acknowledged.append(int.from_bytes(body, "big"))


def message(payload, mid, *, dup=False, retain=False):
    """Return the packet of a message on the topic `a`, quality 1."""
    head = 0x32 | (8 if dup else 0) | (1 if retain else 0)
    return bytes([head, 5 + len(payload)]) + b"\x00\x01a" + mid.to_bytes(2, "big") + payload


async def test_the_session_is_kept_and_so_is_what_arrives_while_nobody_listens(port, tmp_path):
    async with ScriptedBroker(port):
        async with Listening(tmp_path, port, "a") as listening:
            await listening.connected()
    again = {"items": listening.items, "emit": listening.emit}
    async with ScriptedBroker(port, message(b"1", 1), message(b"2", 2)) as broker:
        async with Listening(tmp_path, port, "a", **again) as listening:
            await listening.until(lambda: broker.acknowledged == [1, 2])
    assert listening.payloads == [1, 2]


async def test_a_topic_that_is_no_longer_wanted_is_given_up(port, tmp_path):
    async with ScriptedBroker(port) as broker:
        async with Listening(tmp_path, port, ["a", "b"]) as listening:
            await listening.connected()
            assert broker.given_up == []
        async with Listening(tmp_path, port, "b", items=listening.items) as listening:
            await listening.until(lambda: broker.given_up == [b"a"])


async def test_a_broker_is_waited_for_and_found_again(port, tmp_path):
    async with Listening(tmp_path, port, "a") as listening:
        await listening.until(lambda: listening.reports)
        assert listening.reports[-1][0] == "degraded"
        async with ScriptedBroker(port, message(b"1", 1)):
            await listening.connected()
            await listening.until(lambda: listening.payloads == [1])
        await listening.until(lambda: listening.reports[-1][0] == "degraded")
        assert "127.0.0.1" in listening.reports[-1][1].fr
        async with ScriptedBroker(port, message(b"2", 2)):
            await listening.until(lambda: listening.payloads == [1, 2])


async def test_a_message_that_is_sent_again_is_the_same_event(port, tmp_path):
    items = MemoryItems()
    emit = RecordingEmit(items)
    for packet, expected in (
        (message(b"x", 7), 1),
        (message(b"x", 7, dup=True), 1),
        (message(b"y", 7, dup=True), 2),  # the number of the first, and another message
        (message(b"y", 7), 3),  # the same words, said anew
    ):
        async with ScriptedBroker(port, packet) as broker:
            async with Listening(tmp_path, port, "a", items=items, emit=emit) as listening:
                await listening.until(lambda broker=broker: broker.acknowledged == [7])
                assert len(emit.events) == expected


@pytest.mark.parametrize(("wish", "expected"), [("skip", []), ("process", ["open"])])
async def test_the_last_state_counts_only_if_asked_for_and_once(port, tmp_path, wish, expected):
    items = MemoryItems()
    emit = RecordingEmit(items)
    for _ in range(2):
        async with ScriptedBroker(port, message(b"open", 3, retain=True)) as broker:
            more = {"items": items, "emit": emit, "retained": wish}
            async with Listening(tmp_path, port, "a", **more) as listening:
                await listening.until(lambda broker=broker: broker.acknowledged == [3])
    assert listening.payloads == expected
    assert all(event.data["retained"] for event in emit.events)


async def test_nothing_is_acknowledged_before_it_is_on_disk(port, tmp_path):
    class Failing(RecordingEmit):
        async def __call__(self, data, **more):
            raise JournalError(Text("the disk is full", "le disque est plein"))

    async with ScriptedBroker(port, message(b"x", 7)) as broker:
        async with Listening(tmp_path, port, "a", emit=Failing()) as listening:
            await asyncio.wait([listening.task], timeout=30)
            assert isinstance(listening.task.exception(), JournalError)
            assert broker.acknowledged == []


async def test_many_messages_at_once_all_arrive_in_order(broker, tmp_path):
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    async with Listening(tmp_path, broker, "n") as listening:
        await listening.connected()
        await asyncio.to_thread(client.connect, "127.0.0.1", broker)
        client.loop_start()
        for number in range(500):
            client.publish("n", number, qos=1)
        await listening.until(lambda: len(listening.payloads) == 500)
        await asyncio.to_thread(client.loop_stop)
    assert listening.payloads == [*range(500)]
    assert len(listening.items.values) <= 513


@pytest.mark.parametrize(
    ("data", "wish", "payload", "kind"),
    [
        (b'{"a": 1}', "auto", {"a": 1}, "json"),
        (b'{"a": 1}', "text", '{"a": 1}', "text"),
        (b"NaN", "auto", "NaN", "text"),
        (b"[" * 99_999, "bytes", None, "base64"),
        (b"\xff", "auto", "/w==", "base64"),
        (b"\xff", "text", "/w==", "base64"),
        (b"", "auto", "", "text"),
        (b"x" * 300_000, "auto", None, "too large"),
    ],
)
def test_a_message_is_read_as_it_is(data, wish, payload, kind):
    read, found = _read(data, wish)
    assert found == kind
    assert payload is None or read == payload


async def test_a_refused_account_is_explained(port, tmp_path, context_for):
    async with broker_at(port, allows=False):
        async with Listening(tmp_path, port, "a") as listening:
            await asyncio.wait([listening.task], timeout=30)
            with pytest.raises(StepError, match="refuses the account “home”"):
                listening.task.result()
        with pytest.raises(StepError, match="refuses the account “home”"):
            await publish(port, context_for, "a", 1)


async def test_a_broker_that_is_away_is_a_passing_reason(port, context_for):
    with pytest.raises(RetryableError, match="cannot be reached"):
        await publish(port, context_for, "a", 1, timeout="1s")


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b", "x" * 70_000])
async def test_a_topic_to_publish_to_is_exact(topic, context_for):
    with pytest.raises(StepError, match="not a topic"):
        await publish(1, context_for, topic, 1)


@pytest.mark.parametrize(
    ("topic", "is_good"),
    [
        *(("a", True), ("a/+/b", True), ("#", True), ("/a//b", True), ("é/#", True)),
        *(("", False), ("a/#/b", False), ("a+", False), ("a/b#", False), ("a\nb", False)),
    ],
)
def test_a_topic_to_listen_to_may_have_wildcards_for_whole_words(topic, is_good):
    assert is_filter(topic) is is_good
    spec = connector.triggers["mqtt.message"]
    assert (spec.listen.check(spec.parameters.build({"topic": topic})) is None) is is_good
    assert not is_topic(topic) or is_good


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ({"host": ""}, "no `host`"),
        ({"host": "h", "port": 0}, "number from 1 to 65535"),
        ({"host": "h", "port": "1883"}, "number from 1 to 65535"),
        ({"host": "h", "tls": True, "ca": "/missing.pem"}, "missing.pem"),
    ],
)
async def test_an_account_that_cannot_be_used_is_explained(account, said, context_for):
    context = context_for(accounts=Accounts(**account))
    with pytest.raises(StepError, match=said):
        await run_action(connector, "mqtt.publish", {"topic": "a", "payload": 1}, context)


async def test_a_simulation_connects_to_nobody(context_for):
    context = context_for(accounts=Accounts(host="127.0.0.1", port=1))
    parameters = {"topic": "a", "payload": {"é": 1}}
    result = await simulate_action(connector, "mqtt.publish", parameters, context)
    assert result == {"topic": "a", "size": 9, "account": "home"}
