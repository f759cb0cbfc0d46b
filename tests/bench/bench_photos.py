"""Photos: 200 of 12 megapixels made ready, beside a plain loop of Pillow and one of vips.

The plain loops do less: they turn upright, reduce and sign nothing, correct nothing, write no
notes, and stop at the first bad photo. `vipsthumbnail` is measured where it is installed.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from rouage.catalog.discovery import discover
from rouage.sdk.testing import make_context
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers
from tests.bench.measures import memory_mb
from tests.connectors import photos

COUNT, DISTINCT = 200, 20
LONGEST, QUALITY = 2_048, 88


def fill(folder: Path, count: int) -> int:
    """Write *count* photos of 12 megapixels and return the size of one, in bytes."""
    folder.mkdir(parents=True)
    image = photos.scene(4_000, 3_000)
    grain = Image.effect_noise(image.size, 12)
    image = Image.blend(image, Image.merge("RGB", (grain, grain, grain)), 0.2)
    made: list[bytes] = []
    for number in range(min(count, DISTINCT)):
        shifted = image.point([max(0, min(255, value - 4 * number)) for value in range(256)] * 3)
        note = photos.exif(taken=f"2026:05:01 1{number % 10}:00:00", model="EOS R5", location=True)
        made.append(photos.bytes_of(shifted, quality=85, exif=note))
    for number in range(count):
        (folder / f"{number:03}.jpg").write_bytes(made[number % len(made)])
    return len(made[0])


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Return the seconds that *work* took, by the clock and of the processor, children too."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)

    def spent() -> float:
        used = [resource.getrusage(kind) for kind in kinds]
        return sum(one.ru_utime + one.ru_stime for one in used)

    before, started = spent(), time.perf_counter()
    work()
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "processor_seconds": round(spent() - before, 2),
    }


class Peak:
    """Looks now and then at the processes that read photos, for the most memory one had."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Peak":
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End looking."""
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.2):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError, KeyError, ValueError):
                    if b"photo.developing" in path.read_bytes():
                        found = memory_mb(int(path.parent.name))["peak"]
                        self.megabytes = max(self.megabytes, found)


def process(root: Path, count: int) -> None:
    """Make the photos ready as a daemon does: in a worker process, with all that belongs to it."""

    async def run() -> Any:
        workers = Workers(places=2)
        spec = isolate(discover(), workers.run).actions["photo.process"]
        parameters = spec.parameters.build(
            {"photos": "in", "folder": "out", "watermark": "© Zoé Martin", "quality": QUALITY}
        )
        try:
            return await spec.run(parameters, make_context(root))
        finally:
            await workers.close()

    result = asyncio.run(run())
    assert result["count"] == count, result["failed"]


def plain_pillow(source: Path, target: Path) -> None:
    """Reduce the photos one after the other, as a script of ten lines does."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        with Image.open(path) as image:
            made = ImageOps.autocontrast(ImageOps.exif_transpose(image))
            made.thumbnail((LONGEST, LONGEST))
            made.save(target / path.name, quality=QUALITY)


def plain_vips(source: Path, target: Path) -> None:
    """Reduce the photos with vips and nothing else, in one process."""
    import pyvips  # type: ignore[import-untyped, unused-ignore]

    target.mkdir()
    for path in sorted(source.iterdir()):
        made = pyvips.Image.thumbnail(str(path), LONGEST, height=LONGEST)
        made.jpegsave(str(target / path.name), Q=QUALITY)


def vips_command(source: Path, target: Path) -> None:
    """Reduce the photos with the command of vips."""
    target.mkdir()
    command = ["vipsthumbnail", "--size", str(LONGEST), "-o", f"{target}/%s.jpg[Q={QUALITY}]"]
    subprocess.run([*command, *map(str, sorted(source.iterdir()))], check=True)


def measure(root: Path, count: int) -> dict[str, Any]:
    """Return every figure."""
    source = root / "workspace" / "in"
    size = fill(source, count)
    report: dict[str, Any] = {"photos": count, "bytes_each": size, "load_before": os.getloadavg()}
    with Peak() as peak:
        report["process"] = timed(lambda: process(root, count))
    report["peak_mb_of_one_process"] = peak.megabytes
    report["plain_pillow"] = timed(lambda: plain_pillow(source, root / "pillow"))
    report["plain_vips"] = timed(lambda: plain_vips(source, root / "vips"))
    if shutil.which("vipsthumbnail"):
        report["vips_command"] = timed(lambda: vips_command(source, root / "command"))
    report["load_after"] = os.getloadavg()
    for other in ("plain_pillow", "plain_vips", "vips_command"):
        if other in report:
            ratio = report["process"]["seconds"] / report[other]["seconds"]
            report[f"times_{other}"] = round(ratio, 2)
    return report


def main() -> None:
    """Print the figures as one JSON object."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=COUNT)
    count = options.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        json.dump(measure(Path(folder), count), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
