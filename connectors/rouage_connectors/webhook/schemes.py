"""How senders prove who they are: one line of data per kind of sender (triggers 3.2)."""

from collections.abc import Mapping
from typing import Final, Literal

from rouage.sdk.records import dataclass

Kind = Literal["hmac", "bearer", "basic", "none"]
Algorithm = Literal["sha256", "sha512", "sha1"]
Encoding = Literal["hex", "base64"]
Handshake = Literal["github", "slack", "meta", "woocommerce", "cloudevents"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheme:
    """What is signed, where the signature stands, and what identifies a delivery.

    `layout` tells how the header is written: one signature (`plain`), `t=…,v1=…,v1=…`
    (`pairs`), or `v1,… v1a,…` (`list`). `template` is what the signature covers. Header names
    are in lower case. `is_id_decisive`: the sender gives a new happening a new id, whatever
    the body, and keeps it when it tries again (triggers W-6). `key` tells how a secret becomes
    a key; `query_token` is the name in the query under which a token may come instead of in
    the header. `handshake` is what the sender asks before it sends anything.
    """

    kind: Kind = "hmac"
    header: str = ""
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    layout: Literal["plain", "pairs", "list"] = "plain"
    template: str = "{body}"
    key: Literal["text", "standard", "entities"] = "text"
    id_header: str | None = None
    id_field: str | None = None
    is_id_decisive: bool = False
    timestamp_header: str | None = None
    tolerance_seconds: float = 300.0
    kept_headers: tuple[str, ...] = ()
    query_token: str | None = None
    handshake: Handshake | None = None


PRESETS: Final[Mapping[str, Scheme]] = {
    "github": Scheme(
        header="x-hub-signature-256",
        prefix="sha256=",
        id_header="x-github-delivery",
        is_id_decisive=True,
        kept_headers=("x-github-event", "x-github-delivery", "x-github-hook-id"),
        handshake="github",
    ),
    "stripe": Scheme(
        header="stripe-signature",
        layout="pairs",
        template="{timestamp}.{body}",
        id_field="id",
        is_id_decisive=True,
    ),
    "calendly": Scheme(
        header="calendly-webhook-signature",
        layout="pairs",
        template="{timestamp}.{body}",
        tolerance_seconds=180.0,
    ),
    "shopify": Scheme(
        header="x-shopify-hmac-sha256",
        encoding="base64",
        id_header="x-shopify-webhook-id",
        is_id_decisive=True,
        kept_headers=(
            "x-shopify-topic",
            "x-shopify-shop-domain",
            "x-shopify-webhook-id",
            "x-shopify-event-id",
            "x-shopify-triggered-at",
            "x-shopify-api-version",
        ),
    ),
    "woocommerce": Scheme(
        header="x-wc-webhook-signature",
        encoding="base64",
        key="entities",
        # Two orders of one second share this id: it identifies nothing without the body.
        id_header="x-wc-webhook-delivery-id",
        kept_headers=(
            "x-wc-webhook-topic",
            "x-wc-webhook-resource",
            "x-wc-webhook-event",
            "x-wc-webhook-source",
            "x-wc-webhook-id",
            "x-wc-webhook-delivery-id",
        ),
        handshake="woocommerce",
    ),
    "typeform": Scheme(
        header="typeform-signature", encoding="base64", prefix="sha256=", id_field="event_id"
    ),
    "slack": Scheme(
        header="x-slack-signature",
        prefix="v0=",
        template="v0:{timestamp}:{body}",
        id_field="event_id",
        is_id_decisive=True,
        timestamp_header="x-slack-request-timestamp",
        kept_headers=("x-slack-retry-num", "x-slack-retry-reason"),
        handshake="slack",
    ),
    "meta": Scheme(header="x-hub-signature-256", prefix="sha256=", handshake="meta"),
    "standard": Scheme(
        header="webhook-signature",
        layout="list",
        encoding="base64",
        template="{id}.{timestamp}.{body}",
        key="standard",
        id_header="webhook-id",
        is_id_decisive=True,
        timestamp_header="webhook-timestamp",
        kept_headers=("webhook-id", "webhook-timestamp"),
    ),
    "cloudevents": Scheme(
        kind="bearer",
        header="authorization",
        query_token="access_token",  # noqa: S106 - the name under which senders give one
        handshake="cloudevents",
    ),
    "bearer": Scheme(kind="bearer", header="authorization", id_header="idempotency-key"),
    "basic": Scheme(kind="basic", header="authorization", id_header="idempotency-key"),
    "none": Scheme(kind="none", id_header="idempotency-key"),
}

EXTRA_METHODS: Final[Mapping[Handshake, frozenset[str]]] = {
    "meta": frozenset({"GET"}),
    "cloudevents": frozenset({"OPTIONS"}),
}
"""The methods in which a sender asks before it sends."""

ALWAYS_KEPT: Final = frozenset({"content-type", "user-agent", "idempotency-key"})
NEVER_KEPT: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
