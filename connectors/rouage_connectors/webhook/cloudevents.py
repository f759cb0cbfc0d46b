"""CloudEvents over HTTP: one event in the headers, one in the body, or many in one request."""

import base64
import binascii
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from rouage.sdk import JSON, HookRequest, Text
from rouage.sdk.records import dataclass
from rouage_connectors.webhook.content import Accept, Unreadable, read_content, read_json

_ONE: Final = "application/cloudevents+json"
_MANY: Final = "application/cloudevents-batch+json"
_REQUIRED: Final = ("id", "source", "type")
_PREFIX: Final = "ce-"
_MOST_EVENTS: Final = 500
_MOST_ATTRIBUTES: Final = 50
_LONGEST: Final = 1_000

_NOT_ONE: Final = Text(
    "this is no CloudEvent: specversion 1.0, id, source and type are needed",
    "ce n’est pas un CloudEvent : il faut specversion 1.0, id, source et type",
)
_NOT_MANY: Final = Text(
    "a batch is a list of at most {most} CloudEvents",
    "un lot est une liste de {most} CloudEvents au plus",
)
_NOT_BASE64: Final = Text("data_base64 is not base64", "data_base64 n’est pas du base64")


@dataclass(frozen=True, kw_only=True, slots=True)
class CloudEvent:
    """One event: its attributes, and its data as `event.body`."""

    attributes: Mapping[str, JSON]
    data: JSON

    @property
    def identity(self) -> str:
        """Return its id, unique for its source."""
        return str(self.attributes["id"])

    @property
    def key(self) -> str:
        """Return what identifies it to us: the sender gives it once."""
        return f"id:{self.attributes['id']} source:{self.attributes['source']}"


def read_cloudevents(request: HookRequest, accept: Accept) -> tuple[list[CloudEvent], bool]:
    """Return the events of *request*, and whether they came as a batch.

    Raises:
        Unreadable: it holds something else.
    """
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    if kind == _MANY:
        found = read_json(bytes(request.body))
        if not isinstance(found, list) or not 0 < len(found) <= _MOST_EVENTS:
            raise Unreadable(400, _NOT_MANY.fill(most=_MOST_EVENTS))
        return [_structured(one) for one in found], True
    if kind == _ONE:
        return [_structured(read_json(bytes(request.body)))], False
    attributes: dict[str, JSON] = {
        name[len(_PREFIX) :]: _decoded(value)
        for name, value in request.headers.items()
        if name.startswith(_PREFIX)
    }
    _check(attributes)
    if kind:
        attributes["datacontenttype"] = declared
    return [
        CloudEvent(attributes=attributes, data=read_content(request.body, declared, accept))
    ], False


def _structured(value: JSON) -> CloudEvent:
    if not isinstance(value, dict):
        raise Unreadable(400, _NOT_ONE)
    attributes = {name: one for name, one in value.items() if name not in {"data", "data_base64"}}
    _check(attributes)
    data = value.get("data")
    encoded = value.get("data_base64")
    if isinstance(encoded, str):
        data = _from_base64(encoded)
    return CloudEvent(attributes=attributes, data=data)


def _check(attributes: Mapping[str, JSON]) -> None:
    is_known = str(attributes.get("specversion", "")).startswith("1.")
    is_named = all(
        isinstance(one := attributes.get(name), str) and 0 < len(one) <= _LONGEST
        for name in _REQUIRED
    )
    if not is_known or not is_named or len(attributes) > _MOST_ATTRIBUTES:
        raise Unreadable(400, _NOT_ONE)


def _decoded(value: str) -> str:
    """Return a header of the binary form as text: percent-encoded, and perhaps quoted."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return unquote(value, errors="replace").encode("utf-8", "replace").decode("utf-8")


def _from_base64(text: str) -> JSON:
    """Return the bytes as text where they are, else as they came."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except UnicodeDecodeError:
        return {"base64": text}
    except (ValueError, binascii.Error):
        raise Unreadable(400, _NOT_BASE64) from None
