"""Encrypted files: what goes in comes out, and nothing else opens them."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rouage.errors import RouageError
from rouage.rehearsal.agefile import (
    SealedFileError,
    is_for_key,
    new_passphrase,
    seal,
    seal_for,
    unseal,
    unseal_with,
)
from rouage.rehearsal.agekey import public_key, read_recipient, read_secret
from rouage.rehearsal.bech32 import read_bech32, write_bech32


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 140_000])
def test_what_was_sealed_comes_out_again(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    assert unseal(seal(content, "une phrase"), "une phrase") == content


def test_another_passphrase_opens_nothing() -> None:
    sealed = seal(b"secret", "right")
    assert b"secret" not in sealed
    with pytest.raises(SealedFileError) as caught:
        unseal(sealed, "wrong")
    assert "passphrase" in caught.value.render("en")


@pytest.mark.parametrize("place", [60, 120, -1, -20])
def test_a_changed_file_is_refused(place: int) -> None:
    sealed = bytearray(seal(b"x" * 100, "p"))
    sealed[place] ^= 1
    with pytest.raises(SealedFileError):
        unseal(bytes(sealed), "p")


@pytest.mark.parametrize("cut", [0, 10, 170, 65_536 + 16])
def test_a_cut_file_is_refused(cut: int) -> None:
    sealed = seal(b"x" * 70_000, "p")
    header = sealed.index(b"\n--- ") + 49 + 16
    with pytest.raises(SealedFileError):
        unseal(sealed[: cut if cut < 200 else header + cut], "p")


def test_an_absurd_cost_is_refused_at_once() -> None:
    sealed = seal(b"x", "p")
    with pytest.raises(SealedFileError):
        unseal(sealed.replace(b" 16\n", b" 30\n", 1), "p")


def test_passphrases_differ() -> None:
    assert len({new_passphrase() for _ in range(50)}) == 50
    assert len(new_passphrase()) == 24


# For a key.


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "rouage" / "capsule.key"


@pytest.mark.parametrize("size", [0, 1, 65_536, 140_000])
def test_what_was_sealed_for_a_key_comes_out_with_its_secret(key: Path, size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    sealed = seal_for(content, read_recipient(public_key(key)))
    assert is_for_key(sealed)
    assert not is_for_key(seal(b"x", "p"))
    assert unseal_with(sealed, read_secret(key)) == content


def test_another_key_opens_nothing(key: Path, tmp_path: Path) -> None:
    sealed = seal_for(b"secret", read_recipient(public_key(key)))
    assert b"secret" not in sealed
    other = tmp_path / "other.key"
    public_key(other)
    with pytest.raises(SealedFileError) as caught:
        unseal_with(sealed, read_secret(other))
    assert "another key" in caught.value.render("en")
    with pytest.raises(SealedFileError):
        unseal_with(seal(b"x", "p"), read_secret(key))


@pytest.mark.parametrize("place", [40, 90, 150, -1, -20])
def test_a_changed_file_for_a_key_is_refused(key: Path, place: int) -> None:
    sealed = bytearray(seal_for(b"x" * 100, read_recipient(public_key(key))))
    sealed[place] ^= 1
    with pytest.raises(SealedFileError):
        unseal_with(bytes(sealed), read_secret(key))


def test_a_key_is_made_once_and_for_its_owner_alone(key: Path) -> None:
    first = public_key(key)
    assert first.startswith("age1")
    assert public_key(key) == first
    assert key.stat().st_mode & 0o077 == 0
    lines = key.read_text().splitlines()
    assert lines[0] == f"# public key: {first}"
    assert lines[1].startswith("AGE-SECRET-KEY-1")


def test_what_age_encrypts_for_a_key_is_opened() -> None:
    """Head, key and content key are those of the vector `x25519` of C2SP/CCTV."""
    secret = "AGE-SECRET-KEY-1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6"
    head = (
        b"age-encryption.org/v1\n-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
        b"EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n"
        b"--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n"
    )
    nonce = bytes(range(16))
    stretched = HKDF(algorithm=SHA256(), length=32, salt=nonce, info=b"payload")
    cipher = ChaCha20Poly1305(stretched.derive(b"YELLOW SUBMARINE"))
    body = cipher.encrypt(bytes(11) + b"\x01", b"hello", None)
    assert unseal_with(head + nonce + body, read_bech32("age-secret-key-", secret)) == b"hello"


def test_keys_are_written_as_age_writes_them() -> None:
    public = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
    assert write_bech32("age", read_recipient(public)) == public


@pytest.mark.parametrize(
    "text",
    ["", "age1", "age1qqqq", "hallo",
     "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwk",
     "AGE1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "age1é" + "q" * 58],
)  # fmt: skip
def test_a_mistyped_key_is_refused(text: str) -> None:
    with pytest.raises(SealedFileError):
        read_recipient(text)


def test_a_point_that_gives_everybody_the_same_secret_is_refused() -> None:
    with pytest.raises(SealedFileError):
        seal_for(b"x", bytes(32))


@pytest.mark.parametrize("content", ["", "# nothing\n", "AGE-SECRET-KEY-1QQQ\n", "é"])
def test_a_key_file_that_is_none_is_told(key: Path, content: str) -> None:
    with pytest.raises(RouageError) as caught:
        read_secret(key)
    assert "rouage capsule key" in (caught.value.render_hint("en") or "")
    key.parent.mkdir()
    key.write_text(content, encoding="utf-8")
    with pytest.raises(RouageError):
        read_secret(key)
