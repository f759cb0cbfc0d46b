"""Keys as text with a check sum (Bech32, BIP 173), as `age` writes them."""

from collections.abc import Iterable, Sequence
from typing import Final

_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECK: Final = 6
_LONGEST: Final = 200


def write_bech32(prefix: str, content: bytes) -> str:
    """Return *content* as text that begins with *prefix*."""
    groups = _regrouped(content, 8, 5)
    last = _sum([*_spread(prefix), *groups, *[0] * _CHECK]) ^ 1
    check = [(last >> 5 * (_CHECK - 1 - place)) & 31 for place in range(_CHECK)]
    return prefix + "1" + "".join(_ALPHABET[one] for one in (*groups, *check))


def read_bech32(prefix: str, text: str) -> bytes:
    """Return the content of *text*, in small or in capital letters.

    Raises:
        ValueError: it is mistyped, or begins with something else.
    """
    written = text.strip()
    small = written.lower()
    if written not in {small, written.upper()} or len(small) > _LONGEST:
        raise ValueError(prefix)
    if not small.startswith(prefix + "1"):
        raise ValueError(prefix)
    groups = [_ALPHABET.find(one) for one in small[len(prefix) + 1 :]]
    if len(groups) < _CHECK or min(groups) < 0 or _sum([*_spread(prefix), *groups]) != 1:
        raise ValueError(prefix)
    return bytes(_regrouped(groups[:-_CHECK], 5, 8, is_padded=False))


def _spread(prefix: str) -> list[int]:
    codes = prefix.encode("ascii")
    return [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes)]


def _sum(groups: Iterable[int]) -> int:
    result = 1
    for group in groups:
        top = result >> 25
        result = (result & 0x1FFFFFF) << 5 ^ group
        for place, generator in enumerate(_GENERATORS):
            result ^= generator if top >> place & 1 else 0
    return result


def _regrouped(
    groups: Sequence[int] | bytes, before: int, after: int, *, is_padded: bool = True
) -> list[int]:
    """Return the bits of *groups* in groups of another size."""
    value = bits = 0
    found = []
    for group in groups:
        value, bits = value << before | group, bits + before
        while bits >= after:
            bits -= after
            found.append(value >> bits & (1 << after) - 1)
        value &= (1 << bits) - 1
    if is_padded and bits:
        found.append(value << after - bits & (1 << after) - 1)
    elif not is_padded and (bits >= before or value):
        raise ValueError(before)
    return found
