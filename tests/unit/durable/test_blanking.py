"""What is over keeps its skeleton: values go, all of them or the personal ones (features N-11)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw
import pytest

from rouage.durable.erasure import ERASED, Found, Sought
from rouage.durable.keeping import Keeping, Places
from rouage.durable.port import (
    Attempt,
    Claim,
    Duplicate,
    RunContext,
    RunFilter,
    RunOutcome,
    StepSpec,
)
from rouage.model.recipe import Keep
from rouage.settings.retention import Retention
from tests.unit.durable.conftest import DEFINITION

DAY = 86_400
HOUR = 3_600
ALL = Retention(age_seconds=None, runs=None, size_bytes=None)
LARGE = "x" * 100_000
ALICE = "alice@exemple.fr"
VERSION = sha256(DEFINITION).hexdigest()
BLANKING = Keeping(recipes={"orders": Keep(blanks_values=True)})
PERSONAL = Keeping(
    places={
        VERSION: Places(
            events={"orders/hook": ("who.email",)}, results={"test.find": ("people.name",)}
        )
    },
    personal=frozenset({"orders"}),
)


async def greet(context: RunContext, definition: bytes) -> RunOutcome:
    data: Any = context.event.data
    email = data["who"]["email"]

    async def find(attempt: Attempt) -> Any:
        return {"people": [{"name": "Zoé Roux", "rank": 1}], "note": f"to {email.upper()}"}

    async def send(attempt: Attempt) -> Any:
        return {"sent": 7, "text": "Dear Zoé Roux" + LARGE}

    found = StepSpec(action="test.find", effect="none", parameters={"for": email})
    await context.step("do.0", found, find)
    sent = StepSpec(
        action="test.send",
        effect="irreversible",
        parameters={"subject": "Order 12"},
        inverse={"path": "in/Zoé Roux.pdf"},
        once=f"welcome {email}",
    )
    await context.step("do.1", sent, send)
    if data.get("waits"):
        await context.sleep_until("do.2", context.started + timedelta(days=400))
    return RunOutcome(state="succeeded", outputs={"greeted": email, "count": 3})


async def sent(harness: Any, engine: Any, key: str = "a", email: str = ALICE, **data: Any) -> str:
    event = harness.event(key, {"who": {"email": email, "age": 31}, "n": 5, **data})
    answer = await engine.accept(event, [harness.matched(mode="parallel")])
    await engine.wait_idle()
    return str(answer.runs[0])


def texts(run: Any) -> str:
    steps = [(one.parameters, one.conditions, one.result, one.error) for one in run.steps]
    return json.dumps([run.event_data, run.outputs, run.conditions, steps], ensure_ascii=False)


async def test_all_values_go_an_hour_after_a_run_and_what_happened_stays(harness: Any) -> None:
    engine = await harness.open(greet)
    run_id = await sent(harness, engine)
    assert (await engine.purge(ALL, BLANKING)).blanked == 0
    harness.clock.advance(HOUR + 1)
    assert (await engine.purge(ALL, BLANKING)).blanked == 1
    run = await engine.get_run(run_id)
    assert (run.state, run.blanked) == ("succeeded", "values")
    assert run.event_data == {"who": {"email": ERASED, "age": None}, "n": None}
    assert run.outputs == {"greeted": ERASED, "count": None}
    assert run.conditions[0]["expression"] == "event.n > 0"
    assert [(step.path, step.action, step.state) for step in run.steps] == [
        ("do.0", "test.find", "done"),
        ("do.1", "test.send", "done"),
    ]
    assert run.steps[1].parameters == {"subject": ERASED}
    assert await engine.list_inverses(run_id) == {"do.1": {"path": ERASED}}
    left = texts(run)
    assert "Zoé" not in left
    assert "alice" not in left.casefold()
    assert (await engine.purge(ALL, BLANKING)).blanked == 0


async def test_personal_values_go_wherever_the_run_has_them_and_the_others_stay(
    harness: Any,
) -> None:
    engine = await harness.open(greet)
    run_id = await sent(harness, engine)
    harness.clock.advance(30 * DAY - 1)
    assert (await engine.purge(ALL, PERSONAL)).blanked == 0
    harness.clock.advance(2)
    assert (await engine.purge(ALL, PERSONAL)).blanked == 1
    run = await engine.get_run(run_id)
    assert run.blanked == "personal"
    assert run.event_data == {"who": {"email": ERASED, "age": 31}, "n": 5}
    assert run.outputs == {"greeted": ERASED, "count": 3}
    first, second = run.steps
    assert first.parameters == {"for": ERASED}
    assert first.result == {"people": [{"name": ERASED, "rank": 1}], "note": ERASED}
    assert second.parameters == {"subject": "Order 12"}
    assert second.result == {"sent": 7, "text": ERASED}
    assert await engine.list_inverses(run_id) == {"do.1": {"path": ERASED}}
    assert (await engine.purge(ALL, PERSONAL)).blanked == 0


async def test_a_recipe_has_its_own_time_for_personal_values(harness: Any) -> None:
    engine = await harness.open(greet)
    run_id = await sent(harness, engine)
    harness.clock.advance(2 * DAY)
    own = Keeping(
        recipes={"orders": Keep(personal_seconds=DAY)},
        places=PERSONAL.places,
        personal=PERSONAL.personal,
    )
    never = Retention(age_seconds=None, runs=None, size_bytes=None, personal_seconds=None)
    assert (await engine.purge(never, PERSONAL)).blanked == 0
    assert (await engine.purge(never, own)).blanked == 1
    assert (await engine.get_run(run_id)).blanked == "personal"


@pytest.mark.parametrize("keeping", [BLANKING, PERSONAL], ids=["values", "personal"])
async def test_what_is_done_once_is_still_known_by_the_digest_of_its_key(
    harness: Any, keeping: Keeping
) -> None:
    engine = await harness.open(greet)
    await sent(harness, engine)
    harness.clock.advance(31 * DAY)
    assert (await engine.purge(ALL, keeping)).blanked == 1
    again = await sent(harness, engine, "b")
    step = (await engine.get_run(again)).steps[1]
    assert step.state == "done"
    assert step.result["text"] == ERASED
    claim = await engine.find_claim("step", f"welcome {ALICE}")
    assert ALICE not in claim.key
    other = await sent(harness, engine, "c", "bob@exemple.fr")
    assert (await engine.get_run(other)).steps[1].result["sent"] == 7


async def test_an_event_with_a_hidden_key_is_still_a_duplicate(harness: Any) -> None:
    engine = await harness.open(greet)
    claim = Claim(scope="orders/hook", key=ALICE, expires=None)
    data = {"who": {"email": ALICE}}
    first = await engine.accept(
        harness.event("a", data), [harness.matched(mode="parallel")], claim=claim
    )
    await engine.wait_idle()
    harness.clock.advance(31 * DAY)
    assert (await engine.purge(ALL, PERSONAL)).blanked == 1
    again = await engine.accept(harness.event("b", data), [harness.matched()], claim=claim)
    assert again.runs == ()
    record = await engine.get_event(again.event_id)
    assert record.verdicts[0].outcome == "duplicate"
    assert record.verdicts[0].error["first"] == first.event_id
    assert isinstance(await engine.accept(harness.event("a", data), []), Duplicate)


async def test_nothing_of_an_open_run_is_touched(harness: Any) -> None:
    engine = await harness.open(greet)
    run_id = await sent(harness, engine, waits=True)
    harness.clock.advance(60 * DAY)
    for keeping in (BLANKING, PERSONAL):
        assert (await engine.purge(ALL, keeping)).blanked == 0
    run = await engine.get_run(run_id)
    assert (run.state, run.blanked) == ("waiting", None)
    assert run.event_data["who"]["email"] == ALICE
    harness.clock.advance(400 * DAY)
    await engine.wait_idle()


async def test_what_an_open_replay_still_needs_stays(
    harness: Any, eventually: Callable[..., Awaitable[Any]]
) -> None:
    async def execute(context: RunContext, definition: bytes) -> RunOutcome:
        if context.recorded("replay") is not None:
            await context.sleep_until("do.9", context.started + timedelta(days=400))
        return RunOutcome(state="succeeded")

    engine = await harness.open(execute)
    run_id = await sent(harness, engine)
    await engine.replay(run_id, keep=[], definition=None, author="zoe")
    await engine.wait_idle()
    harness.clock.advance(60 * DAY)
    assert (await engine.purge(ALL, BLANKING)).blanked == 0
    harness.clock.advance(400 * DAY)

    async def is_over() -> bool:
        return (await engine.stats()).get("succeeded") == 2

    await eventually(is_over, 30.0)
    harness.clock.advance(DAY)
    assert (await engine.purge(ALL, BLANKING)).blanked == 1


async def test_other_recipes_keep_everything(harness: Any) -> None:
    engine = await harness.open(greet)
    run_id = await sent(harness, engine)
    event = harness.event("b", {"who": {"email": ALICE}}, source="other/hook")
    await engine.accept(event, [harness.matched("other", mode="parallel")])
    await engine.wait_idle()
    harness.clock.advance(60 * DAY)
    assert (await engine.purge(ALL, BLANKING)).blanked == 1
    page = await engine.list_runs(RunFilter(recipe="other"))
    assert [run.blanked for run in page.runs] == [None]
    assert (await engine.get_run(run_id)).blanked == "values"


async def test_an_event_that_started_nothing_is_blanked_too(harness: Any) -> None:
    engine = await harness.open(greet)
    verdict = harness.matched()
    rejected = type(verdict)(recipe="orders", outcome="rejected", definition=VERSION)
    await engine.accept(harness.event("a", {"who": {"email": ALICE}, "n": 5}), [rejected])
    harness.clock.advance(31 * DAY)
    assert (await engine.purge(ALL, PERSONAL)).blanked == 1
    (record,) = await engine.find_events()
    assert record.event.data == {"who": {"email": ERASED}, "n": 5}


async def test_who_was_forgotten_before_does_not_keep_the_others(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(greet)
    run_id = await sent(sqlite_harness, engine, people=[f"p{n}@exemple.fr" for n in range(30)])

    async def nothing_else(found: Found) -> None:
        """Find nothing beside the journal."""

    await engine.erase(Sought(["p7@exemple.fr"]), nothing_else)
    run = await engine.get_run(run_id)
    assert run.blanked == "person"
    assert run.event_data["who"]["email"] == ALICE
    sqlite_harness.clock.advance(31 * DAY)
    assert (await engine.purge(ALL, PERSONAL)).blanked == 1
    run = await engine.get_run(run_id)
    assert run.blanked == "person"
    assert run.event_data["who"]["email"] == ERASED
    assert run.event_data["people"][8] == "p8@exemple.fr"
    assert (await engine.purge(ALL, PERSONAL)).blanked == 0
    assert (await engine.purge(ALL, BLANKING)).blanked == 1
    assert (await engine.get_run(run_id)).blanked == "values"


# Bounds of single recipes.


async def test_a_recipe_with_bounds_of_its_own_is_left_by_those_of_the_workspace(
    harness: Any,
) -> None:
    engine = await harness.open(greet)
    long = await sent(harness, engine)
    short = await one_of(harness, engine, "short")
    harness.clock.advance(100 * DAY)
    usual = await one_of(harness, engine, "usual")
    await one_of(harness, engine, "usual", "last")
    keeping = Keeping(
        recipes={"orders": Keep(age_seconds=400 * DAY), "short": Keep(age_seconds=7 * DAY)}
    )
    bounds = Retention(age_seconds=200 * DAY, runs=1, size_bytes=None)
    assert (await engine.purge(bounds, keeping)).runs == 2
    page = await engine.list_runs(RunFilter())
    left = {run.id for run in page.runs}
    assert long in left
    assert not {short, usual} & left


async def test_a_recipe_can_keep_the_newest_of_its_runs(harness: Any) -> None:
    engine = await harness.open(greet)
    runs = [await one_of(harness, engine, "few", f"k{number}") for number in range(5)]
    other = await one_of(harness, engine, "other")
    last = await sent(harness, engine)
    harness.clock.advance(1_000 * DAY)
    purged = await engine.purge(ALL, Keeping(recipes={"few": Keep(runs=2)}))
    assert purged.runs == 3
    page = await engine.list_runs(RunFilter())
    assert {run.id for run in page.runs} == {*runs[3:], other, last}


async def one_of(harness: Any, engine: Any, recipe: str, key: str = "k") -> str:
    event = harness.event(key, {"who": {"email": ALICE}}, source=f"{recipe}/hook")
    answer = await engine.accept(event, [harness.matched(recipe, mode="parallel")])
    await engine.wait_idle()
    return str(answer.runs[0])


# The file.


def everything(path: Path) -> str:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    queries = (
        "SELECT data, NULL, NULL, NULL FROM event",
        "SELECT outputs, error, reason, cancel FROM run",
        "SELECT parameters, conditions, result, error FROM step",
        "SELECT inverse, NULL, NULL, NULL FROM effect",
        "SELECT key, result, NULL, NULL FROM claim",
        "SELECT CAST(body AS TEXT), NULL, NULL, NULL FROM blob",
    )
    try:
        return str([row for query in queries for row in connection.execute(query)])
    finally:
        connection.close()


async def test_large_values_go_with_what_they_stood_for(sqlite_harness: Any) -> None:
    engine = await sqlite_harness.open(greet)
    await sent(sqlite_harness, engine)
    assert LARGE in everything(sqlite_harness.path)
    sqlite_harness.clock.advance(31 * DAY)
    purged = await engine.purge(ALL, PERSONAL)
    assert (purged.blanked, purged.blobs) == (1, 1)
    left = everything(sqlite_harness.path)
    assert LARGE not in left
    assert "Zoé" not in left
    assert ALICE not in left


BLANK = """
import asyncio, datetime, os, pathlib, sys
from rouage.durable.failpoints import Failpoints
from rouage.durable.sqlite import open_engine
from tests.clock import ManualClock
from tests.unit.durable.test_blanking import ALL, PERSONAL

async def main():
    clock = ManualClock(datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))
    points = Failpoints.parse(os.environ.get("ROUAGE_FAILPOINT"))
    engine = open_engine(pathlib.Path(sys.argv[1]), clock=clock, failpoints=points)
    print((await engine.purge(ALL, PERSONAL)).blanked)
    await engine.close()

asyncio.run(main())
"""


def blank_apart(path: Path, failpoint: str = "") -> tuple[int, str]:
    root = Path(__file__).parents[3]
    folders = os.pathsep.join([str(root / "engine"), str(root / "connectors"), str(root)])
    done = subprocess.run(
        [sys.executable, "-c", BLANK, str(path)],
        env={**os.environ, "PYTHONPATH": folders, "ROUAGE_FAILPOINT": failpoint},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode, done.stdout.strip()


async def many_steps(context: RunContext, definition: bytes) -> RunOutcome:
    async def act(attempt: Attempt) -> Any:
        return {"text": f"for {ALICE}"}

    for number in range(300):
        await context.step(f"do.{number}", StepSpec(action="test.do", effect="none"), act)
    return RunOutcome(state="succeeded")


@pytest.mark.crash
@pytest.mark.parametrize("point", ["mid_blanking", "between_blanks"])
async def test_a_kill_leaves_nothing_that_is_not_found_again(
    sqlite_harness: Any, point: str
) -> None:
    engine = await sqlite_harness.open(many_steps)
    for key in "abc":
        await sent(sqlite_harness, engine, key)
    await engine.close()
    for count in (1, 2):
        code, said = blank_apart(sqlite_harness.path, f"{point}:{count}")
        assert code != 0, (count, said)
    code, _ = blank_apart(sqlite_harness.path)
    assert code == 0
    assert ALICE not in everything(sqlite_harness.path)
    assert blank_apart(sqlite_harness.path) == (0, "0")
