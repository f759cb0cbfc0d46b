"""A workflow of n8n: its nodes are followed along their connections and become lists of steps."""

from collections.abc import Mapping
from typing import Any, Final

from rouage.analysis.drafting.draft import Draft, Piece
from rouage.analysis.importing.foreign import (
    Imported,
    about_text,
    literal,
    lost,
    maps,
    new_draft,
    one_line,
)
from rouage.analysis.importing.n8n.expressions import PROGRAM
from rouage.analysis.importing.n8n.flow import NOTHING, Flow
from rouage.analysis.importing.n8n.graph import Graph, is_start
from rouage.analysis.importing.n8n.nodes import Node
from rouage.analysis.importing.n8n.starts import triggers_of
from rouage.language import Text

_UNTIED: Final = Text(
    "“{name}” is connected to nothing that starts, so n8n never ran it",
    "« {name} » n’est relié à aucun départ : n8n ne l’exécutait jamais",
)
_ITEMS: Final = Text(
    "n8n did each step once for every item it was given; here it is done once",
    "n8n faisait chaque étape une fois par élément reçu ; ici elle est faite une fois",
)


def looks_like(data: Any) -> bool:
    """Say whether *data* is a workflow, or a list of them."""
    return bool(_workflows(data))


def translate(data: Any) -> Imported:
    """Return a draft for each workflow, or several where its starts lead to different steps."""
    drafts = [draft for one in _workflows(data) for draft in _drafts(one)]
    return Imported(program=PROGRAM, drafts=tuple(drafts))


def _workflows(data: Any) -> list[Mapping[str, Any]]:
    return [
        one
        for one in maps(data)
        if isinstance(one.get("nodes"), list) and isinstance(one.get("connections"), Mapping)
    ]


def _drafts(data: Mapping[str, Any]) -> list[Draft]:
    graph = Graph(data)
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes.values():
        if is_start(node.kind):
            groups.setdefault(repr(graph.outputs(node)), []).append(node)
    flows = [Flow(graph, starts) for starts in groups.values() or [[]]]
    drafts = [_draft(data, graph, flow) for flow in flows]
    seen = {name for flow in flows for name in flow.seen}
    for node in graph.nodes.values():
        if node.name not in seen and node.kind not in NOTHING and not is_start(node.kind):
            reason = _UNTIED.fill(name=node.name)
            drafts[0].steps.append(lost(reason, dict(node.data), node.name))
    for draft in drafts:
        if not draft.steps:
            draft.steps.append(Piece(entry={"log.write": {"message": literal(draft.name)}}))
    return drafts


def _draft(data: Mapping[str, Any], graph: Graph, flow: Flow) -> Draft:
    """Return the steps that one start, or several with the same steps, leads to."""
    draft = new_draft(PROGRAM, one_line(data.get("name")), "workflow")
    settings = data.get("settings")
    zone = settings.get("timezone") if isinstance(settings, Mapping) else None
    if isinstance(zone, str) and zone != "DEFAULT":
        draft.settings["timezone"] = zone
    for node in graph.nodes.values():
        if node.kind == "stickyNote":
            note = about_text(node.parameters.get("content"))
            draft.intro.append(Text(note, note))
        if "split" in node.kind.lower() and _ITEMS not in draft.advice:
            draft.advice.append(_ITEMS)
    draft.triggers = [one for start in flow.starts for one in triggers_of(start)]
    draft.steps = flow.steps()
    return draft
