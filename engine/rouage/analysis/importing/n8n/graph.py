"""The nodes of a workflow and what leads where."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.importing.foreign import maps
from rouage.analysis.importing.n8n.nodes import Node

CLOCKS: Final = frozenset({"scheduleTrigger", "cron", "interval"})
BY_HAND: Final = frozenset({"manualTrigger", "start", "formTrigger", "chatTrigger"})

# Where our events have what n8n gives a node behind this start as `$json`.
_DATA: Final = {
    "localFileTrigger": "event.file",
    "rssFeedReadTrigger": "event.item",
    "emailReadImap": "event.mail",
}


def data_of_start(kind: str) -> str:
    """Return what holds the data of a start of this kind."""
    return _DATA.get(kind, "event")


class Graph:
    """The nodes by name, and the names that each way out of a node leads to."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._connections: Mapping[str, Any] = data["connections"]
        self.nodes = {node.name: node for node in map(_node, maps(data["nodes"]))}

    def outputs(self, node: Node) -> list[list[str]]:
        """Return the names of the nodes behind each way out of *node*."""
        found = self._connections.get(node.name)
        outputs = found.get("main", []) if isinstance(found, Mapping) else []
        return [
            [str(one.get("node")) for one in maps(targets or [])]
            for targets in (outputs if isinstance(outputs, list) else [])
        ]

    def before(self, name: str) -> set[str]:
        """Return the names of the nodes that lead to *name*."""
        return {
            one.name
            for one in self.nodes.values()
            if any(name in targets for targets in self.outputs(one))
        }


def is_start(kind: str) -> bool:
    """Say whether a node of this kind starts a workflow."""
    return (
        kind.endswith("Trigger")
        or kind in CLOCKS
        or kind in BY_HAND
        or kind in {"webhook", "emailReadImap"}
    )


def _node(data: Mapping[str, Any]) -> Node:
    parameters = data.get("parameters")
    return Node(
        name=str(data.get("name", "…")),
        kind=str(data.get("type", "…")).rpartition(".")[2],
        parameters=parameters if isinstance(parameters, Mapping) else {},
        data=data,
    )
