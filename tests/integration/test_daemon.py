"""The main job: file drops, webhooks and starts by hand become actions, durably."""

import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

import pytest

from rouage.errors import WorkspaceError

SORT = """\
name: Sort
when:
  - folder.file: {path: inbox, settle: 200ms}
do:
  - files.move:
      source: ${{ event.file.path }}
      target: sorted/
"""
ORDER = """\
name: Order
when:
  - webhook.received:
      path: orders
      preset: hmac
      header: X-Signature
      secret: ${{ secrets.shop }}
if: event.body.total > 100
do:
  - set: {line: "${{ event.body.id }};${{ event.body.total }}"}
  - files.append: {path: orders.txt, text: "${{ vars.line }}\\n"}
"""
HAND = """\
name: Hand
inputs:
  who: {type: text, default: nobody}
when:
  - manual.start: {}
do:
  - files.write: {path: hello.txt, text: "VERSION ${{ inputs.who }}", on_conflict: overwrite}
"""


def sign(body: bytes) -> str:
    return hmac.new(b"a-long-secret", body, hashlib.sha256).hexdigest()


async def test_a_dropped_file_is_moved_once(site: Any) -> None:
    site.recipe("sort", SORT)
    (site.folder / "inbox").mkdir()
    async with site.running():
        (site.folder / "inbox" / "été.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
        (run,) = await site.ended("sort")
        assert run.state == "succeeded"
        assert (site.folder / "sorted" / "été.pdf").read_bytes() == b"%PDF-1.7\n%%EOF\n"
        assert not list((site.folder / "inbox").iterdir())


async def test_files_with_odd_names_go_through_to_the_end(site: Any) -> None:
    site.recipe("sort", SORT)
    inbox = os.fsencode(site.folder / "inbox")
    os.mkdir(inbox)
    names = [b"latin\xe9.txt", b"new\nline.txt", b"n" * 251 + b".txt", "nfd-e\u0301.txt".encode()]
    async with site.running():
        for name in names:
            with open(os.path.join(inbox, name), "wb") as file:
                file.write(name)
        runs = await site.ended("sort", len(names))
        assert {run.state for run in runs} == {"succeeded"}, [run.error for run in runs]
        moved = os.listdir(os.fsencode(site.folder / "sorted"))
        assert sorted(moved) == sorted(names)


async def test_files_that_arrive_while_the_daemon_is_down_are_taken_at_the_start(site: Any) -> None:
    site.recipe("sort", SORT)
    (site.folder / "inbox").mkdir()
    (site.folder / "inbox" / "before.txt").write_text("baseline: there before the first start")
    async with site.running():
        (site.folder / "inbox" / "one.txt").write_text("1")
        await site.ended("sort")
    (site.folder / "inbox" / "two.txt").write_text("2")
    async with site.running():
        await site.ended("sort", 2)
    assert sorted(path.name for path in (site.folder / "sorted").iterdir()) == [
        "one.txt",
        "two.txt",
    ]
    assert (site.folder / "inbox" / "before.txt").exists()


async def test_a_signed_webhook_runs_and_a_second_delivery_does_not(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe("order", ORDER)
    body = json.dumps({"id": "A1", "total": 120}).encode()
    async with site.running():
        status, first = await site.hook("orders", body, X_Signature=sign(body))
        assert status == 200
        again, second = await site.hook("orders", body, X_Signature=sign(body))
        assert (again, second["id"], second["duplicate"]) == (200, first["id"], True)
        (run,) = await site.ended("order")
        assert run.event == first["id"]
        assert (site.folder / "orders.txt").read_text() == "A1;120\n"


async def test_a_wrong_signature_is_refused_and_leaves_no_trace(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe("order", ORDER)
    async with site.running():
        status, _ = await site.hook("orders", b'{"id": 1}', X_Signature="00" * 32)
        assert status == 401
        assert (await site.daemon.reader.stats())["events"] == 0


async def test_a_refused_event_is_kept_with_the_values_compared(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe("order", ORDER)
    body = json.dumps({"id": "A2", "total": 80}).encode()
    async with site.running():
        await site.hook("orders", body, X_Signature=sign(body))
        (record,) = await site.daemon.reader.find_events(source="order/trigger_1")
        assert record.verdicts[0].outcome == "refused"
        assert record.verdicts[0].conditions[0]["values"] == {"event.body.total": 80}
        assert await site.runs("order") == ()


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"[" * 5000, b'{"n": 1e999}'],
)
async def test_a_hostile_body_is_refused_and_stops_nothing(site: Any, body: bytes) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe("order", ORDER)
    good = json.dumps({"id": "A3", "total": 500}).encode()
    async with site.running():
        status, _ = await site.hook("orders", body, X_Signature=sign(body))
        assert status in {400, 413, 415}
        status, _ = await site.hook("orders", good, X_Signature=sign(good))
        assert status == 200


async def test_a_run_by_hand_gets_its_inputs(site: Any) -> None:
    site.recipe("hand", HAND.replace("VERSION", "one"))
    async with site.running():
        status, _ = await site.api("POST", "/api/recipes/hand/run", json={"inputs": {"who": "Léa"}})
        assert status in {200, 202}
        await site.ended("hand")
        assert (site.folder / "hello.txt").read_text() == "one Léa"


async def test_a_start_by_hand_has_the_event_of_its_trigger(site: Any) -> None:
    site.recipe(
        "hand",
        HAND.replace("${{ inputs.who }}", "${{ event.inputs.who }} ${{ trigger.id }}"),
    )
    async with site.running() as daemon:
        await daemon.start_run("hand")
        await site.ended("hand")
        assert (site.folder / "hello.txt").read_text() == "VERSION nobody trigger_1"


async def test_what_is_wrong_with_a_recipe_is_logged_once(site: Any, caplog: Any) -> None:
    site.recipe("bad", "name: Bad\nwhen:\n  - manual.start: {}\ndo:\n  - log.wriite: {}\n")
    async with site.running():
        site.recipe("hand", HAND)
    lines = [record.getMessage() for record in caplog.records if "bad.yaml" in record.getMessage()]
    assert len(lines) == 1
    assert lines[0].startswith("bad.yaml:5:5 RG210")


async def test_a_saved_recipe_is_reloaded_and_a_bad_save_keeps_the_last_good_one(
    site: Any, wait_until: Any
) -> None:
    path: Path = site.recipe("hand", HAND.replace("VERSION", "one"))

    def state() -> str:
        return str(site.daemon.status()["recipes"][0]["state"])

    async with site.running() as daemon:
        before = daemon.status()["recipes"][0]["hash"]
        site.recipe("hand", HAND.replace("VERSION", "two"))
        await wait_until(lambda: _is(daemon.status()["recipes"][0]["hash"] != before))
        path.write_text("name: [broken", encoding="utf-8")
        await wait_until(lambda: _is(state() == "last_good"))
        await daemon.start_run("hand")
        await site.ended("hand")
        assert (site.folder / "hello.txt").read_text() == "two nobody"
    # The last good version survives a restart.
    async with site.running() as daemon:
        assert state() == "last_good"
        await daemon.start_run("hand")
        (run, _) = await site.ended("hand", 2)
        assert run.state == "succeeded"


async def test_one_bad_recipe_stops_no_other(site: Any) -> None:
    site.recipe("bad", "name: Bad\nwhen: nonsense\ndo:\n  - nothing.known: {}\n")
    site.recipe("hand", HAND)
    async with site.running() as daemon:
        await daemon.start_run("hand")
        await site.ended("hand")
        states = {one["id"]: one["state"] for one in daemon.status()["recipes"]}
        assert states == {"bad": "invalid", "hand": "active"}


async def test_a_deleted_recipe_stops_listening(site: Any, wait_until: Any) -> None:
    site.secret("shop", "a-long-secret")
    path: Path = site.recipe("order", ORDER)
    async with site.running() as daemon:
        path.unlink()
        await wait_until(lambda: _is(not daemon.status()["triggers"]))
        status, _ = await site.hook("orders", b"{}", X_Signature="0")
        assert status in {410, 503}


async def test_a_second_daemon_on_the_workspace_is_refused(site: Any) -> None:
    async with site.running():
        other = type(site.daemon)(site.daemon.settings, catalog=site.daemon.catalog)
        with pytest.raises(WorkspaceError):
            await other.serve()


async def test_health_is_public_and_the_rest_needs_the_token(site: Any) -> None:
    import aiohttp

    async with site.running():
        base = f"http://127.0.0.1:{site.daemon.ports['console']}"
        async with aiohttp.ClientSession() as client:
            for path, wanted in (("/healthz", 200), ("/status", 401), ("/api/runs", 401)):
                async with client.get(base + path) as reply:
                    assert reply.status == wanted, path
        assert (await site.api("GET", "/readyz"))[0] == 200
        assert (await site.api("GET", "/status"))[1]["triggers"] == []


async def test_stopping_lets_a_running_step_end(site: Any, wait_until: Any) -> None:
    site.recipe(
        "slow",
        "name: Slow\nwhen:\n  - manual.start: {}\ndo:\n"
        "  - shell.run: {command: [/bin/sleep, '1']}\n"
        "  - files.write: {path: done.txt, text: done}\n",
    )
    async with site.running() as daemon:
        await daemon.start_run("slow")

        async def is_running() -> bool:
            return [run.state for run in await site.runs("slow")] == ["running"]

        await wait_until(is_running)
    async with site.running():
        (run,) = await site.ended("slow")
        assert run.state == "succeeded"
        assert (site.folder / "done.txt").read_text() == "done"


async def test_a_run_that_needs_a_missing_connector_is_blocked_not_failed(
    site: Any, wait_until: Any
) -> None:
    site.recipe("hand", HAND)
    async with site.running() as daemon:
        actions = dict(daemon.catalog.actions)
        daemon.catalog.actions.pop("files.write")
        daemon._surroundings.forget_plans()
        await daemon.start_run("hand")

        async def is_blocked() -> bool:
            return [run.state for run in await site.runs("hand")] == ["blocked"]

        await wait_until(is_blocked)
        daemon.catalog.actions.update(actions)
    async with site.running():
        (run,) = await site.ended("hand")
        assert run.state == "succeeded"


async def _is(value: bool) -> bool:
    return value


async def test_a_hook_whose_secret_is_missing_refuses_and_says_so(site: Any) -> None:
    site.recipe("order", ORDER)
    async with site.running() as daemon:
        status, _ = await site.hook("orders", b"{}", X_Signature="00" * 32)
        assert status in {404, 503}
        assert daemon.status()["recipes"][0]["state"] in {"invalid", "active"}
