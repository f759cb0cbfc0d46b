"""Which `Host` names a listener answers to (security S-03)."""

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\s/@\[\]]+)(?::(\d{1,5}))?", re.ASCII)
_REMEMBERED: Final = 256
_LOCAL_NAMES: Final = frozenset({"localhost"})


class HostList:
    """The names that may stand in `Host`: this machine's loopback ones, and *names*.

    Answers are remembered by the raw header, so that the check costs one look-up.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = _LOCAL_NAMES | {name.strip("[]").lower() for name in names}
        self._known: dict[str, bool] = {}

    def admits(self, header: str | None) -> bool:
        """Say whether the value of the `Host` header is one of ours; any port is."""
        if header is None:
            return False
        answer = self._known.get(header)
        if answer is None:
            answer = self._judge(header)
            if len(self._known) < _REMEMBERED:
                self._known[header] = answer
        return answer

    def _judge(self, header: str) -> bool:
        match = _HOST.fullmatch(header)
        if match is None:
            return False
        name = match.group(1).strip("[]").lower()
        if name in self._names:
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False
