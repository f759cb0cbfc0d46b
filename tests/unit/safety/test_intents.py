"""Notes of intents survive the process, torn lines and rotation."""

import errno
import os
import threading

import pytest

from rouage.errors import StepError
from rouage.safety.intents import Intents


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "intents"


def test_the_last_note_of_a_key_counts_also_for_the_next_process(folder):
    intents = Intents(folder)
    assert intents.find("a") is None
    intents.note("a", {"n": 1})
    intents.note_all([("b", {"n": 2}), ("a", {"n": 3})])
    for reader in (intents, Intents(folder)):
        assert reader.find("a") == {"n": 3}
        assert reader.find("b") == {"n": 2}
        assert reader.find("c") is None


def test_notes_are_for_the_owner_only(folder):
    Intents(folder).note("a", {})
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_odd_names_come_back_as_they_were(folder):
    odd = os.fsdecode(b"\xe9\n\xff")
    Intents(folder).note(odd, {"path": odd})
    assert Intents(folder).find(odd) == {"path": odd}


def test_a_long_note_is_read_whole(folder):
    intents = Intents(folder)
    intents.note("a", {"text": "x" * 20_000})
    intents.note("b", {})
    assert intents.find("a") == {"text": "x" * 20_000}


def test_a_torn_last_line_costs_nothing_but_itself(folder):
    Intents(folder).note("a", {"n": 1})
    with (folder / "current.jsonl").open("ab") as file:
        file.write(b'["b",{"n"')
    intents = Intents(folder)
    intents.note("c", {"n": 3})
    for reader in (intents, Intents(folder)):
        assert [reader.find(key) for key in "abc"] == [{"n": 1}, None, {"n": 3}]


def test_old_notes_are_dropped_two_generations_later(folder):
    intents = Intents(folder, generation_bytes=2_000)
    for number in range(400):
        intents.note(f"key-{number}", {"n": number})
    assert intents.find("key-0") is None
    assert intents.find("key-399") == {"n": 399}
    assert intents.find("key-350") == {"n": 350}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6_000
    again = Intents(folder, generation_bytes=2_000)
    assert again.find("key-399") == {"n": 399}
    assert again.find("key-350") == {"n": 350}


def test_a_withdrawn_note_stays_withdrawn_after_rotation(folder):
    intents = Intents(folder, generation_bytes=500)
    intents.note("a", {"n": 1})
    for number in range(10):
        intents.note(f"filler-{number}", {})
    intents.note("a", None)
    assert intents.find("a") is None


def test_what_an_earlier_process_left_is_visited_in_order(folder):
    first = Intents(folder)
    first.note_all([("a", {"n": 1}), ("b", {"n": 2})])
    seen = []
    second = Intents(folder)
    second.on_load(lambda key, intent: seen.append((key, intent)))
    second.note("c", {})
    assert seen == [("a", {"n": 1}), ("b", {"n": 2})]


def test_notes_from_many_threads_are_all_kept(folder):
    intents = Intents(folder, generation_bytes=20_000)

    def note(worker):
        for number in range(30):
            intents.note(f"{worker}-{number}", {"n": number})

    threads = [threading.Thread(target=note, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader = Intents(folder)
    assert all(reader.find(f"{w}-{n}") == {"n": n} for w in range(8) for n in range(30))


def test_a_note_that_may_not_be_on_disk_does_not_count(folder, monkeypatch):
    intents = Intents(folder)
    intents.note("a", {"n": 1})

    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(StepError, match="full"):
        intents.note("b", {"n": 2})
    monkeypatch.undo()
    assert intents.find("b") is None
    assert Intents(folder).find("b") is None
    intents.note("c", {"n": 3})
    assert Intents(folder).find("c") == {"n": 3}


def test_a_write_cut_by_a_full_disk_leaves_no_torn_line(folder, monkeypatch):
    intents = Intents(folder)
    intents.note("a", {"n": 1})
    write = os.write

    def short(descriptor, data):
        if len(data) > 5:
            return write(descriptor, data[:5])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(StepError):
        intents.note("b", {})
    monkeypatch.undo()
    intents.note("c", {"n": 3})
    assert Intents(folder).find("c") == {"n": 3}


def test_it_opens_again_after_it_was_closed(folder):
    intents = Intents(folder)
    intents.note("a", {"n": 1})
    intents.close()
    assert intents.find("a") == {"n": 1}
    intents.close()
