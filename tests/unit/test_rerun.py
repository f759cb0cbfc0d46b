"""What of a run is kept when it is done again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rouage.errors import StepError
from rouage.model.recipe import Recipe, StepUse
from rouage.model.run import RunRecord, StepRecord
from rouage.rerun import kept_steps, places, static_path

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def step(path: str, uses: str = "log.write", **more: Any) -> StepUse:
    return StepUse(path=path, uses=uses, parameters=more.pop("parameters", {}), **more)


def recipe(*steps: StepUse, digest: str = "old", **more: Any) -> Recipe:
    return Recipe(id="r", name="R", definition=b"", hash=digest, steps=steps, **more)


LOOP = step(
    "do.1",
    "for_each",
    id="loop",
    body={"for_each.do": (step("do.1.for_each.do.0", id="inner"), step("do.1.for_each.do.1"))},
)
GROUP = step("do.2", "group", body={"group.do": (step("do.2.group.do.0", id="deep"),)})
BOTH = step(
    "do.3",
    "parallel",
    body={
        "parallel.branches.a": (step("do.3.parallel.branches.a.0", id="left"),),
        "parallel.branches.b": (step("do.3.parallel.branches.b.0", id="right"),),
    },
)
RECIPE = recipe(step("do.0", id="first"), LOOP, GROUP, BOTH, step("do.4", id="last"))


def run(*steps: str, state: Any = "failed") -> RunRecord:
    """Return a run with steps written as `path` or `path!` (failed), in the order they ended."""
    records = [
        StepRecord(
            path=path.rstrip("!?"),
            state="failed" if path.endswith("!") else "skipped" if path.endswith("?") else "done",
            action="log.write",
            started=NOON + timedelta(seconds=number),
            ended=NOON + timedelta(seconds=number + 0.5),
        )
        for number, path in enumerate(steps)
    ]
    return RunRecord(
        id="run",
        recipe="r",
        state=state,
        event="e",
        definition="old",
        created=NOON,
        steps=tuple(records),
    )


DONE: Sequence[str] = (
    "vars",
    "do.0",
    "do.1[0].for_each.do.0",
    "do.1[0].for_each.do.1",
    "do.1[1].for_each.do.0",
    "do.1[1].for_each.do.1",
    "do.1",
    "do.2.group.do.0",
    "do.2",
    "do.3.parallel.branches.a.0",
    "do.3.parallel.branches.b.0",
    "do.3",
)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("do.2", ("do", 2)),
        ("do.2[7].for_each.do.0", ("do", 2, 7, "for_each", "do", 0)),
        ("do.0#3.group.do.1", ("do", 0, "group", "do", 1)),
        ("do.3.parallel.branches.a.0", ("do", 3, "parallel", "branches", "a", 0)),
    ],
)
def test_a_path_tells_where_its_step_stands(path: str, parts: Any) -> None:
    assert places(path) == parts


def test_items_and_attempts_are_no_part_of_the_path_in_the_recipe() -> None:
    assert static_path("do.2[7].for_each.do.0#2.group.do.1") == "do.2.for_each.do.0.group.do.1"


def test_from_the_start_nothing_is_kept() -> None:
    assert kept_steps(run(*DONE, "do.4!"), RECIPE, RECIPE, "start") == ()


def test_from_the_failure_all_that_was_done_is_kept() -> None:
    assert kept_steps(run(*DONE, "do.4!"), RECIPE, RECIPE, "failed") == tuple(DONE)


def test_an_earlier_failure_that_was_dealt_with_stays_as_it_is() -> None:
    handled = step("do.0", on_error=(step("do.0.on_error.0"),))
    tolerant = replace(GROUP, on_error="continue")
    known = recipe(handled, LOOP, tolerant, BOTH, step("do.4"))
    record = run("do.0!", "do.0.on_error.0", "do.2.group.do.0!", "do.4!")
    kept = kept_steps(record, known, known, "failed")
    assert kept == ("do.0", "do.0.on_error.0", "do.2.group.do.0")


@pytest.mark.parametrize(("how", "is_kept"), [("continue", True), ("collect", False)])
def test_items_that_failed_are_done_again_unless_the_loop_goes_on_without_them(
    how: str, is_kept: bool
) -> None:
    known = recipe(step("do.0"), replace(LOOP, parameters={"on_item_error": how}), step("do.2"))
    record = run("do.0", "do.1[0].for_each.do.0", "do.1[1].for_each.do.0!", "do.2!")
    kept = kept_steps(record, known, known, "failed")
    assert ("do.1[1].for_each.do.0" in kept) is is_kept
    assert "do.1[0].for_each.do.0" in kept


def answered(path: str, **result: Any) -> StepRecord:
    return StepRecord(path=path, state="done", action="approve", result=result, ended=NOON)


@pytest.mark.parametrize(
    ("result", "on_error", "is_kept"),
    [
        ({"approved": True}, "stop", True),
        ({"approved": False}, "stop", False),
        ({"approved": False}, "continue", True),
        ({"approved": False, "late": "refuse"}, "stop", False),
        ({"approved": False, "late": "stop"}, "stop", False),
    ],
)
def test_a_question_that_ended_the_run_is_asked_anew(
    result: Any, on_error: Any, is_kept: bool
) -> None:
    known = recipe(step("do.0"), step("do.1", "approve", on_error=on_error))
    before = run("do.0", "do.1:question", "do.1:asked", "do.1:told", state="cancelled")
    record = replace(before, steps=(*before.steps, answered("do.1", **result)))
    kept = kept_steps(record, known, known, "failed")
    assert kept == (("do.0", "do.1") if is_kept else ("do.0",))


def test_decisions_before_the_failure_stay_but_instants_do_not() -> None:
    record = run(
        *("do.2:if", "do.2:start", "do.2:first", "do.2:vars", "do.1:vars", "do.1"),
        *("do.1[0]:while", "do.1[0]:until", "do.2.group.do.0!"),
    )
    kept = kept_steps(record, RECIPE, RECIPE, "failed")
    assert kept == ("do.2:if", "do.1:vars", "do.1", "do.1[0]:while", "do.1[0]:until")


CHOICE = step(
    "do.0",
    "choose",
    body={
        "choose.0.do": (step("do.0.choose.0.do.0", id="yes"), step("do.0.choose.0.do.1")),
        "choose.1.do": (step("do.0.choose.1.do.0", id="no"),),
    },
)


@pytest.mark.parametrize(
    ("start", "kept"),
    [
        ("failed", ("do.0", "do.0.choose.0.do.0")),
        ("do.0.choose.0.do.1", ("do.0", "do.0.choose.0.do.0")),
        ("yes", ("do.0",)),
        ("do.0", ()),
    ],
)
def test_a_choice_stays_while_its_branch_is_gone_on_with(start: str, kept: Any) -> None:
    chosen = StepRecord(path="do.0", state="done", action="choose", result={"branch": 0})
    before = run("do.0.choose.0.do.0", "do.0.choose.0.do.1!")
    record = replace(before, steps=(chosen, *before.steps))
    assert kept_steps(record, recipe(CHOICE), recipe(CHOICE), start) == kept


def test_a_stop_is_never_kept_since_it_would_stop_again() -> None:
    known = recipe(step("do.0"), step("do.1", "stop"))
    before = run("do.0")
    end = StepRecord(path="do.1", state="done", action="stop", result={"result": "failed"})
    record = replace(before, steps=(*before.steps, end))
    assert kept_steps(record, known, known, "failed") == ("do.0",)


def test_what_stood_around_the_failure_is_done_again() -> None:
    record = run("do.0", "do.1[0].for_each.do.0", "do.1[1].for_each.do.0!", "do.1!")
    record = replace(record, steps=(*record.steps[:3], replace(record.steps[3], ended=NOON)))
    kept = kept_steps(record, RECIPE, RECIPE, "failed")
    assert kept == ("do.0", "do.1[0].for_each.do.0")


def test_handlers_at_the_end_of_a_run_are_never_kept() -> None:
    record = run("do.0", "do.4!", "on_error.0", "finally.0")
    assert kept_steps(record, RECIPE, RECIPE, "failed") == ("do.0",)


def test_a_run_without_a_failure_has_nothing_to_go_on_from() -> None:
    with pytest.raises(StepError) as caught:
        kept_steps(run(*DONE, state="succeeded"), RECIPE, RECIPE, "failed")
    assert "--from start" in (caught.value.render_hint("en") or "")


def test_a_run_that_was_cancelled_between_steps_goes_on_where_it_was() -> None:
    assert kept_steps(run("do.0", state="cancelled"), RECIPE, RECIPE, "failed") == ("do.0",)


@pytest.mark.parametrize(
    ("start", "count"),
    [
        ("first", 1),
        ("do.0", 1),
        ("loop", 2),
        ("do.1[1].for_each.do.0", 4),
        ("do.1[1].for_each.do.1", 5),
        ("do.2", 7),
        ("deep", 7),
        ("last", 12),
        ("do.4", 12),
    ],
)
def test_from_a_step_what_comes_before_it_is_kept(start: str, count: int) -> None:
    kept = kept_steps(run(*DONE, "do.4"), RECIPE, RECIPE, start)
    assert kept == tuple(DONE[:count])


def test_from_a_step_in_one_branch_the_other_branch_is_kept() -> None:
    kept = kept_steps(run(*DONE), RECIPE, RECIPE, "right")
    assert kept == (*DONE[:9], "do.3.parallel.branches.a.0")


def test_a_step_in_a_loop_needs_its_item() -> None:
    with pytest.raises(StepError) as caught:
        kept_steps(run(*DONE), RECIPE, RECIPE, "inner")
    assert "do.1[0].for_each.do.0" in (caught.value.render_hint("fr") or "")


@pytest.mark.parametrize("start", ["nowhere", "do.9", "do.1.for_each.do.7", "finally.0"])
def test_a_step_that_does_not_exist_is_refused_with_those_that_do(start: str) -> None:
    with pytest.raises(StepError) as caught:
        kept_steps(run(*DONE), RECIPE, RECIPE, start)
    assert "first, loop, inner" in (caught.value.render_hint("en") or "")


def changed(*steps: StepUse, **more: Any) -> Recipe:
    return recipe(*steps, digest="new", **more)


def test_the_present_version_may_differ_after_what_is_kept() -> None:
    new = changed(*RECIPE.steps[:4], step("do.4", id="last", parameters={"message": "better"}))
    kept = kept_steps(run(*DONE, "do.4!"), RECIPE, new, "failed")
    assert kept == tuple(DONE)


@pytest.mark.parametrize(
    ("new", "path"),
    [
        (changed(step("do.0", parameters={"a": 1}), *RECIPE.steps[1:]), "do.0"),
        (changed(step("do.0", id="first"), replace(LOOP, parameters={"in": 2})), "do.1"),
        (changed(*RECIPE.steps[:2], replace(GROUP, body={"group.do": ()})), "do.2"),
        (changed(), "do.0"),
    ],
)
def test_a_kept_step_that_is_not_the_same_now_is_refused_by_its_path(
    new: Recipe, path: str
) -> None:
    with pytest.raises(StepError) as caught:
        kept_steps(run(*DONE, "do.4!"), RECIPE, new, "failed")
    assert f"{path} " in caught.value.render("en")
    assert "--recipe then" in (caught.value.render_hint("en") or "")


def test_variables_that_changed_are_computed_again() -> None:
    new = changed(*RECIPE.steps, variables={"a": 2})
    assert "vars" not in kept_steps(run(*DONE, "do.4!"), RECIPE, new, "failed")


def test_a_step_that_was_only_played_is_not_kept() -> None:
    played = run("do.0", "do.4!")
    first = replace(played.steps[0], action="shadow:log.write")
    played = replace(played, steps=(first, *played.steps[1:]))
    assert kept_steps(played, RECIPE, RECIPE, "do.4") == ()
