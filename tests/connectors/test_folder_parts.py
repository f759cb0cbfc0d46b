"""The parts of `folder.file` one by one: names, mounts, the close look, the ledger's rows."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from rouage.sdk.testing import RecordingEmit, Surroundings
from rouage_connectors.folder import connector
from rouage_connectors.folder.examine import Policy, can_probe, examine
from rouage_connectors.folder.intake import PENDING_LIMIT, Intake
from rouage_connectors.folder.ledger import Row, Version, key_of, read_row, read_rows
from rouage_connectors.folder.mounts import file_system_of, is_silent
from rouage_connectors.folder.names import IGNORED, Names, display
from rouage_connectors.folder.once import Once
from rouage_connectors.folder.scan import Scope, scan
from rouage_connectors.folder.single import Singles
from rouage_connectors.folder.watch import Watches

POLICY = Policy(
    settle_seconds=2.0,
    hash_max_bytes=1 << 20,
    allow_empty=False,
    trusts_clock=True,
    probes=True,
)
TABLE = b"""\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /mnt rw - tmpfs tmpfs rw
31 30 0:41 / /mnt/share rw shared:9 - nfs4 server:/x rw
32 30 0:42 / /mnt/with\\040space rw - fuse.sshfs me@host:/ rw
33 30 0:43 / /mnt/sharelike rw - cifs //nas/x rw
garbage
"""


@pytest.fixture(autouse=True)
def lease_signal_is_ignored():
    """The daemon ignores SIGIO; so does a test that asks for a lease."""
    former = signal.signal(signal.SIGIO, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGIO, former)


@pytest.mark.parametrize(
    ("folder", "kind", "silent"),
    [
        ("/home/zoe", "ext4", False),
        ("/mnt", "tmpfs", False),
        ("/mnt/share", "nfs4", True),
        ("/mnt/share/a/b", "nfs4", True),
        ("/mnt/shareware", "tmpfs", False),
        ("/mnt/with space/x", "fuse.sshfs", True),
        ("/mnt/sharelike/x", "cifs", True),
    ],
)
def test_the_mount_table_tells_network_drives(folder, kind, silent):
    assert file_system_of(os.fsencode(folder), TABLE) == kind
    assert is_silent(kind) is silent


def test_this_machine_has_a_mount_table():
    assert file_system_of(b"/proc") == "proc"


@pytest.mark.parametrize(
    "name",
    [".hidden", "~$Rechnung.docx", "a.txt~", "#a#", "a.TMP", "b.temp", "c.part", "d.partial",
     "e.crdownload", "f.opdownload", "g.download", "h.filepart", "i.!ut", "j.aria2", "k.swp",
     "l.swx", "4913", "THUMBS.DB", "Desktop.ini", "Icon\r", "~syncthing~a.tmp", "@eaDir",
     "#recycle", "$recycle.bin", "lost+found"],
)  # fmt: skip
def test_names_of_programs_are_ignored_whatever_their_case(name):
    names = Names(["*"], IGNORED)
    assert names.ignores(os.fsencode(name))
    assert not names.admits(os.fsencode(name))
    assert names.ignoring_pattern(os.fsencode(name)) is not None


def test_other_names_are_not():
    names = Names(["*"], IGNORED)
    for name in ("archive.part1.rar", "a.pdf", "temp", "icon", "partial.txt", "é#"):
        assert names.admits(os.fsencode(name))
        assert names.ignoring_pattern(os.fsencode(name)) is None
    assert Names(["*"], []).admits(b".hidden")


def test_patterns_may_regard_the_path():
    names = Names(["2026/*/*.pdf"], IGNORED)
    assert names.admits(b"2026/03/a.pdf")
    assert not names.admits(b"a.pdf")


def test_names_are_shown_so_that_they_can_be_printed():
    assert display(b"caf\xe9\n.txt") == "caf\\xe9\\n.txt"
    assert display("e\u0301".encode()) == "é"


def look(path, row=None, *, policy=POLICY, observed=None, later=10.0):
    return examine(os.fsencode(path), row, policy, observed=observed, now=time.time() + later)


def test_a_settled_file_is_new_and_then_unchanged(tmp_path):
    path = tmp_path / "a"
    path.write_text("x")
    seen = look(path)
    assert seen.finding == "new"
    row = Row(seen.version, seen.sha256, "claimed", 0)
    assert look(path, row).finding == "unchanged"
    assert look(path, row._replace(state="taken")).finding == "new"
    os.utime(path, ns=(0, 5))
    assert look(path, row).finding == "same"
    assert look(path, row._replace(state="left")).finding == "restored"
    os.utime(path, ns=(0, time.time_ns() + 10**9))
    assert look(path, row._replace(state="left")).finding == "new"
    assert look(path, row._replace(sha256=None)).finding == "new"
    path.write_text("y")
    assert look(path, row).finding == "new"


def test_a_file_that_changed_a_moment_ago_must_wait(tmp_path):
    path = tmp_path / "a"
    path.write_text("x")
    seen = look(path, later=0.5)
    assert seen.finding == "changing"
    assert 1.0 < seen.wait_seconds < 2.0
    distant = POLICY._replace(trusts_clock=False)
    assert look(path, policy=distant).finding == "changing"
    assert look(path, policy=distant, observed=seen.version).finding == "new"
    assert look(path, later=-3600).finding == "changing"


def test_what_is_no_file_with_content_is_told_apart(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    assert look(tmp_path / "none").finding == "gone"
    assert look(tmp_path / "folder").finding == "other"
    assert look(tmp_path / "link").finding == "other"
    assert look(tmp_path / "pipe").finding == "other"
    assert look(tmp_path / "empty").finding == "empty"
    assert look(tmp_path / "empty", policy=POLICY._replace(allow_empty=True)).finding == "new"


def test_a_file_open_for_writing_elsewhere_is_seen(tmp_path):
    path = tmp_path / "a"
    program = "import sys; s = open(sys.argv[1], 'a'); s.write('x'); s.flush(); input(); s.close()"
    writer = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        while not path.exists() or not path.stat().st_size:
            time.sleep(0.01)
        assert can_probe()
        assert look(path).finding == "written"
        assert look(path, policy=POLICY._replace(probes=False)).finding == "new"
    finally:
        writer.communicate(b"\n")
    assert look(path).finding == "new"


def test_without_sigio_being_ignored_nothing_is_probed():
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    assert not can_probe()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(tmp_path):
    path = tmp_path / "a"
    path.write_text("x")
    path.chmod(0)
    assert look(path).finding == "forbidden"


def test_rows_survive_the_journal():
    row = Row(Version(5, 10**18, 7, 10**18 + 1), b"\x01" * 32, "restored", 1_700_000_000)
    assert read_row(row.to_json()) == row
    bare = row._replace(sha256=None, state="baseline")
    assert read_row(bare.to_json()) == bare
    items = {key_of(b"/a\xff"): row.to_json(), b"root": {"path": ""}, b"file:/bad": "?"}
    assert read_rows(items) == {b"/a\xff": row}


def test_a_scan_gives_only_what_differs(tmp_path):
    root = os.fsencode(tmp_path)
    scope = Scope(root=root, names=Names(["*.txt"], IGNORED), is_recursive=True)
    (tmp_path / "sub").mkdir()
    for name in ("a.txt", "sub/b.txt", "c.pdf", ".d.txt"):
        (tmp_path / name).write_text(name)
    watched = []
    listing = scan(scope, {}, watch=watched.append)
    assert set(listing.changed) == {root + b"/a.txt", root + b"/sub/b.txt"}
    assert listing.ignored == 2
    assert watched == [root, root + b"/sub"]
    rows = {path: Row(version, None, "baseline", 0) for path, version in listing.changed.items()}
    again = scan(scope, rows)
    assert again.changed == {}
    assert again.present == set(rows)
    assert scan(
        Scope(root=root + b"/none", names=scope.names, is_recursive=True), {}
    ).is_root_missing


async def test_what_is_pending_is_bounded(tmp_path):
    context = Surroundings(workspace=tmp_path).context()
    async with asyncio.TaskGroup() as group:
        intake = Intake(
            context,
            {},
            POLICY,
            taker=Singles(context, RecordingEmit(), Once("version", {}), copies_versions=False),
            group=group,
            wake=asyncio.Event(),
        )
        for number in range(PENDING_LIMIT + 5):
            intake.suggest(b"/x/%d" % number, 1e12)
        assert len(intake) == PENDING_LIMIT
        assert intake.is_overfull


async def test_a_hand_over_that_fails_stops_nothing(tmp_path):
    """The loop may be closed while the kernel still reports (triggers F-4)."""
    other = asyncio.new_event_loop()
    other.close()
    watches = Watches(other, asyncio.Event(), batch_seconds=0.0)
    try:
        watches.add(os.fsencode(tmp_path))
        (tmp_path / "a").write_text("a")
        second = Watches(asyncio.get_running_loop(), wake := asyncio.Event(), batch_seconds=0.0)
        second.add(os.fsencode(tmp_path))
        (tmp_path / "b").write_text("b")
        async with asyncio.timeout(5):
            await wake.wait()
        assert second.take().hints[0].path.endswith((b"/a", b"/b"))
        second.close()
    finally:
        watches.close()


async def test_a_folder_that_cannot_be_watched_is_noted(tmp_path):
    watches = Watches(asyncio.get_running_loop(), asyncio.Event(), batch_seconds=0.0)
    (tmp_path / "file").touch()
    watches.add(os.fsencode(tmp_path / "none"))
    watches.add(os.fsencode(tmp_path / "file"))
    assert watches.refused == {}
    watches.close()


def test_parameters_have_the_documented_defaults():
    built = connector.triggers["folder.file"].parameters.build({"path": "inbox"})
    assert (built.match, built.settle, built.existing, built.watch) == ("*", 2.0, "skip", "auto")
    assert built.rescan == 300.0


@pytest.mark.parametrize("path", ["~nobody-of-this-name/in", "a\0b", "\ud800"])
def test_a_path_that_names_no_folder_is_refused_at_load(path):
    spec = connector.triggers["folder.file"]
    refusal = spec.listen.check(spec.parameters.build({"path": path}))
    assert refusal is not None
    assert "names no folder" in refusal.en
    assert refusal.fr.isprintable()
    assert spec.listen.check(spec.parameters.build({"path": "~/in", "links_to": ["out"]})) is None
