"""How programs write files: each is taken once, whole, whatever its way (triggers 1.3, 1.4)."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.connectors.inbox import Inbox

# Each writer leaves a file of 40,000 bytes without a zero among them.
WRITERS = textwrap.dedent(
    """
    import mmap, os, pathlib, shutil, sys, threading, time

    inbox, outside = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    whole, half, gap = b"x" * 40_000, b"x" * 20_000, float(sys.argv[3])

    def plain():
        (inbox / "plain").write_bytes(whole)

    def stall():
        with (inbox / "stall").open("wb", buffering=0) as stream:
            stream.write(half)
            time.sleep(3 * gap)
            stream.write(half)

    def drip():
        with (inbox / "drip").open("wb", buffering=0) as stream:
            for _ in range(20):
                stream.write(b"x" * 2_000)
                time.sleep(gap / 5)

    def scanner():
        for _ in range(4):
            with (inbox / "scanner").open("ab") as stream:
                stream.write(b"x" * 10_000)
            time.sleep(gap / 2)

    def allocated():
        with (inbox / "allocated").open("wb", buffering=0) as stream:
            os.posix_fallocate(stream.fileno(), 0, len(whole))
            time.sleep(3 * gap)
            stream.write(whole)

    def part():
        draft = inbox / ".renamed.part"
        draft.write_bytes(half)
        time.sleep(2 * gap)
        with draft.open("ab") as stream:
            stream.write(half)
        draft.rename(inbox / "renamed")

    def moved():
        (outside / "moved").write_bytes(whole)
        (outside / "moved").rename(inbox / "moved")

    def linked():
        (outside / "linked").write_bytes(whole)
        os.link(outside / "linked", inbox / "linked")
        (outside / "linked").unlink()

    def mapped():
        descriptor = os.open(inbox / "mapped", os.O_RDWR | os.O_CREAT)
        os.ftruncate(descriptor, len(whole))
        view = mmap.mmap(descriptor, len(whole))
        os.close(descriptor)
        time.sleep(3 * gap)
        view[:] = whole
        view.close()

    writers = [plain, stall, drip, scanner, allocated, part, moved, linked, mapped]
    threads = [threading.Thread(target=one) for one in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    """
)
NAMES = {
    "plain",
    "stall",
    "drip",
    "scanner",
    "allocated",
    "renamed",
    "moved",
    "linked",
    "mapped",
}


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Inbox(folder, tmp_path)


async def test_nine_ways_to_write_give_nine_whole_files(inbox, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    async with inbox.watched(settle="1s"):
        writers = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITERS, str(inbox.path), str(outside), "0.35"
        )
        async with asyncio.timeout(60):
            assert await writers.wait() == 0
        await inbox.gets(*NAMES, seconds=30)
    assert {file["size"] for file in inbox.files} == {40_000}
    assert len({file["sha256"] for file in inbox.files}) == 1, "zeros were taken for content"


STOPPED = textwrap.dedent(
    """
    import asyncio, pathlib, sys
    from tests.connectors.inbox import Inbox, eventually

    async def main(folder, count):
        inbox = Inbox(folder / "inbox", folder)
        async with inbox.watched():
            print("ready", flush=True)
            await eventually(lambda: len(inbox.emit.events) >= count, seconds=60)
            await inbox.is_calm()
            print(len(inbox.names), len(set(inbox.names)), flush=True)

    asyncio.run(main(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
    """
)


@pytest.mark.parametrize("count", [1_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_files_that_came_while_the_process_was_stopped_are_all_taken(inbox, tmp_path, count):
    """20,000 are more than the kernel keeps: most of the events are lost (triggers F-3)."""
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(tmp_path), str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGSTOP)
        for number in range(count):
            (inbox.path / f"{number}.txt").write_bytes(b"%d" % number)
        process.send_signal(signal.SIGCONT)
        assert process.stdout.readline().split() == [str(count), str(count)]
