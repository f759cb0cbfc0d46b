"""Blank what is about a person in JSON values: names and shapes stay, contents go."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import field
from typing import Final

from rouage.records import dataclass
from rouage.sdk.json import JSON

ERASED: Final = "‹erased›"
"""What stands where a text was."""
TABLE_ITEMS: Final = 20
"""In a list this long the entries are about different people: only those found are blanked."""

_ASCII: Final = re.compile(r"[ -~]+")


@dataclass(kw_only=True, slots=True)
class Found:
    """What names the person: how many rows of each table, and what goes with them.

    `files` are the paths that blanked runs wrote; `identities` the (source, key) of blanked
    events; `open_runs` what could not be touched; `kept_state` triggers whose memory names them,
    `waiting` those with a batch that does. Without `is_scrubbed` free parts of the file may still
    hold what was there.
    """

    rows: dict[str, int] = field(default_factory=dict)
    events: set[int] = field(default_factory=set)
    runs: dict[int, str] = field(default_factory=dict)
    identities: set[tuple[str, str]] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    open_runs: list[str] = field(default_factory=list)
    kept_state: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    is_scrubbed: bool = True

    def add(self, earlier: "Found") -> None:
        """Count what an earlier search found, too; what had to stay is as it is now."""
        for table, count in earlier.rows.items():
            self.rows[table] = self.rows.get(table, 0) + count
        self.events |= earlier.events
        self.runs.update(earlier.runs)
        self.identities |= earlier.identities
        self.files = list(dict.fromkeys([*earlier.files, *self.files]))


class Sought:
    """The names of one person: an address, a telephone number, a name as it is written."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(dict.fromkeys(_plain(name) for name in names))
        self._pattern = re.compile("|".join(_whole(name) for name in self.names), re.IGNORECASE)

    def is_in(self, text: str) -> bool:
        """Say whether *text* names the person; `ana@x.fr` is not in `joana@x.fr`."""
        return self._pattern.search(_plain(text)) is not None

    def is_within(self, value: JSON) -> bool:
        """Say whether any text or name in *value* names the person."""
        if isinstance(value, str):
            return self.is_in(value)
        if isinstance(value, dict):
            return any(self.is_in(name) or self.is_within(one) for name, one in value.items())
        return isinstance(value, list) and any(self.is_within(one) for one in value)

    def fragments(self) -> tuple[str, ...]:
        """Return a part of each name that is the same however a database or JSON spells it."""
        return tuple(
            max(_ASCII.findall(json.dumps(name, ensure_ascii=False)[1:-1]), key=len, default="")
            for name in self.names
        )

    def erased(self, value: JSON) -> tuple[JSON, bool]:
        """Return *value* without the person, and whether all of it was blanked."""
        kept, is_whole = self._erased(value)
        return (blank(value), True) if is_whole else (kept, False)

    def _erased(self, value: JSON) -> tuple[JSON, bool]:
        """Return what stays of *value*; True says that nothing of it may."""
        if isinstance(value, str):
            return value, self.is_in(value)
        if isinstance(value, list):
            pairs = [self._erased(one) for one in value]
            if len(value) >= TABLE_ITEMS:
                return [
                    blank(one) if is_whole else kept
                    for one, (kept, is_whole) in zip(value, pairs, strict=True)
                ], False
            return [kept for kept, _ in pairs], any(is_whole for _, is_whole in pairs)
        if isinstance(value, dict):
            found = {name: self._erased(one) for name, one in value.items()}
            is_whole = any(self.is_in(name) or one[1] for name, one in found.items())
            return {name: kept for name, (kept, _) in found.items()}, is_whole
        return value, False


def blank(value: JSON) -> JSON:
    """Return the shape of *value*: its names and lists, without a single content."""
    if isinstance(value, dict):
        return {name: blank(one) for name, one in value.items()}
    if isinstance(value, list):
        return [blank(one) for one in value]
    return ERASED if isinstance(value, str) and value else None


def has_blanks(value: JSON) -> bool:
    """Say whether a content of *value* was blanked, or the name of an entry."""
    if isinstance(value, dict):
        return any(name.startswith(ERASED) or has_blanks(one) for name, one in value.items())
    if isinstance(value, list):
        return any(map(has_blanks, value))
    return value == ERASED


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _whole(name: str) -> str:
    """Return the pattern of *name* where it is not a part of a longer name."""
    return rf"(?<![\w.+-]){re.escape(name)}(?![\w-]|\.\w)"
