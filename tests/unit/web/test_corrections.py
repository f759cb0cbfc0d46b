"""Corrections and proposals over the API: listed in the caller's language, and decided."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rouage.flow.corrections.listening import Corrections
from rouage.flow.corrections.noticing import Around
from rouage.flow.corrections.rows import OWNER, Change, Correction, Proposal
from rouage.flow.notices import Notices
from rouage.settings.corrections import Listening

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
CORRECTION = Correction(
    run="run", recipe="sort", step="do.0", old="/out/a.txt", new="/new/a.txt", noticed=NOON
)
PROPOSAL = Proposal(
    number=3,
    recipe="sort",
    change=Change(
        kind="folder",
        path=("do", 0, "files.move", "target"),
        before="out/",
        after="new/",
        old="out",
        new="new",
    ),
    corrections=(CORRECTION.key, "other"),
    made=5,
    since=NOON,
)


@pytest.fixture
async def corrected(desk: Any, tmp_path: Path) -> Any:
    notices = Notices(desk.clock, start=lambda *_: None, tell=desk.press)
    desk.control.corrections = Corrections(
        desk.engine,
        settings=Listening(),
        workspace=tmp_path,
        clock=desk.clock,
        notices=notices,
        around=Around(),
    )
    rows = {one.key.encode(): one.as_json() for one in (CORRECTION, PROPOSAL)}
    await desk.engine.put_items(OWNER, rows)
    return desk


async def test_what_was_noticed_and_proposed_is_listed(corrected: Any) -> None:
    french = {"Accept-Language": "fr"}
    status, body = await corrected.api("GET", "/api/corrections", headers=french)
    assert status == 200
    (correction,) = body["corrections"]
    assert (correction["from"], correction["to"]) == ("/out/a.txt", "/new/a.txt")
    (proposal,) = body["proposals"]
    assert (proposal["number"], proposal["state"], proposal["corrections"]) == (3, "open", 2)
    assert proposal["question"].startswith("vous avez déplacé 2 fichiers faits par sort de out")


async def test_a_proposal_is_decided_once_and_for_all(corrected: Any) -> None:
    wish = {"decision": "dismissed"}
    status, body = await corrected.api("POST", "/api/corrections/3", json=wish)
    assert (status, body["state"]) == (200, "dismissed")
    known = await corrected.control.corrections.known()
    assert known.numbered(3).state == "dismissed"


@pytest.mark.parametrize(
    ("number", "wish", "status"),
    [
        ("4", {"decision": "accepted"}, 404),
        ("9" * 5_000, {"decision": "accepted"}, 404),
        ("²", {"decision": "accepted"}, 404),
        ("3", {"decision": "open"}, 400),
        ("3", {}, 400),
        ("3", {"decision": ["accepted"]}, 400),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    corrected: Any, number: str, wish: Any, status: int
) -> None:
    found, body = await corrected.api("POST", f"/api/corrections/{number}", json=wish)
    assert found == status, body
    assert (await corrected.control.corrections.known()).numbered(3).state == "open"
