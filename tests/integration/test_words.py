"""The whole language in a daemon: YAML files, real hooks, real people, a daemon that restarts."""

import json
from typing import Any

ORDERS = """\
name: Orders
inputs: {}
concurrency: {mode: parallel}
vars: {total: 0}
when:
  - webhook.received: {path: orders, preset: none, unsigned: true}
do:
  - for_each:
      in: ${{ event.body.lines }}
      as: line
      do:
        - set: {total: "${{ vars.total + line.price * line.count }}"}
        - files.append: {path: files/lines.txt, text: "${{ line.name }}\\n"}
    id: lines
  - files.write:
      path: files/offer.txt
      text: "${{ event.body.customer }}: ${{ vars.total }}"
      on_conflict: overwrite
    id: offer
  - approve:
      ask: "Send the offer of ${{ vars.total }} to ${{ event.body.customer }}?"
      show: ["${{ steps.offer.path }}"]
      fields:
        rebate: {type: integer, default: 0, min: 0, max: 50}
      timeout: 3d
      on_timeout: refuse
    id: answer
  - parallel:
      branches:
        pay:
          - wait:
              event:
                webhook.received: {path: payments, preset: none, unsigned: true}
              if: event.body.customer == run.event.body.customer
              timeout: 7d
            id: paid
        pack:
          - call: {recipe: pack, inputs: {customer: "${{ event.body.customer }}"}}
            id: packed
  - emit: {name: order.done, data: {customer: "${{ event.body.customer }}"}}
  - files.append:
      path: files/register.txt
      text: "${{ event.body.customer }} ${{ vars.total - steps.answer.fields.rebate }} \\
        ${{ steps.paid.body.by }} ${{ steps.packed.parcel }}\\n"
finally:
  - files.append: {path: files/over.txt, text: "${{ event.body.customer }}\\n"}
"""
PACK = """\
name: Pack
inputs:
  customer: {type: text}
do:
  - wait: 50ms
  - set: {parcel: "parcel of ${{ inputs.customer }}"}
outputs: {parcel: "${{ vars.parcel }}"}
"""
THANKS = """\
name: Thanks
when:
  - chain.event: {name: order.done}
do:
  - files.append: {path: files/thanks.txt, text: "${{ event.data.customer }}\\n"}
"""
LINES = [{"name": "chair", "price": 20, "count": 2}, {"name": "table", "price": 100, "count": 1}]


def body(customer: str, **more: Any) -> bytes:
    return json.dumps({"customer": customer, **more}).encode()


def text(site: Any, name: str) -> str:
    path = site.folder / "files" / name
    return str(path.read_text()) if path.exists() else ""


async def question(site: Any, wait_until: Any) -> Any:
    async def is_asked() -> bool:
        return bool((await site.api("GET", "/api/approvals"))[1]["approvals"])

    await wait_until(is_asked)
    (entry,) = (await site.api("GET", "/api/approvals"))[1]["approvals"]
    return entry


async def test_an_order_goes_its_way_through_people_hooks_recipes_and_a_restart(
    site: Any, wait_until: Any
) -> None:
    for name, recipe in (("orders", ORDERS), ("pack", PACK), ("thanks", THANKS)):
        site.recipe(name, recipe)
    async with site.running():
        status, _ = await site.hook("orders", body("Ada", lines=LINES))
        assert status == 200
        asked = await question(site, wait_until)
        assert text(site, "lines.txt") == "chair\ntable\n"
    async with site.running() as daemon:
        again = await question(site, wait_until)
        assert (again["run"], again["path"]) == (asked["run"], asked["path"])
        (wait,) = await daemon.reader.list_waits(run_id=asked["run"], kinds=frozenset({"approval"}))
        await daemon.control.answer(
            wait,
            {"choice": "approve", "fields": {"rebate": 10}, "shown": wait.question["digest"]},
            signal_id="1",
            author="zoé",
        )

        async def is_waiting_for_money() -> bool:
            waits = await daemon.reader.list_waits(run_id=asked["run"])
            return {one.kind for one in waits} >= {"event"}

        await wait_until(is_waiting_for_money)
    async with site.running():
        await site.hook("payments", body("Bob", by="cash"))
        await site.hook("payments", body("Ada", by="card"))
        (run,) = await site.ended("orders")
        assert run.state == "succeeded", run.error
        assert text(site, "register.txt") == "Ada 130 card parcel of Ada\n"
        assert text(site, "over.txt") == "Ada\n"
        assert text(site, "lines.txt") == "chair\ntable\n"
        await site.ended("thanks")
        assert text(site, "thanks.txt") == "Ada\n"


async def test_an_offer_that_changes_after_it_was_shown_is_not_approved(
    site: Any, wait_until: Any
) -> None:
    site.recipe("orders", ORDERS)
    site.recipe("pack", PACK)
    async with site.running() as daemon:
        await site.hook("orders", body("Ada", lines=LINES))
        asked = await question(site, wait_until)
        (site.folder / "files" / "offer.txt").write_text("Ada: 1")
        await daemon.reader.list_waits(run_id=asked["run"])
        (wait,) = await daemon.reader.list_waits(run_id=asked["run"], kinds=frozenset({"approval"}))
        # Past the door where it would be refused: the run looks for itself.
        await daemon.control._engine.signal(
            wait.run, wait.name, {"choice": "approve"}, signal_id="1", author="zoé"
        )
        (run,) = await site.ended("orders")
        assert run.state == "failed"
        assert run.error["kind"] == "ChangedAfterApproval"
        assert text(site, "over.txt") == "Ada\n"
