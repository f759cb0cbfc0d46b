"""Which addresses are out on the public internet (security S-37, M-12).

The standard library's `is_global` is true for several forms that lead back inside, so the
public ones are named here instead, and an IPv4 address wrapped in IPv6 is unwrapped first.
"""

import ipaddress
from typing import Final

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Global by the book, yet never the public internet: multicast, reserved, the metadata and
# health address of a cloud, and the anycast relay of 6to4.
_INSIDE_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in ("0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24")
)
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Inside 2000::/3, yet not out there: protocol assignments with Teredo, documentation, 6to4.
_INSIDE_V6: Final = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


def is_public(address: str) -> bool:
    """Say whether *address* (an IP address as text) is out on the public internet."""
    try:
        parsed: _Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        wrapped = _unwrapped(parsed)
        if wrapped is None:
            return _is_public_v6(parsed)
        parsed = wrapped
    return _is_public_v4(parsed)


def _unwrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that connecting to *address* reaches, if it is a wrapped one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_public_v4(address: ipaddress.IPv4Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in _INSIDE_V4)


def _is_public_v6(address: ipaddress.IPv6Address) -> bool:
    if address not in _GLOBAL_UNICAST or not address.is_global:
        return False
    return not any(address in network for network in _INSIDE_V6)
