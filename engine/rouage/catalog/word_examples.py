"""One whole recipe for each engine word, for its reference page; a test checks them all."""

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, str]] = {
    "choose": """\
name: Sort by kind
when:
  - folder.file: {path: files/inbox}
do:
  - choose:
      - if: event.file.ext == 'pdf'
        do:
          - files.move: {source: "${{ event.file.path }}", target: files/invoices/}
      - if: event.file.size == 0
        do:
          - stop: {text: The file is empty., result: skipped}
      - do:
          - files.move: {source: "${{ event.file.path }}", target: files/other/}
""",
    "for_each": """\
name: A letter for each customer
inputs:
  customers: {type: list, default: [Ana, Basile]}
do:
  - for_each:
      in: ${{ inputs.customers }}
      as: customer
      max_parallel: 2
      on_item_error: collect
      do:
        - files.write:
            path: files/letters/${{ loop.index }}.txt
            text: Dear ${{ customer }}, thank you for your order.
          id: letter
    id: letters
  - log.write: {message: "${{ steps.letters.succeeded }} letters are ready"}
""",
    "repeat": """\
name: Wait for the parcel
do:
  - repeat:
      until: steps.parcel.status == 200
      max: 48
      wait: 30m
      do:
        - http.request: {url: "https://parcels.example/42", on_status: return}
          id: parcel
""",
    "parallel": """\
name: Keep the scan twice
when:
  - folder.file: {path: files/scans}
do:
  - parallel:
      branches:
        here:
          - files.copy: {source: "${{ event.file.path }}", target: files/archive/}
            id: copy
        elsewhere:
          - http.request: {url: "https://backup.example/scans", method: POST}
      join: all
    id: kept
  - log.write: {message: "${{ steps.copy.path }}"}
""",
    "group": """\
name: Both or a warning
do:
  - group:
      do:
        - http.request: {url: "https://shop.example/stock"}
          id: stock
        - files.write: {path: files/stock.json, text: "${{ steps.stock.body | json }}"}
    retry: {times: 3, wait: 1m}
    timeout: 10m
    on_error:
      - log.write: {message: "No stock today: ${{ error.message }}", level: error}
""",
    "wait": """\
name: Remind of an unpaid order
when:
  - webhook.received: {path: orders, secret: "${{ secrets.shop }}"}
do:
  - wait:
      event:
        webhook.received: {path: payments, secret: "${{ secrets.shop }}"}
      if: event.body.order == run.event.body.order
      timeout: 7d
      on_timeout: continue
    id: payment
  - wait: {until: "09:00"}
    if: steps.payment == null
  - log.write: {message: "Order ${{ event.body.order }} is not paid"}
    if: steps.payment == null
""",
    "approve": """\
name: Ask before sending
when:
  - folder.file: {path: files/quotes, match: "*.pdf"}
do:
  - approve:
      ask: Send ${{ event.file.name }}?
      show: ["${{ event.file.path }}"]
      fields:
        total: {type: money, label: Total, default: "0"}
      remind: 1d
      timeout: 3d
      on_timeout: refuse
    id: answer
  - log.write: {message: "Sent for ${{ steps.answer.fields.total }}"}
""",
    "call": """\
name: Archive, then tell
do:
  - call: {recipe: archive, inputs: {folder: files/2026}}
    id: archived
  - log.write: {message: "${{ steps.archived.path | default('done') }}"}
""",
    "emit": """\
name: Tell that an order came
when:
  - webhook.received: {path: orders, secret: "${{ secrets.shop }}"}
do:
  - emit:
      name: order.received
      data: {order: "${{ event.body.order }}"}
""",
    "set": """\
name: Name the kind once
when:
  - folder.file: {path: files/inbox}
do:
  - set:
      kind: ${{ 'invoice' if event.file.name | contains('invoice') else 'other' }}
  - log.write: {message: "${{ event.file.name }}: ${{ vars.kind }}"}
""",
    "stop": """\
name: Nothing on an empty file
when:
  - folder.file: {path: files/inbox}
do:
  - stop: {text: The file is empty., result: skipped}
    if: event.file.size == 0
  - log.write: {message: "${{ event.file.name }} has something in it"}
""",
}
