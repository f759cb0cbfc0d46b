"""The recipes that the benches and the crash harness run."""

from tests.bench.workspace import Workspace

HOOK = "/hooks/commandes"
SETTLE_SECONDS = 2.0

ORDERS = """\
name: Commandes
concurrency: {mode: parallel}
when:
  - webhook.received:
      path: commandes
      preset: hmac
      header: X-Signature
      secret: ${{ secrets.shop }}
      rate: 100000 per 1s
if: event.body.total > 10
do:
  - set: {gross: "${{ (event.body.total * 1.2) | round(2) }}"}
  - text.render:
      template: >-
        ${{ event.body.id }} ${{ event.body.customer.name }}
        (${{ event.body.customer.city }}) ${{ vars.gross }} €
    id: line
  - files.append:
      path: lines/lines.txt
      text: "${{ steps.line.text }}\\n"
"""

INBOX = """\
name: Arrivées
concurrency: {mode: parallel}
when:
  - folder.file: {path: inbox, match: "*.bin", settle: 2s}
do:
  - files.move:
      source: ${{ event.file.path }}
      target: sorted/
      on_conflict: fail
"""

_OTHER_HOOK = """\
name: Autre crochet {number}
when:
  - webhook.received:
      path: autre-{number}
      preset: hmac
      header: X-Signature
      secret: ${{{{ secrets.shop }}}}
if: event.body.total > {number}
do:
  - set: {{gross: "${{{{ event.body.total * 1.2 }}}}"}}
  - files.append: {{path: "autres/{number}.txt", text: "${{{{ vars.gross }}}}"}}
"""

_OTHER_FOLDER = """\
name: Autre dossier {number}
when:
  - folder.file: {{path: "dossiers/{number}", match: ["*.pdf", "*.jpg"]}}
if: event.file.size > 0
do:
  - files.move:
      source: ${{{{ event.file.path }}}}
      target: "tri/{number}/${{{{ event.file.stem | slug }}}}.${{{{ event.file.ext }}}}"
      on_conflict: rename
"""

_OTHER_SCHEDULE = """\
name: Autre horaire {number}
when:
  - schedule.cron: {{expression: "{minute} 3 1 1 *"}}
do:
  - text.render: {{template: "Rapport {number}"}}
    id: report
  - files.write: {{path: "rapports/{number}.txt", text: "${{{{ steps.report.text }}}}"}}
"""


def pulse(number: int) -> str:
    """Return a recipe that ticks every second."""
    return (
        f"name: Pouls {number}\n"
        "concurrency: {mode: parallel}\n"
        "when:\n  - schedule.every: {interval: 1s}\n"
        'do:\n  - set: {seen: "${{ event.due }}"}\n'
    )


def write_orders(workspace: Workspace) -> None:
    """Write the recipe of W1 and make its folder."""
    workspace.path("lines").mkdir(exist_ok=True)
    workspace.write_recipe("commandes", ORDERS)


def write_inbox(workspace: Workspace) -> None:
    """Write the recipe of W2 and make its folders."""
    workspace.path("inbox").mkdir(exist_ok=True)
    workspace.path("sorted").mkdir(exist_ok=True)
    workspace.write_recipe("arrivees", INBOX)


def write_others(workspace: Workspace, count: int) -> None:
    """Write *count* recipes that stay idle: a third each of hooks, folders and schedules."""
    for number in range(count):
        kind = (_OTHER_HOOK, _OTHER_FOLDER, _OTHER_SCHEDULE)[number % 3]
        if kind is _OTHER_FOLDER:
            workspace.path("dossiers", str(number)).mkdir(parents=True)
        text = kind.format(number=number, minute=number % 60)
        workspace.write_recipe(f"autre-{number:04d}", text)
