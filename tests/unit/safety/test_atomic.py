"""Renames that never overwrite, on file systems that lack the call for it too."""

import errno
import os
from contextlib import contextmanager

import pytest

from rouage.errors import StepError
from rouage.safety import atomic
from rouage.safety.atomic import draft, publishing, rename_new, seal
from rouage.safety.intents import Intents
from rouage.safety.place import Place
from rouage.safety.rounds import finish
from rouage.safety.transfer import write


@pytest.fixture
def place(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield lambda name: Place(folder=descriptor, name=name, path=str(tmp_path / name))
    os.close(descriptor)


@contextmanager
def _lacking(monkeypatch, *calls):
    def lacks(*_, **__):
        raise OSError(errno.ENOTSUP, "not here")

    with monkeypatch.context() as patch:
        if "renameat2" in calls:
            patch.setattr(atomic, "_rename_noreplace", lambda *_: errno.EINVAL)
        if "link" in calls:
            patch.setattr(os, "link", lacks)
        yield


LACKS = [(), ("renameat2",), ("renameat2", "link")]


@pytest.mark.parametrize("lacks", LACKS)
def test_a_rename_never_overwrites(tmp_path, place, monkeypatch, lacks):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    with _lacking(monkeypatch, *lacks):
        with pytest.raises(FileExistsError):
            rename_new(place("a"), place("b"), "b")
        rename_new(place("a"), place("c"), "c")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"b": "b", "c": "a"}


@pytest.mark.parametrize("lacks", LACKS)
def test_a_missing_source_leaves_no_placeholder(tmp_path, place, monkeypatch, lacks):
    with _lacking(monkeypatch, *lacks), pytest.raises(FileNotFoundError):
        rename_new(place("a"), place("b"), "b")
    assert list(tmp_path.iterdir()) == []


def test_a_name_taken_meanwhile_is_not_overwritten(tmp_path, place):
    def interfere(name):
        yield from ()
        if not (tmp_path / name).exists():
            (tmp_path / name).write_text("theirs")

    def publish_new(policy, name):
        (tmp_path / "source").write_text("mine")
        work = publishing(place("source"), place(name), on_conflict=policy, before=interfere)
        return finish(work, Intents(tmp_path.parent / "intents"))

    with pytest.raises(StepError, match="exists already"):
        publish_new("fail", "one")
    assert publish_new("skip", "two") is None
    assert (tmp_path / "one").read_text() == (tmp_path / "two").read_text() == "theirs"


def test_a_draft_that_fails_leaves_nothing(tmp_path, place):
    def fail():
        with draft(place("a"), key="k") as (file, _):
            file.write(b"x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_the_leftover_of_a_crash_is_replaced(tmp_path, place):
    leftover = tmp_path / atomic.temporary_name("k", str(tmp_path / "a"))
    leftover.write_text("half")
    with draft(place("a"), key="k") as (file, hidden):
        file.write(b"whole")
        seal(file)
        work = publishing(hidden, place("a"), on_conflict="fail", before=lambda _: iter(()))
        assert finish(work, Intents(tmp_path.parent / "intents")) == "a"
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "whole"}


def test_a_write_cut_before_its_rename_is_made_again(folders, workspace, monkeypatch):
    def cut(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # Neither the rename nor the clean-up happens: as if the process had been killed there.
        patch.setattr(atomic, "rename_new", cut)
        patch.setattr(os, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            write(folders, "a.txt", b"x", on_conflict="rename", key="k")
    assert not (workspace / "a.txt").exists()
    outcome = write(folders, "a.txt", b"x", on_conflict="rename", key="k")
    assert outcome.path == str(workspace / "a.txt")
    assert [p.name for p in workspace.glob("*.t*")] == ["a.txt"]
