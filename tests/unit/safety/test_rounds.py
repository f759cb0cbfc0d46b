"""Work in rounds: one sync for many, faults to whom they belong, long pieces on their own."""

import asyncio
import errno
import os
import threading

import pytest

from rouage.errors import StepError
from rouage.safety import rounds
from rouage.safety.intents import Intents
from rouage.safety.moving import moving
from rouage.safety.opened import OpenFolders
from rouage.safety.rounds import ALONE, Named, Noted, Rounds, finish

DEADLINE = 30


@pytest.fixture
def intents(tmp_path):
    return Intents(tmp_path / "intents")


@pytest.fixture
def folder(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


async def together(worker, works):
    async with asyncio.timeout(DEADLINE):
        return await asyncio.gather(*map(worker.do, works), return_exceptions=True)


async def test_many_pieces_share_a_sync_and_a_note_is_on_disk_before_the_act(
    intents, folder, tmp_path, monkeypatch
):
    synced = []
    real, real_data = os.fsync, os.fdatasync
    monkeypatch.setattr(os, "fsync", lambda one: (synced.append("names"), real(one)))
    monkeypatch.setattr(os, "fdatasync", lambda one: (synced.append("notes"), real_data(one)))

    def work(number):
        yield Noted(f"key-{number}", {"n": number})
        assert f'"key-{number}"' in (tmp_path / "intents/current.jsonl").read_text()
        assert "notes" in synced
        yield Named(folder)
        return number

    assert await together(Rounds(intents), map(work, range(50))) == list(range(50))
    # The folder of the notes is synced once when it is made.
    assert (synced.count("notes"), synced.count("names")) == (1, 2)


async def test_more_pieces_than_fit_into_a_round_are_all_done(intents):
    def work(number):
        yield Noted(str(number), None)
        return number

    count = rounds.MOST_TOGETHER * 5 + 3
    assert await together(Rounds(intents), map(work, range(count))) == list(range(count))


async def test_a_piece_that_fails_does_not_disturb_the_others(intents):
    def work(number):
        yield Noted(str(number), None)
        if number == 1:
            raise StepError("no")
        return number

    first, failed, third = await together(Rounds(intents), map(work, range(3)))
    assert (first, third) == (0, 2)
    assert isinstance(failed, StepError)


async def test_each_piece_is_told_that_its_note_could_not_be_written(intents, monkeypatch):
    intents.load()
    acted = []

    def work(number):
        yield Noted(str(number), None)
        acted.append(number)

    def full(_):
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", full)
        failures = await together(Rounds(intents), map(work, range(3)))
    assert [type(one).__name__ for one in failures] == ["RetryableError"] * 3
    assert len(set(map(id, failures))) == 3, "each has an error of its own"
    assert acted == []


async def test_a_piece_may_answer_a_fault_of_the_disk(intents, folder, monkeypatch):
    def work():
        try:
            yield Named(folder)
        except OSError as error:
            return os.strerror(error.errno)

    def refuse(_):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", refuse)
    assert await together(Rounds(intents), [work(), work()]) == [os.strerror(errno.EIO)] * 2


async def test_a_long_piece_holds_nobody_up(intents):
    release = threading.Event()

    def long():
        yield ALONE
        release.wait(DEADLINE)
        return "long"

    def short():
        yield Noted("short", None)
        return "short"

    worker = Rounds(intents)
    slow = asyncio.ensure_future(worker.do(long()))
    assert await together(worker, [short()]) == ["short"]
    assert not slow.done()
    release.set()
    assert await asyncio.wait_for(slow, DEADLINE) == "long"


async def test_a_disk_that_hangs_holds_up_only_those_it_was_asked_for(intents):
    release = threading.Event()

    def hanging():
        release.wait(DEADLINE)
        yield Noted("hanging", None)

    def short():
        yield Noted("short", None)
        return "short"

    worker = Rounds(intents)
    slow = asyncio.ensure_future(worker.do(hanging()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await together(worker, [short()]) == ["short"]
    assert not slow.done()
    release.set()
    await asyncio.wait_for(slow, DEADLINE)


async def test_what_was_cancelled_before_its_turn_is_never_begun(intents):
    begun = []

    def work():
        begun.append(1)
        yield Noted("a", None)

    asked = asyncio.ensure_future(Rounds(intents).do(work()))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait([asked])
    assert await together(Rounds(intents), [work()]) == [None]
    assert begun == [1]


async def test_what_was_cancelled_in_its_middle_is_brought_to_its_end(intents):
    has_begun, release, ended = threading.Event(), threading.Event(), threading.Event()

    def work():
        has_begun.set()
        release.wait(DEADLINE)
        yield Noted("a", {"n": 1})
        ended.set()

    worker = Rounds(intents)
    asked = asyncio.ensure_future(worker.do(work()))
    assert await asyncio.to_thread(has_begun.wait, DEADLINE)
    asked.cancel()
    release.set()
    await asyncio.wait([asked])
    assert asked.cancelled()
    assert await asyncio.to_thread(ended.wait, DEADLINE)


def test_work_can_be_done_here_and_now(intents, folder):
    def work():
        yield Noted("a", {"n": 1})
        yield ALONE
        yield Named(folder)
        return intents.find("a")

    assert finish(work(), intents) == {"n": 1}


async def test_moves_to_one_name_at_once_each_get_a_name(folders, workspace):
    for number in range(20):
        (workspace / f"{number}.txt").write_text(str(number))
    works = [
        moving(folders, f"{number}.txt", "out/x.txt", on_conflict="rename", key=str(number))
        for number in range(20)
    ]
    async with asyncio.timeout(DEADLINE):
        placed = await asyncio.gather(*map(folders.together, works))
    assert len({one.path for one in placed}) == 20
    contents = sorted(int(path.read_text()) for path in (workspace / "out").iterdir())
    assert contents == list(range(20))
    assert folders.left.take("3").keys() == {placed[3].path}
    assert folders.left.take("3") == {}, "what was left is told once"


def test_a_shared_folder_is_opened_once_and_closed_with_its_last_user(tmp_path):
    opened, folders = [], OpenFolders()

    def opening():
        opened.append(os.open(tmp_path, os.O_RDONLY))
        return opened[-1]

    with folders.sharing():
        first = folders.take(("a",), str(tmp_path), opening)
        second = folders.take(("a",), str(tmp_path), opening)
        first.leave()
    assert first is second
    assert len(opened) == 1
    os.fstat(second.descriptor)  # still open: one user is left
    second.leave()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(second.descriptor)


def test_a_shared_folder_that_was_replaced_is_opened_again(tmp_path):
    place, folders = tmp_path / "place", OpenFolders()
    place.mkdir()

    def opening():
        return os.open(place, os.O_RDONLY)

    with folders.sharing():
        before = folders.take(("a",), str(place), opening)
        place.rename(tmp_path / "elsewhere")
        place.mkdir()
        after = folders.take(("a",), str(place), opening)
        assert os.fstat(after.descriptor).st_ino == place.stat().st_ino
        assert os.fstat(before.descriptor).st_ino != place.stat().st_ino
        before.leave()
        after.leave()


async def test_a_folder_that_one_recipe_may_reach_is_not_lent_to_another(folders, workspace):
    own = workspace.parent / "own"
    own.mkdir()
    (own / "a.txt").write_text("a")
    (own / "b.txt").write_text("b")
    wider = folders.also([own])
    allowed = moving(wider, own / "a.txt", own / "c.txt", on_conflict="fail", key="1")
    refused = moving(folders, own / "b.txt", own / "d.txt", on_conflict="fail", key="2")
    moved, error = await asyncio.gather(
        folders.together(allowed), folders.together(refused), return_exceptions=True
    )
    assert moved.path == str(own / "c.txt")
    assert isinstance(error, StepError)
    assert sorted(path.name for path in own.iterdir()) == ["b.txt", "c.txt"]


def test_what_one_loop_left_undone_holds_up_no_other(intents):
    worker = Rounds(intents)

    def work():
        yield Noted("a", None)
        return "done"

    def ask_and_leave():
        asking = worker.do(work())
        asking.send(None)
        asking.close()
        loop.stop()

    # It ends in the turn in which it was asked: the work cannot begin.
    loop = asyncio.new_event_loop()
    loop.call_soon(ask_and_leave)
    loop.run_forever()
    loop.close()
    assert asyncio.run(asyncio.wait_for(worker.do(work()), DEADLINE)) == "done"
