"""What every bundled action promises about its effect (features N-1, DESIGN 5).

A simulated call changes nothing; doing and undoing restores bytes, names and times; undoing
after somebody changed what was made is a conflict that changes nothing.
"""

import contextlib
import json
import os
import socket
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rouage.catalog.discovery import discover
from rouage.errors import StepError
from rouage.sdk.testing import make_context
from rouage.sdk.undoing import World

CATALOG = discover()
OLD = 1_600_000_000


@dataclass(frozen=True)
class Case:
    """One call: what is there before, the parameters, and what it leaves to be tampered with."""

    action: str
    parameters: dict[str, Any]
    made: str
    before: tuple[str, ...] = ("in/a.txt",)

    @property
    def name(self) -> str:
        more = [str(value) for name, value in self.parameters.items() if name == "on_conflict"]
        return "-".join([self.action, *more, *self.before[1:]])


def _overwriting(parameters: dict[str, Any]) -> dict[str, Any]:
    return {**parameters, "on_conflict": "overwrite"}


MOVE = {"source": "in/a.txt", "target": "out/deep/b.txt"}
RENAME = {"path": "in/a.txt", "name": "b.txt"}
WRITE = {"path": "out/b.txt", "text": "new"}
ZIP = {"source": "in", "target": "out/b.zip"}
UNZIP = {"source": "in/a.zip", "target": "out/all"}
ROW = {"file": "out/t.csv", "row": {"Name": "x"}}
TABLE = {"file": "out/t.csv", "where": {"Name": "Anna"}}
CASES = [
    Case("files.move", MOVE, "out/deep/b.txt"),
    Case("files.move", _overwriting(MOVE), "out/deep/b.txt", ("in/a.txt", "out/deep/b.txt")),
    Case("files.move", {**MOVE, "on_conflict": "rename"}, "out/deep/b (2).txt",
         ("in/a.txt", "out/deep/b.txt")),
    Case("files.copy", MOVE, "out/deep/b.txt"),
    Case("files.copy", _overwriting(MOVE), "out/deep/b.txt", ("in/a.txt", "out/deep/b.txt")),
    Case("files.rename", RENAME, "in/b.txt"),
    Case("files.rename", _overwriting(RENAME), "in/b.txt", ("in/a.txt", "in/b.txt")),
    Case("files.delete", {"path": "in/a.txt"}, ""),
    Case("files.write", WRITE, "out/b.txt"),
    Case("files.write", _overwriting(WRITE), "out/b.txt", ("in/a.txt", "out/b.txt")),
    Case("files.append", {"path": "out/b.txt", "text": "line"}, "out/b.txt"),
    Case("files.append", {"path": "out/b.txt", "text": "line"}, "out/b.txt",
         ("in/a.txt", "out/b.txt")),
    Case("files.mkdir", {"path": "out/deep/er"}, "out/deep/er/"),
    Case("table.append", ROW, "out/t.csv"),
    Case("table.append", ROW, "out/t.csv", ("in/a.txt", "out/t.csv")),
    Case("table.append", {**ROW, "file": "out/t.xlsx"}, "out/t.xlsx"),
    Case("table.update", {**TABLE, "set": {"Name": "Bea"}}, "out/t.csv", ("in/a.txt", "out/t.csv")),
    Case("table.upsert", {**ROW, "key": "Name"}, "out/t.csv"),
    Case("table.upsert", {**ROW, "key": "Name"}, "out/t.csv", ("in/a.txt", "out/t.csv")),
    Case("table.delete", TABLE, "out/t.csv", ("in/a.txt", "out/t.csv")),
    Case("archive.zip", ZIP, "out/b.zip"),
    Case("archive.zip", _overwriting(ZIP), "out/b.zip", ("in/a.txt", "out/b.zip")),
    Case("archive.unzip", UNZIP, "out/all/one.txt", ("in/a.zip",)),
    Case("archive.unzip", _overwriting(UNZIP), "out/all/one.txt", ("in/a.zip", "out/all/one.txt")),
]  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
SIMULATED = sorted(
    id_
    for id_, spec in CATALOG.actions.items()
    if spec.simulate is not None and not any("${{" in str(one) for one in spec.example.values())
)


def prepare(workspace: Path, case: Case) -> None:
    for place, name in enumerate(case.before):
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".zip") and name.startswith("in/"):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("one.txt", "first")
                archive.writestr("two/three.txt", "third")
        elif name.endswith(".csv"):
            path.write_text("Name\nAnna\n")
        else:
            path.write_text(f"the content of {name}\n")
        path.chmod(0o640)
        os.utime(path, ns=(OLD * 10**9, (OLD + place) * 10**9 + 123_456_789))


def picture(root: Path) -> dict[str, Any]:
    """Return everything below *root* that its owner sees: bytes, names, permissions, times."""
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name.split("/")[0] == ".rouage":
            continue
        if path.is_dir():
            found[name + "/"] = None
        else:
            state = path.stat()
            found[name] = (path.read_bytes(), state.st_mode, state.st_mtime_ns)
    return found


class Doing:
    """One action done as the engine does it, each value through JSON on its way."""

    def __init__(self, folder: Path, case: Case, folders: Any) -> None:
        self.spec = CATALOG.actions[case.action]
        self.undo = self.spec.undo
        self.parameters = self.spec.parameters.build(case.parameters)
        self._make: Callable[..., Any] = lambda key: make_context(folder, key=key, files=folders)
        self.context = self._make("doing")
        self.inverse: Any = None

    async def do(self) -> Any:
        assert self.undo is not None
        if self.undo.prepare is not None:
            self.inverse = _through_json(await self.undo.prepare(self.parameters, self.context))
        result = _through_json(await self.spec.run(self.parameters, self.context))
        if self.undo.complete is not None:
            self.inverse = _through_json(
                await self.undo.complete(self.parameters, self.inverse, result, self.context)
            )
        return result

    def check(self) -> Any:
        assert self.undo is not None
        assert self.undo.check is not None
        return self.undo.check(self.inverse, World(self.context.files))

    async def take_back(self, key: str = "undoing") -> Any:
        assert self.undo is not None
        return await self.undo.apply(self.inverse, self._make(key))


def _through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.fixture
def workspace(tmp_path, folders) -> Path:
    del folders
    return tmp_path / "workspace"


@every_case
async def test_what_was_done_is_undone_to_the_byte_and_the_instant(
    case, tmp_path, workspace, folders
):
    prepare(workspace, case)
    before = picture(workspace)
    doing = Doing(tmp_path, case, folders)
    await doing.do()
    assert picture(workspace) != before
    lines = doing.check()
    assert lines
    assert all(line.en and line.fr and "{" not in line.en + line.fr for line in lines)
    await doing.take_back()
    assert picture(workspace) == before
    assert not doing.check() if "files" in doing.inverse else True
    trash = tmp_path / ".local" / "share" / "Trash"
    assert not [path for path in trash.rglob("*") if path.is_file()]


@every_case
async def test_undoing_again_after_a_crash_changes_nothing_more(case, tmp_path, workspace, folders):
    prepare(workspace, case)
    before = picture(workspace)
    doing = Doing(tmp_path, case, folders)
    await doing.do()
    await doing.take_back()
    await doing.take_back()
    assert picture(workspace) == before


@every_case
async def test_a_foreign_change_is_a_conflict_that_changes_nothing(
    case, tmp_path, workspace, folders
):
    prepare(workspace, case)
    doing = Doing(tmp_path, case, folders)
    result = await doing.do()
    tamper(workspace, case, result)
    now = picture(tmp_path)
    with pytest.raises(StepError) as caught:
        doing.check()
    assert caught.value.render("fr") != caught.value.render("en")
    with pytest.raises(StepError):
        await doing.take_back()
    assert picture(tmp_path) == now


def tamper(workspace: Path, case: Case, result: Any) -> None:
    """Do what a person would: put something in, or write something else."""
    if case.action == "files.delete":
        (workspace / "in" / "a.txt").write_text("a new file of the same name")
    elif case.made.endswith("/"):
        (workspace / case.made / "mine.txt").write_text("mine")
    else:
        made = Path(result.get("path", workspace / case.made))
        made = workspace / case.made if made.is_dir() else made
        assert made.exists(), case
        made.write_text("edited by hand, from the beginning to the end\n")


@every_case
async def test_a_simulated_call_changes_nothing_and_says_where_things_would_be(
    case, tmp_path, workspace, folders
):
    prepare(workspace, case)
    before = picture(tmp_path)
    doing = Doing(tmp_path, case, folders)
    assert doing.spec.simulate is not None
    foreseen = await doing.spec.simulate(doing.parameters, doing.context)
    assert picture(tmp_path) == before
    result = await doing.do()
    for name, value in result.items():
        if name not in {"files", "trash"}:
            assert foreseen[name] == value, name


@pytest.mark.parametrize("name", SIMULATED)
async def test_no_simulation_touches_the_disk_or_the_network(name, tmp_path, monkeypatch):
    def refuse(*_: Any) -> None:
        raise AssertionError("a simulation went to the network")

    spec, context = CATALOG.actions[name], make_context(tmp_path)
    parameters = spec.parameters.build(spec.example)
    before = picture(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert spec.simulate is not None
    with contextlib.suppress(StepError):
        await spec.simulate(parameters, context)
    assert picture(tmp_path) == before
    assert not (tmp_path / "workspace" / ".rouage" / "intents").exists()


def test_every_action_that_changes_something_can_be_simulated():
    lacking = [
        id_
        for id_, spec in CATALOG.actions.items()
        if spec.effect != "none" and spec.simulate is None
    ]
    assert lacking == []


def test_every_undo_of_files_is_tried_here():
    tried = {case.action for case in CASES}
    ours = ("files.", "archive.")
    undoable = {id_ for id_, spec in CATALOG.actions.items() if spec.undo and id_.startswith(ours)}
    assert undoable <= tried


async def test_what_was_destroyed_for_good_cannot_be_undone(tmp_path, workspace, folders):
    case = Case("files.delete", {"path": "in/a.txt", "to_trash": False}, "")
    prepare(workspace, case)
    doing = Doing(tmp_path, case, folders)
    await doing.do()
    assert doing.inverse is None


async def test_a_step_that_was_left_out_has_nothing_to_undo(tmp_path, workspace, folders):
    case = Case("files.write", {**WRITE, "on_conflict": "skip"}, "", ("in/a.txt", "out/b.txt"))
    prepare(workspace, case)
    doing = Doing(tmp_path, case, folders)
    await doing.do()
    assert doing.inverse == {}


async def test_a_replacement_that_failed_keeps_nothing(tmp_path, workspace, folders):
    case = Case("files.move", _overwriting(MOVE), "", ("in/a.txt", "out/deep/b.txt"))
    prepare(workspace, case)
    doing = Doing(tmp_path, case, folders)
    assert doing.undo is not None
    assert doing.undo.prepare is not None
    assert doing.undo.complete is not None
    inverse = await doing.undo.prepare(doing.parameters, doing.context)
    kept = workspace / ".rouage" / "kept"
    assert [path for path in kept.rglob("*") if path.is_file()]
    await doing.undo.complete(doing.parameters, inverse, None, doing.context)
    assert not [path for path in kept.rglob("*") if path.is_file()]
    assert (workspace / "out/deep/b.txt").stat().st_nlink == 1


async def test_the_middle_line_is_found_when_earlier_ones_are_gone(tmp_path, workspace, folders):
    cases = [
        Case("files.append", {"path": "log.txt", "text": f"line {number}"}, "")
        for number in range(4)
    ]
    doings = [Doing(tmp_path, case, folders) for case in cases]
    for number, doing in enumerate(doings):
        doing.context = make_context(tmp_path, key=f"do-{number}", files=folders)
        await doing.do()
    for number in (1, 2):
        await doings[number].take_back(f"undo-{number}")
    assert (workspace / "log.txt").read_text() == "line 0\nline 3\n"
