"""The sealed form of the secrets: AES-256 in GCM, bound to the id of its key."""

import base64
import json
import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, cast

from rouage.errors import WorkspaceError
from rouage.language import Text
from rouage.records import dataclass
from rouage.secrets.keys import KEEPERS, KeptIn

FORMAT: Final = 2
_NONCE_BYTES: Final = 12
_ABOUT: Final = b"rouage secrets "

_MISSING: Final = Text(
    "sealing secrets needs the package cryptography, which is not installed",
    "chiffrer les secrets demande le paquet cryptography, qui n’est pas installé",
)
_MISSING_HINT: Final = Text("run `pip install cryptography`", "lancez « pip install cryptography »")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """What the file says in clear: where its key lies, and the sealed rest."""

    keeper: KeptIn
    key_id: str
    content: bytes


def seal(values: Mapping[str, str], *, keeper: KeptIn, key_id: str, key: bytes) -> bytes:
    """Return *values* as the content of a sealed file.

    Raises:
        WorkspaceError: the package that seals is missing.
    """
    nonce = os.urandom(_NONCE_BYTES)
    plain = json.dumps(dict(sorted(values.items()))).encode("utf-8")
    content = nonce + _cipher(key).encrypt(nonce, plain, _ABOUT + key_id.encode("ascii"))
    written = {
        "format": FORMAT,
        "key": keeper,
        "key_id": key_id,
        "sealed": base64.b64encode(content).decode("ascii"),
    }
    return json.dumps(written, indent=1).encode("ascii") + b"\n"


def read_sealed(data: Mapping[str, Any]) -> Sealed:
    """Return what a sealed file says.

    Raises:
        ValueError: it is damaged.
    """
    keeper, key_id, text = data.get("key"), data.get("key_id"), data.get("sealed")
    is_id = isinstance(key_id, str) and key_id.isascii() and key_id.isalnum()
    if keeper not in KEEPERS or not is_id or not isinstance(text, str):
        raise ValueError("shape")
    content = base64.b64decode(text, validate=True)
    return Sealed(keeper=cast("KeptIn", keeper), key_id=str(key_id), content=content)


def unseal(sealed: Sealed, key: bytes) -> object:
    """Return what was sealed, parsed.

    Raises:
        ValueError: the key does not fit, or the content was changed.
        WorkspaceError: the package that opens it is missing.
    """
    return json.loads(decrypt(sealed.content, key=key, key_id=sealed.key_id))


def decrypt(content: bytes, *, key: bytes, key_id: str) -> bytes:
    """Return the clear text of the sealed *content*.

    Raises:
        ValueError: the key does not fit, or the content was changed.
        WorkspaceError: the package that opens it is missing.
    """
    cipher = _cipher(key)
    invalid = import_module("cryptography.exceptions").InvalidTag
    nonce, rest = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
    try:
        plain: bytes = cipher.decrypt(nonce, rest, _ABOUT + key_id.encode("ascii"))
    except invalid:
        raise ValueError("key") from None
    return plain


def _cipher(key: bytes) -> Any:
    try:
        module = import_module("cryptography.hazmat.primitives.ciphers.aead")
    except ModuleNotFoundError:
        raise WorkspaceError(_MISSING, hint=_MISSING_HINT) from None
    return module.AESGCM(key)
