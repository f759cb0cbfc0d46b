"""`rouage backup` and `rouage restore`: a copy, and the way back to it."""

import asyncio
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.main import main
from rouage.cli.restore import run as run_restore
from rouage.durable.port import RunContext, RunOutcome
from rouage.durable.sqlite import open_engine, open_reader
from rouage.durable.sqlite.copies import list_backups
from rouage.errors import UsageError
from rouage.lock import WorkspaceLock
from rouage.model.event import Event, Verdict
from rouage.model.ids import new_event_id
from rouage.settings import Places


async def nothing(context: RunContext, definition: bytes) -> RunOutcome:
    return RunOutcome(state="succeeded")


def put(workspace: Path, *names: str) -> None:
    """Write items to the journal, as something that happened."""

    async def work() -> None:
        engine = open_engine(Places(workspace).journal)
        await engine.put_items("x/y", {name.encode(): 1 for name in names})
        await engine.close()

    asyncio.run(work())


def items(workspace: Path) -> set[str]:
    async def work() -> set[str]:
        reader = open_reader(Places(workspace).journal)
        try:
            return {key.decode() for key in await reader.load_items("x/y")}
        finally:
            reader.close()

    return asyncio.run(work())


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def call(workspace: Path, *words: str) -> int:
    return main(["--workspace", str(workspace), *words])


def test_a_backup_is_made_listed_and_restored(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(workspace, "a")
    assert call(workspace, "backup", "--json") == 0
    made = said(capsys)["backup"]
    assert made["cause"] == "manual"
    assert Path(made["path"]).stat().st_size == made["size_bytes"]
    put(workspace, "b")
    assert call(workspace, "restore", "--list", "--json") == 0
    assert said(capsys)["backups"] == [made]
    assert call(workspace, "restore", made["name"], "--yes", "--json") == 0
    answer = said(capsys)
    assert answer["restored"] == made["path"]
    assert Path(answer["kept"]).exists()
    assert items(workspace) == {"a"}


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("made and verified", "the journal is that of", "kept:", "nothing came after")),
     ("fr", ("faite et vérifiée", "le journal est maintenant", "est gardé", "rien n’est venu"))],
)  # fmt: skip
def test_the_commands_speak_both_languages(
    workspace: Path, capsys: pytest.CaptureFixture[str], language: str, words: tuple[str, ...]
) -> None:
    put(workspace, "a")
    assert call(workspace, "--lang", language, "backup") == 0
    assert call(workspace, "--lang", language, "backup", "--list") == 0
    assert call(workspace, "--lang", language, "restore", "--yes") == 0
    out = capsys.readouterr().out
    assert list_backups(Places(workspace).journal)[0].name in out
    for word in words:
        assert word in out


def test_a_copy_elsewhere_can_be_restored_by_its_path(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(workspace, "a")
    copy = tmp_path / "copy.db"
    copy.write_bytes(Places(workspace).journal.read_bytes())
    put(workspace, "b")
    assert call(workspace, "restore", str(copy), "--yes") == 0
    assert items(workspace) == {"a"}


def test_nothing_is_restored_without_a_yes(
    workspace: Path, capsys: pytest.CaptureFixture[str], make_session: Callable[..., Any]
) -> None:
    put(workspace, "a")
    assert call(workspace, "backup") == 0
    put(workspace, "b")
    assert call(workspace, "restore") == 2
    assert "--yes" in capsys.readouterr().err
    spoken = make_session(workspace)
    arguments = type(
        "Arguments", (), {"backup": None, "list": False, "yes": False, "cancel_unfinished": False}
    )()
    with pytest.raises(UsageError):
        run_restore(spoken.session, arguments)
    for answer, code in (("no\n", 1), ("\n", 1), ("o\n", 0)):
        spoken = make_session(workspace)
        spoken.session.stdin = Terminal(answer)
        assert run_restore(spoken.session, arguments) == code
        assert items(workspace) == ({"a"} if code == 0 else {"a", "b"})


class Terminal(io.StringIO):
    """A standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


def test_a_restore_is_refused_while_a_daemon_works(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(workspace, "a")
    assert call(workspace, "backup") == 0
    with WorkspaceLock(Places(workspace).lock):
        assert call(workspace, "backup") == 0
        assert call(workspace, "restore", "--yes") == 1
    assert "another daemon" in capsys.readouterr().err


def test_what_is_not_there_is_told(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(workspace, "backup") == 1
    assert "nothing ever ran here" in capsys.readouterr().err
    assert call(workspace, "restore", "--yes") == 1
    assert "there is no backup in" in capsys.readouterr().err
    assert call(workspace, "restore", "nonsense.db", "--yes") == 1
    assert "restore --list" in capsys.readouterr().err
    assert call(workspace, "backup", "--list") == 0
    assert "no backup yet" in capsys.readouterr().out


def test_the_interval_that_is_lost_is_told(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def send(key: str) -> None:
        engine = open_engine(Places(workspace).journal)
        digest = await engine.put_definition("orders", b"{}")
        await engine.open(nothing)
        now = datetime.now(UTC)
        event = Event(id=new_event_id(now), source="orders/x", time=now, data={}, key=key)
        verdict = Verdict(recipe="orders", outcome="matched", definition=digest)
        await engine.accept(event, [verdict])
        await engine.wait_idle()
        await engine.close()

    asyncio.run(send("a"))
    assert call(workspace, "backup") == 0
    asyncio.run(send("b"))
    asyncio.run(send("c"))
    capsys.readouterr()
    assert call(workspace, "restore", "--yes", "--json") == 0
    lost = said(capsys)["lost"]
    assert (lost["events"], lost["runs"]) == (2, 2)
    assert lost["since"] < lost["until"]
