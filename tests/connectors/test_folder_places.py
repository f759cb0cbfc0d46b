"""Drives that come and go, watches that are refused or die, clocks that jump: nothing is lost."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest

from rouage_connectors.folder.mounts import mounts_below
from rouage_connectors.folder.place import Place, look_at, lost_mounts, read_place
from rouage_connectors.folder.watch import _inotify
from tests.connectors.inbox import Inbox, eventually


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Inbox(folder, tmp_path)


@pytest.fixture
def mount():
    """Mount small drives in memory, and unmount what is left of them."""
    mounted = []

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"this machine does not let tests mount: {done.stderr.strip()}")

    class Drives:
        def put(self, folder, source=None):
            if source is None:
                run("mount", "-t", "tmpfs", "-o", "size=8m", "rouage-test", str(folder))
            else:
                run("mount", "--bind", str(source), str(folder))
            mounted.append(folder)

        def take(self, folder):
            run("umount", str(folder))
            mounted.remove(folder)

    yield Drives()
    for folder in reversed(mounted):
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.slow
async def test_an_unmounted_drive_has_lost_no_files(inbox, mount, tmp_path):
    removed = Inbox(inbox.path, tmp_path, "folder.removed")
    drive = tmp_path / "drive"
    drive.mkdir()
    for name in ("a.txt", "b.txt"):
        (drive / name).write_text(name)
    mount.put(inbox.path, drive)
    async with inbox.watched(existing="process"), removed.watched():
        await inbox.gets("a.txt", "b.txt")
        await removed.is_state("b.txt", "baseline")
        mount.take(inbox.path)
        await eventually(lambda: removed.reports[-1][0] == "degraded", seconds=30)
        assert "not to be mounted" in removed.reports[-1][1].en
        assert inbox.row("a.txt").state == "claimed"
        assert removed.files == []
        mount.put(inbox.path, drive)
        (inbox.path / "c.txt").write_text("c")
        await eventually(lambda: "c.txt" in inbox.names, seconds=30)
        await inbox.gets("a.txt", "b.txt", "c.txt")
        await eventually(lambda: removed.reports[-1] == ("listening", None), seconds=30)
        assert removed.files == []


async def test_files_below_a_drive_that_is_not_mounted_at_start_have_not_left(
    inbox, mount, tmp_path
):
    removed = Inbox(inbox.path, tmp_path, "folder.removed")
    drive, sub = tmp_path / "drive", inbox.path / "usb"
    drive.mkdir()
    sub.mkdir()
    (drive / "far.txt").write_text("far")
    (inbox.path / "near.txt").write_text("near")
    mount.put(sub, drive)
    async with removed.watched(recursive=True):
        assert removed.trigger.status()["baseline"] == 2
    mount.take(sub)
    (inbox.path / "near.txt").unlink()
    async with removed.watched(recursive=True):
        await removed.gets("near.txt")
        assert removed.reports[-1][0] == "degraded"
        assert "usb" in removed.reports[-1][1].en
    mount.put(sub, drive)
    async with removed.watched(recursive=True):
        await removed.is_calm()
        assert removed.names == ["near.txt"]
        (sub / "far.txt").unlink()
        await removed.gets("near.txt", "far.txt")


@pytest.mark.slow
async def test_files_on_a_drive_that_is_mounted_below_later_are_noticed(inbox, mount):
    (inbox.path / "usb").mkdir()
    async with inbox.watched(recursive=True, rescan="10s"):
        (inbox.path / "usb/before.txt").write_text("before")
        await inbox.gets("before.txt")
        mount.put(inbox.path / "usb")
        (inbox.path / "usb/first.txt").write_text("first")
        await eventually(lambda: "first.txt" in inbox.names, seconds=30)
        (inbox.path / "usb/second.txt").write_text("second")
        await eventually(lambda: "second.txt" in inbox.names, seconds=5)
        assert inbox.row("usb/before.txt").state in {"taken", "left"}


def test_a_place_is_known_again(tmp_path):
    place = look_at(os.fsencode(tmp_path))
    assert place is not None
    assert place.is_same(look_at(os.fsencode(tmp_path)))
    assert read_place({b"place": place._replace(mounts=(b"/x/\xff",)).to_json()}).mounts == (
        b"/x/\xff",
    )
    (tmp_path / "sub").mkdir()
    other = look_at(os.fsencode(tmp_path / "sub"))
    assert not place.is_same(other)
    assert look_at(os.fsencode(tmp_path / "none")) is None
    assert read_place({}) is read_place({b"place": ["1", "2"]}) is None


def test_a_mount_point_that_was_removed_is_not_missed(tmp_path):
    here, gone = os.fsencode(tmp_path), os.fsencode(tmp_path / "gone")
    before, now = Place(1, 2, (here, gone)), Place(1, 2)
    assert lost_mounts(before, now) == (here,)
    table = b"22 1 0:1 / / rw - ext4 a rw\n23 22 0:2 / %b/x rw - tmpfs b rw\n" % here
    assert mounts_below(here, table) == [here + b"/x"]


async def test_a_watcher_that_died_is_replaced_and_counted(inbox):
    async with inbox.watched():
        reader = _inotify().InotifyFD.get_instance()
        reader.stop()
        reader.join()
        try:
            (inbox.path / "a.txt").write_text("a")
            await inbox.gets("a.txt", seconds=30)
            assert inbox.trigger.status()["rebuilt"] == 1
            (inbox.path / "b.txt").write_text("b")
            await inbox.gets("a.txt", "b.txt", seconds=5)
        finally:
            _inotify().InotifyFD._instance = None


@contextlib.contextmanager
def deaf(inbox):
    """Have the kernel's events for the folder reach nobody, as on a drive that sends none."""
    reader = _inotify().InotifyFD.get_instance()
    root = os.fsencode(inbox.path)
    with reader._lock:
        found = [one for one in reader._watch_for_wd.values() if one._initial_creation_path == root]
        kept = [dict(one.callbacks) for one in found]
        for one in found:
            one.callbacks.clear()
    assert found
    try:
        yield
    finally:
        for one, callbacks in zip(found, kept, strict=True):
            one.callbacks.update(callbacks)


@pytest.mark.slow
async def test_files_that_come_without_a_sign_have_the_folder_polled(inbox):
    async with inbox.watched(rescan="10s"):
        with deaf(inbox):
            for number in range(4):
                (inbox.path / f"{number}.txt").write_text(str(number))
            await inbox.gets(*(f"{number}.txt" for number in range(4)), seconds=40)
            assert inbox.reports[-1][0] == "degraded"
            assert "without a sign" in inbox.reports[-1][1].en


async def test_a_probe_tells_whether_files_are_noticed_and_leaves_nothing(inbox):
    async with inbox.watched(ignore=[], existing="process"):
        assert await inbox.trigger.probe() is True
        await inbox.is_calm()
        assert inbox.files == []
        assert os.listdir(inbox.path) == []
    async with inbox.watched(watch="poll"):
        assert await inbox.trigger.probe() is None


async def test_a_trigger_that_proved_deaf_polls(inbox):
    inbox.is_cautious = True
    async with inbox.watched(watch="events"):
        assert inbox.reports[-1] == ("polling", None)


class Jumping:
    """A clock that can be set forward, as after a suspension."""

    def __init__(self, inner):
        self._inner, self.offset = inner, timedelta(0)

    def now(self):
        return self._inner.now() + self.offset

    def __getattr__(self, name):
        return getattr(self._inner, name)


async def test_a_clock_that_jumps_has_the_folder_scanned(inbox):
    async with inbox.watched():
        clock = inbox.trigger.context.clock = Jumping(inbox.trigger.context.clock)
        with deaf(inbox):
            (inbox.path / "a.txt").write_text("a")
            await asyncio.sleep(0.3)
            assert inbox.files == []
            clock.offset = timedelta(hours=1)
            # Anything that wakes the trigger will do; it looks by itself every few seconds.
            await inbox.trigger.take_existing()
            await inbox.gets("a.txt", seconds=20)


LIMITED = textwrap.dedent(
    """
    import asyncio, json, pathlib, sys
    from tests.connectors.inbox import Inbox, eventually

    async def main(folder, folders):
        root = folder / "inbox"
        for number in range(folders):
            (root / f"d{number}").mkdir(parents=True)
            (root / f"d{number}" / "first.txt").write_text(str(number))
        inbox = Inbox(root, folder)
        async with inbox.watched(recursive=True, existing="process"):
            state, reason = inbox.reports[-1]
            await eventually(lambda: len(inbox.emit.events) >= folders, seconds=60)
            for number in range(folders if folders > 1 else 0):
                (root / f"d{number}" / "second.txt").write_text(str(number))
            wanted = folders if folders == 1 else 2 * folders
            await eventually(lambda: len(inbox.emit.events) >= wanted, seconds=60)
            await inbox.is_calm()
            paths = [file["path"] for file in inbox.files]
            print(json.dumps({"state": state, "reason": reason.en, "paths": paths}))

    asyncio.run(main(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
    """
)


def attend_with(limit, value, folder, folders):
    """Attend to a tree in a process to which the system allows fewer watches."""
    prepare = f"echo {value} > /proc/sys/user/{limit}"
    tried = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", prepare], capture_output=True, text=True, check=False
    )
    if tried.returncode != 0:
        pytest.skip(f"this machine does not let tests limit watches: {tried.stderr.strip()}")
    script = [sys.executable, "-c", LIMITED, str(folder), str(folders)]
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", f'{prepare}; exec "$@"', "sh", *script],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_folders_beyond_the_watch_limit_are_polled(tmp_path):
    """200 sub-folders, and the system allows 50 watches (triggers F-11)."""
    told = attend_with("max_inotify_watches", 50, tmp_path, 200)
    assert told["state"] == "degraded"
    assert "max_user_watches" in told["reason"]
    assert "needed here: 201" in told["reason"]
    assert len(told["paths"]) == len(set(told["paths"])) == 400


def test_without_a_watcher_the_folder_is_polled_and_says_why(tmp_path):
    told = attend_with("max_inotify_instances", 0, tmp_path, 1)
    assert told["state"] == "degraded"
    assert "max_user_instances" in told["reason"]
    assert len(told["paths"]) == 1
