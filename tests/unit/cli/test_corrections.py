"""`rouage corrections` without a daemon: listed, refused, dismissed and accepted."""

import argparse
import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.corrections.command import configure, known_of, run
from rouage.cli.parser import Parser
from rouage.clock import SystemClock
from rouage.durable.sqlite import open_engine
from rouage.errors import UsageError, WorkspaceError
from rouage.flow.corrections.rows import OWNER, Change, Correction, Proposal
from rouage.language import Text

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
RECIPE = """\
name: Sort  # nom
when: [{manual.start: {}}]
do:
  - files.move: {source: in/a.txt, target: out/}
"""


def proposal(target: str = "out/", **more: Any) -> Proposal:
    path = ("do", 0, "files.move", "target")
    change = Change(kind="folder", path=path, before=target, after="new/", old="out", new="new")
    options: dict[str, Any] = {"number": 1, "corrections": ("c",), "made": 5} | more
    return Proposal(recipe="sort", change=change, since=NOON, **options)


@pytest.fixture
def keep(workspace: Path) -> Callable[..., None]:
    """Return what writes into the journal as a daemon would."""

    def write(root: Path, *rows: Any) -> None:
        async def do() -> None:
            engine = open_engine(workspace / ".rouage" / "journal.db", clock=SystemClock())
            text = RECIPE.encode()
            await engine.put_definition("sort", b'{"id":"sort"}', file="sort.yaml", source=text)
            await engine.put_items(OWNER, {one.key.encode(): one.as_json() for one in rows})
            await engine.close(0)

        (root / "recipes" / "sort.yaml").write_text(RECIPE, encoding="utf-8")
        asyncio.run(do())

    return write


def said(make_session: Callable[..., Any], workspace: Path, *words: str, **options: Any) -> Any:
    spoken = make_session(workspace, **({"language": "en"} | options))
    parser = Parser(prog="rouage corrections", about=Text("", ""), language="en")
    configure(parser)
    arguments: argparse.Namespace = parser.parse_args(list(words))
    code = run(spoken.session, arguments)
    return code, spoken.out


def test_nothing_is_told_where_nothing_happened(make_session, workspace):
    code, out = said(make_session, workspace)
    assert (code, out.splitlines()) == (
        0,
        ["no correction was noticed: what recipes made lies where they put it"],
    )


def test_what_was_noticed_is_listed_and_what_is_decided_only_when_asked_for(
    make_session, workspace, keep
):
    moved = Correction(
        run="r",
        recipe="sort",
        step="do.0",
        old=str(workspace / "out" / "a.txt"),
        new="/elsewhere/a.txt",
        noticed=NOON,
    )
    keep(workspace, moved, proposal(state="dismissed"))
    _, out = said(make_session, workspace)
    assert "2026-07-01 12:00:00  sort: out/a.txt → /elsewhere/a.txt" in out
    assert "nothing is proposed" in out
    _, out = said(make_session, workspace, "--all", language="fr")
    assert "1. vous avez déplacé" in out
    assert "(écarté)" in out


def test_a_number_is_needed_and_must_be_one(make_session, workspace, keep):
    with pytest.raises(UsageError) as missing:
        said(make_session, workspace, "show")
    assert "rouage corrections show" in missing.value.render("en")
    keep(workspace)
    with pytest.raises(WorkspaceError) as unknown:
        said(make_session, workspace, "dismiss", "7")
    assert unknown.value.render("fr") == "il n’y a pas de proposition 7"


def test_a_proposal_is_dismissed_without_a_daemon(make_session, workspace, keep):
    keep(workspace, proposal())
    code, out = said(make_session, workspace, "dismiss", "1", is_json=True)
    assert code == 0
    assert '"state": "dismissed"' in out
    known = known_of(make_session(workspace).session)
    assert known.numbered(1).state == "dismissed"
    with pytest.raises(WorkspaceError) as again:
        said(make_session, workspace, "accept", "1", "--yes")
    assert "decided already" in again.value.render("en")


def test_an_accepted_proposal_is_written_with_its_comments(make_session, workspace, keep):
    keep(workspace, proposal())
    with pytest.raises(UsageError):
        said(make_session, workspace, "accept", "1")
    file = workspace / "recipes" / "sort.yaml"
    assert file.read_text(encoding="utf-8") == RECIPE
    code, out = said(make_session, workspace, "accept", "1", "--yes")
    assert code == 0
    assert "recipes/sort.yaml is changed" in out
    assert file.read_text(encoding="utf-8") == RECIPE.replace("out/", "new/")
    known = known_of(make_session(workspace).session)
    assert known.numbered(1).state == "accepted"


def test_a_recipe_that_says_something_else_by_now_is_left_alone(make_session, workspace, keep):
    keep(workspace, proposal("elsewhere/"))
    for words in (("show", "1"), ("accept", "1", "--yes")):
        with pytest.raises(WorkspaceError) as changed:
            said(make_session, workspace, *words)
        assert "does not fit any more" in changed.value.render("en")
    file = workspace / "recipes" / "sort.yaml"
    assert file.read_text(encoding="utf-8") == RECIPE


def test_what_is_shown_can_be_read_by_programs(make_session, workspace, keep):
    import json

    keep(workspace, proposal())
    code, out = said(make_session, workspace, "show", "1", is_json=True)
    told = json.loads(out)
    assert code == 0
    assert "+  - files.move: {source: in/a.txt, target: new/}" in told["diff"]
    assert told["changes"][0]["text"]
    assert told["replay"]["events"] == 0
