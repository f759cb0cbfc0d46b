"""Webhooks and forms through a whole daemon: files, answers from steps, pauses, replays."""

import io
import json
import re
from pathlib import Path
from typing import Any

import aiohttp

TOKEN = {"Authorization": "Bearer a-long-secret"}
PRICE = """
name: Price
when:
  - webhook.received: {path: price, secret: "${{ secrets.shop }}", respond: {from: price}}
if: event.body.quantity > 0
do:
  - text.render: {template: "${{ event.body.quantity * 3 }} EUR"}
    id: price
  - log.write: {message: after}
"""
UPLOAD = """
name: Upload
when:
  - webhook.received:
      path: upload
      secret: "${{ secrets.shop }}"
      accept: multipart
      max_body: 8 MB
do:
  - files.copy:
      source: ${{ event.files[0].path }}
      target: kept/${{ event.files[0].name }}
"""
FORM = """
name: Quote
when:
  - form.submitted:
      title: Devis
      path: devis
      inputs:
        name: {type: text, label: Nom}
        plan: {type: file, label: Plan}
do:
  - files.copy:
      source: ${{ event.fields.plan.path }}
      target: plans/${{ event.fields.name | slug }}.pdf
"""


def url(site: Any, path: str) -> str:
    return f"http://127.0.0.1:{site.daemon.ports['hooks']}{path}"


async def post(site: Any, path: str, data: Any, **headers: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as client:
        async with client.post(url(site, path), data=data, headers={**TOKEN, **headers}) as reply:
            return reply.status, json.loads(await reply.text())


async def ask(site: Any, path: str, body: object) -> tuple[int, Any]:
    return await post(site, path, json.dumps(body), **{"Content-Type": "application/json"})


async def test_a_sender_may_wait_for_the_result_of_a_step(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe("price", PRICE)
    async with site.running():
        status, answer = await ask(site, "/hooks/price", {"quantity": 4})
        assert (status, answer) == (200, {"text": "12 EUR"})
        # A second delivery gets the result of the first.
        assert await ask(site, "/hooks/price", {"quantity": 4}) == (200, {"text": "12 EUR"})
        assert len(await site.runs("price")) == 1
        status, answer = await ask(site, "/hooks/price", {"quantity": 0})
        assert (status, answer["run"], answer["state"]) == (202, None, None)


async def test_a_sender_who_waits_too_long_is_told_which_run_it_is(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    text = PRICE.replace("{from: price}", "{from: price, timeout: 100ms}")
    site.recipe("price", text.replace("do:\n", "do:\n  - wait: {for: 1h}\n", 1))
    async with site.running():
        status, answer = await ask(site, "/hooks/price", {"quantity": 4})
        (run,) = await site.runs("price")
        assert (status, answer["run"], answer["id"]) == (202, run.id, run.event)


async def test_a_file_of_a_form_in_parts_is_there_for_the_run(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe("upload", UPLOAD)
    content = bytes(range(256)) * 8_192  # larger than what is kept in memory
    async with site.running():
        data = aiohttp.FormData(quote_fields=False)
        data.add_field("comment", "été")
        data.add_field(
            "plan", io.BytesIO(content), filename="../plan.pdf", content_type="application/pdf"
        )
        status, answer = await post(site, "/hooks/upload", data)
        assert status == 200
        (run,) = await site.ended("upload")
        assert (run.state, run.event) == ("succeeded", answer["id"])
        assert (site.folder / "kept" / "plan.pdf").read_bytes() == content
        assert run.event_data["body"] == {"comment": "été"}
        (file,) = run.event_data["files"]
        path = Path(file["path"])
        assert path.is_relative_to(site.places.received)
        assert (file["field"], file["name"], file["size"]) == ("plan", "plan.pdf", len(content))


async def test_a_form_in_parts_needs_to_be_wanted(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe("upload", UPLOAD.replace("accept: multipart", "accept: auto"))
    async with site.running():
        data = aiohttp.FormData()
        data.add_field("plan", b"x", filename="plan.pdf")
        status, answer = await post(site, "/hooks/upload", data)
        assert (status, answer["error"]) == (415, "unsupported_type")
        assert not site.places.received.exists() or not list(site.places.received.rglob("*.pdf"))


async def test_what_is_sent_by_a_form_runs_with_its_file(site: Any) -> None:
    site.recipe("quote", FORM)
    async with site.running(), aiohttp.ClientSession() as browser:
        async with browser.get(url(site, "/forms/devis")) as reply:
            page = await reply.text()
        seen = re.search(r'name="seen" value="([^"]+)"', page)
        assert seen is not None, page
        data = aiohttp.FormData(quote_fields=False)
        data.add_field("seen", seen[1])
        data.add_field("field.name", "Zoé Lefèvre")
        data.add_field("field.plan", b"%PDF-1.7", filename="plan.pdf")
        async with browser.post(url(site, "/forms/devis"), data=data) as reply:
            assert (reply.status, "Thank you" in await reply.text()) == (200, True)
        (run,) = await site.ended("quote")
        assert run.state == "succeeded", run.error
        assert (site.folder / "plans" / "zoe-lefevre.pdf").read_bytes() == b"%PDF-1.7"


async def test_the_events_of_a_batch_are_runs_of_their_own(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe(
        "cloud",
        """
name: Cloud
when: [{webhook.received: {path: cloud, preset: cloudevents, secret: "${{ secrets.shop }}"}}]
do: [{log.write: {message: "${{ event.cloudevent.type }}"}}]
""",
    )
    batch = [
        {"specversion": "1.0", "id": f"{n}", "source": "/s", "type": "t", "data": {"n": n}}
        for n in range(20)
    ]
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    async with site.running():
        status, answer = await post(site, "/hooks/cloud", json.dumps(batch), **kind)
        assert (status, len(set(answer["ids"]))) == (202, 20)
        assert await post(site, "/hooks/cloud", json.dumps(batch), **kind) == (status, answer)
        runs = await site.ended("cloud", 20)
        assert {run.event for run in runs} == set(answer["ids"])
        assert {run.event_data["body"]["n"] for run in runs} == set(range(20))


async def test_an_event_is_made_to_happen_again(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe("price", PRICE)
    async with site.running():
        await ask(site, "/hooks/price", {"quantity": 4})
        (run,) = await site.ended("price")
        status, answer = await site.api("POST", f"/api/events/{run.event}/replay", json={})
        assert (status, answer["replay_of"], answer["outcome"]) == (202, run.event, "matched")
        first, second = sorted(await site.ended("price", 2), key=lambda one: one.id == run.id)
        assert first.id == answer["runs"][0]
        assert first.event_data == second.event_data
        await ask(site, "/hooks/price", {"quantity": 0})
        (refused, *_) = await site.daemon.reader.find_events(source="price/trigger_1")
        status, answer = await site.api("POST", f"/api/events/{refused.event.id}/replay", json={})
        assert (status, answer["outcome"], answer["runs"]) == (202, "refused", [])
        assert (await site.api("POST", "/api/events/none/replay", json={}))[0] == 404


async def test_while_paused_events_are_kept_or_dropped_as_the_recipe_says(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    plain = PRICE.replace(", respond: {from: price}", "")
    site.recipe("price", plain)
    site.recipe("drop", plain.replace("path: price", "path: drop, paused: drop"))
    async with site.running():
        assert (await site.api("POST", "/api/pause", json={}))[0] == 200
        status, kept = await ask(site, "/hooks/price", {"quantity": 1})
        assert (status, bool(kept["id"])) == (200, True)
        assert await ask(site, "/hooks/drop", {"quantity": 1}) == (
            200,
            {"id": None, "dropped": True},
        )
        assert await site.runs() == ()
        await site.api("POST", "/api/resume", json={})
        (run,) = await site.ended("price")
        assert run.recipe == "price"
        assert await site.runs("drop") == ()


async def test_a_deleted_recipe_is_gone_also_after_a_restart_and_one_switched_off_is_not(
    site: Any,
) -> None:
    site.secret("shop", "a-long-secret")
    deleted = site.recipe("price", PRICE)
    site.recipe("off", PRICE.replace("path: price", "path: off"))
    async with site.running():
        assert (await ask(site, "/hooks/price", {"quantity": 1}))[0] == 200
    deleted.unlink()
    site.recipe("off", "enabled: false\n" + PRICE.replace("path: price", "path: off"))
    async with site.running():
        assert (await ask(site, "/hooks/price", {"quantity": 1}))[0] == 410
        assert (await ask(site, "/hooks/off", {"quantity": 1}))[0] == 404
        assert (await ask(site, "/hooks/never", {"quantity": 1}))[0] == 404
    assert "/hooks/" not in site.places.known_hooks.read_text()


async def test_a_trusted_proxy_tells_who_calls_and_nobody_else_does(site: Any) -> None:
    site.secret("shop", "a-long-secret")
    site.recipe("price", PRICE)
    forged = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    for proxies, remote in (((), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.7")):
        async with site.running(trusted_proxies=proxies):
            body = json.dumps({"quantity": len(proxies) + 1})
            kind = {"Content-Type": "application/json"}
            await post(site, "/hooks/price", body, **forged, **kind)
            (run, *_) = await site.ended("price", len(proxies) + 1)
            assert run.event_data["remote"] == remote
