"""The connector `feed`, against a real server whose answers the tests choose."""

import base64
from html import escape

import pytest

from rouage.errors import StepError
from rouage.sdk.testing import run_action
from rouage_connectors.feed import connector
from tests.connectors.polled import Follower, Site

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Atelier Zoé</title><link href="https://example.org/"/>
{entries}</feed>"""
ENTRY = """<entry><id>urn:{id}</id><title>{title}</title><link href="/n/{id}"/>
<updated>2026-03-02T09:14:00Z</updated><content type="html">{html}</content></entry>"""


def atom(*entries):
    return ATOM.format(
        entries="".join(
            ENTRY.format(id=id_, title=title, html=html) for id_, title, html in entries
        )
    ).encode()


def rss(content):
    return f'<rss version="2.0"><channel>{content}</channel></rss>'


def one(id_, title="T", html="x"):
    return (id_, title, html)


@pytest.fixture
async def site():
    async with Site() as started:
        started.body = atom()
        yield started


def follow(tmp_path, site, **more):
    return Follower(connector, "feed.item", tmp_path, site, **more)


def titles(follower):
    return [event.data["item"]["title"] for event in follower.emit.events]


async def test_the_first_look_is_the_baseline_and_new_items_come_once_oldest_first(site, tmp_path):
    site.body = atom(one("a", "A"))
    async with follow(tmp_path, site) as follower:
        await follower.looked(1)
        assert titles(follower) == []
        site.body = atom(one("c", "C"), one("b", "B"), one("a", "A"))
        await follower.look_again(2)
        assert titles(follower) == ["B", "C"]
        await follower.look_again(3)
        assert titles(follower) == ["B", "C"]
    event = follower.emit.events[0].data
    assert event["change"] == "new"
    assert event["feed"]["title"] == "Atelier Zoé"
    assert event["item"]["link"].endswith("/n/b")


async def test_existing_items_are_taken_if_asked_for(site, tmp_path):
    site.body = atom(one("b", "B"), one("a", "A"))
    async with follow(tmp_path, site, existing="process") as follower:
        await follower.looked(1)
        assert titles(follower) == ["A", "B"]


async def test_what_appeared_while_nobody_looked_comes_after_a_restart(site, tmp_path):
    site.body = atom(one("a", "A"))
    async with follow(tmp_path, site) as follower:
        await follower.looked(1)
    site.body = atom(one("b", "B"), one("a", "A"))
    async with follow(tmp_path, site, items=follower.items, emit=follower.emit) as again:
        await again.look_again(2)
        assert titles(again) == ["B"]


async def test_a_restart_does_not_ask_sooner_than_promised(site, tmp_path):
    async with follow(tmp_path, site) as follower:
        await follower.looked(1)
    async with follow(tmp_path, site, items=follower.items) as again:
        await again.clock.advance(5 * 60)
        await again.look_again(2, minutes=7)
    assert len(site.requests) == 2


async def test_a_changed_item_counts_only_if_wished(site, tmp_path):
    for changed, expected in ((False, []), (True, ["A2"])):
        site.body = atom(one("a", "A1"))
        async with follow(tmp_path, site, changed=changed) as follower:
            count = len(site.requests)
            await follower.looked(count + 1)
            site.body = atom(one("a", "A2"))
            await follower.look_again(count + 2)
            assert titles(follower) == expected
    assert follower.emit.events[0].data["change"] == "changed"


async def test_an_unchanged_feed_costs_one_conditional_request(site, tmp_path):
    site.headers = {"ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 09:14:00 GMT"}
    async with follow(tmp_path, site) as follower:
        await follower.looked(1)
        await follower.look_again(2)
    assert site.requests[1]["If-None-Match"] == '"1"'
    assert site.requests[1]["If-Modified-Since"] == "Mon, 02 Mar 2026 09:14:00 GMT"


async def test_a_busy_server_is_given_the_time_it_asks_for(site, tmp_path):
    site.status, site.headers = 429, {"Retry-After": "7200"}
    async with follow(tmp_path, site) as follower:
        await follower.looked(1)
        state, reason = follower.reports[-1]
        assert state == "degraded"
        assert "429" in reason.en
        assert "prochain essai" in reason.fr
        await follower.clock.advance(7100)
        assert len(site.requests) == 1
        site.status, site.headers = 200, {}
        await follower.look_again(2, minutes=3)
        assert follower.reports[-1] == ("polling", None)


@pytest.mark.parametrize("body", [b"<html><body>no feed</body></html>", b"", b"\x00\xff\xfe"])
async def test_what_is_no_feed_is_said_and_looked_at_again_later(site, tmp_path, body):
    site.body = body
    async with follow(tmp_path, site) as follower:
        await follower.looked(1)
        assert follower.reports[-1][0] == "degraded"
        assert "neither RSS nor Atom" in follower.reports[-1][1].en
        site.body = atom(one("a", "A"))
        await follower.look_again(2)
        assert follower.reports[-1] == ("polling", None)


async def test_another_address_begins_anew(site, tmp_path):
    site.body = atom(one("a", "A"))
    async with follow(tmp_path, site) as follower:
        await follower.looked(1)
    other = {"url": site.parameters["url"] + "?other"}
    site.body = atom(one("b", "B"))
    async with follow(tmp_path, site, items=follower.items, **other) as again:
        await again.looked(2)
        assert titles(again) == []
        site.body = atom(one("c", "C"), one("b", "B"))
        await again.look_again(3)
        assert titles(again) == ["C"]


async def test_a_server_that_is_down_is_looked_for_again_soon(site, tmp_path):
    follower = follow(tmp_path, site)
    await site._server.close()
    async with follower:
        await follower.until(
            lambda: follower.reports[-1:] and follower.reports[-1][0] == "degraded"
        )
        assert "cannot be reached" in follower.reports[-1][1].en
        assert follower.state["failures"] == 1
        await follower.clock.advance(61)
        await follower.until(lambda: follower.state["failures"] == 2)


async def test_an_address_of_the_own_network_must_be_allowed(site, tmp_path):
    async with follow(tmp_path, site, allow_private=[]) as follower:
        await follower.until(lambda: follower.reports[-1:] and follower.reports[-1][1])
        assert "private address" in follower.reports[-1][1].en
    assert site.requests == []


# -- the reader -----------------------------------------------------------------------------


async def _parse(context_for, data, **more):
    parameters = {"content": base64.b64encode(data).decode(), "base64": True, **more}
    return await run_action(connector, "feed.parse", parameters, context_for())


async def test_rss_becomes_items(context_for):
    html = "<p>Bonjour <b>Zoé</b><script>x()</script></p>"
    data = rss(
        "<title>Été</title><link>https://e.org</link><item><title>Un &amp; deux</title>"
        "<link>https://e.org/1</link><category>c</category>"
        f"<description>{escape(html)}</description>"
        "<pubDate>Mon, 02 Mar 2026 10:14:00 +0100</pubDate>"
        '<enclosure url="https://e.org/a.mp3" type="audio/mpeg" length="9"/></item>'
    )
    result = await _parse(context_for, data.encode())
    (item,) = result["items"]
    assert result["feed"]["title"] == "Été"
    assert item["title"] == "Un & deux"
    assert item["id"] == item["link"] == "https://e.org/1"
    assert item["summary"] == "Bonjour Zoé"
    assert "script" not in item["html"]
    assert item["published"] == "2026-03-02T09:14:00+00:00"
    assert item["files"] == [{"url": "https://e.org/a.mp3", "type": "audio/mpeg"}]


async def test_a_broken_feed_is_read_as_far_as_possible(context_for):
    data = b'<rss version="2.0"><channel><title>T</title><item><title>A & B</title><link>l</link>'
    result = await _parse(context_for, data)
    assert [item["title"] for item in result["items"]] == ["A & B"]


async def test_the_encoding_of_the_feed_is_believed(context_for):
    head = '<?xml version="1.0" encoding="iso-8859-1"?>'
    result = await _parse(context_for, (head + rss("<title>Été</title>")).encode("latin-1"))
    assert result["feed"]["title"] == "Été"


async def test_entities_are_refused(context_for):
    head = '<!DOCTYPE r [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>'
    bomb = (head + rss("<title>&c;</title>")).encode()
    with pytest.raises(StepError, match="entities"):
        await _parse(context_for, bomb)


async def test_the_name_of_a_file_is_no_feed(context_for, tmp_path):
    (tmp_path / "secret.xml").write_bytes(atom(one("a")))
    for content in (str(tmp_path / "secret.xml"), f"file://{tmp_path}/secret.xml"):
        with pytest.raises(StepError, match="no feed"):
            await run_action(connector, "feed.parse", {"content": content}, context_for())


async def test_what_is_kept_of_an_item_is_bounded(context_for):
    data = atom(*(one(n, "T" * 9_000, "y" * 90_000) for n in range(60)))
    result = await _parse(context_for, data)
    assert len(result["items"]) == 60
    assert {len(item["title"]) for item in result["items"]} == {500}
    assert sum(len(item["html"]) for item in result["items"]) == 1_000_000


async def test_items_without_an_id_are_told_apart_by_what_they_say(context_for):
    data = rss("<item><title>A</title></item><item><title>B</title></item>").encode()
    first, second = (await _parse(context_for, data))["items"]
    assert first["id"] != second["id"]
    assert (await _parse(context_for, data))["items"][0]["id"] == first["id"]
