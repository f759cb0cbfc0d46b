"""Loops whose every item waits: what a loop twice as long costs more (durability R8, R9).

    python -m tests.bench.bench_loops
    python -m tests.bench.bench_loops --items 250 500 1000 --word approve

Time passes as soon as nothing else is left to do, so that only the work counts. A loop that is
walked from its start at every wake takes four times as long for twice the items.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from rouage.model.run import WaitRecord
from rouage.sdk import JSON
from tests.unit.flow.stage import Stage, settle

_WORDS = {"wait": "wait: ${{ item.pause }}", "approve": "approve: {ask: 'Send ${{ item.name }}?'}"}
_RECIPE = """
name: Loop
when: [{rec.event: {}}]
do:
  - for_each:
      in: ${{ event.items }}
      max_parallel: WIDTH
      do:
        - WORD
        - rec.say: {text: "${{ item.name }}"}
"""


async def _drive(stage: Stage, run: str) -> None:
    """Answer and let time pass until the run is over."""
    while waits := await _waits(stage, run):
        for wait in waits:
            if wait.kind == "approval":
                answer: JSON = {"choice": "approve", "fields": {}}
                await stage.engine.signal(run, wait.path, answer, signal_id="one", author="zoé")
            elif wait.deadline is not None:
                left = (wait.deadline - stage.clock.now()).total_seconds()
                stage.clock.advance(max(0.0, left))
                await settle(stage.engine)
    record = await stage.rest(run)
    assert record.state == "succeeded", record.error


async def _waits(stage: Stage, run: str) -> tuple[WaitRecord, ...]:
    """Return what the run waits for, once nothing moves any more."""
    await stage.engine.wait_idle()
    return await stage.engine.list_waits(run_id=run)


async def measure(folder: Path, *, word: str, items: int, width: int) -> dict[str, Any]:
    """Return what one run of so many items cost."""
    stage = Stage(folder, is_on_disk=True)
    await stage.open()
    try:
        await stage.load(_RECIPE.replace("WORD", _WORDS[word]).replace("WIDTH", str(width)))
        listed: JSON = [{"name": f"n{number}", "pause": "1s"} for number in range(items)]
        began, spent = time.perf_counter(), time.process_time()
        await _drive(stage, await stage.send({"items": listed}))
        seconds = time.perf_counter() - began
        assert len(stage.world.said) == items
    finally:
        await stage.close()
    return {
        "items": items,
        "seconds": round(seconds, 2),
        "processor_seconds": round(time.process_time() - spent, 2),
        "ms_per_item": round(seconds / items * 1e3, 2),
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[250, 500, 1_000])
    parser.add_argument("--word", choices=sorted(_WORDS), default="wait")
    parser.add_argument("--width", type=int, default=1)
    options = parser.parse_args()
    report: dict[str, Any] = {"bench": "loops", "word": options.word, "width": options.width}
    report["rounds"] = []
    for items in options.items:
        with tempfile.TemporaryDirectory() as folder:
            work = measure(Path(folder), word=options.word, items=items, width=options.width)
            report["rounds"].append(asyncio.run(work))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
