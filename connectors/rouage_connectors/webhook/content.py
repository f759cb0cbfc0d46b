"""Bodies as data: strict JSON, forms, or raw text; the declared type must match."""

import base64
import json
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

from rouage.sdk import JSON, Body, Text

Accept = Literal["auto", "json", "form", "multipart", "raw"]

_MOST_DEPTH: Final = 100
_LONGEST_NUMBER: Final = 40
_MOST_FIELDS: Final = 1000
_FORM: Final = "application/x-www-form-urlencoded"

_WRONG_TYPE: Final = Text(
    "send JSON with Content-Type: application/json, or a form",
    "envoyez du JSON avec Content-Type: application/json, ou un formulaire",
)
_MULTIPART: Final = Text(
    "multipart forms are not accepted here, unless the recipe says `accept: multipart`; send JSON",
    "les formulaires en plusieurs parties ne sont pas acceptés ici, sauf si la recette dit "
    "`accept: multipart` ; envoyez du JSON",
)
_NOT_UTF8: Final = Text("the body is not UTF-8", "le corps n’est pas en UTF-8")
_NOT_JSON: Final = Text("the body is not valid JSON", "le corps n’est pas du JSON valide")
_TWICE: Final = Text("a JSON key is given twice", "une clé JSON est donnée deux fois")
_NOT_A_NUMBER: Final = Text("JSON has no NaN and no infinity", "JSON ne connaît ni NaN ni l’infini")
_TOO_LONG: Final = Text("a JSON number is too long", "un nombre JSON est trop long")
_TOO_DEEP: Final = Text("the JSON is nested too deeply", "le JSON est imbriqué trop profondément")
_BAD_FORM: Final = Text("the form is malformed", "le formulaire est mal formé")


class Unreadable(Exception):  # noqa: N818 - an answer to give, not a fault of ours
    """The body cannot be data; `status` is 400 or 415, `message` says why."""

    def __init__(self, status: int, message: Text) -> None:
        self.status = status
        self.message = message
        super().__init__(message.en)


def read_content(body: Body, declared: str, accept: Accept) -> JSON:
    """Return *body* as data, read as the type its sender *declared*.

    Raises:
        Unreadable: the type is not accepted, or the body is not of that type.
    """
    body = bytes(body)
    if accept == "raw":
        return _raw(body)
    if not body:
        return None
    kind = declared.partition(";")[0].strip().lower()
    if accept != "form" and (kind in {"application/json", "text/json"} or kind.endswith("+json")):
        return read_json(body)
    if accept != "json" and kind == _FORM:
        return _form(body)
    raise Unreadable(415, _MULTIPART if kind.startswith("multipart/") else _WRONG_TYPE)


def read_json(body: bytes) -> JSON:
    """Return the JSON value that *body* holds, read strictly.

    Raises:
        Unreadable: not UTF-8, not JSON, a repeated key, NaN, too deep, or a number too long.
    """
    try:
        value = _DECODER.decode(body.decode())
    except UnicodeDecodeError:
        raise Unreadable(400, _NOT_UTF8) from None
    except (ValueError, RecursionError):
        raise Unreadable(400, _NOT_JSON) from None
    if (b"\\ud" in body or b"\\uD" in body) and not _is_text(value):
        raise Unreadable(400, _NOT_JSON)
    if body.count(b"[") + body.count(b"{") > _MOST_DEPTH and _is_deep(value):
        raise Unreadable(400, _TOO_DEEP)
    return value  # type: ignore[no-any-return]  # the decoder of JSON gives JSON


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Unreadable(400, _TWICE)
    return made


def _refuse_constant(_name: str) -> Any:
    raise Unreadable(400, _NOT_A_NUMBER)


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0.0:
        raise Unreadable(400, _NOT_A_NUMBER)
    return number


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise Unreadable(400, _TOO_LONG)
    return int(text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_float=_float,
    parse_int=_integer,
)


def _is_text(value: JSON) -> bool:
    """Say whether every text in *value* is one: half of a surrogate pair is not."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_deep(value: JSON) -> bool:
    level: list[JSON] = [value]
    for _ in range(_MOST_DEPTH):
        level = [
            child
            for one in level
            if isinstance(one, list | dict)
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, list | dict)
        ]
        if not level:
            return False
    return True


def _form(body: bytes) -> JSON:
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=False,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except UnicodeDecodeError:
        raise Unreadable(400, _NOT_UTF8) from None
    except ValueError:
        raise Unreadable(400, _BAD_FORM) from None
    fields: dict[str, JSON] = {}
    for name, value in pairs:
        known = fields.get(name)
        if isinstance(known, list):
            known.append(value)
        else:
            fields[name] = value if known is None else [known, value]
    return fields


def _raw(body: bytes) -> JSON:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}
