"""Show stored events to two versions of a recipe (`rouage diff --replay`)."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from rouage.cli.main import main
from rouage.durable.port import Attempt, Engine, RunContext, RunOutcome, StepSpec
from rouage.durable.sqlite import open_engine
from rouage.model.event import Admission, Event, Verdict
from rouage.sdk.json import JSON

RECIPE = """\
name: Sort orders
when: [{webhook.received: {path: orders}}]
do:
  - text.render: {template: "Order ${{ event.body.id }}"}
    id: told
  - files.write: {path: "files/2025/${{ event.body.id }}.txt", text: "${{ steps.told.text }}"}
  - if: event.body.amount > 100
    files.append: {path: files/big.txt, text: "${{ event.body.id }}"}
"""
_AT_ONCE = 500


async def _execute(context: RunContext, definition: bytes) -> RunOutcome:
    data = context.event.data
    assert isinstance(data, dict)
    body = data["body"]
    assert isinstance(body, dict)
    text = f"Order {body['id']}"

    async def render(attempt: Attempt) -> JSON:
        return {"text": text}

    async def write(attempt: Attempt) -> JSON:
        return {"path": f"files/2025/{body['id']}.txt", "size": 12}

    given: JSON = {"path": f"files/2025/{body['id']}.txt", "text": text}
    spec = StepSpec(action="text.render", effect="none", parameters={"template": text})
    await context.step("do.0", spec, render)
    await context.step("do.1", StepSpec(action="files.write", parameters=given), write)
    return RunOutcome(state="succeeded")


async def _accept(engine: Engine, number: int, digest: str) -> None:
    event = Event(
        id=f"{number:026d}",
        source="orders/trigger_1",
        time=datetime.now(UTC),
        data={"body": {"id": f"o-{number:06d}", "amount": number % 200}},
        key=f"k{number}",
    )
    verdict = Verdict(
        recipe="orders", outcome="matched", definition=digest, admission=Admission(mode="parallel")
    )
    await engine.accept(event, [verdict])


async def _fill(path: Path, count: int) -> None:
    engine = open_engine(path)
    await engine.open(_execute)
    source = RECIPE.encode()
    digest = await engine.put_definition("orders", b"{}", file="orders.yaml", source=source)
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        await asyncio.gather(*(_accept(engine, number, digest) for number in numbers))
        await engine.wait_idle()
    await engine.close()


def measure(folder: Path, count: int) -> float:
    """Fill a journal with *count* events, and return the seconds that a replay of them takes."""
    (folder / "recipes").mkdir(parents=True)
    (folder / ".rouage").mkdir(mode=0o700)
    (folder / "rouage.yaml").write_text("timezone: UTC\n", encoding="utf-8")
    asyncio.run(_fill(folder / ".rouage" / "journal.db", count))
    edited = RECIPE.replace("files/2025/", "files/2026/")
    (folder / "recipes" / "orders.yaml").write_text(edited, encoding="utf-8")
    start = time.perf_counter()
    main(["diff", "orders", "--replay", "1d", "--workspace", str(folder), "--lang", "en"])
    return time.perf_counter() - start


if __name__ == "__main__":
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        print(f"{measure(Path(name) / 'shop', int(sys.argv[1])):.2f} s")
