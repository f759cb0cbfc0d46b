"""How senders prove who they are: one line of data per kind of sender (triggers 3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["hmac", "bearer", "basic", "none"]
Algorithm = Literal["sha256", "sha512", "sha1"]
Encoding = Literal["hex", "base64"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheme:
    """What is signed, where the signature stands, and what identifies a delivery.

    `layout` tells how the header is written: one signature (`plain`), `t=…,v1=…,v1=…`
    (`pairs`), or `v1,… v1,…` (`list`). `template` is what the signature covers. Header names
    are in lower case. `is_id_decisive`: the sender gives a new happening a new id, whatever
    the body, and keeps it when it tries again (triggers W-6).
    """

    kind: Kind = "hmac"
    header: str = ""
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    layout: Literal["plain", "pairs", "list"] = "plain"
    template: str = "{body}"
    key: Literal["text", "standard"] = "text"
    id_header: str | None = None
    id_field: str | None = None
    is_id_decisive: bool = False
    timestamp_header: str | None = None
    tolerance_seconds: float = 300.0
    kept_headers: tuple[str, ...] = ()
    ping: tuple[str, str] | None = None


PRESETS: Final[Mapping[str, Scheme]] = {
    "github": Scheme(
        header="x-hub-signature-256",
        prefix="sha256=",
        id_header="x-github-delivery",
        is_id_decisive=True,
        kept_headers=("x-github-event", "x-github-delivery", "x-github-hook-id"),
        ping=("x-github-event", "ping"),
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
    "typeform": Scheme(header="typeform-signature", encoding="base64", prefix="sha256="),
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
    "bearer": Scheme(kind="bearer", header="authorization", id_header="idempotency-key"),
    "basic": Scheme(kind="basic", header="authorization", id_header="idempotency-key"),
    "none": Scheme(kind="none", id_header="idempotency-key"),
}

ALWAYS_KEPT: Final = frozenset({"content-type", "user-agent", "idempotency-key"})
NEVER_KEPT: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
