"""A daemon that follows a feed: read in a worker process, each item once, across a restart."""

from typing import Any

import pytest

from tests.connectors.polled import Site as Served

FEED = """\
name: News
when:
  - feed.item: {{url: "{url}", allow_private: ["{pair}"], existing: process}}
do:
  - set: {{title: "${{{{ event.item.title }}}}"}}
outputs: {{title: "${{{{ vars.title }}}}"}}
"""
ITEM = "<item><guid>{id}</guid><title>{title}</title></item>"


def rss(*titles: str) -> bytes:
    items = "".join(ITEM.format(id=title, title=title) for title in titles)
    return f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()


@pytest.fixture
async def served() -> Any:
    async with Served() as started:
        started.body = rss("B", "A")
        yield started


async def test_the_items_of_a_feed_start_runs_once(site: Any, served: Any) -> None:
    facts = served.parameters
    site.recipe("news", FEED.format(url=facts["url"], pair=facts["allow_private"][0]))
    async with site.running() as daemon:
        runs = await site.ended("news", 2)
        assert [run.outputs["title"] for run in reversed(runs)] == ["A", "B"]
        (trigger,) = daemon.status()["triggers"]
        assert trigger["state"] == "polling"
        assert trigger["facts"]["known"] == 2
    async with site.running() as daemon:
        (trigger,) = daemon.status()["triggers"]
        assert trigger["facts"]["next"] is not None
    assert len(served.requests) == 1
