"""A request to forget: what it may say, what lies beside the journal, and what is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from rouage.durable.erasure import Sought
from rouage.durable.port import RunContext, RunOutcome
from rouage.durable.sqlite import open_engine
from rouage.model.event import Event
from rouage.sdk.received import Received
from rouage.settings import Places
from rouage.web.forgetting import forget_now
from rouage.web.server import ConsoleServer

ALICE = "alice@exemple.fr"
TOKEN = "t" * 43


async def no_run(context: RunContext, definition: bytes) -> RunOutcome:
    raise AssertionError("no recipe is here")


@dataclass
class Desk:
    """The part of a daemon that forgets, over a real journal."""

    engine: Any
    places: Places
    owner: str = "lea"
    asked: list[list[str]] = field(default_factory=list)

    async def forget(self, names: list[str]) -> dict[str, Any]:
        self.asked.append(names)
        return await forget_now(self.engine, self.places, Sought(names))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    places = Places(tmp_path)
    places.state.mkdir(mode=0o700)
    engine = open_engine(places.journal)
    await engine.open(no_run)
    event = Event(
        id=f"{1:026d}",
        source="mail/t",
        time=datetime.now(UTC),
        data={"from": ALICE},
        key="m1",
    )
    await engine.accept(event, [])
    await asyncio.to_thread(fill, places)
    yield Desk(engine, places)
    await engine.close()


def fill(places: Places) -> None:
    (Received(places.received, "mail/t").folder("m1") / "000.pdf").write_bytes(b"%PDF")
    kept = places.state / "kept" / "a"
    kept.mkdir(parents=True)
    (kept / "1").write_text(f"devis pour {ALICE}", encoding="utf-8")


async def ask(desk: Desk, body: Any) -> tuple[int, Any]:
    server = ConsoleServer(desk, token=TOKEN, language="en")  # type: ignore[arg-type]  # the part that is asked
    port = await server.start(["127.0.0.1"], 0)
    try:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(f"http://127.0.0.1:{port}/api/forget", json=body) as reply,
        ):
            return reply.status, await reply.json()
    finally:
        await server.stop()


async def test_what_is_blanked_and_removed_is_told_and_noted(desk: Desk) -> None:
    status, told = await ask(desk, {"names": [f" {ALICE} "]})
    assert status == 200
    assert desk.asked == [[ALICE]]
    assert (told["done"], told["events"], told["scrubbed"]) == (True, 1, True)
    assert told["counts"] == {"event": 1, "received": 1, "kept": 1, "scratch": 0}
    assert list(desk.places.received.glob("*/.event")) == []
    (note,) = (desk.places.state / "forgotten.jsonl").read_text().splitlines()
    assert json.loads(note)["rows"] == {"event": 1}
    assert "alice" not in note
    again = await ask(desk, {"names": [ALICE]})
    assert again[1]["counts"] == {"received": 0, "kept": 0, "scratch": 0}


@pytest.mark.parametrize(
    "body",
    [{}, {"names": []}, {"names": ["ab"]}, {"names": ["   a   "]}, {"names": ALICE}, {"names": [7]},
     {"names": [ALICE] * 21}, {"names": [ALICE], "more": 1}],
)  # fmt: skip
async def test_nobody_everybody_and_nonsense_are_refused(desk: Desk, body: Any) -> None:
    status, told = await ask(desk, body)
    assert (status, told["error"]["code"]) == (400, "bad_request")
    assert desk.asked == []
