"""Files encrypted with a passphrase or for a key, in the format of `age` (age-encryption.org/v1).

Whoever has the passphrase or the key can also open them with the command `age --decrypt`.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from rouage.errors import RouageError
from rouage.language import Text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_VERSION: Final = b"age-encryption.org/v1"
_LABEL: Final = b"age-encryption.org/v1/scrypt"
_HEADER: Final = re.compile(
    rb"age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n"
    rb"([A-Za-z0-9+/]{43})\n--- ([A-Za-z0-9+/]{43})\n"
)
_LABEL_FOR: Final = b"age-encryption.org/v1/X25519"
_HEADER_FOR: Final = re.compile(
    rb"age-encryption\.org/v1\n-> X25519 ([A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{43})\n"
    rb"--- ([A-Za-z0-9+/]{43})\n"
)
_KEY: Final = 16
_WORK: Final = 16
"""The cost of a guess, as a power of two: about 64 MiB, and a fifth of a second."""
_MOST_WORK: Final = 18
_CHUNK: Final = 64 * 1024
_TAG: Final = 16
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_GROUPS: Final = 5

_NOT_AGE: Final = Text(
    "this is no file encrypted with a passphrase, or it is cut",
    "ce n’est pas un fichier chiffré avec une phrase secrète, ou il est tronqué",
)
_WRONG: Final = Text(
    "the passphrase does not open this file", "la phrase secrète n’ouvre pas ce fichier"
)
_NOT_FOR_KEY: Final = Text(
    "this is no file encrypted for a key, or it is cut",
    "ce n’est pas un fichier chiffré pour une clé, ou il est tronqué",
)
_WRONG_KEY: Final = Text(
    "this file is for another key than yours", "ce fichier est pour une autre clé que la vôtre"
)
_BAD_KEY: Final = Text(
    "nothing can be encrypted with this key", "on ne peut rien chiffrer avec cette clé"
)
_DAMAGED: Final = Text("this file is damaged", "ce fichier est abîmé")


class SealedFileError(RouageError):
    """An encrypted file cannot be opened."""


def new_passphrase() -> str:
    """Return a passphrase of 100 bits, easy to read out over the telephone."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(_GROUPS))
    return "-".join(groups)


def seal(content: bytes, passphrase: str) -> bytes:
    """Return *content* encrypted with a passphrase.

    Raises:
        StepError: the package for it is not installed.
    """
    key, salt = secrets.token_bytes(_KEY), secrets.token_bytes(16)
    wrapped = _cipher(_stretched(passphrase, salt, _WORK)).encrypt(bytes(12), key, None)
    return _sealed(content, key, b"scrypt %s %d\n%s" % (_encode(salt), _WORK, _encode(wrapped)))


def seal_for(content: bytes, recipient: bytes) -> bytes:
    """Return *content* encrypted for whoever has the secret to the public key *recipient*.

    Raises:
        SealedFileError: nothing can be encrypted for this key.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    key, once = secrets.token_bytes(_KEY), X25519PrivateKey.generate()
    share = once.public_key().public_bytes_raw()
    wrapped = _cipher(_agreed(once, recipient, share + recipient)).encrypt(bytes(12), key, None)
    return _sealed(content, key, b"X25519 %s\n%s" % (_encode(share), _encode(wrapped)))


def unseal(sealed: bytes, passphrase: str) -> bytes:
    """Return the content of a file encrypted with a passphrase.

    Raises:
        SealedFileError: it is none, it is damaged, or the passphrase is another one.
        StepError: the package for it is not installed.
    """
    found = _HEADER.match(sealed)
    if found is None or int(found[2]) > _MOST_WORK:
        raise SealedFileError(_NOT_AGE)
    stretched = _stretched(passphrase, _decode(found[1]), int(found[2]))
    return _opened(sealed, found, _unwrapped(stretched, found[3], _WRONG))


def unseal_with(sealed: bytes, secret: bytes) -> bytes:
    """Return the content of a file encrypted for a key.

    Raises:
        SealedFileError: it is none, it is damaged, or is for another key.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    found = _HEADER_FOR.match(sealed)
    if found is None:
        raise SealedFileError(_NOT_FOR_KEY)
    own, share = X25519PrivateKey.from_private_bytes(secret), _decode(found[1])
    agreed = _agreed(own, share, share + own.public_key().public_bytes_raw())
    return _opened(sealed, found, _unwrapped(agreed, found[2], _WRONG_KEY))


def is_for_key(sealed: bytes) -> bool:
    """Say whether the file is encrypted for a key, and not with a passphrase."""
    return _HEADER_FOR.match(sealed) is not None


def _agreed(own: "X25519PrivateKey", other: bytes, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError as error:
        # Too short, or a point that gives everybody the same secret.
        raise SealedFileError(_BAD_KEY) from error
    return _derived(shared, salt, _LABEL_FOR)


def _unwrapped(key: bytes, wrapped: bytes, otherwise: Text) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        return bytes(_cipher(key).decrypt(bytes(12), _decode(wrapped), None))
    except InvalidTag as error:
        raise SealedFileError(otherwise) from error


def _sealed(content: bytes, key: bytes, stanza: bytes) -> bytes:
    nonce, header = secrets.token_bytes(16), b"%s\n-> %s\n---" % (_VERSION, stanza)
    cipher = _cipher(_derived(key, nonce, b"payload"))
    chunks = [cipher.encrypt(number, piece, None) for number, piece in _numbered(content, _CHUNK)]
    return b"%s %s\n%s%s" % (header, _encode(_mac(key, header)), nonce, b"".join(chunks))


def _opened(sealed: bytes, found: re.Match[bytes], key: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    last = len(found.groups())
    header, mac = sealed[: found.start(last) - 1], found[last]
    nonce, body = sealed[found.end() : found.end() + 16], sealed[found.end() + 16 :]
    if not hmac.compare_digest(_mac(key, header), _decode(mac)) or len(nonce) < 16:
        raise SealedFileError(_DAMAGED)
    cipher = _cipher(_derived(key, nonce, b"payload"))
    try:
        pieces = [
            cipher.decrypt(number, piece, None) for number, piece in _numbered(body, _CHUNK + _TAG)
        ]
    except InvalidTag as error:
        raise SealedFileError(_DAMAGED) from error
    return b"".join(pieces)


def _numbered(content: bytes, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of *content*, each with its nonce: the last one says that it is."""
    starts = range(0, max(1, len(content)), size)
    for number, start in enumerate(starts):
        is_last = start + size >= len(content)
        yield number.to_bytes(11, "big") + bytes([is_last]), content[start : start + size]


def _stretched(passphrase: str, salt: bytes, work: int) -> bytes:
    return hashlib.scrypt(
        passphrase.strip().encode(),
        salt=_LABEL + salt,
        n=1 << work,
        r=8,
        p=1,
        maxmem=(2 << work) * 1024,
        dklen=32,
    )


def _derived(key: bytes, salt: bytes, about: bytes) -> bytes:
    """Return a key of 32 bytes (HKDF-SHA256, one block)."""
    mixed = hmac.digest(salt or bytes(32), key, "sha256")
    return hmac.digest(mixed, about + b"\x01", "sha256")


def _mac(key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derived(key, b"", b"header"), header, "sha256")


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(key)


def _encode(value: bytes) -> bytes:
    return base64.b64encode(value).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise SealedFileError(_NOT_AGE) from error
