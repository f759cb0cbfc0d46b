"""`rouage try` and `rouage test`: what they tell, what they leave alone, and how they end."""

import asyncio
import json
import logging
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rouage.catalog.discovery import discover
from rouage.cli.test import command as testing
from rouage.cli.trying import command as trying
from rouage.clock import SystemClock
from rouage.durable.port import Accepted
from rouage.durable.sqlite import open_engine
from rouage.errors import RecipeError, UsageError, WorkspaceError
from rouage.flow.match import match
from rouage.flow.plan import Plan, make_plan
from rouage.flow.run import Interpreter
from rouage.flow.services import Services
from rouage.model.event import Event
from rouage.model.ids import new_event_id
from rouage.model.secret import Secret
from rouage.recipes.checker import check
from rouage.recipes.definition import parse
from rouage.safety.paths import Folders
from rouage.secrets import SecretStore

RECIPE = """\
name: Orders
inputs: {folder: {type: text, default: slips}}
when:
  - webhook.received: {path: orders, preset: none, unsigned: true}
    id: hook
if: event.body.n > 0
do:
  - data.parse: {text: "${{ event.body.rows }}", format: json}
    id: rows
  - for_each:
      in: ${{ steps.rows.data }}
      do:
        - files.write:
            path: ${{ inputs.folder }}/${{ item }}.txt
            text: key ${{ secrets.key }} at ${{ now() | date('%H') }}
            on_conflict: overwrite
          id: slip
  - files.read: {path: "${{ inputs.folder }}/a.txt"}
    id: back
    on_error: continue
outputs: {count: "${{ steps.rows.count }}"}
"""
DATA = {"body": {"n": 1, "rows": '["a", "b"]'}}
TESTS = """\
# mine
cases:
  - name: two slips
    event: {data: {body: {n: 1, rows: '["a", "b"]'}}}
    answers: {back: {text: x}}
    expect: {state: succeeded, effects: [{action: files.write, count: 2}]}
"""


@pytest.fixture
def recipe(workspace: Path) -> Path:
    path = workspace / "recipes" / "orders.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    SecretStore(workspace / ".rouage" / "secrets.json").set("key", "s3cr3t-s3cr3t")
    return path


@pytest.fixture
def say(make_session: Callable[..., Any], workspace: Path) -> Callable[..., Any]:
    """Return what calls a command and gives its exit code and its session."""

    def call(command: Any, *, is_json: bool = False, language: str = "en", **given: Any) -> Any:
        spoken = make_session(workspace, language=language, is_json=is_json)
        known: dict[str, Any] = {trying: _TRY, testing: _TEST}[command]
        code = command.run(spoken.session, Namespace(**{**known, **given}))
        return code, json.loads(spoken.out) if is_json else spoken.out

    return call


_TRY: dict[str, Any] = {
    "recipe": "orders",
    "event": None,
    "last": False,
    "sample": False,
    "all": False,
    "trigger": None,
    "input": [],
}
_TEST: dict[str, Any] = {"names": [], "case": None}


def event_file(workspace: Path, data: Any = DATA) -> str:
    path = workspace / "event.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


async def run_once(workspace: Path, data: Any = DATA) -> str:
    """Really run the recipe, into the journal of the workspace."""
    catalog, clock = discover(), SystemClock()
    plans: dict[bytes, Plan] = {}
    services = Services(
        catalog=catalog,
        clock=clock,
        workspace=workspace,
        timezone=ZoneInfo("UTC"),
        language="en",
        secrets=lambda: {"key": Secret("s3cr3t-s3cr3t", name="key")},
        mask=lambda value: value,
        folders_of=Folders(workspace=workspace).also,
        open_http=lambda: pytest.fail("no request was to be made"),
        scratch_of=lambda _: workspace,
        log=logging.getLogger("test"),
    )
    checked = check(RECIPE.encode(), file="orders.yaml", catalog=catalog)
    assert checked.recipe is not None

    def plan_of(definition: bytes) -> Plan:
        if definition not in plans:
            plans[definition] = make_plan(parse(definition), services)
        return plans[definition]

    plan = plan_of(checked.recipe.definition)
    engine = open_engine(workspace / ".rouage" / "journal.db", clock=clock)
    await engine.put_definition("orders", checked.recipe.definition)
    await engine.open(Interpreter(plan_of, services).execute)
    now = clock.now()
    event = Event(id=new_event_id(now), source="orders/hook", time=now, data=data, key="1")
    answer = await engine.accept(event, (match(plan, plan.triggers["hook"], event, services),))
    assert isinstance(answer, Accepted)
    await engine.wait_idle()
    await engine.close()
    return answer.runs[0] if answer.runs else ""


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "journal.db" not in path.name
    }


def test_try_tells_everything_and_does_nothing(say, recipe: Path, workspace: Path) -> None:
    name, before = event_file(workspace), files_in(workspace)
    code, told = say(trying, event=name, is_json=True)
    assert (code, told["would"], told["state"]) == (0, "run", "succeeded")
    assert told["conditions"][0]["values"] == {"event.body.n": 1}
    assert [one["sentence"].split(" (")[0] for one in told["effects"]] == [
        "write slips/a.txt",
        "write slips/b.txt",
    ]
    assert told["effects"][0]["parameters"]["text"] == "•••"
    assert told["outputs"] == {"count": 2}
    assert files_in(workspace) == before
    assert not (workspace / "slips").exists()


@pytest.mark.parametrize(
    ("language", "end"), [("en", "Nothing was done."), ("fr", "Rien n’a été fait.")]
)
def test_try_speaks_to_people(say, recipe: Path, workspace: Path, language: str, end: str) -> None:
    code, told = say(trying, event=event_file(workspace), language=language)
    assert code == 0
    assert "event.body.n > 0  → true" in told
    assert "do.1[0].for_each.do.0  files.write (slip)" in told
    assert end in told.splitlines()[-1]
    assert "s3cr3t" not in told


def test_try_says_why_it_would_not_start(say, recipe: Path, workspace: Path) -> None:
    code, told = say(trying, event=event_file(workspace, {"body": {"n": 0}}))
    assert code == 3
    assert "It would not start: the condition is false: event.body.n > 0" in told


def test_try_says_why_it_would_fail(say, recipe: Path, workspace: Path) -> None:
    name = event_file(workspace, {"body": {"n": 1, "rows": "["}})
    code, told = say(trying, event=name, is_json=True)
    assert (code, told["would"], told["state"]) == (1, "fail", "failed")
    assert "JSON" in told["error"]["message"]


def test_a_long_loop_is_folded_unless_all_is_wanted(say, recipe: Path, workspace: Path) -> None:
    rows = json.dumps([f"n{number}" for number in range(40)])
    name = event_file(workspace, {"body": {"n": 1, "rows": rows}})
    assert "… and 20 more; --all shows them" in say(trying, event=name)[1]
    told = say(trying, event=name, all=True)[1]
    assert "40. write slips/n39.txt" in told
    assert "do.1[39].for_each.do.0  files.write" in told


def test_try_takes_inputs_as_they_are_declared(say, recipe: Path, workspace: Path) -> None:
    name = event_file(workspace)
    _, told = say(trying, event=name, input=["folder=other"], is_json=True)
    assert told["effects"][0]["parameters"]["path"] == "other/a.txt"
    with pytest.raises(UsageError):
        say(trying, event=name, input=["foldr=other"])


def test_try_takes_the_newest_event_of_the_journal(say, recipe: Path, workspace: Path) -> None:
    with pytest.raises(UsageError, match="no event has come"):
        say(trying, last=True)
    asyncio.run(run_once(workspace))
    code, told = say(trying, last=True, is_json=True)
    assert (code, told["event"]) == (0, DATA)
    assert told["origin"].startswith("the newest event of hook")


def test_try_puts_a_sample_file_into_the_folder_that_is_watched(say, workspace: Path) -> None:
    (workspace / "recipes" / "move.yaml").write_text(
        "name: m\nwhen: [{folder.file: {path: in}}]\n"
        "do: [{files.move: {source: '${{ event.file.path }}', target: out/}}]\n",
        encoding="utf-8",
    )
    code, told = say(trying, recipe="move", sample=True, is_json=True)
    assert (code, told["state"]) == (0, "succeeded")
    assert told["event"]["file"]["folder"] == str(workspace / "in")
    assert any("is there, which it is not now" in note for note in told["assumed"])
    assert not (workspace / "out").exists()


def test_try_refuses_what_is_no_recipe(say, recipe: Path) -> None:
    recipe.write_text("name: [", encoding="utf-8")
    with pytest.raises(RecipeError):
        say(trying)
    with pytest.raises(UsageError, match="no recipe"):
        say(trying, recipe="ordres")
    recipe.write_text(RECIPE + "enabled: false\n", encoding="utf-8")
    code, told = say(trying, sample=True)
    assert (code, "the recipe is switched off" in told) == (3, True)


def test_tests_that_pass_are_counted(say, recipe: Path, workspace: Path) -> None:
    recipe.with_name("orders.test.yaml").write_text(TESTS, encoding="utf-8")
    for names in ([], ["orders"], ["recipes"], ["recipes/orders.test.yaml"]):
        code, told = say(testing, names=names, is_json=True)
        assert (code, told["passed"], told["failed"]) == (0, 1, 0), names
    assert "1 case(s): 1 passed, 0 failed" in say(testing)[1]
    assert not (workspace / "slips").exists()


def test_a_difference_is_shown_as_expected_and_actual(say, recipe: Path) -> None:
    wrong = TESTS.replace("count: 2", "count: 1, path: x").replace("answers", "# answers")
    recipe.with_name("orders.test.yaml").write_text(wrong, encoding="utf-8")
    code, told = say(testing)
    assert code == 1
    assert "FAILED  two slips  (line 3)" in told
    assert "effects.0 (files.write).path\n            expected  x\n" in told
    assert "actual    slips/a.txt" in told
    assert "the step back reads or asks, and has no answer in this case" in told


def test_a_wrong_test_file_is_told_with_its_places(say, recipe: Path) -> None:
    path = recipe.with_name("orders.test.yaml")
    path.write_text("cases:\n  - name: a\n    expct: {}\n", encoding="utf-8")
    code, told = say(testing, is_json=True)
    (problem,) = told["diagnostics"]
    assert (code, problem["code"], problem["range"]["start"]) == (
        1,
        "RG221",
        {"line": 3, "column": 5},
    )
    assert "did you mean “expect”?" in say(testing)[1]


def test_a_missing_test_file_and_no_tests_at_all_are_told(say, recipe: Path) -> None:
    assert say(testing)[0] == 0
    with pytest.raises(UsageError, match=r"orders\.test\.yaml"):
        say(testing, names=["orders"])
    lonely = recipe.with_name("lonely.test.yaml")
    lonely.write_text(TESTS, encoding="utf-8")
    with pytest.raises(UsageError, match=r"lonely\.yaml"):
        say(testing)


def test_an_event_may_stand_in_a_file_of_its_own(say, recipe: Path, workspace: Path) -> None:
    (recipe.parent / "events").mkdir()
    (recipe.parent / "events" / "one.json").write_text(json.dumps(DATA), encoding="utf-8")
    tests = TESTS.replace("event: {data: {body: {n: 1, rows: '[\"a\", \"b\"]'}}}",
                          "file: events/one.json")  # fmt: skip
    recipe.with_name("orders.test.yaml").write_text(tests, encoding="utf-8")
    assert say(testing)[0] == 0


def test_a_real_run_becomes_a_case_that_passes(say, recipe: Path, workspace: Path) -> None:
    run = asyncio.run(run_once(workspace))
    code, told = say(testing, names=["keep", run[:8]], case="real", is_json=True)
    assert (code, told["passes"]) == (0, True)
    path = recipe.with_name("orders.test.yaml")
    text = path.read_text(encoding="utf-8")
    assert "s3cr3t" not in text
    assert str(workspace) not in text
    assert told["case"]["event"] == {"trigger": "hook", "data": DATA}
    assert set(told["case"]["answers"]) == {"slip", "back"}
    assert len(told["case"]["answers"]["slip"]["each"]) == 2
    assert told["case"]["expect"]["steps"] == {
        "rows": "done",
        "slip": {"times": 2},
        "back": "done",
    }
    assert say(testing)[0] == 0


def test_a_kept_case_comes_below_what_is_there(say, recipe: Path, workspace: Path) -> None:
    path = recipe.with_name("orders.test.yaml")
    path.write_text(TESTS, encoding="utf-8")
    asyncio.run(run_once(workspace))
    assert say(testing, names=["keep", "last"], case="real")[0] == 0
    assert path.read_text(encoding="utf-8").startswith(TESTS)
    assert say(testing, is_json=True)[1]["passed"] == 2
    with pytest.raises(UsageError, match="already"):
        say(testing, names=["keep", "last"], case="two slips")


def test_keep_wants_a_run_and_a_name(say, recipe: Path, workspace: Path) -> None:
    with pytest.raises(UsageError):
        say(testing, names=["keep", "last"])
    with pytest.raises(WorkspaceError):
        say(testing, names=["keep", "last"], case="a")
