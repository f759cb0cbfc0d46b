"""The connector `archive`: manifests, and hostile archives that must change nothing."""

import csv
import hashlib
import io
import os
import stat
import struct
import zipfile

import pytest

from rouage.errors import StepError
from rouage.safety.paths import Folders
from rouage.sdk.testing import run_action
from rouage_connectors.archive import connector


@pytest.fixture
def workspace(folders):
    return folders.workspace


@pytest.fixture
def photos(workspace):
    for name in ("b.jpg", "a.txt", "sub/é.txt", ".hidden"):
        path = workspace / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 100)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    (workspace / "photos/link").symlink_to("/etc/hostname")
    return workspace / "photos"


async def _zip(context, **more):
    parameters = {"source": "photos", "target": "out.zip", **more}
    return await run_action(connector, "archive.zip", parameters, context)


async def _unzip(context, **more):
    parameters = {"source": "in.zip", "target": "out/", **more}
    return await run_action(connector, "archive.unzip", parameters, context)


async def test_a_folder_is_packed_with_a_manifest(workspace, photos, context_for):
    result = await _zip(context_for(), manifest=True)
    assert (result["path"], result["count"]) == (str(workspace / "out.zip"), 3)
    with zipfile.ZipFile(workspace / "out.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.txt", "b.jpg", "sub/é.txt", "manifest.csv"]
        manifest = archive.read("manifest.csv").decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(manifest), delimiter=";"))
        for row in rows:
            content = archive.read(row["name"])
            assert int(row["size"]) == len(content)
            assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert [row["name"] for row in rows] == ["a.txt", "b.jpg", "sub/é.txt"]
    assert result["files"] == [{**row, "size": int(row["size"])} for row in rows]


async def test_the_same_files_give_the_same_archive(workspace, photos, context_for):
    await _zip(context_for("one"), target="one.zip")
    await _zip(context_for("two"), target="two.zip")
    assert (workspace / "one.zip").read_bytes() == (workspace / "two.zip").read_bytes()


async def test_files_and_patterns_can_be_chosen(workspace, photos, context_for):
    (workspace / "loose.pdf").write_text("x")
    result = await _zip(context_for(), source=["photos", "loose.pdf"], match="*.txt")
    assert [file["name"] for file in result["files"]] == ["a.txt", "loose.pdf", "sub/é.txt"]


async def test_an_archive_in_its_own_folder_does_not_hold_itself(workspace, photos, context_for):
    for key in ("one", "two"):
        result = await _zip(context_for(key), target="photos/all.zip", on_conflict="overwrite")
        assert result["count"] == 3


async def test_packing_nothing_or_one_name_twice_is_an_error(workspace, photos, context_for):
    with pytest.raises(StepError, match="no file to pack"):
        await _zip(context_for(), match="*.none")
    with pytest.raises(StepError, match=r"the name “a\.txt”"):
        await _zip(context_for(), source=["photos", "photos/a.txt"])
    with pytest.raises(StepError, match="does not exist"):
        await _zip(context_for(), source="nowhere.txt")
    assert not (workspace / "out.zip").exists()


async def test_packing_repeated_after_a_crash_gives_the_first_result(
    workspace, tmp_path, photos, context_for
):
    first = await _zip(context_for(), manifest=True, on_conflict="rename")
    (photos / "a.txt").unlink()
    again = context_for(files=Folders(workspace=workspace, home=tmp_path))
    assert await _zip(again, manifest=True, on_conflict="rename") == first
    assert sorted(workspace.glob("*.zip")) == [workspace / "out.zip"]


async def test_an_archive_that_exists_can_be_left_alone(workspace, photos, context_for):
    (workspace / "out.zip").write_text("mine")
    result = await _zip(context_for(), on_conflict="skip")
    assert (result["skipped"], result["count"]) == (True, 0)
    assert (workspace / "out.zip").read_text() == "mine"


async def test_what_was_packed_is_unpacked(workspace, photos, context_for):
    await _zip(context_for("pack"), target="in.zip")
    result = await _unzip(context_for())
    assert result == {
        "path": str(workspace / "out"),
        "count": 3,
        "skipped": 0,
        "files": [str(workspace / "out" / name) for name in ("a.txt", "b.jpg", "sub/é.txt")],
    }
    assert (workspace / "out/sub/é.txt").read_bytes() == "sub/é.txt".encode() * 100
    assert await _unzip(context_for()) == result
    with pytest.raises(StepError, match="exists already"):
        await _unzip(context_for("other"))


async def test_unpacking_goes_on_after_a_crash(workspace, photos, tmp_path, context_for):
    await _zip(context_for("pack"), target="in.zip")
    first = await _unzip(context_for(), on_conflict="rename")
    again = context_for(files=Folders(workspace=workspace, home=tmp_path))
    assert await _unzip(again, on_conflict="rename") == first
    assert len(list((workspace / "out").rglob("*.*"))) == 3


async def test_nothing_is_unpacked_if_one_file_exists(workspace, photos, context_for):
    await _zip(context_for("pack"), target="in.zip")
    (workspace / "out").mkdir()
    (workspace / "out/b.jpg").write_text("mine")
    with pytest.raises(StepError, match="exists already"):
        await _unzip(context_for("one"))
    assert [path.name for path in (workspace / "out").iterdir()] == ["b.jpg"]
    result = await _unzip(context_for("two"), on_conflict="skip")
    assert (result["count"], result["skipped"]) == (2, 1)
    assert (workspace / "out/b.jpg").read_text() == "mine"


def _archive(path, *members, mode=0, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            information = zipfile.ZipInfo(name)
            information.compress_type = method
            information.external_attr = mode << 16
            archive.writestr(information, content)


BAD_NAMES = [
    "../evil.txt",
    "a/../../evil.txt",
    "/etc/evil.txt",
    "C:\\evil.txt",
    "C:evil.txt",
    "..\\evil.txt",
    "a//b.txt",
    "./a.txt",
    "new\nline.txt",
    "CON",
    "dot./a.txt",
    "x" * 201,
    "a\u202etxt.exe",
]


@pytest.mark.parametrize("name", BAD_NAMES)
async def test_a_hostile_name_stops_the_whole_archive(workspace, context_for, name):
    _archive(workspace / "in.zip", ("good.txt", b"x"), (name, b"x"))
    with pytest.raises(StepError):
        await _unzip(context_for())
    assert not (workspace / "out").exists()
    assert not list(workspace.parent.glob("evil*"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
async def test_links_and_devices_are_refused(workspace, context_for, kind):
    _archive(workspace / "in.zip", ("link", b"/etc/passwd"), mode=kind | 0o777)
    with pytest.raises(StepError, match="link or a device"):
        await _unzip(context_for())
    assert not (workspace / "out").exists()


async def test_a_bomb_is_refused(workspace, context_for):
    _archive(workspace / "in.zip", ("zeros", b"\0" * (20 << 20)))
    with pytest.raises(StepError, match="more than 100 times"):
        await _unzip(context_for())


async def test_a_member_that_lies_about_its_size_is_refused(workspace, context_for):
    _archive(workspace / "in.zip", ("zeros", b"\0" * 5_000))
    data = bytearray((workspace / "in.zip").read_bytes())
    directory = data.rfind(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 10)
    (workspace / "in.zip").write_bytes(data)
    with pytest.raises(StepError, match="damaged"):
        await _unzip(context_for())
    assert not (workspace / "out").exists()


async def test_an_encrypted_archive_is_refused(workspace, context_for):
    _archive(workspace / "in.zip", ("a.txt", b"x"))
    data = bytearray((workspace / "in.zip").read_bytes())
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    (workspace / "in.zip").write_bytes(data)
    with pytest.raises(StepError, match="password"):
        await _unzip(context_for())


async def test_overlapping_members_are_refused(workspace, context_for):
    _archive(workspace / "in.zip", ("a.txt", b"x" * 50), ("b.txt", b"y" * 50))
    data = bytearray((workspace / "in.zip").read_bytes())
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    (workspace / "in.zip").write_bytes(data)
    with pytest.raises(StepError, match="lies over"):
        await _unzip(context_for())


async def test_too_many_members_are_refused_before_they_are_read(workspace, context_for):
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 20_000, 20_000, 46 * 20_000, 0, 0)
    (workspace / "in.zip").write_bytes(b"\0" * 1_000_000 + end)
    with pytest.raises(StepError, match="more than 10000 files"):
        await _unzip(context_for("one"))
    large = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 0, 0, 0, 0, 1 << 40, 1 << 40, 1 << 50, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1)
    small = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, 46, 0, 0)
    (workspace / "in.zip").write_bytes(large + locator + small)
    with pytest.raises(StepError, match="more than 10000 files"):
        await _unzip(context_for("two"))


async def test_one_name_twice_is_refused(workspace, context_for):
    with pytest.warns(UserWarning, match="Duplicate"):
        _archive(workspace / "in.zip", ("a.txt", b"x"), ("a.txt", b"y"))
    with pytest.raises(StepError, match="twice"):
        await _unzip(context_for("one"))
    _archive(workspace / "in.zip", ("a", b"x"), ("a/b", b"y"))
    with pytest.raises(StepError, match="twice"):
        await _unzip(context_for("two"))


async def test_another_packing_method_is_refused(workspace, context_for):
    _archive(workspace / "in.zip", ("a.txt", b"x"), method=zipfile.ZIP_LZMA)
    with pytest.raises(StepError, match="not accepted"):
        await _unzip(context_for())


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + b"\xff" * 18])
async def test_what_is_no_archive_is_explained(workspace, context_for, content):
    (workspace / "in.zip").write_bytes(content)
    with pytest.raises(StepError):
        await _unzip(context_for())


async def test_damage_is_found_before_anything_is_written(workspace, context_for):
    _archive(
        workspace / "in.zip", ("a.txt", b"fine"), ("b.txt", b"broken"), method=zipfile.ZIP_STORED
    )
    data = (workspace / "in.zip").read_bytes().replace(b"broken", b"brOken", 1)
    (workspace / "in.zip").write_bytes(data)
    with pytest.raises(StepError, match="damaged"):
        await _unzip(context_for())
    assert not (workspace / "out").exists()


async def test_names_in_utf_8_without_their_flag_are_recognised(workspace, context_for):
    _archive(workspace / "in.zip", ("ete.txt", b"x"))
    data = (workspace / "in.zip").read_bytes().replace(b"ete.txt", "été".encode() + b".t")
    (workspace / "in.zip").write_bytes(data)
    result = await _unzip(context_for())
    assert result["files"] == [str(workspace / "out/été.t")]
