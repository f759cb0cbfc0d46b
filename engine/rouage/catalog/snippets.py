"""What an editor inserts for an engine word: its required keys, with places to fill in."""

from collections.abc import Mapping
from typing import Any, Final

SNIPPETS: Final[Mapping[str, Any]] = {
    "choose": [{"if": "$1", "do": ["$2"]}, {"do": ["$3"]}],
    "for_each": {"in": "$1", "as": "${2:item}", "do": ["$3"]},
    "repeat": {"until": "$1", "do": ["$2"]},
    "parallel": {"branches": {"${1:one}": ["$2"], "${3:other}": ["$4"]}},
    "group": {"do": ["$1"]},
    "wait": "${1:1h}",
    "approve": {"ask": "$1", "timeout": "${2:3d}", "on_timeout": "${3:refuse}"},
    "call": {"recipe": "$1"},
    "emit": {"name": "$1"},
    "set": {"${1:name}": "$2"},
    "stop": {"text": "$1", "result": "${2:succeeded}"},
}
