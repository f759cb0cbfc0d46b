"""One run on the terminal: nested steps, folded loops, retries, resolutions, relatives."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.run_lines import run_lines
from rouage.cli.waits import age_of
from rouage.model.run import RunRecord, StepRecord, WaitRecord
from rouage.web.runs import Relatives, detail_of

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
Lines = Callable[..., str]


def step(path: str, action: str = "log.write", **facts: Any) -> StepRecord:
    return StepRecord(path=path, action=action, state=facts.pop("state", "done"), **facts)


def run(*steps: StepRecord, **facts: Any) -> RunRecord:
    values = {
        "id": "run-a",
        "recipe": "sort",
        "state": "succeeded",
        "event": "e1",
        "definition": "d",
        "created": NOON,
    }
    return RunRecord(**(values | facts), steps=steps)


@pytest.fixture
def lines(make_session: Callable[..., Any], workspace: Path) -> Lines:
    """Return a function that tells a run in a language."""

    def tell(
        record: RunRecord,
        relatives: Relatives | None = None,
        *,
        language: str = "en",
        shows_all: bool = False,
    ) -> str:
        session = make_session(workspace, language=language).session
        detail = detail_of(record, session.language, {"do.1.for_each.do.0": "each"}, relatives)
        return "\n".join(run_lines(session, detail, shows_all=shows_all))

    return tell


LOOP = [step(f"do.1[{number}].for_each.do.0") for number in range(8)]


def test_steps_inside_others_stand_below_them_and_further_in(lines: Lines) -> None:
    shown = lines(
        run(
            step("do.0.choose.1.do.0"),
            step("do.0", "choose"),
            step("do.2.parallel.branches.left.0.group.do.0"),
            step("do.2.parallel.branches.left.0", "group"),
            step("do.2", "parallel"),
        )
    )
    starts = [line for line in shown.splitlines() if "  done" in line]
    assert starts == [
        "  do.0  choose  done",
        "    do.0.choose.1.do.0  log.write  done",
        "  do.2  parallel  done",
        "    do.2.parallel.branches.left.0  group  done",
        "      do.2.parallel.branches.left.0.group.do.0  log.write  done",
    ]


def test_a_long_loop_is_folded_but_never_what_is_not_done(lines: Lines) -> None:
    failed = step("do.1[6].for_each.do.0", state="failed", error={"message": "gone"})
    record = run(*LOOP[:6], failed, LOOP[7], step("do.1", "for_each"), step("do.2"))
    shown = lines(record)
    assert "do.1[2].for_each.do.0  log.write (each)  done" in shown
    assert "do.1[3]" not in shown
    assert "do.1[6].for_each.do.0  log.write (each)  failed" in shown
    assert "… 4 more items (4 × done); --all shows them" in shown
    assert shown.index("--all") < shown.index("  do.2  ")
    whole = lines(record, shows_all=True)
    assert "do.1[5]" in whole
    assert "--all" not in whole


def test_what_the_engine_notes_beside_steps_is_shown_only_on_demand(lines: Lines) -> None:
    record = run(step("do.0:asked", "now"), step("replay", "replay"), step("do.0", "approve"))
    assert "do.0:asked" not in lines(record)
    assert "replay" not in lines(record)
    assert "do.0:asked" in lines(record, shows_all=True)


def test_attempts_and_the_next_one_are_told(lines: Lines) -> None:
    pause = step("do.0", state="waiting", attempts=2, next_attempt=NOON + timedelta(minutes=5))
    shown = lines(run(pause, state="waiting"), language="fr")
    assert "2 tentatives" in shown
    assert "nouvel essai à 2026-07-01 12:05:00" in shown


def test_who_settled_a_doubt_is_told(lines: Lines) -> None:
    settled = {"choice": "done", "author": "léa", "at": NOON.isoformat()}
    shown = lines(run(step("do.0", resolution=settled)))
    assert "settled as done by léa, 2026-07-01 12:00:00" in shown


def test_relatives_are_named(lines: Lines) -> None:
    record = run(parent="run-p", replay_of="run-o")
    child, again = run(id="run-c", recipe="other"), run(id="run-n", state="failed")
    shown = lines(record, Relatives(children=(child,), replays=(again,)))
    assert "called by run-p" in shown
    assert "does run-o again" in shown
    assert "called run-c (other, succeeded)" in shown
    assert "done again as run-n (failed)" in shown


@pytest.mark.parametrize(
    ("kind", "english", "french"),
    [
        ("timer", "waits for an instant at do.0, until", "attend un instant à do.0, jusqu’à"),
        ("event", "waits for an event at do.0", "attend un événement à do.0"),
        ("call", "waits for another run at do.0", "attend une autre exécution à do.0"),
    ],
)
def test_what_is_awaited_is_told(lines: Lines, kind: Any, english: str, french: str) -> None:
    wait = WaitRecord(run="run-a", recipe="sort", path="do.0", kind=kind, deadline=NOON)
    record, around = run(state="waiting"), Relatives(waits=(wait,))
    assert english in lines(record, around)
    assert french in lines(record, around, language="fr")


def test_a_reason_has_its_sentence_and_the_words_of_the_person(lines: Lines) -> None:
    reason = {"message": {"en": "refused by léa", "fr": "refusé par léa"}, "reason": "not now"}
    shown = lines(run(state="cancelled", reason=reason), language="fr")
    assert "raison : refusé par léa — not now" in shown


def test_french_has_its_space_before_the_colon(lines: Lines) -> None:
    record = run(step("do.0", result=1, error={"message": "x"}), event_data={"a": 1})
    shown = lines(record, language="fr")
    assert "événement : " in shown
    assert "résultat : 1" in shown
    assert "erreur : x" in shown


@pytest.mark.parametrize(
    ("seconds", "age"), [(3, "3 s"), (200, "3 min"), (7300, "2 h"), (200_000, "2 d"), (-5, "0 s")]
)
def test_an_age_is_told_in_one_unit(
    make_session: Callable[..., Any], workspace: Path, seconds: int, age: str
) -> None:
    session = make_session(workspace, language="en").session
    assert age_of(session, NOON.isoformat(), NOON + timedelta(seconds=seconds)) == age
