"""`choose` and `group`: decisions made once, one scope for retry, timeout and on_error."""

from tests.unit.flow.stage import Stage, states, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"


async def test_choose_takes_the_first_branch_that_holds_and_says_why(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - choose:\n"
        "      - if: event.n > 10\n        do: [{rec.say: {text: big}, id: big}]\n"
        "      - if: event.n > 5\n        do: [{rec.say: {text: middle}, id: middle}]\n"
        "      - do: [{rec.say: {text: small}}]\n"
        "    id: size\n"
        '  - rec.say: {text: "${{ steps.size.branch }} ${{ steps.middle.text }}", '
        'extra: "${{ steps.big }}"}\n',
        {"n": 7},
    )
    assert run.state == "succeeded", run.error
    assert stage.world.said == ["middle", "1 middle"]
    decision = step(run, "do.0")
    assert decision.result == {"branch": 1}
    assert [seen["value"] for seen in decision.conditions] == [False, True]
    assert step(run, "do.1").result == {"text": "1 middle", "extra": None}


async def test_choose_without_a_match_takes_nothing(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - choose:\n      - if: event.n > 10\n        do: [{rec.say: {text: big}}]\n",
        {"n": 1},
    )
    assert run.state == "succeeded"
    assert states(run) == {"do.0": "done"}


async def test_a_choice_is_not_made_a_second_time(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - choose:\n"
        "      - if: now() < '2026-03-02T09:00:00Z' | parse_date\n"
        "        do: [{wait: 2h}, {rec.say: {text: early}}]\n"
        "      - do: [{rec.say: {text: late}}]\n"
    )
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    await stage.restart()
    record = await stage.later(run, 7200)
    assert record.state == "succeeded"
    assert stage.world.said == ["early"]


async def test_a_condition_of_choose_that_cannot_be_worked_out_fails_the_step(
    stage: Stage,
) -> None:
    run = await stage.run(
        WHEN + "  - choose:\n      - if: event.missing > 1\n        do: [{rec.say: {text: a}}]\n"
        "    on_error: continue\n  - rec.say: {text: on}\n"
    )
    assert run.state == "succeeded"
    assert step(run, "do.0").state == "failed"
    assert stage.world.said == ["on"]


async def test_the_steps_of_a_group_fail_as_one_and_are_tried_again_as_one(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - group:\n      do:\n"
        "        - rec.say: {text: before}\n          id: before\n"
        "        - rec.break: {text: shaky, times: 2}\n"
        '        - rec.say: {text: "after ${{ steps.before.text }}"}\n'
        "    retry: {times: 2, wait: 1m, backoff: 2}\n    id: all\n"
    )
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    assert (await stage.later(run, 59)).state == "waiting"
    assert stage.world.failures["shaky"] == 1
    await stage.later(run, 1)
    assert stage.world.failures["shaky"] == 2
    await stage.restart()
    assert (await stage.later(run, 119)).state == "waiting"
    record = await stage.later(run, 1)
    assert record.state == "succeeded"
    assert stage.world.said == ["before", "after before"]
    assert states(record) == {
        "do.0": "failed",
        "do.0.group.do.0": "done",
        "do.0.group.do.1": "failed",
        "do.0#2": "failed",
        "do.0#2.group.do.1": "failed",
        "do.0#3": "done",
        "do.0#3.group.do.1": "done",
        "do.0#3.group.do.2": "done",
    }


async def test_a_group_that_fails_for_good_names_the_step_and_the_cause(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - group:\n      do:\n        - rec.break: {text: no paper}\n          id: print\n"
        "    retry: {times: 1, wait: 0s}\n    on_error:\n"
        '      - rec.say: {text: "${{ error.step }}: ${{ error.message }} ${{ error.attempts }}"}\n'
    )
    assert run.state == "succeeded"
    assert stage.world.said == ["print: no paper 2"]


async def test_steps_done_before_a_failure_in_a_group_are_known_after_it(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - group:\n      do:\n"
        "        - rec.say: {text: one}\n          id: one\n        - set: {seen: 1}\n"
        "        - rec.break: {}\n        - rec.say: {text: two}\n          id: two\n"
        "    on_error: continue\n  - wait: 1h\n"
        '  - rec.say: {text: "${{ steps.one.text }} ${{ vars.seen }} ${{ steps.two == null }}"}\n'
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.restart()
    assert (await stage.later(run, 3600)).state == "succeeded"
    assert stage.world.said == ["one", "one 1 true"]


async def test_retry_when_names_the_kinds_that_are_worth_it(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - group:\n      do: [{rec.break: {times: 1}}]\n"
        "    retry: {times: 3, wait: 0s, when: [CallFailed]}\n"
    )
    assert run.state == "failed"
    assert stage.world.failures["broken"] == 1


async def test_retry_when_may_be_a_condition_and_widens_what_is_tried_again(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - rec.break: {text: locked, times: 2}\n"
        "    retry: {times: 3, wait: 0s, when: \"error.message == 'locked'\"}\n"
        "  - rec.break: {text: gone}\n"
        "    retry: {times: 3, wait: 0s, when: \"error.message == 'locked'\"}\n"
    )
    assert step(run, "do.0").result == {"after": 3}
    assert stage.world.failures == {"locked": 3, "gone": 1}
    assert run.error["message"]["en"] == "gone"
    assert run.error["kind"] == "StepError"


async def test_max_total_ends_the_attempts_at_a_block_also_after_a_restart(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - group:\n      do: [{rec.break: {}}]\n"
        "    retry: {times: 100, wait: 10m, max_total: 25m}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 600)
    await stage.restart()
    record = await stage.later(run, 600)
    assert record.state == "failed"
    assert stage.world.failures["broken"] == 3


async def test_what_was_done_is_kept_even_where_it_is_large_and_the_pause_is_short(
    stage: Stage,
) -> None:
    text = "x" * 100_000
    run = await stage.run(
        WHEN + "  - group:\n      do:\n"
        '        - rec.say: {text: a, extra: "${{ event.text }}"}\n          id: large\n'
        "        - rec.break: {times: 1}\n"
        '        - rec.say: {text: "${{ steps.large.extra | length }}"}\n'
        "    retry: {times: 1, wait: 0s}\n",
        {"text": text},
    )
    assert run.state == "succeeded", run.error
    assert stage.world.said == ["a", "100000"]


async def test_a_substitute_may_hold_expressions(stage: Stage) -> None:
    run = await stage.run(
        WHEN + "  - rec.break: {}\n    id: read\n"
        '    on_error: {continue: {text: "none for ${{ event.n }}"}}\n'
        '  - rec.say: {text: "${{ steps.read.text }}"}\n',
        {"n": 7},
    )
    assert run.state == "succeeded"
    assert stage.world.said == ["none for 7"]


async def test_a_block_that_takes_too_long_is_cut_between_its_steps(stage: Stage) -> None:
    await stage.load(
        WHEN + "  - group:\n      do:\n        - rec.say: {text: first}\n          id: first\n"
        "        - wait: 2h\n        - rec.say: {text: never}\n"
        "    timeout: 1h\n    on_error:\n"
        '      - rec.say: {text: "${{ error.kind }} after ${{ steps.first.text }}"}\n'
        "  - wait: 3h\n  - rec.say: {text: on}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    assert (await stage.later(run, 3599)).state == "waiting"
    assert (await stage.later(run, 1)).state == "waiting"
    assert stage.world.said == ["first", "StepTimeout after first"]
    assert [wait.path for wait in (await stage.waits(run)).values()] == ["do.1"]
    await stage.restart()
    record = await stage.later(run, 10_800)
    assert record.state == "succeeded"
    assert stage.world.said == ["first", "StepTimeout after first", "on"]
    assert record.error is None
    assert "1h" in step(record, "do.0").error["message"]["en"]


async def test_the_time_of_a_block_counts_from_its_recorded_start(stage: Stage) -> None:
    await stage.load(WHEN + "  - group:\n      do: [{wait: 40m}, {wait: 40m}]\n    timeout: 1h\n")
    run = await stage.send()
    await stage.rest(run)
    await stage.later(run, 2400)
    await stage.restart()
    assert (await stage.later(run, 1199)).state == "waiting"
    record = await stage.later(run, 1)
    assert record.state == "failed"
    assert record.error["kind"] == "StepTimeout"


async def test_a_nearer_limit_around_a_block_is_not_tried_again_inside_it(stage: Stage) -> None:
    await stage.load(
        "name: R\ntimeout: 1h\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - group:\n      do: [{rec.say: {text: a}}, {wait: 2h}]\n"
        "    timeout: 1d\n    retry: {times: 5, wait: 0s}\n    on_error: continue\n"
        "  - rec.say: {text: never}\n"
        "on_error:\n  - rec.say: {text: late}\n"
    )
    run = await stage.send()
    await stage.rest(run)
    record = await stage.later(run, 3600)
    assert record.state == "failed"
    assert record.error["kind"] == "StepTimeout"
    assert stage.world.said == ["a", "late"]


async def test_a_word_whose_condition_is_false_is_skipped_and_its_ids_are_null(
    stage: Stage,
) -> None:
    run = await stage.run(
        WHEN + "  - group:\n      do: [{rec.say: {text: in}, id: inner}]\n    if: event.n > 1\n"
        '  - rec.say: {text: "is ${{ steps.inner == null }}"}\n',
        {"n": 1},
    )
    assert run.state == "succeeded", run.error
    assert stage.world.said == ["is true"]
    assert step(run, "do.0").state == "skipped"
    assert step(run, "do.0").conditions[0]["values"] == {"event.n": 1}
