"""A real daemon whose wall clock is set forward and back while it runs (triggers C-9).

libfaketime moves the clock of the process and leaves monotonic time alone, as a correction by
an administrator or a time server does. Where it is not installed (package `libfaketime`), the
same rules are tested with a settable clock only.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rouage.durable.sqlite import open_reader

PLACES = (
    os.environ.get("LIBFAKETIME", ""),
    *map(str, sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))),
    "/usr/lib/faketime/libfaketime.so.1",
)
LIBRARY = next((place for place in PLACES if place and Path(place).is_file()), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed"),
]

PULSE = """\
name: Pulse
when:
  - schedule.every: {interval: 2s, start: "00:00"}
do:
  - log.write: {message: tick}
"""
Eventually = Callable[..., Any]


class Fake:
    """The clock of the daemon: *shift* seconds away from the true one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0)

    def set(self, shift: int) -> None:
        draft = self.path.with_suffix(".new")
        draft.write_text(f"{shift:+d}\n", encoding="ascii")
        draft.replace(self.path)


@pytest.fixture
def fake(tmp_path: Path, environment: dict[str, str]) -> Fake:
    clock = Fake(tmp_path / "shift")
    environment |= {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock.path),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
    }
    return clock


def test_a_clock_set_forward_and_back_loses_nothing_fresh_and_repeats_nothing(
    rouage: Callable[..., Any],
    tmp_path: Path,
    fake: Fake,
    start_daemon: Callable[..., Any],
    eventually: Eventually,
) -> None:
    assert rouage("init", "w").code == 0
    workspace = tmp_path / "w"
    (workspace / "recipes" / "first.yaml").unlink()
    (workspace / "recipes" / "pulse.yaml").write_text(PULSE, encoding="utf-8")
    start_daemon(workspace)

    def dues() -> list[datetime]:
        """Return the instants of the runs that began, oldest first."""

        async def read() -> list[datetime]:
            reader = open_reader(workspace / ".rouage" / "journal.db")
            found = await reader.find_events(source="pulse/trigger_1", limit=1_000)
            data: Any = [record.event.data for record in found if record.runs]
            return sorted(datetime.fromisoformat(one["due"]) for one in data)

        return asyncio.run(read())

    eventually(lambda: len(dues()) >= 2)
    before = datetime.now().astimezone()
    fake.set(600)
    eventually(lambda: any(due > before + timedelta(seconds=590) for due in dues()))
    skipped = [
        due
        for due in dues()
        if before + timedelta(seconds=10) < due < before + timedelta(seconds=580)
    ]
    assert len(skipped) <= 1, "of what the jump passed over, the last is made up for"
    count = len(dues())
    fake.set(0)
    eventually(lambda: len(dues()) >= count + 2)
    found = dues()
    assert len(found) == len(set(found)), "no tick runs twice"
    assert found[-1] > before
