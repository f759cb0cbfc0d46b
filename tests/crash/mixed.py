"""The mixed load: orders that loop, call, wait and ask; ticks of a clock; and their verdict."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from rouage.model.run import RunRecord
from tests.bench.workspace import Workspace
from tests.crash.findings import Findings
from tests.crash.human import choice_of

HOOK: Final = "/hooks/dossiers"
PIECES: Final = (1, 2, 3)

_DOSSIERS: Final = """\
name: Dossiers
concurrency: {mode: parallel}
when:
  - webhook.received:
      path: dossiers
      preset: hmac
      header: X-Signature
      secret: ${{ secrets.shop }}
      rate: 100000 per 1s
do:
  - for_each:
      in: [1, 2, 3]
      as: piece
      max_parallel: 2
      do:
        - files.append:
            path: mixed/pieces.txt
            text: "${{ event.body.id }}-${{ piece }}\\n"
  - call: {recipe: archive, inputs: {order: "${{ event.body.id }}"}}
    id: archived
  - parallel:
      branches:
        ripening:
          - wait: 2s
          - files.append: {path: mixed/ripe.txt, text: "${{ steps.archived.order }}\\n"}
        question:
          - approve: {ask: "${{ event.body.id }}"}
  - files.append: {path: mixed/approved.txt, text: "${{ event.body.id }}\\n"}
  - emit: {name: approved, data: {order: "${{ event.body.id }}"}}
finally:
  - files.append: {path: mixed/over.txt, text: "${{ event.body.id }}\\n"}
"""
_ARCHIVE: Final = """\
name: Archive
concurrency: {mode: parallel}
inputs:
  order: {type: text, required: true}
do:
  - files.append: {path: mixed/archive.txt, text: "${{ inputs.order }}\\n"}
outputs:
  order: ${{ inputs.order }}
"""
_TOLD: Final = """\
name: Prévenu
concurrency: {mode: parallel}
when:
  - chain.event: {name: approved}
do:
  - files.append: {path: mixed/told.txt, text: "${{ event.data.order }}\\n"}
"""
_TICKS: Final = """\
name: Horloge
concurrency: {mode: parallel}
when:
  - schedule.every: {interval: 1s}
    missed: {policy: all, max: 1000}
do:
  - files.append: {path: mixed/ticks.txt, text: "${{ event.due }}\\n"}
"""


def write_mixed(workspace: Workspace) -> None:
    """Write the recipes of the mixed load."""
    workspace.path("mixed").mkdir()
    workspace.write_recipe("dossiers", _DOSSIERS)
    workspace.write_recipe("archive", _ARCHIVE)
    workspace.write_recipe("prevenu", _TOLD)
    workspace.write_recipe("horloge", _TICKS)


def _lines(workspace: Workspace, name: str) -> Counter[str]:
    path = workspace.path("mixed", name)
    return Counter(path.read_text().splitlines() if path.exists() else ())


def check_mixed(
    workspace: Workspace,
    acknowledged: Mapping[str, str],
    answers: Path,
    runs: Mapping[str, list[RunRecord]],
    found: Findings,
) -> dict[str, Any]:
    """Hold the acknowledged orders and answers against the runs and what they wrote."""
    orders = list(acknowledged)
    answered = [line.split(" ")[0] for line in answers.read_text().splitlines()]
    started = {order: runs.get(event, []) for order, event in acknowledged.items()}
    found.add("mixed_events_lost", (order for order in orders if not started[order]))
    found.add("mixed_events_with_two_runs", (o for o in orders if len(started[o]) > 1))
    wanted = {order: "succeeded" if _is_yes(order) else "cancelled" for order in orders}
    found.add(
        "mixed_runs_that_ended_otherwise",
        (
            f"{order} {its[0].id} {its[0].state} {its[0].error or its[0].reason}"
            for order, its in started.items()
            if its and its[0].state != wanted[order]
        ),
    )
    found.add("answers_to_nothing", set(answered) - set(orders))
    yes = [order for order in orders if _is_yes(order)]
    pieces = [f"{order}-{piece}" for order in orders for piece in PIECES]
    for name, expected in (
        ("pieces.txt", pieces),
        ("archive.txt", orders),
        ("over.txt", orders),
        ("approved.txt", yes),
        ("told.txt", yes),
    ):
        _check_lines(name, _lines(workspace, name), expected, found)
    # A refusal cuts the branch that still waits: its line may be there or not.
    _check_lines("ripe.txt", _lines(workspace, "ripe.txt"), yes, found, optional=orders)
    ticks = _lines(workspace, "ticks.txt")
    found.add("ticks_twice", (tick for tick, count in ticks.items() if count > 1))
    return {"mixed_orders": len(orders), "answers": len(set(answered)), "ticks": len(ticks)}


def _is_yes(order: str) -> bool:
    return choice_of(order) == "approve"


def _check_lines(
    name: str,
    lines: Counter[str],
    expected: Iterable[str],
    found: Findings,
    *,
    optional: Iterable[str] = (),
) -> None:
    wanted = set(expected)
    found.add(f"{name}_twice", (line for line, count in lines.items() if count > 1))
    found.add(f"{name}_missing", wanted - set(lines))
    found.add(f"{name}_unwanted", set(lines) - wanted - set(optional))
