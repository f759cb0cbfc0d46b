"""The commands by which people decide, against a real console and journal."""

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.main import main
from rouage.cli.output import Output
from tests.unit.desk import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    await desk.open()
    yield desk
    await desk.close()


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def rouage(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that runs a command beside the loop, standing in the workspace."""
    monkeypatch.chdir(desk.folder)
    for name in ("ROUAGE_WORKSPACE", "ROUAGE_LANG"):
        monkeypatch.delenv(name, raising=False)

    async def run(*words: str, stdin: StringIO | None = None) -> Said:
        out, err = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setattr(sys, "stdin", stdin or StringIO())
            code = await asyncio.to_thread(main, words)
        return Said(code, out.getvalue(), err.getvalue())

    return run


async def test_what_waits_is_listed_with_its_question(desk: Any, rouage: Any) -> None:
    empty = await rouage("approvals")
    assert (empty.code, empty.out) == (0, "nothing waits for a decision\n")
    run = await desk.ask(timeout_at=desk.deadline(2))
    listed = await rouage("approvals", "--links")
    assert run in listed.out
    assert "Send invoice <b>7</b>?" in listed.out
    assert "2026-07-01 16:00:00" in listed.out
    assert f"http://127.0.0.1:{desk.port}/approve/" in listed.out
    assert "rouage approve RUN" in listed.err
    assert (await rouage("approvals", "--json")).data["approvals"][0]["path"] == "do.0"


async def test_what_waits_is_known_without_a_daemon_too(desk: Any, rouage: Any) -> None:
    run = await desk.ask()
    desk.places.daemon.unlink()
    listed = await rouage("approvals", "--lang", "fr")
    assert run in listed.out
    assert "rouage up" in listed.err
    answered = await rouage("approve", run)
    assert answered.code == 1
    assert "rouage up" in answered.err


async def test_an_approval_is_given_with_typed_fields_and_a_reason(desk: Any, rouage: Any) -> None:
    run = await desk.ask(fields={"amount": {"type": "number"}, "note": {}})
    said = await rouage(
        "approve", run[:8], "--field", "amount=1 400,5", "--field", "note=12", "--reason", "ok"
    )
    assert (said.code, said.out) == (0, f"approved: {run} do.0\n"), said.err
    ((author, payload),) = await desk.signals(run)
    assert author == "léa"
    assert payload["fields"] == {"amount": 1400.5, "note": "12"}
    assert payload["reason"] == "ok"


async def test_a_refusal_is_told_as_data(desk: Any, rouage: Any) -> None:
    run = await desk.ask()
    said = await rouage("refuse", "last", "--json", "--reason", "no")
    assert said.code == 0
    assert said.data == {"run": run, "path": "do.0", "choice": "refuse", "by": "léa"}
    assert (await desk.signals(run))[0][1]["choice"] == "refuse"


async def test_a_second_answer_is_refused_and_names_the_first(desk: Any, rouage: Any) -> None:
    run = await desk.ask()
    await desk.press(desk.link(run), "approve")
    said = await rouage("refuse", run, "--lang", "fr")
    assert said.code == 1
    assert "approuvée par marie@exemple.fr" in said.err
    assert len(await desk.signals(run)) == 1


async def test_an_answer_after_the_deadline_is_too_late(desk: Any, rouage: Any) -> None:
    run = await desk.ask(timeout_at=desk.deadline(1))
    desk.clock.instant += timedelta(hours=2)
    said = await rouage("approve", run)
    assert said.code == 1
    assert "time to answer was over" in said.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--field", "amount"], 2, "name=value"),
        (["--field", "other=1"], 2, "its fields: amount"),
        (["--field", "amount=many"], 1, "a number"),
        (["--field", "amount=-1"], 1, "at least 0"),
        (["--step", "do.7"], 1, "asks nothing now"),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused(
    desk: Any, rouage: Any, words: list[str], code: int, told: str
) -> None:
    run = await desk.ask(fields={"amount": {"type": "number", "min": 0}})
    said = await rouage("approve", run, *words)
    assert (said.code, told in said.err) == (code, True), said.err
    assert await desk.signals(run) == []


class Terminal(StringIO):
    """A stream with a person behind it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "code", "count"), [("o\n", 0, 1), ("\n", 1, 0), ("", 1, 0)])
async def test_a_person_sees_the_question_and_is_asked_back(
    desk: Any,
    rouage: Any,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    code: int,
    count: int,
) -> None:
    monkeypatch.setattr(Output, "is_terminal", property(lambda _: True))
    file = desk.folder / "f.pdf"
    file.write_bytes(b"x" * 2048)
    sha = hashlib.sha256(b"x" * 2048).hexdigest()
    shown = [{"path": str(file), "sha256": sha, "size": 2048}, {"text": "to \x1b[2J"}]
    run = await desk.ask(show=shown, timeout_at=desk.deadline(2))
    said = await rouage("approve", run, stdin=Terminal(typed))
    assert said.code == code
    assert "Send invoice <b>7</b>?" in said.out
    assert f"file {file} (2.0 kB, SHA-256 {sha[:12]}…)" in said.out
    assert "> to \\x1b[2J" in said.out
    assert "until 2026-07-01 16:00:00" in said.out
    assert len(await desk.signals(run)) == count


async def test_a_waiting_run_tells_what_it_waits_for(desk: Any, rouage: Any) -> None:
    run = await desk.ask(timeout_at=desk.deadline(2))
    shown = await rouage("show", run)
    assert "waits for a decision at do.0, until 2026-07-01 16:00:00" in shown.out
    assert "Send invoice <b>7</b>?" in shown.out
    french = (await rouage("show", run, "--lang", "fr")).out
    assert "attend une décision à do.0" in french
    listed = await rouage("runs", "--json")
    assert listed.data["runs"][0]["waiting"][0]["kind"] == "approval"
    assert "a decision, until 2026-07-01 16:00:00 (for " in (await rouage("runs")).out


async def test_a_run_is_cancelled_and_one_that_is_over_is_not(desk: Any, rouage: Any) -> None:
    run = await desk.ask()
    said = await rouage("cancel", run)
    assert (said.code, said.out) == (0, f"{run}: cancelled\n")
    other = await desk.ask()
    await desk.press(desk.link(other), "approve")
    await desk.outcome(other)
    said = await rouage("cancel", other, "--json")
    assert (said.code, said.data) == (1, {"run": other, "state": "succeeded"})


async def test_a_run_is_done_again_and_the_two_know_each_other(desk: Any, rouage: Any) -> None:
    run = await desk.ask()
    waiting = await rouage("rerun", run)
    assert waiting.code == 1
    assert "not over yet" in waiting.err
    await desk.press(desk.link(run), "refuse")
    await desk.outcome(run)
    said = await rouage("rerun", run, "--json")
    assert said.code == 0, said.err
    again = said.data["run"]
    await desk.engine.wait_idle()
    assert f"does {run} again" in (await rouage("show", again)).out
    assert f"done again as {again}" in (await rouage("show", run)).out
    wrong = await rouage("rerun", run, "--from", "nowhere")
    assert (wrong.code, "no step “nowhere”" in wrong.err) == (1, True)
    assert (await rouage("rerun", run, "--recipe", "later")).code == 2


async def test_there_is_nothing_to_settle_in_a_run_without_a_doubt(desk: Any, rouage: Any) -> None:
    run = await desk.ask()
    said = await rouage("resolve", run, "--retry")
    assert said.code == 1
    assert "does not need attention" in said.err
    for words in (
        [],
        ["--done", "--retry"],
        ["--retry", "--result", "1"],
        ["--done", "--result", "{"],
    ):
        assert (await rouage("resolve", run, *words)).code == 2, words
