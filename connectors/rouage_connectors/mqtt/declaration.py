"""The connector `mqtt`, its account, and what topics may look like."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rouage.sdk import JSON, Connector, StepError, Text
from rouage.sdk.accounts import Accounts
from rouage.sdk.extras import require
from rouage.sdk.records import dataclass

if TYPE_CHECKING:
    import ssl

    from paho.mqtt.client import Client

connector = Connector(
    "mqtt",
    title=Text("MQTT", "MQTT"),
    about=Text(
        "Messages of devices and home automation: listen to a broker, publish to it.",
        "Messages d’appareils et de domotique : écouter un serveur MQTT, y publier.",
    ),
)

KIND: Final = "mqtt"
ACCOUNT_TITLE: Final = Text("Account", "Compte")
ACCOUNT: Final = Text(
    "Which account of type mqtt in rouage.yaml; the only one, unless given.",
    "Quel compte de type mqtt dans rouage.yaml ; le seul, sauf indication.",
)
_LONGEST_TOPIC: Final = 65_535
_TLS_PORT: Final = 8_883
_PORT: Final = 1_883
_KEEPALIVE_SECONDS: Final = 60
_CONNECT_SECONDS: Final = 15.0
_FIRST_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 120

_NO_HOST: Final = Text(
    "the account “{account}” names no `host`", "le compte « {account} » ne nomme pas de `host`"
)
_BAD_PORT: Final = Text(
    "`port` of the account “{account}” must be a number from 1 to 65535",
    "`port` du compte « {account} » doit être un nombre de 1 à 65535",
)
_BAD_CA: Final = Text(
    "the certificate `{path}` of the account “{account}” cannot be read",
    "le certificat `{path}` du compte « {account} » est illisible",
)
BAD_TOPIC: Final = Text(
    "“{topic}” is not a topic: it is empty, too long or has + or # inside a word",
    "« {topic} » n’est pas un sujet : il est vide, trop long, ou a + ou # dans un mot",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Broker:
    """One account: where the broker is, and who we are there."""

    name: str
    host: str
    port: int
    user: str | None
    password: str | None
    context: "ssl.SSLContext | None"

    @property
    def place(self) -> str:
        """Return how messages call it."""
        return f"{self.host}:{self.port}"

    def make_client(self, client_id: str, *, keeps_session: bool) -> "Client":
        """Return a client that is not connected yet."""
        paho = require("paho.mqtt.client", "mqtt")
        client: Client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=not keeps_session,
            manual_ack=keeps_session,
        )
        client.connect_timeout = _CONNECT_SECONDS
        # Declared as whole seconds, used as seconds.
        client.reconnect_delay_set(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)  # type: ignore[arg-type]
        if self.user is not None:
            client.username_pw_set(self.user, self.password)
        if self.context is not None:
            client.tls_set_context(self.context)
        return client

    def connect_soon(self, client: "Client") -> None:
        """Name the broker to *client*, which connects when its loop begins, and again after."""
        client.connect_async(self.host, self.port, keepalive=_KEEPALIVE_SECONDS)


def find_broker(accounts: Accounts, name: str | None) -> Broker:
    """Return the account *name*, checked.

    Raises:
        StepError: there is none, or it cannot be used as it is written.
    """
    given = accounts.find(KIND, name)
    account = str(given["account"])
    host = given.get("host")
    if not isinstance(host, str) or not host.strip():
        raise StepError(_NO_HOST, account=account)
    is_safe = given.get("tls", given.get("port") == _TLS_PORT) is True
    port: Any = given.get("port", _TLS_PORT if is_safe else _PORT)
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65_535:
        raise StepError(_BAD_PORT, account=account)
    return Broker(
        name=account,
        host=host.strip(),
        port=port,
        user=_text(given, "user"),
        password=_text(given, "password"),
        context=_tls(given, account) if is_safe else None,
    )


def _text(given: Mapping[str, JSON], name: str) -> str | None:
    value = given.get(name)
    return value if isinstance(value, str) and value else None


def _tls(given: Mapping[str, JSON], account: str) -> "ssl.SSLContext":
    import ssl

    path = _text(given, "ca")
    try:
        context = ssl.create_default_context(cafile=path)
    except (OSError, ValueError):
        raise StepError(_BAD_CA, path=path, account=account) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def is_topic(topic: str) -> bool:
    """Say whether *topic* can be published to."""
    return (
        0 < len(topic.encode("utf-8", "replace")) <= _LONGEST_TOPIC
        and not set(topic) & {"+", "#", "\0"}
        and topic.isprintable()
    )


def is_filter(topic: str) -> bool:
    """Say whether *topic* can be listened to: + stands for a word, # for all that follows."""
    words = topic.split("/")
    plain = "/".join("x" if word in {"+", "#"} else word for word in words)
    return is_topic(plain) and "#" not in words[:-1]
