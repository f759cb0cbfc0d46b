"""`approve`: a question to people; the clock never says yes."""

import hashlib
from typing import Any

import pytest

from rouage.flow.answers import AnswerError
from tests.unit.flow.stage import Stage, states, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"
ASK = "do.0"


def asking(more: str = "", *, ask: str = "Go?", tail: str = "") -> str:
    question = f"  - approve:\n      ask: {ask}\n{more}    id: answer\n"
    return f"{WHEN}{question}  - rec.say: {{text: on}}\n{tail}"


def late(how: str, more: str = "") -> str:
    return asking(f"      timeout: 1d\n      on_timeout: {how}\n{more}")


async def question_of(stage: Stage, run: str, path: str = ASK) -> Any:
    return (await stage.waits(run))[path].question


async def test_a_yes_lets_the_run_go_on_and_is_on_record(stage: Stage) -> None:
    await stage.load(asking(tail='  - rec.say: {text: "${{ steps.answer.by }}"}\n'))
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    assert stage.world.said == []
    await stage.restart()
    record = await stage.answer(run, ASK)
    assert record.state == "succeeded"
    assert stage.world.said == ["on", "zoé"]
    result: Any = step(record, ASK).result
    assert (result["approved"], result["by"], result["fields"]) == (True, "zoé", {})
    assert result["at"].startswith("2026-03-02T08:00:00")
    assert step(record, ASK).parameters["ask"] == "Go?"


async def test_a_no_ends_the_run_as_cancelled_and_says_who_when_and_why(stage: Stage) -> None:
    await stage.load(
        asking(tail="on_error:\n  - rec.say: {text: never}\nfinally:\n  - rec.say: {text: bye}\n")
    )
    run = await stage.send()
    await stage.rest(run)
    record: Any = await stage.answer(run, ASK, "refuse", reason="too dear")
    assert record.state == "cancelled"
    assert stage.world.said == ["bye"]
    assert (record.reason["by"], record.reason["reason"]) == ("zoé", "too dear")
    assert record.reason["kind"] == "Refused"
    assert record.reason["message"]["fr"] == "refusé par zoé"
    assert record.reason["at"].startswith("2026-03-02")


async def test_a_no_is_a_failure_like_any_other_where_on_error_handles_it(stage: Stage) -> None:
    text = asking().replace(
        "    id: answer\n",
        "    id: answer\n    on_error:\n"
        '      - rec.say: {text: "${{ error.kind }}: ${{ error.message }}"}\n',
    )
    await stage.load(text)
    run = await stage.send()
    await stage.rest(run)
    record = await stage.answer(run, ASK, "refuse")
    assert record.state == "succeeded"
    assert stage.world.said == ["Refused: refused by zoé", "on"]


async def test_a_no_inside_a_block_with_retry_is_final(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - group:\n      do: [{approve: sure?}]\n    retry: {times: 3, wait: 0s}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    record = await stage.answer(run, "do.0.group.do.0", "refuse")
    assert record.state == "cancelled"
    assert not await stage.waits(run)


# -- deadlines ---------------------------------------------------------------------------------


async def test_after_the_deadline_refuse_is_a_no(stage: Stage) -> None:
    await stage.load(late("refuse"))
    run = await stage.send()
    await stage.rest(run)
    assert (await stage.later(run, 86_399)).state == "waiting"
    record: Any = await stage.later(run, 1)
    assert record.state == "cancelled"
    assert record.reason["late"] == "refuse"
    assert stage.world.said == []


async def test_after_the_deadline_stop_fails_the_step(stage: Stage) -> None:
    await stage.load(late("stop"))
    run = await stage.send()
    await stage.rest(run)
    record = await stage.later(run, 86_400)
    assert record.state == "failed"
    assert record.error["kind"] == "ApprovalTimeout"
    assert record.error["message"]["en"] == "nobody answered within 1d"


async def test_after_the_deadline_steps_are_taken_and_the_run_ends(stage: Stage) -> None:
    await stage.load(
        asking(
            "      timeout: 1d\n      on_timeout:\n        - rec.say: {text: late}\n"
            "        - wait: 1h\n        - rec.say: {text: later}\n"
        )
    )
    run = await stage.send()
    await stage.rest(run)
    assert (await stage.later(run, 86_400)).state == "waiting"
    await stage.restart()
    record = await stage.later(run, 3600)
    assert record.state == "cancelled"
    assert stage.world.said == ["late", "later"]


async def test_an_answer_after_the_deadline_does_not_count(stage: Stage) -> None:
    await stage.load(late("refuse"))
    run = await stage.send()
    await stage.rest(run)
    stage.clock.advance(90_000)
    await stage.answer(run, ASK)
    assert (await stage.later(run, 0)).state == "cancelled"
    assert stage.world.said == []


async def test_a_deputy_is_asked_after_the_deadline_and_has_as_long(stage: Stage) -> None:
    people = "      from: [ann]\n      then: [bob]\n"
    await stage.load(late("escalate", people))
    run = await stage.send()
    await stage.rest(run)
    assert (await question_of(stage, run))["from"] == ["ann"]
    with pytest.raises(AnswerError, match="bob is not among"):
        await stage.answer(run, ASK, author="bob")
    await stage.later(run, 86_400)
    record = await stage.answer(run, ASK, author="bob")
    assert record.state == "succeeded"
    assert stage.world.said == ["on"]
    assert [kind for kind, _ in stage.world.notices] == ["approval_waiting", "approval_escalated"]
    assert stage.world.notices[1][1]["people"] == ["bob"]


async def test_when_the_deputy_is_late_too_it_is_a_no(stage: Stage) -> None:
    people = "      from: [ann]\n      then: [bob]\n"
    await stage.load(late("escalate", people))
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 86_400)
    assert (await question_of(stage, run))["from"] == ["ann", "bob"]
    await stage.restart()
    assert (await stage.later(run, 86_399)).state == "waiting"
    assert (await stage.later(run, 1)).state == "cancelled"


async def test_a_deputy_has_its_time_even_if_nothing_ran_when_it_began(stage: Stage) -> None:
    await stage.load(late("escalate", "      then: [bob]\n"))
    run = await stage.send()
    await stage.rest(run)
    stage.clock.advance(10 * 86_400)
    await stage.restart()
    assert (await stage.later(run, 0)).state == "waiting"
    assert (await stage.answer(run, ASK, author="bob")).state == "succeeded"


async def test_people_are_reminded_until_they_answer(stage: Stage) -> None:
    await stage.load(asking("      remind: 1h\n"))
    run = await stage.send()
    await stage.rest(run)
    for _ in range(2):
        await stage.restart()
        await stage.later(run, 3600)
    kinds = [kind for kind, _ in stage.world.notices]
    assert kinds == ["approval_waiting", "approval_reminder", "approval_reminder"]
    await stage.answer(run, ASK)
    await stage.later(run, 36_000)
    assert len(stage.world.notices) == 3
    assert stage.world.notices[1][1]["ask"] == "Go?"


async def test_after_a_downtime_there_is_one_reminder_and_none_after_the_deadline(
    stage: Stage,
) -> None:
    await stage.load(late("refuse", "      remind: 1h\n"))
    run = await stage.send()
    await stage.rest(run)
    stage.clock.advance(5 * 3600)
    await stage.restart()
    await stage.later(run, 60)
    assert [kind for kind, _ in stage.world.notices] == ["approval_waiting", "approval_reminder"]
    stage.clock.advance(86_400)
    await stage.restart()
    assert (await stage.later(run, 0)).state == "cancelled"
    assert len(stage.world.notices) == 2


# -- who may answer, and what --------------------------------------------------------------------


async def test_only_those_who_are_asked_may_answer(stage: Stage) -> None:
    await stage.load(asking("      from: [ann, bob]\n"))
    run = await stage.send()
    await stage.rest(run)
    with pytest.raises(AnswerError, match="eve is not among"):
        await stage.answer(run, ASK, author="eve")
    assert (await stage.answer(run, ASK, author="bob")).state == "succeeded"


@pytest.mark.parametrize(
    "payload", [{"choice": "approve"}, {"choice": "yes"}, "approve", None, {"choice": "refuse"}]
)
async def test_an_answer_that_came_unchecked_is_checked_by_the_run(
    stage: Stage, payload: Any
) -> None:
    await stage.load(asking("      from: [ann]\n"))
    run = await stage.send()
    await stage.rest(run)
    await stage.engine.signal(run, ASK, payload, signal_id="1", author="eve")
    assert (await stage.rest(run)).state == "waiting"
    assert stage.world.said == []


async def test_several_people_must_say_yes_each_counted_once(stage: Stage) -> None:
    await stage.load(asking("      need: 2\n"))
    run = await stage.send()
    await stage.rest(run)
    await stage.answer(run, ASK, author="ann")
    await stage.engine.signal(run, ASK, {"choice": "approve"}, signal_id="another", author="ann")
    assert (await stage.rest(run)).state == "waiting"
    await stage.restart()
    record = await stage.answer(run, ASK, author="bob")
    assert record.state == "succeeded"
    assert step(record, ASK).result["by"] == "ann, bob"


async def test_one_no_is_enough(stage: Stage) -> None:
    await stage.load(asking("      need: 2\n"))
    run = await stage.send()
    await stage.rest(run)
    await stage.answer(run, ASK, author="ann")
    assert (await stage.answer(run, ASK, "refuse", author="bob")).state == "cancelled"


async def test_fields_are_proposed_filled_in_and_checked(stage: Stage) -> None:
    await stage.load(
        asking(
            "      fields:\n"
            '        total: {type: number, default: "${{ event.total }}", min: 1}\n'
            "        note: {type: text, required: false}\n",
            tail='  - rec.say: {text: "${{ steps.answer.fields.total }}"}\n',
        )
    )
    run = await stage.send({"total": 12})
    await stage.rest(run)
    assert (await question_of(stage, run))["fields"]["total"]["value"] == 12
    with pytest.raises(AnswerError, match="“total” must be a number"):
        await stage.answer(run, ASK, fields={"total": "a lot"})
    record = await stage.answer(run, ASK, fields={"total": 15})
    assert record.state == "succeeded", record.error
    assert step(record, ASK).result["fields"] == {"total": 15, "note": None}
    assert stage.world.said == ["on", "15"]


async def test_an_answer_to_something_else_than_what_is_shown_does_not_count(stage: Stage) -> None:
    await stage.load(asking("      show: ['${{ event.text }}']\n"))
    run = await stage.send({"text": "a draft"})
    await stage.rest(run)
    question = await question_of(stage, run)
    assert question["show"] == [{"text": "a draft"}]
    with pytest.raises(AnswerError, match="has changed since"):
        await stage.answer(run, ASK, shown="another")
    assert (await stage.answer(run, ASK, shown=question["digest"])).state == "succeeded"


async def test_tables_are_shown_as_tables(stage: Stage) -> None:
    await stage.load(asking("      show: ['${{ event.rows }}']\n"))
    run = await stage.send({"rows": [["a", 1], ["b", 2]]})
    await stage.rest(run)
    assert (await question_of(stage, run))["show"] == [{"table": [["a", 1], ["b", 2]]}]


async def test_a_recipe_may_say_what_a_shown_value_is(stage: Stage) -> None:
    lines = "      show:\n        - {table: [[a, 1]]}\n        - {text: draft.txt}\n"
    await stage.load(asking(f"{lines}        - {{total: 3}}\n"))
    run = await stage.send()
    await stage.rest(run)
    assert (await question_of(stage, run))["show"] == [
        {"table": [["a", 1]]},
        {"text": "draft.txt"},
        {"table": {"total": 3}},
    ]


# -- files ---------------------------------------------------------------------------------------


FILE = asking(
    "      show: ['draft.txt']\n",
    tail="  - wait: 1h\n  - rec.use: {path: draft.txt}\n    id: used\n",
)


async def test_a_file_is_shown_with_its_hash_and_used_as_it_was(stage: Stage) -> None:
    (stage.folder / "draft.txt").write_text("v1")
    await stage.load(FILE)
    run = await stage.send()
    await stage.rest(run)
    (shown,) = (await question_of(stage, run))["show"]
    assert shown == {
        "path": str(stage.folder / "draft.txt"),
        "size": 2,
        "sha256": hashlib.sha256(b"v1").hexdigest(),
    }
    await stage.answer(run, ASK)
    await stage.restart()
    record = await stage.later(run, 3600)
    assert record.state == "succeeded", record.error
    assert step(record, "do.3").result == {"text": "v1"}


async def test_a_file_that_changed_before_the_yes_is_not_approved(stage: Stage) -> None:
    (stage.folder / "draft.txt").write_text("v1")
    await stage.load(FILE)
    run = await stage.send()
    await stage.rest(run)
    (stage.folder / "draft.txt").write_text("v2")
    record = await stage.answer(run, ASK)
    assert record.state == "failed"
    assert record.error["kind"] == "ChangedAfterApproval"
    assert stage.world.said == []


async def test_a_file_that_changed_after_the_yes_is_not_used(stage: Stage) -> None:
    (stage.folder / "draft.txt").write_text("v1")
    await stage.load(FILE)
    run = await stage.send()
    await stage.rest(run)
    await stage.answer(run, ASK)
    (stage.folder / "draft.txt").write_text("v2")
    await stage.restart()
    record = await stage.later(run, 3600)
    assert record.state == "failed"
    assert step(record, "do.3").error["kind"] == "ChangedAfterApproval"
    assert ("r", "do.3") not in stage.world.calls


async def test_an_approved_file_may_change_after_its_last_use(stage: Stage) -> None:
    (stage.folder / "draft.txt").write_text("v1")
    await stage.load(FILE + "  - wait: 1h\n  - rec.say: {text: end}\n")
    run = await stage.send()
    await stage.rest(run)
    await stage.answer(run, ASK)
    await stage.later(run, 3600)
    (stage.folder / "draft.txt").unlink()
    await stage.restart()
    assert (await stage.later(run, 3600)).state == "succeeded"


async def test_the_question_stays_what_it_was_when_it_was_asked(stage: Stage) -> None:
    await stage.load(asking(ask="'At ${{ now() }}?'"))
    run = await stage.send()
    await stage.rest(run)
    before = await question_of(stage, run)
    stage.clock.advance(60)
    await stage.restart()
    await stage.rest(run)
    assert await question_of(stage, run) == before


async def test_nobody_is_told_twice_of_the_same_question(stage: Stage) -> None:
    await stage.load(asking())
    run = await stage.send()
    await stage.rest(run)
    await stage.restart()
    await stage.rest(run)
    assert len(stage.world.notices) == 1
    facts = stage.world.notices[0][1]
    assert (facts["recipe"], facts["run"], facts["path"]) == ("r", run, ASK)


async def test_an_answer_before_the_question_is_kept(stage: Stage) -> None:
    await stage.load(WHEN + "  - wait: 1h\n  - approve: sure?\n  - rec.say: {text: on}\n")
    run = await stage.send()
    await stage.rest(run)
    await stage.answer(run, "do.1")
    record = await stage.later(run, 3600)
    assert record.state == "succeeded", states(record)
    assert stage.world.said == ["on"]
