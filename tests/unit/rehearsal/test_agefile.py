"""Encrypted files: what goes in comes out, and nothing else opens them."""

import pytest

from rouage.rehearsal.agefile import SealedFileError, new_passphrase, seal, unseal


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
