"""The register: numbers without a gap, entries that nobody changes."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import apsw
import pytest

from rouage.errors import RetryableError, StepError
from rouage_connectors.invoice.register import Register
from tests.connectors.invoicing import day

TODAY = day("2026-11-24")


def _issue(register, key, *, series="FA-", on=TODAY, make=lambda number: {"kind": "invoice"}):
    return register.issue(series, day=on, key=key, make=make)


def _upcoming(register, series):
    with register.reading() as book:
        return book.upcoming(series)


@pytest.fixture
def register(tmp_path):
    return Register(tmp_path / "register.db")


def test_numbers_follow_each_other_in_each_series(register):
    numbers = [_issue(register, f"k{n}").number for n in range(3)]
    assert numbers == ["FA-0001", "FA-0002", "FA-0003"]
    assert _issue(register, "c", series="AV-").number == "AV-0001"
    assert _upcoming(register, "FA-") == "FA-0004"
    assert _upcoming(register, "ZZ-") == "ZZ-0001"


def test_looking_at_a_register_that_was_never_begun_makes_none(register):
    assert _upcoming(register, "FA-") == "FA-0001"
    with register.reading() as book:
        assert book.broken() is None
    assert not register.path.exists()


def test_the_same_key_gives_the_same_document(register):
    first = _issue(register, "order-1")
    again = _issue(register, "order-1", make=lambda number: pytest.fail("made twice"))
    assert (again.number, again.hash, again.is_new) == (first.number, first.hash, False)


def test_a_document_that_cannot_be_made_takes_no_number(register):
    def fail(number):
        raise StepError("no")

    _issue(register, "a")
    with pytest.raises(StepError):
        _issue(register, "b", make=fail)
    assert _issue(register, "c").number == "FA-0002"


def test_a_document_cannot_be_older_than_the_last_one(register):
    _issue(register, "a")
    with pytest.raises(StepError, match="cannot follow"):
        _issue(register, "b", on=day("2026-11-23"))


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM entries", "UPDATE entries SET day = '2020-01-01'",
     "INSERT OR REPLACE INTO entries SELECT * FROM entries"],
)  # fmt: skip
def test_entries_are_neither_changed_nor_removed(register, statement):
    _issue(register, "a")
    connection = sqlite3.connect(register.path)
    try:
        connection.execute("PRAGMA recursive_triggers=ON")
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.execute(statement)
    finally:
        connection.close()


@pytest.mark.parametrize("what", ["content = '{}'", "day = '2020-01-01'", "number = 'X'"])
def test_a_change_from_outside_shows(register, what):
    for n in range(5):
        _issue(register, f"k{n}")
    with register.reading() as book:
        assert book.broken() is None
    _tamper(register, f"UPDATE entries SET {what} WHERE id = 3")  # noqa: S608 - three constants
    with register.reading() as book:
        assert book.broken() in {"FA-0003", "X"}


def test_an_entry_that_was_taken_out_shows(register):
    for n in range(5):
        _issue(register, f"k{n}")
    _tamper(register, "DELETE FROM entries WHERE id = 3")
    with register.reading() as book:
        assert book.broken() == "FA-0004"


def _tamper(register, statement):
    connection = sqlite3.connect(register.path)
    connection.executescript("DROP TRIGGER never_changed; DROP TRIGGER never_removed;")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_register_that_is_no_database_is_said(register):
    register.path.write_text("this is not a database, only a text that somebody put here\n" * 20)
    with pytest.raises(StepError, match="cannot be used"):
        _issue(register, "a")


def test_a_register_held_by_somebody_else_is_tried_again(tmp_path):
    register = Register(tmp_path / "register.db", wait_seconds=0)
    _issue(register, "a")
    held = apsw.Connection(str(register.path))
    held.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(RetryableError, match="in use"):
            _issue(register, "b")
    finally:
        held.close()
    assert _issue(register, "b").number == "FA-0002"


def test_payments_belong_to_a_document_and_are_entered_once(register):
    _issue(register, "a")
    with pytest.raises(StepError, match="no document FA-0009"):
        register.add("payment", "FA-0009", day=TODAY, key="p", content=dict)
    first, again = (
        register.add("payment", "FA-0001", day=TODAY, key="p", content=lambda: {"amount": "1"})
        for _ in range(2)
    )
    assert (first.is_new, again.is_new) == (True, False)
    with register.reading() as book:
        assert [entry.content for entry in book.of("FA-0001", "payment")] == [{"amount": "1"}]
        assert book.broken() is None


def test_threads_take_turns(register):
    def work(name):
        for n in range(10):
            _issue(register, f"{name}-{n}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with register.reading() as book:
        assert [entry.position for entry in book.all("document")] == list(range(1, 41))
        assert book.broken() is None


WRITER = """
import sys
from datetime import date
from pathlib import Path
from rouage_connectors.invoice.register import Register

register, name, count = Register(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])


def make(number):
    if hash((name, number)) % 5 == 0:
        raise RuntimeError("rolled back")
    return {"kind": "invoice", "of": name}


issued = tries = 0
while issued < count:
    tries += 1
    try:
        entry = register.issue("FA-", day=date(2026, 11, 24), key=f"{name}-{issued}", make=make)
    except RuntimeError:
        name += "'"
        continue
    issued += 1
    print(entry.number, flush=True)
"""


@pytest.mark.slow
def test_four_processes_that_are_killed_leave_no_gap(tmp_path):
    path, wanted = tmp_path / "register.db", 1_000
    register = Register(path)
    environment = {**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))}
    chance, deadline = random.Random(7), time.monotonic() + 45  # noqa: S311 - a test
    writers: dict[int, subprocess.Popen] = {}
    kills = generation = 0
    try:
        while (count := _issued(register)) < wanted:
            assert time.monotonic() < deadline, f"only {count} were issued"
            for place in range(4):
                writer = writers.get(place)
                if writer is not None and writer.poll() is None:
                    if chance.random() < 0.02 and kills < 25:
                        writer.send_signal(signal.SIGKILL)
                        writer.wait()
                        kills += 1
                    continue
                generation += 1
                writers[place] = subprocess.Popen(
                    [sys.executable, "-c", WRITER, str(path), f"w{generation}", str(wanted)],
                    env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
    finally:
        for writer in writers.values():
            writer.kill()
            writer.wait()
    with register.reading() as book:
        positions = [entry.position for entry in book.all("document")]
        assert book.broken() is None
    assert kills >= 4
    assert len(positions) >= wanted
    assert positions == list(range(1, len(positions) + 1))


def test_an_empty_file_is_an_empty_register(register):
    register.path.touch()
    assert _upcoming(register, "FA-") == "FA-0001"
    assert _issue(register, "a").number == "FA-0001"


def _issued(register):
    time.sleep(0.01)  # the writers need the processor more than this look
    with register.reading() as book:
        return book.connection.execute("SELECT count(*) FROM entries").fetchone()[0]
