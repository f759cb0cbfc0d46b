"""Steps in the order in which n8n does the nodes behind one start."""

import re
from collections.abc import Sequence
from typing import Any, Final

from rouage.analysis.drafting.draft import Piece, pieces_in, plain
from rouage.analysis.importing.foreign import UNTRANSLATED, literal, lost, step_id, unsupported
from rouage.analysis.importing.n8n.conditions import expression_of, rules_of
from rouage.analysis.importing.n8n.expressions import PROGRAM
from rouage.analysis.importing.n8n.graph import Graph, data_of_start, is_start
from rouage.analysis.importing.n8n.nodes import (
    Node,
    entry_of,
    is_known,
    notes_of,
    result_of,
    with_common,
)
from rouage.language import Text

NOTHING: Final = frozenset({"noOp", "merge", "stickyNote"})
_CHOICES: Final = frozenset({"if", "filter", "switch"})
_MOST_STEPS: Final = 300
_DEEPEST: Final = 60

_LOOP: Final = Text(
    "in n8n “{name}” leads back to an earlier node: write this loop with for_each or repeat",
    "dans n8n, « {name} » revient à un nœud précédent : écrivez cette boucle avec for_each "
    "ou repeat",
)
_UNJUDGED: Final = Text(
    "the condition of “{name}” could not be translated; write it, and what depends on it",
    "la condition de « {name} » n’a pas pu être traduite ; écrivez-la, et ce qui en dépend",
)
_TOO_MANY: Final = Text(
    "what follows “{name}” is too much for one recipe; make a recipe of its own of it",
    "ce qui suit « {name} » est trop long pour une recette ; faites-en une recette à part",
)

Trail = tuple[str, ...]


class Flow:
    """Follows the connections from *starts*; a node that two ways lead to comes twice."""

    def __init__(self, graph: Graph, starts: Sequence[Node]) -> None:
        self.starts = starts
        self.seen: set[str] = set()
        self._graph = graph
        self._ids: dict[str, str] = {}
        self._taken: set[str] = set()
        self._passed_on: dict[str, Node] = {}
        self._count = 0

    def steps(self) -> list[Piece]:
        """Return all steps."""
        if not self.starts:
            return []
        self.seen.update(one.name for one in self.starts)
        start = self.starts[0]
        pieces = self._after(start, None, (start.name,), is_choice=False)
        self._drop_unread_ids(pieces)
        return pieces

    def _after(
        self, node: Node, output: int | None, trail: Trail, *, is_choice: bool
    ) -> list[Piece]:
        """Return the steps behind *node*: n8n does one branch whole, then the next."""
        outputs = self._graph.outputs(node)
        chosen = outputs if output is None else outputs[output : output + 1]
        names = [name for targets in chosen for name in targets]
        return [
            piece for name in names for piece in self._visit(name, node, trail, is_choice=is_choice)
        ]

    def _visit(self, name: str, before: Node, trail: Trail, *, is_choice: bool) -> list[Piece]:
        node = self._graph.nodes.get(name)
        if node is None:
            return []
        if name in trail:
            return [lost(_LOOP.fill(name=before.name), None, before.name)]
        self._count += 1
        self.seen.add(name)
        if self._count > _MOST_STEPS or len(trail) > _DEEPEST:
            return [lost(_TOO_MANY.fill(name=before.name), None, before.name)]
        trail = (*trail, name)
        if node.kind == "merge" and not is_choice and self._graph.before(name) - self.seen:
            # It goes on when the last of the branches that meet here has come.
            return []
        if node.kind in NOTHING:
            self._passed_on[name] = before
            return self._after(node, None, trail, is_choice=is_choice)
        if node.kind in _CHOICES:
            return [self._choice(node, before, trail)]
        piece = self._step(node, before)
        return [piece, *self._after(node, None, trail, is_choice=is_choice)]

    def _step(self, node: Node, before: Node) -> Piece:
        entry = entry_of(node, lambda name: self._source(name, before))
        self._ids[node.name] = step_id(node.name, self._taken)
        original = dict(node.parameters)
        if entry is None and is_known(node.kind):
            return lost(UNTRANSLATED.fill(what=node.name), original, node.name)
        if entry is None:
            return unsupported(f"{node.name} ({node.kind})", PROGRAM, original, node.name)
        if "set" not in entry and "wait" not in entry and "stop" not in entry:
            entry["id"] = self._ids[node.name]
        piece = Piece(entry=entry, notes=notes_of(node), original=original, about=node.name)
        return with_common(piece, node)

    def _choice(self, node: Node, before: Node, trail: Trail) -> Piece:
        """Return a node with several ways out as `choose`."""
        self._passed_on[node.name] = before
        conditions = self._conditions(node, before)
        branches: list[dict[str, Any]] = []
        for number, condition in enumerate(conditions):
            steps = self._after(node, number, trail, is_choice=True)
            branches.append({"if": condition, "do": steps or [_pass(node)]})
        rest = self._after(node, len(conditions), trail, is_choice=True)
        if rest and node.kind != "filter":
            branches.append({"do": rest})
        if not conditions or None in conditions:
            inner = {"parameters": dict(node.parameters), "branches": branches}
            return lost(_UNJUDGED.fill(name=node.name), plain(inner), node.name)
        entry = {"choose": branches, "name": node.name}
        return Piece(entry=entry, original=dict(node.parameters), about=node.name)

    def _conditions(self, node: Node, before: Node) -> list[str | None]:
        def source(name: str | None) -> str | None:
            return self._source(name, before)

        if node.kind == "switch":
            return rules_of(node.parameters, source)
        return [expression_of(node.parameters, source)]

    # -- what was computed before ------------------------------------------------------------

    def _source(self, name: str | None, before: Node) -> str | None:
        """Return what holds the data of the node *name*, or of the one before."""
        node = before if name is None else self._graph.nodes.get(name)
        while node is not None and node.name in self._passed_on and node.kind != "merge":
            node = self._passed_on[node.name]
        if node is None or node.kind == "merge":
            return None
        if is_start(node.kind):
            return data_of_start(node.kind)
        return result_of(node.kind, self._ids[node.name]) if node.name in self._ids else None

    def _drop_unread_ids(self, pieces: list[Piece]) -> None:
        """Take away the names of results that nothing reads."""
        read = set(re.findall(r"\bsteps\.(\w+)", repr(plain(pieces))))
        for piece in pieces_in(pieces):
            if piece.entry is not None and piece.entry.get("id") not in read:
                piece.entry.pop("id", None)


def _pass(node: Node) -> Piece:
    return Piece(entry={"log.write": {"message": literal(node.name), "level": "debug"}})
