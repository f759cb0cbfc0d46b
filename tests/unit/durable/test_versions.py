"""Accepted versions of a recipe: kept with their texts, the newest first (R7)."""

from hashlib import sha256
from typing import Any


async def put(engine: Any, body: bytes, source: bytes | None = None, **options: Any) -> str:
    digest: str = await engine.put_definition("orders", body, source=source, **options)
    assert digest == sha256(body).hexdigest()
    return digest


async def test_versions_are_listed_newest_first_with_their_texts(harness: Any) -> None:
    engine = harness.make()
    first = await put(engine, b"1", b"name: un\n", file="commandes-\udce9.yaml")
    harness.clock.advance(60)
    second = await put(engine, b"2", b"name: deux\n", file="commandes.yaml")
    assert await engine.list_definitions("others") == ()
    two, one = await engine.list_definitions("orders")
    assert (one.hash, one.recipe, one.file, one.source) == (
        first,
        "orders",
        "commandes-\udce9.yaml",
        b"name: un\n",
    )
    assert (two.hash, two.source) == (second, b"name: deux\n")
    assert (two.accepted, (two.accepted - one.accepted).total_seconds()) == (
        harness.clock.now(),
        60,
    )


async def test_a_version_accepted_again_is_the_newest_and_keeps_its_text(harness: Any) -> None:
    engine = harness.make()
    first = await put(engine, b"1", b"name: un\n", file="a.yaml")
    second = await put(engine, b"2")
    assert [one.hash for one in await engine.list_definitions("orders")] == [second, first]
    await put(engine, b"1", file="b.yaml")
    newest, _ = await engine.list_definitions("orders")
    assert (newest.hash, newest.source, newest.file) == (first, b"name: un\n", "b.yaml")
    assert await engine.last_definition("orders") == b"1"


async def test_the_newest_version_is_the_last_one_whatever_the_clock_says(harness: Any) -> None:
    engine = harness.make()
    await put(engine, b"1")
    harness.clock.jump(-3600)
    second = await put(engine, b"2")
    assert await engine.last_definition("orders") == b"2"
    assert (await engine.list_definitions("orders"))[0].hash == second
    engine = harness.make() if harness.kind == "memory" else engine
    assert await engine.last_definition("orders") == b"2"


async def test_two_recipes_may_have_the_same_definition(harness: Any) -> None:
    engine = harness.make()
    await engine.put_definition("a", b"same", source=b"A")
    await engine.put_definition("b", b"same", source=b"B")
    assert [one.source for one in await engine.list_definitions("a")] == [b"A"]
    assert [one.source for one in await engine.list_definitions("b")] == [b"B"]
