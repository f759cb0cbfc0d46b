"""The nodes that start a workflow of n8n, as triggers."""

from typing import Any, Final

from rouage.analysis.drafting.draft import Piece
from rouage.analysis.importing.foreign import literal, step_id, unsupported
from rouage.analysis.importing.n8n.expressions import PROGRAM
from rouage.analysis.importing.n8n.graph import BY_HAND, CLOCKS
from rouage.analysis.importing.n8n.nodes import Node
from rouage.analysis.importing.n8n.schedules import entries_of
from rouage.language import Text

_CALLED: Final = frozenset({"executeWorkflowTrigger", "workflowTrigger"})
_HOOK: Final = Text(
    "here the sender must show a token: rouage secrets set {secret}",
    "ici l’expéditeur doit présenter un jeton : rouage secrets set {secret}",
)


def triggers_of(node: Node) -> list[Piece]:
    """Return what a node that starts the workflow stands for; nothing if it is only called."""
    entries: list[dict[str, Any] | None]
    notes: list[Text] = []
    if node.kind in _CALLED:
        return []
    if node.kind in CLOCKS:
        entries = list(entries_of(node.kind, node.parameters))
    elif node.kind in BY_HAND:
        entries = [{"manual.start": {}}]
    elif node.kind == "webhook":
        entry, secret = _webhook(node)
        entries, notes = [entry], [_HOOK.fill(secret=secret)]
    else:
        entries = [_OTHERS[node.kind](node)] if node.kind in _OTHERS else [None]
    return [_trigger(one, node, notes) for one in entries]


def _trigger(entry: dict[str, Any] | None, node: Node, notes: list[Text]) -> Piece:
    original = dict(node.parameters)
    if entry is None:
        what = f"{node.name} ({node.kind})"
        return unsupported(what, PROGRAM, original, node.name)
    if node.is_off:
        entry["enabled"] = False
    return Piece(entry=entry, notes=notes, original=original, about=node.name)


def _webhook(node: Node) -> tuple[dict[str, Any] | None, str]:
    path = str(node.parameters.get("path") or "").strip("/")
    secret = step_id(f"hook_{path}", set())
    if not path or path.startswith("=") or ":" in path:
        return None, secret
    parameters: dict[str, Any] = {
        "path": path,
        "preset": "bearer",
        "secret": f"${{{{ secrets.{secret} }}}}",
        "methods": [str(node.parameters.get("httpMethod", "GET")).upper()],
    }
    return {"webhook.received": parameters}, secret


def _folder(node: Node) -> dict[str, Any] | None:
    path = node.parameters.get("path")
    if not isinstance(path, str) or node.parameters.get("triggerOn", "folder") != "folder":
        return None
    return {"folder.file": {"path": literal(path)}}


def _feed(node: Node) -> dict[str, Any] | None:
    url = node.parameters.get("feedUrl")
    return {"feed.item": {"url": literal(url)}} if isinstance(url, str) and url else None


def _mqtt(node: Node) -> dict[str, Any] | None:
    topics = node.parameters.get("topics")
    if not isinstance(topics, str) or not topics or "," in topics:
        return None
    return {"mqtt.message": {"topic": literal(topics)}}


def _inbox(node: Node) -> dict[str, Any] | None:
    del node
    return {"mail.received": {}}


_OTHERS: Final = {
    "localFileTrigger": _folder,
    "rssFeedReadTrigger": _feed,
    "mqttTrigger": _mqtt,
    "emailReadImap": _inbox,
}
