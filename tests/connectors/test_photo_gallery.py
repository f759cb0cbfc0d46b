"""The action `photo.gallery`: what its page holds, which names it stands, what a crash leaves."""

import base64
import hashlib
import html.parser
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from urllib.parse import unquote

import pytest
from PIL import Image

from rouage.catalog.discovery import discover
from rouage.errors import StepError
from rouage.safety.paths import Folders
from rouage.sdk.testing import run_action, simulate_action
from rouage.sdk.undoing import World
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers
from rouage_connectors.photo import connector, gallery_placing
from tests.connectors import photos

WORKER = """
import asyncio, sys
from pathlib import Path
from rouage.sdk.testing import make_context, run_action
from rouage_connectors.photo import connector

wishes = {"photos": "in", "target": "out"}
context = make_context(Path(sys.argv[1]), key="the step")
asyncio.run(run_action(connector, "photo.gallery", wishes, context))
"""
HOSTILE = "<img src=x onerror=alert(1)>&\"'.jpg"


class Page(html.parser.HTMLParser):
    """What a browser sees of a page: elements with attributes, and texts."""

    def __init__(self, data):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(data.decode("utf-8"))

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.texts.append(data)

    def every(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def workspace(folders):
    return folders.workspace


@pytest.fixture
def album(workspace):
    """Put three photos into a folder, one of them on its side."""
    for number, orientation in enumerate((1, 6, 1), start=1):
        stored = photos.laid(photos.scene(320, 240), orientation)
        note = photos.exif(orientation=orientation, taken=f"2026:05:0{number} 10:00:00")
        photos.write(workspace / f"in/{number}.jpg", stored, exif=note)
    return workspace / "in"


async def _gallery(context, **more):
    parameters = {"photos": "in", "target": "out", **more}
    return await run_action(connector, "photo.gallery", parameters, context)


def _page(path):
    return Page(path.read_bytes())


def _kill_when_there(folder, path):
    """Start a gallery in a process of its own, and kill it once *path* is there."""
    environment = {**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", WORKER, folder], env=environment) as process:
        until = time.monotonic() + 60
        while not path.exists():
            assert time.monotonic() < until
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)


# -- the page -------------------------------------------------------------------------------------


async def test_a_folder_holds_a_page_the_photos_as_they_are_and_small_ones(
    workspace, album, context_for
):
    result = await _gallery(context_for(), title="Été à la ferme", text="Merci !", small=160)
    out = workspace / "out"
    assert result["path"] == str(out / "index.html")
    assert (result["photos"], result["failed"], result["skipped"]) == (3, [], False)
    assert sorted(result["files"]) == sorted(str(path) for path in out.rglob("*") if path.is_file())
    page = _page(out / "index.html")
    assert page.every("html") == [{"lang": "fr"}]
    assert {"Été à la ferme", "Merci !", "3 photos", "Télécharger"} <= set(page.texts)
    shown = [one for one in page.every("img") if "src" in one]
    for number, image in enumerate(shown, start=1):
        assert image["alt"] == f"Photo {number} sur 3 : {number}.jpg"
        with Image.open(out / image["src"]) as small:
            assert max(small.size) == 160
            assert (image["width"], image["height"]) == tuple(map(str, small.size))
            assert small.width > small.height, "upright"
    larges = [one["href"] for one in page.every("a") if "href" in one and "download" not in one]
    assert larges == [f"photos/{number}.jpg" for number in (1, 2, 3)]
    for number in (1, 2, 3):
        assert (out / f"photos/{number}.jpg").read_bytes() == (album / f"{number}.jpg").read_bytes()


async def test_the_page_loads_and_runs_nothing_but_its_own(workspace, album, context_for):
    await _gallery(context_for())
    data = (workspace / "out/index.html").read_bytes()
    page = Page(data)
    policy = next(
        one["content"] for one in page.every("meta") if one.get("http-equiv", "").endswith("Policy")
    )
    assert policy.startswith("default-src 'none'; img-src 'self' file:;")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        inner = re.search(rf"<{kind}>(.*?)</{kind}>".encode(), data, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inner).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "action"}
    ]
    assert addresses
    assert not [one for one in addresses if re.match(r"[a-z]+:|/", one or "")]
    assert b"http://" not in data
    assert b"https://" not in data
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]


async def test_names_and_texts_are_shown_as_text(workspace, context_for):
    photos.write(workspace / "in/a.jpg")
    (workspace / "in/a.jpg").rename(workspace / "in" / HOSTILE)
    title = "</title><script>alert(1)</script>"
    await _gallery(context_for(), title=title, text="$title ${x} <b>", language="en")
    page = _page(workspace / "out/index.html")
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert title in page.texts
    assert "$title ${x} <b>" in page.texts
    assert len([one for one in page.every("img") if "src" in one]) == 1
    link = next(one["href"] for one in page.every("a") if "href" in one)
    assert (workspace / "out" / unquote(link)).is_file()


async def test_names_that_no_system_takes_or_that_are_alike_are_made_apart(workspace, context_for):
    names = ["a/Con.jpg", "b/x.jpg", "c/X.jpg", "d/été #1?.jpg", f"e/{'y' * 240}.jpg"]
    for name in names:
        photos.write(workspace / name, photos.scene(64, 48))
    result = await _gallery(context_for(), photos=names)
    assert result["photos"] == 5
    made = sorted(path.name for path in (workspace / "out/photos").iterdir())
    assert len({name.casefold() for name in made}) == 5
    assert not {"con.jpg"} & {name.casefold() for name in made}
    page = _page(workspace / "out/index.html")
    for link in page.every("a"):
        if "href" in link:
            assert (workspace / "out" / unquote(link["href"])).is_file()


async def test_what_cannot_be_shown_is_left_out_and_told(workspace, album, context_for):
    (album / "4.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 100)
    (album / "5.jpg").write_bytes(photos.jpeg_claiming(60_000, 60_000))
    (album / "6.jpg").write_bytes(b"")
    (album / "7.nef").write_bytes(b"II*\0" + bytes(100))
    result = await _gallery(context_for())
    assert result["photos"] == 3
    failed = {one["source"].rpartition("/")[2]: one["reason"] for one in result["failed"]}
    assert sorted(failed) == ["4.jpg", "5.jpg", "6.jpg", "7.nef"]
    assert "photo.process" in failed["7.nef"]["en"]
    assert "navigateurs" in failed["7.nef"]["fr"]
    assert len(list((workspace / "out/photos").iterdir())) == 3


async def test_a_gallery_of_nothing_is_an_error_with_the_first_reason(workspace, context_for):
    (workspace / "in").mkdir()
    (workspace / "in/a.jpg").write_bytes(b"{braces} are no photo")
    with pytest.raises(StepError, match="none of the 1 photos can be shown; the first: browsers"):
        await _gallery(context_for())
    assert not (workspace / "out").exists()


# -- one file -------------------------------------------------------------------------------------


async def test_a_zip_holds_the_same_and_is_the_same_each_time(workspace, album, context_for):
    await _gallery(context_for("folder"))
    one = await _gallery(context_for("one"), target="one.zip")
    for path in album.iterdir():
        path.write_bytes(path.read_bytes())  # other times, other inodes: the same photos
    await _gallery(context_for("two"), target="two.zip")
    assert one["files"] == [one["path"]] == [str(workspace / "one.zip")]
    assert (workspace / "one.zip").read_bytes() == (workspace / "two.zip").read_bytes()
    with zipfile.ZipFile(workspace / "one.zip") as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            assert archive.read(name) == (workspace / "out" / name).read_bytes()
        assert len(archive.namelist()) == 7
        assert archive.getinfo("photos/2.jpg").date_time == (2026, 5, 2, 10, 0, 0)


async def test_a_zip_has_a_limit(workspace, album, context_for, monkeypatch):
    monkeypatch.setattr(gallery_placing, "MOST_BYTES", 40_000)
    with pytest.raises(StepError, match="the most for one ZIP") as caught:
        await _gallery(context_for(), target="one.zip")
    assert "photo.process" in caught.value.render_hint("fr")
    assert not list(workspace.glob("*.zip"))


# -- effects --------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["out", "out.zip"])
async def test_a_simulation_says_what_would_be_made(workspace, album, context_for, target):
    parameters = {"photos": "in", "target": target}
    foreseen = await simulate_action(connector, "photo.gallery", parameters, context_for())
    assert sorted(path.name for path in workspace.iterdir()) == ["in"]
    result = await run_action(connector, "photo.gallery", parameters, context_for())
    assert {**foreseen, "files": sorted(foreseen["files"])} == {
        **result,
        "files": sorted(result["files"]),
    }


async def test_nothing_is_written_into_a_folder_that_holds_one_of_the_files(
    workspace, album, context_for
):
    (workspace / "out/small").mkdir(parents=True)
    (workspace / "out/small/0003.jpg").write_text("mine")
    with pytest.raises(StepError, match="exists already"):
        await _gallery(context_for())
    assert [path.name for path in (workspace / "out").rglob("*") if path.is_file()] == ["0003.jpg"]


async def test_a_gallery_that_is_there_is_left_or_replaced_as_wished(workspace, album, context_for):
    await _gallery(context_for("one"), title="First")
    skipped = await _gallery(context_for("two"), title="Second", on_conflict="skip")
    assert (skipped["skipped"], skipped["files"]) == (True, [])
    assert "First" in _page(workspace / "out/index.html").texts
    await _gallery(context_for("three"), title="Third", on_conflict="overwrite")
    assert "Third" in _page(workspace / "out/index.html").texts
    with pytest.raises(StepError, match="cannot be given another name") as caught:
        await _gallery(context_for("four"), on_conflict="rename")
    assert ".zip" in caught.value.render_hint("en")


async def test_a_folder_of_photos_that_holds_the_gallery_does_not_show_it_again(
    workspace, album, context_for
):
    for key in ("one", "two"):
        result = await _gallery(context_for(key), target="in/shown", on_conflict="overwrite")
        assert result["photos"] == 3


async def test_repeated_after_a_crash_it_makes_only_what_is_missing(
    workspace, tmp_path, album, context_for
):
    first = await _gallery(context_for())
    before = {path: path.stat().st_ino for path in (workspace / "out").rglob("*.*")}
    again = context_for(files=Folders(workspace=workspace, home=tmp_path))
    assert await _gallery(again) == first
    assert {path: path.stat().st_ino for path in (workspace / "out").rglob("*.*")} == before


@pytest.mark.slow
async def test_killed_in_the_middle_it_goes_on_and_shows_no_half_page(
    workspace, tmp_path, context_for
):
    for number in range(12):
        photos.write(workspace / f"in/{number:02}.jpg", photos.scene(320, 240))
    _kill_when_there(tmp_path, workspace / "out/small/0003.jpg")
    assert not (workspace / "out/index.html").exists()
    before = {path: path.stat().st_ino for path in (workspace / "out").rglob("*.jpg")}
    fresh = Folders(workspace=workspace, home=tmp_path)
    result = await _gallery(context_for("the step", files=fresh))
    after = {path: path.stat().st_ino for path in (workspace / "out").rglob("*.jpg")}
    assert after == {**after, **before}
    assert len(after) == 24
    assert result["photos"] == 12
    assert not list((workspace / "out").rglob(".*"))


@pytest.mark.parametrize("target", ["deep/out", "deep/out.zip"])
async def test_it_is_taken_back_to_the_last_folder(workspace, album, context_for, target):
    spec = connector.actions["photo.gallery"]
    params = spec.parameters.build({"photos": "in", "target": target})
    context = context_for()
    inverse = await spec.undo.prepare(params, context)
    result = await spec.run(params, context)
    inverse = await spec.undo.complete(params, inverse, result, context)
    assert len(spec.undo.check(inverse, World(context.files))) == len(result["files"])
    await spec.undo.apply(inverse, context_for("undoing"))
    assert sorted(path.name for path in workspace.iterdir() if path.name[0] != ".") == ["in"]
    assert len(list(album.iterdir())) == 3


@pytest.mark.slow
async def test_it_works_the_same_in_a_limited_process(workspace, album, context_for):
    here = await _gallery(context_for("here"), target="here.zip")
    workers = Workers(places=1)
    try:
        spec = isolate(discover(), workers.run).actions["photo.gallery"]
        built = spec.parameters.build({"photos": "in", "target": "away.zip"})
        away = await spec.run(built, context_for("away"))
    finally:
        await workers.close()
    assert (away["photos"], away["failed"]) == (here["photos"], here["failed"])
    assert (workspace / "away.zip").read_bytes() == (workspace / "here.zip").read_bytes()
