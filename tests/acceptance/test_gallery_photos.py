"""The recipes of the gallery that work on photos, with real photos and a journal."""

import asyncio
import csv
import dataclasses
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rouage.flow.services import Services
from rouage.rehearsal.answers import Answer
from rouage.safety.paths import Folders
from tests.acceptance.gallery_desk import Desk, cases_of, templates


class PhotoDesk(Desk):
    """A desk whose actions act for real; only people are played."""

    def services(self) -> Services:
        """Return what runs meet here: the folders of the workspace."""
        folders = Folders(workspace=self.workspace, home=self.workspace)
        scratch = self.workspace.parent / "scratch"
        scratch.mkdir(exist_ok=True)
        given = super().services()
        return dataclasses.replace(given, folders_of=folders.also, scratch_of=lambda _: scratch)


def desk_for(name: str, folder: Path, *, agreed: bool = True, cut_at: int | None = None) -> Desk:
    """Return the desk of a French recipe, its example files in place."""
    template = next(one for one in templates("fr") if one.id == name)
    workspace = folder / "atelier"
    if not workspace.exists():
        for place, source in template.files().items():
            (workspace / place).parent.mkdir(parents=True, exist_ok=True)
            (workspace / place).write_bytes(source.read_bytes())
    assert template.event is not None
    data = json.loads(template.event.read_text(encoding="utf-8"))
    if "files" in data:  # what lies there, be it more than the example says
        paths = sorted((workspace / data["folder"]).iterdir())
        listed = [_listed(path, workspace) for path in paths]
        data |= {"files": listed, "count": len(listed)}
    answer = Answer(kind="value", value={"approved": agreed})
    case = cases_of("fr", template)[0]
    case = dataclasses.replace(case, data=data, answers={"agreed": (answer,)})
    return PhotoDesk(template, case, workspace, cut_at=cut_at)


def _listed(path: Path, workspace: Path) -> dict[str, Any]:
    inner = path.relative_to(workspace).as_posix()
    facts = {"name": path.name, "stem": path.stem, "ext": path.suffix[1:]}
    return {"path": inner, **facts, "size": path.stat().st_size}


async def worked(desk: Desk, *deliveries: str) -> Any:
    """Return the runs after the event came under each of *deliveries*."""
    async with desk.at_work() as shift:
        for key in deliveries:
            await shift.deliver(desk.event(key))
        return await shift.finish()


async def cut(desk: Desk) -> None:
    """Have the event delivered and the power fail at the call that the desk names."""
    async with desk.at_work() as shift:
        await shift.deliver(desk.event("session"))
        finishing = asyncio.ensure_future(shift.finish())
        failing = asyncio.ensure_future(desk.was_cut.wait())
        async with asyncio.timeout(60):
            await asyncio.wait([finishing, failing], return_when=asyncio.FIRST_COMPLETED)
        assert desk.was_cut.is_set()
        finishing.cancel()
        await asyncio.gather(finishing, return_exceptions=True)


def tree(workspace: Path) -> dict[str, bytes]:
    """Return what the owner finds."""
    files = (path for path in (workspace / "files").rglob("*") if path.is_file())
    return {path.relative_to(workspace / "files").as_posix(): path.read_bytes() for path in files}


def members(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


@pytest.mark.slow
async def test_a_session_is_corrected_once_and_a_damaged_photo_stays_where_it_is(
    tmp_path: Path,
) -> None:
    desk_for("seance-client", tmp_path)
    drop = tmp_path / "atelier/files/photos/a-livrer"
    (drop / "006.jpg").write_bytes((drop / "001.jpg").read_bytes()[:3_000])
    before = tree(tmp_path / "atelier")
    desk = desk_for("seance-client", tmp_path)
    runs = await worked(desk, "session", "session")
    assert [run.state for run in runs] == ["succeeded"], runs[0].error
    found = tree(desk.workspace)
    name = "2026-11-24_mariage-martin"
    inside = dict(members(found[f"photos/livraisons/{name}.zip"]))
    ready = {place: data for place, data in found.items() if "corrigees/" in place}
    assert len(ready) == 5
    for place, data in ready.items():
        photo = place.rpartition("/")[2]
        assert inside[f"photos/{photo}"] == data
        assert found[f"photos/originaux/{name}/{photo}"] == before[f"photos/a-livrer/{photo}"]
        with Image.open(io.BytesIO(data)) as image:
            assert image.getexif().get(0x0112, 1) == 1
            assert image.info["icc_profile"]
    assert [place for place in found if "a-livrer/" in place] == ["photos/a-livrer/006.jpg"]
    assert runs[0].outputs["photos"] == 5
    assert runs[0].outputs["illisibles"].endswith("006.jpg")


@pytest.mark.slow
async def test_a_session_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = desk_for("seance-client", tmp_path / "whole")
    await worked(whole, "session")
    actions = [call.action for call in whole.calls]
    for action in ("photo.process", "photo.gallery", "files.move"):
        folder = tmp_path / action
        folder.mkdir()
        desk = desk_for("seance-client", folder, cut_at=actions.index(action) + 1)
        await cut(desk)
        runs = await worked(desk)
        assert [run.state for run in runs] == ["succeeded"], runs[0].error
        assert tree(desk.workspace) == tree(whole.workspace)


async def test_a_photo_of_the_shop_is_square_light_and_in_the_catalogue(tmp_path: Path) -> None:
    desk = desk_for("photos-boutique", tmp_path)
    runs = await worked(desk, "photo", "photo")
    assert [run.state for run in runs] == ["succeeded"], runs[0].error
    made = desk.workspace / "files/boutique/photos/lampe-chene/lampe-chene-1.webp"
    with Image.open(made) as image:
        assert image.format == "WEBP"
        assert image.width == image.height
    catalogue = (desk.workspace / "files/boutique/catalogue.csv").read_text("utf-8-sig")
    assert [row["Référence"] for row in csv.DictReader(io.StringIO(catalogue), delimiter=";")] == [
        "LAMPE-CHENE"
    ]
    assert (desk.workspace / "files/boutique/originaux/lampe-chene_1.jpg").is_file()


async def test_a_damaged_photo_of_the_shop_stays_and_nothing_is_noted(tmp_path: Path) -> None:
    desk = desk_for("photos-boutique", tmp_path)
    photo = desk.workspace / "files/boutique/photos-a-ranger/lampe-chene_1.jpg"
    photo.write_bytes(photo.read_bytes()[:3_000])
    before = tree(desk.workspace)
    runs = await worked(desk, "photo")
    assert [run.state for run in runs] == ["failed"]
    assert "lampe-chene_1.jpg" in str(runs[0].error)
    assert tree(desk.workspace) == before


@pytest.mark.parametrize("agreed", [True, False])
async def test_before_and_after_is_ready_to_post_only_after_a_yes(
    tmp_path: Path, agreed: bool
) -> None:
    desk = desk_for("avant-apres", tmp_path, agreed=agreed)
    runs = await worked(desk, "pair")
    assert [run.state for run in runs] == ["succeeded" if agreed else "cancelled"], runs[0].error
    found = tree(desk.workspace)
    ready = {place for place in found if "prets/" in place}
    picture, text = "chantiers/prets/cuisine/avant-apres.jpg", "chantiers/prets/cuisine/texte.txt"
    assert ready == ({picture, text} if agreed else set())
    originals = "originaux/cuisine" if agreed else "a-publier"
    assert f"chantiers/{originals}/cuisine-avant.jpg" in found
    drafted = found[picture if agreed else "chantiers/brouillons/cuisine/avant-apres.jpg"]
    with Image.open(io.BytesIO(drafted)) as image:
        assert image.width > image.height
        assert not dict(image.getexif())
