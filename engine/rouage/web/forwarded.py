"""Who is really calling when a proxy stands between (security S-04, triggers W-14).

A header that names the caller is believed from the proxies that the owner lists, and from
nobody else; and of what it says, only the last step, which that proxy saw itself.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Final

from multidict import CIMultiDictProxy

_FOR: Final = re.compile(r'(?:^|;)\s*for=("[^"]*"|[^;\s"]*)\s*(?=;|$)', re.IGNORECASE)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """The proxies whose word about the caller is taken."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks: tuple[Network, ...] = tuple(
            ipaddress.ip_network(one, strict=False) for one in networks
        )

    def trust(self, address: str) -> bool:
        """Say whether the connection from *address* is one of theirs."""
        if not self._networks:
            return False
        ip = _address(address)
        if ip is None:
            return False
        return any(ip.version == one.version and ip in one for one in self._networks)


def caller_of(headers: CIMultiDictProxy[str]) -> str | None:
    """Return the address that the proxy names, None when it names none that can be used.

    A proxy writes one of the two headers, and may let the other pass as the sender wrote it:
    when they disagree, neither is believed.
    """
    named = {
        one
        for one in (
            _last(headers.getall("X-Forwarded-For", ())),
            _last_for(headers.getall("Forwarded", ())),
        )
        if one is not None
    }
    address = named.pop() if len(named) == 1 else ""
    ip = _address(_without_port(address))
    return None if ip is None else str(ip)


def _last(lines: Sequence[str]) -> str | None:
    return ",".join(lines).rpartition(",")[2].strip() if lines else None


def _last_for(lines: Sequence[str]) -> str | None:
    step = _last(lines)
    if step is None:
        return None
    found = _FOR.search(step)
    return found[1].strip('"') if found else ""


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip
