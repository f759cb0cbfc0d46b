"""Noticing what the owner corrects by hand, on real files and real runs (features N-16)."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest

from rouage.durable.failpoints import Failpoints
from rouage.flow.corrections.listening import Corrections
from rouage.flow.corrections.noticing import Around
from rouage.flow.corrections.rows import OWNER, Known
from rouage.flow.notices import Notice, Notices
from rouage.settings.corrections import Listening
from tests.unit.flow.undoing import Yard

SORT = """\
name: Sort
when: [{manual.start: {}}]
inputs: {names: {type: list}}
do:
  - for_each:
      in: ${{ inputs.names }}
      as: name
      do:
        - files.move: {source: "in/${{ name }}", target: "out/${{ name }}"}
"""
WRITE = """\
name: Write
when: [{manual.start: {}}]
inputs: {names: {type: list}}
do:
  - for_each:
      in: ${{ inputs.names }}
      as: name
      do:
        - files.write: {path: "out/${{ name }}.txt", text: "Bonjour ${{ name }},\\nEDF SA\\n"}
"""


class Desk(Yard):
    """A workspace whose corrections are looked for when the test says so."""

    told: list[Notice]

    async def open(self) -> "Desk":
        await super().open()
        source = self.recipe.encode()
        definition = await self.engine.last_definition("r")
        assert definition is not None
        await self.engine.put_definition("r", definition, file="r.yaml", source=source)
        self.told = []
        self.tasks: list[asyncio.Task[None]] = []
        self.notices = Notices(self.clock, start=self._start, tell=self._tell)
        await self.notices.load(self.engine)
        self.corrections = self.listener()
        return self

    def listener(self, **more: Any) -> Corrections:
        """Return who looks, as a start would make it."""
        around = {"hidden": (self.folder / ".rouage",), "takers": self._takers}
        around |= {name: more.pop(name) for name in ("mask", "hidden") if name in more}
        return Corrections(
            self.engine,
            workspace=self.folder,
            clock=self.clock,
            notices=self.notices,
            around=Around(settled_seconds=0.0, **around),
            **({"settings": Listening()} | more),
        )

    def _takers(self, path: str) -> tuple[str, ...]:
        return tuple(one for gone, trail in self.written if gone == path for one in trail)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> object:
        self.tasks.append(asyncio.ensure_future(work))
        return self.tasks[-1]

    async def _tell(self, notice: Notice) -> None:
        self.told.append(notice)

    async def look(self) -> Known:
        await self.corrections.look()
        await asyncio.gather(*self.tasks)
        return await self.corrections.known()

    async def fill(self, *names: str) -> str:
        (self.folder / "in").mkdir(exist_ok=True)
        for name in names:
            (self.folder / "in" / name).write_text(f"content of {name}")
        run = await self.start(list(names))
        self.written.clear()
        return run

    def move(self, name: str, target: str) -> Path:
        place = self.folder / target
        place.parent.mkdir(parents=True, exist_ok=True)
        return (self.folder / "out" / name).rename(place)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = await Desk(tmp_path, recipe=SORT).open()
    yield made
    await made.close()


def moves(known: Known) -> set[tuple[str, str]]:
    pairs = [(Path(one.old), Path(one.new)) for one in known.corrections.values()]
    return {(old.name, str(new.parent.name) + "/" + new.name) for old, new in pairs}


async def test_what_lies_where_it_was_put_is_no_correction(desk: Desk):
    await desk.fill("a.txt", "b.txt")
    assert await desk.look() == Known(corrections={}, proposals={})
    assert await desk.engine.load_items(OWNER) == {}


async def test_two_files_moved_alike_become_one_proposal_that_is_told_once(desk: Desk):
    await desk.fill("a.txt", "b.txt", "c.txt")
    desk.move("a.txt", "done/a.txt")
    known = await desk.look()
    assert moves(known) == {("a.txt", "done/a.txt")}
    assert not known.proposals
    desk.move("b.txt", "done/b.txt")
    known = await desk.look()
    (proposal,) = known.proposals.values()
    assert (proposal.change.before, proposal.change.after) == (
        "out/${{ name }}",
        "done/${{ name }}",
    )
    assert proposal.change.path == ("do", 0, "for_each", "do", 0, "files.move", "target")
    assert (proposal.made, len(proposal.corrections)) == (3, 2)
    again = await desk.look()
    assert again == await desk.look()
    assert [(one.kind, one.count) for one in desk.notices.all] == [("correction_proposed", 1)]
    assert len(desk.told) == 1


async def test_a_file_that_was_read_before_it_moved_is_found_by_its_content(desk: Desk):
    await desk.fill("a.txt")
    await desk.look()
    (desk.folder / "done").mkdir()
    (desk.folder / "done" / "b.txt").write_text("content of another")
    (desk.folder / "out" / "a.txt").unlink()
    (desk.folder / "done" / "other.txt").write_text("content of a.txt")
    assert moves(await desk.look()) == {("a.txt", "done/other.txt")}


async def test_a_file_that_is_gone_is_no_correction_and_not_looked_for_for_ever(desk: Desk):
    await desk.fill("a.txt")
    (desk.folder / "out" / "a.txt").unlink()
    for _ in range(4):
        assert not (await desk.look()).corrections
    (desk.folder / "done").mkdir()
    (desk.folder / "done" / "a.txt").write_text("content of a.txt")
    assert not (await desk.look()).corrections


async def test_an_undo_is_no_correction(desk: Desk):
    run = await desk.fill("a.txt", "b.txt")
    await desk.undo(run)
    desk.written.clear()  # as after a restart: the journal alone must tell
    assert (desk.folder / "in" / "a.txt").exists()
    assert not (await desk.look()).corrections


async def test_what_another_step_moves_on_is_no_correction(tmp_path: Path):
    more = SORT + '        - files.move: {source: "out/${{ name }}", target: "far/${{ name }}"}\n'
    desk = await Desk(tmp_path, recipe=more).open()
    try:
        await desk.fill("a.txt", "b.txt")
        assert (desk.folder / "far" / "a.txt").exists()
        assert not (await desk.look()).corrections
        for name in ("a.txt", "b.txt"):
            (desk.folder / "far" / name).rename(desk.folder / "out" / f"x-{name}")
        known = await desk.look()
        assert {Path(one.old).parent.name for one in known.corrections.values()} == {"far"}
    finally:
        await desk.close()


async def test_what_an_action_took_a_moment_ago_is_left_alone(desk: Desk):
    await desk.fill("a.txt")
    target = desk.move("a.txt", "done/a.txt")
    desk.written.append((str(desk.folder / "out" / "a.txt"), ("other",)))
    assert not (await desk.look()).corrections
    assert target.exists()


async def test_copies_that_nobody_can_tell_apart_are_not_decided(desk: Desk):
    await desk.fill("a.txt")
    await desk.look()
    (desk.folder / "done").mkdir()
    for name in ("x.txt", "y.txt"):
        (desk.folder / "done" / name).write_text("content of a.txt")
    (desk.folder / "out" / "a.txt").unlink()
    assert not (await desk.look()).corrections


async def test_a_file_that_is_moved_twice_counts_once_with_its_last_place(desk: Desk):
    await desk.fill("a.txt")
    first = desk.move("a.txt", "done/a.txt")
    await desk.look()
    (desk.folder / "late").mkdir()
    first.rename(desk.folder / "late" / "a.txt")
    assert moves(await desk.look()) == {("a.txt", "late/a.txt")}


async def test_only_what_was_made_lately_counts(desk: Desk):
    await desk.fill("a.txt")
    desk.corrections = desk.listener(settings=Listening(within_seconds=1))
    desk.move("a.txt", "done/a.txt")
    os.utime(desk.folder / "done" / "a.txt")
    await asyncio.to_thread(_until_older, desk.folder / "done" / "a.txt", 1.1)
    assert not (await desk.look()).corrections


def _until_older(path: Path, seconds: float) -> None:
    import time

    while time.time() < path.stat().st_mtime + seconds:
        time.sleep(0.02)


async def test_a_decision_stays_and_solves_the_notice(desk: Desk):
    await desk.fill("a.txt", "b.txt", "c.txt")
    desk.move("a.txt", "done/a.txt")
    desk.move("b.txt", "done/b.txt")
    await desk.look()
    assert await desk.corrections.decide(7, "dismissed") is None
    decided = await desk.corrections.decide(1, "dismissed")
    assert decided is not None
    assert desk.notices.open == ()
    desk.move("c.txt", "done/c.txt")
    known = await desk.look()
    assert len(known.corrections) == 3
    assert [one.state for one in known.proposals.values()] == ["dismissed"]
    assert desk.notices.open == ()


async def test_a_recipe_that_was_changed_overtakes_the_proposal(desk: Desk):
    await desk.fill("a.txt", "b.txt")
    desk.move("a.txt", "done/a.txt")
    desk.move("b.txt", "done/b.txt")
    await desk.look()
    other = desk.recipe.replace("out/", "elsewhere/")
    await desk.engine.put_definition("r", b'{"id":"r"}', file="r.yaml", source=other.encode())
    known = await desk.look()
    assert [one.state for one in known.proposals.values()] == ["overtaken"]
    assert desk.notices.open == ()


async def edit(desk: Desk, old: str, new: str) -> None:
    """Edit every file as somebody would, a moment later."""
    for path in sorted((desk.folder / "out").iterdir()):
        was = path.stat().st_mtime
        path.write_text(path.read_text().replace(old, new))
        os.utime(path, (was + 5, was + 5))


async def test_texts_that_were_edited_alike_become_a_proposal(tmp_path: Path):
    desk = await Desk(tmp_path, recipe=WRITE).open()
    try:
        await desk.start(["Dupond", "Durand"])
        assert not (await desk.look()).corrections
        await edit(desk, "EDF SA", "EDF")
        known = await desk.look()
        assert {one.parameter for one in known.corrections.values()} == {"text"}
        (proposal,) = known.proposals.values()
        change = proposal.change
        assert (change.kind, change.old, change.new) == ("text", "EDF SA", "EDF")
        assert change.after == "Bonjour ${{ name }},\nEDF\n"
    finally:
        await desk.close()


async def test_texts_that_were_written_anew_are_noticed_and_nothing_is_proposed(tmp_path: Path):
    desk = await Desk(tmp_path, recipe=WRITE).open()
    try:
        await desk.start(["Dupond", "Durand"])
        for path in (desk.folder / "out").iterdir():
            was = path.stat().st_mtime
            path.write_text(f"something else, {path.name}")
            os.utime(path, (was + 5, was + 5))
        known = await desk.look()
        assert len(known.corrections) == 2
        assert not known.proposals
    finally:
        await desk.close()


@pytest.mark.parametrize("point", ["correction_noticed", "correction_proposed"])
async def test_a_look_that_was_cut_is_made_good_by_the_next(desk: Desk, point: str):
    class Cut(Failpoints):
        def reach(self, name: str) -> None:
            if name == point:
                raise ConnectionAbortedError(name)

    await desk.fill("a.txt", "b.txt")
    desk.move("a.txt", "done/a.txt")
    desk.move("b.txt", "done/b.txt")
    with pytest.raises(ConnectionAbortedError):
        await desk.listener(failpoints=Cut(point)).look()
    before = await desk.corrections.known()
    assert len(before.corrections) == 2
    known = await desk.look()
    assert known.corrections == before.corrections
    assert [one.number for one in known.proposals.values()] == [1]
    assert len(desk.told) == 1


async def test_a_file_that_its_owner_puts_back_is_no_correction_any_more(desk: Desk):
    await desk.fill("a.txt")
    place = desk.move("a.txt", "done/a.txt")
    assert (await desk.look()).corrections
    place.rename(desk.folder / "out" / "a.txt")
    assert not (await desk.look()).corrections
    assert await desk.engine.load_items(OWNER) == {}


async def test_a_text_that_is_edited_back_is_no_correction_any_more(tmp_path: Path):
    desk = await Desk(tmp_path, recipe=WRITE).open()
    try:
        await desk.start(["Dupond"])
        await edit(desk, "EDF SA", "EDF")
        await edit(desk, "EDF", "EDF Pro")
        (one,) = (await desk.look()).corrections.values()
        assert one.edited == "Bonjour Dupond,\nEDF Pro\n"
        await edit(desk, "EDF Pro", "EDF SA")
        assert not (await desk.look()).corrections
    finally:
        await desk.close()


async def test_a_text_that_holds_a_secret_is_not_kept(tmp_path: Path):
    desk = await Desk(tmp_path, recipe=WRITE).open()
    try:
        desk.corrections = desk.listener(mask=lambda text: str(text).replace("hunter2", "•••"))
        await desk.start(["Dupond"])
        await edit(desk, "EDF SA", "hunter2")
        assert not (await desk.look()).corrections
    finally:
        await desk.close()


async def test_nothing_is_looked_for_where_that_is_not_wanted(desk: Desk):
    await desk.fill("a.txt")
    desk.move("a.txt", "done/a.txt")
    work = asyncio.create_task(desk.listener(settings=Listening(is_wanted=False)).work())
    await asyncio.sleep(0)
    assert not work.done()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not (await desk.corrections.known()).corrections


async def test_a_file_that_was_handed_over_to_a_recipe_is_no_wish(tmp_path: Path):
    read = '  - files.read: {path: "${{ inputs.names[0] }}"}\n    on_error: continue\n'
    recipe = SORT.replace("do:\n  -", f"do:\n{read}  -", 1)
    desk = await Desk(tmp_path, recipe=recipe).open()
    try:
        await desk.fill("a.txt", "b.txt")
        desk.move("a.txt", "done/a.txt")
        await desk.look()
        await desk.start(["done/a.txt"])
        desk.move("b.txt", "done/b.txt")
        known = await desk.look()
        assert len(known.corrections) == 2
        assert not known.proposals
    finally:
        await desk.close()


async def test_what_was_blanked_goes(desk: Desk):
    await desk.fill("a.txt")
    desk.move("a.txt", "done/a.txt")
    (one,) = (await desk.look()).corrections.values()
    blanked: Any = {**one.as_json(), "old": "‹erased›", "new": "‹erased›"}
    await desk.engine.put_items(OWNER, {one.key.encode(): blanked})
    (desk.folder / "done" / "a.txt").unlink()
    assert not (await desk.look()).corrections
    assert await desk.engine.load_items(OWNER) == {}


async def test_what_is_made_in_a_private_folder_is_not_looked_for(tmp_path: Path):
    recipe = SORT.replace("out/", "private/")
    desk = await Desk(tmp_path, recipe=recipe).open()
    try:
        desk.corrections = desk.listener(hidden=(tmp_path / "private",))
        await desk.fill("a.txt")
        (tmp_path / "private" / "a.txt").rename(tmp_path / "a.txt")
        assert not (await desk.look()).corrections
    finally:
        await desk.close()


async def test_a_parameter_that_begins_like_a_home_is_a_text(tmp_path: Path):
    recipe = WRITE.replace("Bonjour", "~~ Bonjour")
    desk = await Desk(tmp_path, recipe=recipe).open()
    try:
        await desk.start(["Dupond", "Durand"])
        desk.written.clear()
        desk.move("Dupond.txt", "done/Dupond.txt")
        desk.move("Durand.txt", "done/Durand.txt")
        (proposal,) = (await desk.look()).proposals.values()
        assert proposal.change.after == "done/${{ name }}.txt"
    finally:
        await desk.close()
