"""The key of a person who helps: made once, kept in the home folder, as `age-keygen` writes it."""

import os
from pathlib import Path
from typing import Final

from rouage.errors import RouageError
from rouage.language import Text
from rouage.rehearsal.agefile import SealedFileError
from rouage.rehearsal.bech32 import read_bech32, write_bech32

_PUBLIC: Final = "age"
_SECRET: Final = "age-secret-key-"  # noqa: S105 - how such keys begin, not one of them
_BYTES: Final = 32
_LARGEST: Final = 4_096

_MISTYPED: Final = Text(
    "“{key}” is no key to encrypt for: it begins with age1, and has no typing error",
    "« {key} » n’est pas une clé pour laquelle chiffrer : elle commence par age1, sans faute "
    "de frappe",
)
_ASK_FOR_IT: Final = Text(
    "the person who helps gets it by `rouage capsule key`",
    "la personne qui aide l’obtient par « rouage capsule key »",
)
_NO_KEY: Final = Text(
    "this capsule is for a key, and there is none here ({path})",
    "cette capsule est pour une clé, et il n’y en a pas ici ({path})",
)
_MAKE_IT: Final = Text(
    "make one by `rouage capsule key`, and have the run packed for it",
    "créez-en une par « rouage capsule key », et faites emballer l’exécution pour elle",
)
_UNREADABLE: Final = Text("the key in {path} cannot be used", "la clé dans {path} est inutilisable")


def key_file() -> Path:
    """Return where the key of this person lies."""
    from platformdirs import user_config_path  # not needed by most commands

    return user_config_path("rouage", appauthor=False) / "keys" / "capsule.key"


def public_key(path: Path) -> str:
    """Return what others encrypt for; the key is made at the first time.

    Raises:
        RouageError: the file there cannot be used, or none can be made.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    if path.exists():
        return _public(read_secret(path))
    secret = X25519PrivateKey.generate().private_bytes_raw()
    public = _public(secret)
    written = write_bech32(_SECRET, secret).upper()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"# public key: {public}\n{written}\n")
    except OSError as error:
        raise RouageError(_UNREADABLE, path=path) from error
    return public


def read_secret(path: Path) -> bytes:
    """Return the secret in the file.

    Raises:
        RouageError: there is none, or it cannot be used.
    """
    try:
        with path.open(encoding="ascii") as file:
            lines = file.read(_LARGEST).splitlines()
    except FileNotFoundError as error:
        raise RouageError(_NO_KEY, hint=_MAKE_IT, path=path) from error
    except (OSError, ValueError) as error:
        raise RouageError(_UNREADABLE, path=path) from error
    written = [line for line in lines if line.strip() and not line.startswith("#")]
    try:
        secret = read_bech32(_SECRET, written[0])
    except (IndexError, ValueError) as error:
        raise RouageError(_UNREADABLE, path=path) from error
    if len(secret) != _BYTES:
        raise RouageError(_UNREADABLE, path=path)
    return secret


def read_recipient(key: str) -> bytes:
    """Return the public key that *key* writes.

    Raises:
        SealedFileError: it is none.
    """
    try:
        recipient = read_bech32(_PUBLIC, key)
    except ValueError as error:
        raise SealedFileError(_MISTYPED, hint=_ASK_FOR_IT, key=key[:80]) from error
    if len(recipient) != _BYTES:
        raise SealedFileError(_MISTYPED, hint=_ASK_FOR_IT, key=key[:80])
    return recipient


def _public(secret: bytes) -> str:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    own = X25519PrivateKey.from_private_bytes(secret)
    return write_bech32(_PUBLIC, own.public_key().public_bytes_raw())
