"""How values of `rouage.yaml` are read; each reader raises `ValueError` when one does not fit."""

import re
from collections.abc import Callable
from typing import Any, Final
from zoneinfo import ZoneInfo

_DURATION: Final = re.compile(r"(\d{1,6})(s|m)", re.ASCII)
_HOST_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
_URL: Final = re.compile(r"https://([a-z0-9.-]+)(?::\d{1,5})?/?", re.ASCII)
_WAY: Final = re.compile(r"[a-z][a-z0-9_]{0,30}(/[a-z][a-z0-9_]{0,30})?", re.ASCII)
_SECONDS: Final = {"s": 1.0, "m": 60.0}
LONGEST_GRACE_SECONDS: Final = 600.0


def one_of(*choices: Any) -> Callable[[Any], Any]:
    """Return what reads one of *choices*."""

    def read(value: Any) -> Any:
        if isinstance(value, bool) or value not in choices:
            raise ValueError("choice")
        return value

    return read


def as_timezone(value: Any) -> str:
    """Return the name of the time zone *value*.

    Raises:
        ValueError: there is no such zone.
    """
    # The pattern keeps a name from leaving the folder of zones; ZoneInfo refuses the rest.
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}", value):
        raise ValueError("timezone")
    try:
        return ZoneInfo(value).key
    except (OSError, KeyError) as error:
        raise ValueError("timezone") from error


def read_port(value: Any) -> int:
    """Return a port; 0 picks a free one."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65_535:
        raise ValueError("port")
    return value


def read_texts(value: Any) -> tuple[str, ...]:
    """Return one text or a list of them."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(t, str) and t.strip() for t in texts):
        raise ValueError("texts")
    return tuple(texts)


def read_loopback(value: Any) -> tuple[str, ...]:
    """Return addresses of this machine alone (security S-01)."""
    import ipaddress  # few settings files name addresses

    hosts = read_texts(value)
    if not hosts or not all(ipaddress.ip_address(host).is_loopback for host in hosts):
        raise ValueError("hosts")
    return hosts


def read_host_names(value: Any) -> tuple[str, ...]:
    """Return names of hosts, in lower case."""
    names = tuple(name.lower() for name in read_texts(value))
    if not all(_HOST_NAME.fullmatch(name) for name in names):
        raise ValueError("names")
    return names


def read_networks(value: Any) -> tuple[str, ...]:
    """Return networks in CIDR notation."""
    import ipaddress  # few settings files name addresses

    return tuple(str(ipaddress.ip_network(one, strict=False)) for one in read_texts(value))


def read_public_url(value: Any) -> str:
    """Return the address without its last `/`: https and a host name, nothing behind it."""
    found = _URL.fullmatch(value) if isinstance(value, str) else None
    if found is None or not _HOST_NAME.fullmatch(found[1]):
        raise ValueError("url")
    return str(value).rstrip("/")


def read_folders(value: Any) -> tuple[str, ...]:
    """Return paths."""
    folders = read_texts(value)
    if any("\0" in folder for folder in folders):
        raise ValueError("folders")
    return folders


def read_inputs(value: Any) -> dict[str, dict[str, Any]]:
    """Return values of inputs by recipe."""
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        raise ValueError("inputs")
    return value


def read_grace(value: Any) -> float:
    """Return a number of seconds, at most `LONGEST_GRACE_SECONDS`."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("duration")
    seconds = int(found[1]) * _SECONDS[found[2]]
    if seconds > LONGEST_GRACE_SECONDS:
        raise ValueError("duration")
    return seconds


def read_ways(value: Any) -> tuple[str, ...]:
    """Return ways to ask people, such as `mail` or `mail/pro`.

    Raises:
        ValueError: one of them is none.
    """
    ways = value if isinstance(value, list) else [value]
    if not all(isinstance(way, str) and _WAY.fullmatch(way) for way in ways):
        raise ValueError("way")
    return tuple(dict.fromkeys(ways))
