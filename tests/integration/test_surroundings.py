"""What the daemon hands to runs: other recipes, notices, and what was said before."""

import logging
from typing import Any

PARENT = """\
name: Parent
when:
  - manual.start: {}
do:
  - call: {recipe: child, inputs: {name: Ada}}
    id: child
  - files.write: {path: parent.txt, text: "${{ steps.child.greeting }}"}
"""
CHILD = """\
name: Child
inputs:
  name: {type: text}
do:
  - set: {greeting: "hello ${{ inputs.name }}"}
outputs:
  greeting: ${{ vars.greeting }}
"""
ASKING = """\
name: Asking
when:
  - manual.start: {}
do:
  - approve: {ask: May I?}
"""


async def test_a_recipe_calls_the_version_in_force_of_another(site: Any) -> None:
    site.recipe("parent", PARENT)
    site.recipe("child", CHILD)
    async with site.running() as daemon:
        await daemon.start_run("parent")
        (run,) = await site.ended("parent")
        assert run.state == "succeeded", run.error
        assert (site.folder / "parent.txt").read_text() == "hello Ada"
        (child,) = await site.runs("child")
        assert child.parent == run.id
        _, detail = await site.api("GET", f"/api/runs/{run.id}")
        assert [one["id"] for one in detail["children"]] == [child.id]


async def test_a_question_is_told_in_the_log_without_a_link(
    site: Any, wait_until: Any, caplog: Any
) -> None:
    site.recipe("asking", ASKING)
    caplog.set_level(logging.INFO)
    async with site.running() as daemon:
        await daemon.start_run("asking")

        async def is_waiting() -> bool:
            return [run.state for run in await site.runs("asking")] == ["waiting"]

        await wait_until(is_waiting)
        _, listed = await site.api("GET", "/api/approvals")
        (entry,) = listed["approvals"]
        assert entry["links"][0]["link"].startswith(
            f"http://127.0.0.1:{daemon.ports['console']}/approve/"
        )
        assert (await site.api("GET", "/status"))[1]["approvals"] == 1
    told = [
        one.getMessage() for one in caplog.records if "waits for a decision" in one.getMessage()
    ]
    assert len(told) == 1
    assert "May I?" in told[0]
    assert not [one for one in caplog.records if "/approve/" in one.getMessage()]


async def test_a_public_address_begins_the_links_and_is_served(site: Any, wait_until: Any) -> None:
    import aiohttp

    site.recipe("asking", ASKING)
    async with site.running(public_url="https://shop.example.org") as daemon:
        await daemon.start_run("asking")

        async def is_asked() -> bool:
            return bool((await site.api("GET", "/api/approvals"))[1]["approvals"])

        await wait_until(is_asked)
        _, listed = await site.api("GET", "/api/approvals")
        link = listed["approvals"][0]["links"][0]["link"]
        assert link.startswith("https://shop.example.org/approve/")
        local = f"http://127.0.0.1:{daemon.ports['console']}/approve/{link.rpartition('/')[2]}"
        async with aiohttp.ClientSession() as client:
            for host, status in (("shop.example.org", 200), ("other.example.org", 421)):
                async with client.get(local, headers={"Host": host}) as reply:
                    assert reply.status == status
