"""Invoices: 100 drafted, issued, held against all rules and archived; 100 PDFs read.

In two orders: each drafted and issued at once, and all drafted before the first is issued (as
where somebody approves them together). Reading is measured with the PDFs that were issued (their
XML) and with drafts (their printed text).
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from rouage_connectors.invoice import connector
from rouage_connectors.invoice.apart import workshop
from tests.bench.measures import medians, processor_seconds
from tests.connectors.invoicing import BUSINESS, GOODS, LIABLE, SERVICE, Bench

COUNT = 100


def order(number: int) -> dict[str, Any]:
    """Return an order that no other equals."""
    lines = [{**SERVICE, "quantity": 1 + number % 7}, {**GOODS, "quantity": number}]
    return {"customer": BUSINESS, "lines": lines, "key": f"order-{number}"}


async def at_once(bench: Bench, count: int) -> list[dict[str, Any]]:
    """Draft and issue one after the other."""
    return [await bench.issue(**order(number)) for number in range(1, count + 1)]


async def together(bench: Bench, count: int) -> list[dict[str, Any]]:
    """Draft all, then issue all."""
    drafts = [await bench.do("draft", **order(number)) for number in range(1, count + 1)]
    return [await bench.do("issue", draft=one["draft"]) for one in drafts]


def processor() -> float:
    """Return the processor time of this process and of the workshop, in seconds."""
    pid = workshop().pid
    return time.process_time() + (0.0 if pid is None else processor_seconds(pid))


async def read(bench: Bench, paths: list[str]) -> float:
    """Return how long it takes to read all *paths*, in this process."""
    spec, context = connector.actions["invoice.read"], bench.context()
    start = time.perf_counter()
    for path in paths:
        result: Any = await spec.run(spec.parameters.build({"file": path}), context)
        assert result["totals"]["gross"], path
    return time.perf_counter() - start


async def one_round(count: int) -> dict[str, float]:
    """Return the seconds of every part."""
    seconds: dict[str, float] = {}
    for name, work in (("issue_seconds", at_once), ("together_seconds", together)):
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), LIABLE)
            start, before = time.perf_counter(), processor()
            issued = await work(bench, count)
            seconds[name] = time.perf_counter() - start
            seconds[f"{work.__name__}_processor_seconds"] = processor() - before
            assert all(all(one["checks"].values()) for one in issued)
            assert (await bench.do("verify"))["is_valid"]
            if work is together:
                drafts = sorted((bench.workspace / "files/invoices/drafts").iterdir())
                seconds["read_xml_seconds"] = await read(bench, [one["pdf"] for one in issued])
                seconds["read_text_seconds"] = await read(bench, [str(path) for path in drafts])
    return seconds


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    start = time.perf_counter()
    workshop().ask("warm")
    warm = time.perf_counter() - start
    done = [asyncio.run(one_round(COUNT)) for _ in range(rounds)]
    workshop().close()
    figures = {"count": COUNT, "warm_seconds": round(warm, 2), **medians(done, *done[0])}
    print(json.dumps({**figures, "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
