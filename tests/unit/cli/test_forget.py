"""`rouage forget`: files beside the journal, questions, and what has to stay."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.forget.command import configure, run
from rouage.cli.parser import Parser
from rouage.durable.port import RunContext, RunOutcome
from rouage.durable.sqlite import open_engine
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text
from rouage.lock import WorkspaceLock
from rouage.model.event import Event
from rouage.sdk.received import Received

ALICE = "alice@exemple.fr"


async def _no_run(context: RunContext, definition: bytes) -> RunOutcome:
    raise AssertionError("no recipe is here")


async def _fill(journal: Path) -> None:
    engine = open_engine(journal)
    await engine.open(_no_run)
    for number, who in enumerate((ALICE, "bob@exemple.fr")):
        event = Event(
            id=f"{number:026d}",
            source="mail/t",
            time=datetime.now(UTC),
            data={"from": who, "text": f"Bonjour de {who}"},
            key=f"m{number}",
        )
        await engine.accept(event, [])
    await engine.close()


@pytest.fixture
def shop(workspace: Path) -> Path:
    """Return a workspace with two events, whose attachments were kept."""
    asyncio.run(_fill(workspace / ".rouage" / "journal.db"))
    received = Received(workspace / ".rouage" / "received", "mail/t")
    for number in (0, 1):
        (received.folder(f"m{number}") / "000.pdf").write_bytes(b"%PDF")
    kept = workspace / ".rouage" / "kept" / "a"
    kept.mkdir(parents=True)
    (kept / "1").write_text(f"devis pour {ALICE}", encoding="utf-8")
    (kept / "2").write_text("devis pour bob@exemple.fr", encoding="utf-8")
    return workspace


def call(spoken: Any, *words: str) -> int:
    parser = Parser(prog="rouage forget", about=Text("", ""), language="en")
    configure(parser)
    return run(spoken.session, parser.parse_args(list(words)))


def attachments(shop: Path) -> list[str]:
    found = (shop / ".rouage" / "received").glob("*/.event")
    return sorted(json.loads(one.read_bytes())[1] for one in found)


def test_what_came_with_a_blanked_event_goes_with_it(
    make_session: Callable[..., Any], shop: Path
) -> None:
    spoken = make_session(shop, language="en")
    assert call(spoken, ALICE, "--dry-run") == 0
    assert attachments(shop) == ["m0", "m1"]
    assert "files that came with events: 1" in spoken.out
    assert call(spoken, ALICE, "--yes") == 0
    assert attachments(shop) == ["m1"]
    kept = [one.name for one in (shop / ".rouage" / "kept" / "a").iterdir()]
    assert kept == ["2"]
    assert ALICE.encode() not in (shop / ".rouage" / "journal.db").read_bytes()
    assert (shop / ".rouage" / "forgotten.jsonl").stat().st_mode & 0o077 == 0


def test_without_a_person_to_ask_it_wants_to_be_told(
    make_session: Callable[..., Any], shop: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        call(make_session(shop, language="en", stdin="y\n"), ALICE)
    assert "--dry-run" in caught.value.render("en")
    assert attachments(shop) == ["m0", "m1"]


def test_while_a_daemon_works_nothing_is_touched(
    make_session: Callable[..., Any], shop: Path
) -> None:
    with WorkspaceLock(shop / ".rouage" / "lock"), pytest.raises(WorkspaceError):
        call(make_session(shop), ALICE, "--yes")
    assert attachments(shop) == ["m0", "m1"]


@pytest.mark.parametrize("words", [(), ("ab",), ("  a  ",)])
def test_nobody_and_everybody_are_refused(
    make_session: Callable[..., Any], shop: Path, words: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError):
        call(make_session(shop), *words)
