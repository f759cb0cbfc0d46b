"""One run: order, conditions, failures, retries, and its end."""

from typing import Any

WHEN = "name: R\nwhen:\n  - rec.event: {}\ndo:\n"


def step(run: Any, path: str) -> Any:
    return next(record for record in run.steps if record.path == path)


async def test_steps_run_in_order_and_see_earlier_results(flow: Any) -> None:
    run = await flow.run(
        WHEN
        + "  - rec.say: {text: 'one ${{ event.n }}'}\n    id: first\n"
        + "  - rec.say: {text: 'two ${{ steps.first.text }}'}\n",
        {"n": 7},
    )
    assert run.state == "succeeded"
    assert flow.recorder.said == ["one 7", "two one 7"]
    assert [record.state for record in run.steps] == ["done", "done"]


async def test_a_step_whose_condition_is_false_is_skipped_and_says_why(flow: Any) -> None:
    run = await flow.run(
        WHEN + "  - rec.say: {text: never}\n    if: event.n > 10\n  - rec.say: {text: yes}\n",
        {"n": 3},
    )
    assert run.state == "succeeded"
    assert flow.recorder.said == ["yes"]
    skipped = step(run, "do.0")
    assert skipped.state == "skipped"
    assert skipped.conditions[0]["values"] == {"event.n": 3}


async def test_set_changes_vars_for_the_steps_after_it(flow: Any) -> None:
    run = await flow.run(
        "name: R\nvars: {base: 2}\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - set: {total: '${{ vars.base + event.n }}'}\n    id: sum\n"
        "  - rec.say: {text: '${{ vars.total }} ${{ steps.sum.total }}'}\n",
        {"n": 40},
    )
    assert run.state == "succeeded"
    assert flow.recorder.said == ["42 42"]


async def test_stop_ends_the_run_with_its_result(flow: Any) -> None:
    run = await flow.run(
        WHEN
        + "  - stop: {text: 'nothing to do', result: skipped, outputs: {n: 1}}\n"
        + "  - rec.say: {text: never}\n"
    )
    assert run.state == "skipped"
    assert run.outputs == {"n": 1}
    assert flow.recorder.said == []


async def test_stop_with_failed_tells_its_text(flow: Any) -> None:
    run = await flow.run(WHEN + "  - stop: {text: 'no stock left', result: failed}\n")
    assert run.state == "failed"
    assert run.error["message"]["en"] == "no stock left"


async def test_a_failure_stops_the_run_and_names_the_cause(flow: Any) -> None:
    run = await flow.run(
        WHEN + "  - rec.fail: {message: 'the disk is gone'}\n  - rec.say: {text: never}\n"
    )
    assert run.state == "failed"
    assert run.error["message"]["en"] == "the disk is gone"
    assert flow.recorder.said == []
    assert step(run, "do.0").state == "failed"


async def test_on_error_continue_goes_on_with_a_substitute(flow: Any) -> None:
    run = await flow.run(
        WHEN
        + "  - rec.fail: {}\n    id: read\n    on_error: {continue: {text: none}}\n"
        + "  - rec.say: {text: 'got ${{ steps.read.text }}'}\n"
    )
    assert run.state == "succeeded"
    assert flow.recorder.said == ["got none"]


async def test_on_error_steps_of_a_step_handle_its_failure(flow: Any) -> None:
    run = await flow.run(
        WHEN
        + "  - rec.fail: {message: 'no paper'}\n    id: print\n    on_error:\n"
        + "      - rec.say: {text: '${{ error.step }}: ${{ error.message }}'}\n"
        + "  - rec.say: {text: after}\n"
    )
    assert run.state == "succeeded"
    assert flow.recorder.said == ["print: no paper", "after"]
    assert step(run, "do.0.on_error.0").state == "done"


async def test_on_error_of_the_recipe_runs_and_the_run_stays_failed(flow: Any) -> None:
    run = await flow.run(
        WHEN
        + "  - rec.fail: {message: 'no paper'}\n"
        + "on_error:\n  - rec.say: {text: 'blocked: ${{ error.message }} ${{ error.attempts }}'}\n"
    )
    assert run.state == "failed"
    assert flow.recorder.said == ["blocked: no paper 1"]


async def test_a_failure_inside_on_error_is_recorded_and_hides_nothing(flow: Any) -> None:
    run = await flow.run(
        WHEN + "  - rec.fail: {message: first}\n" + "on_error:\n  - rec.fail: {message: second}\n"
    )
    assert run.state == "failed"
    assert run.error["message"]["en"] == "first"
    assert step(run, "on_error.0").error["message"]["en"] == "second"


async def test_an_expression_that_fails_is_a_failure_of_its_step(flow: Any) -> None:
    run = await flow.run(WHEN + "  - rec.say: {text: '${{ event.missing }}'}\n", {"n": 1})
    assert run.state == "failed"
    assert step(run, "do.0").state == "failed"
    assert "missing" in step(run, "do.0").error["message"]["fr"]


async def test_a_bug_in_a_connector_fails_the_step_only(flow: Any) -> None:
    run = await flow.run(
        WHEN + "  - rec.crash: {}\n    on_error: continue\n  - rec.say: {text: on}\n"
    )
    assert run.state == "succeeded"
    assert flow.recorder.said == ["on"]
    assert "rec.crash" in step(run, "do.0").error["message"]["en"]


async def test_a_passing_failure_is_tried_again_and_counted(flow: Any) -> None:
    run = await flow.run(
        WHEN + "  - rec.flaky: {times: 2}\n    retry: {times: 3, wait: 10ms, backoff: 2}\n"
    )
    assert run.state == "succeeded"
    assert step(run, "do.0").attempts == 3
    assert step(run, "do.0").result == {"after": 3}


async def test_retries_are_bounded(flow: Any) -> None:
    run = await flow.run(WHEN + "  - rec.flaky: {}\n    retry: {times: 2, wait: 10ms}\n")
    assert run.state == "failed"
    assert step(run, "do.0").attempts == 3


async def test_a_final_failure_is_not_tried_again(flow: Any) -> None:
    run = await flow.run(WHEN + "  - rec.fail: {}\n    retry: {times: 5, wait: 10ms}\n")
    assert run.state == "failed"
    assert flow.recorder.failures == 1


async def test_a_step_that_takes_too_long_is_cut(flow: Any) -> None:
    run = await flow.run(WHEN + "  - rec.wait: {}\n    timeout: 50ms\n")
    assert run.state == "failed"
    assert run.error["kind"] == "StepTimeout"


async def test_a_run_that_takes_too_long_is_cut(flow: Any) -> None:
    run = await flow.run(
        "name: R\ntimeout: 80ms\nwhen:\n  - rec.event: {}\ndo:\n  - rec.wait: {}\n"
        "on_error:\n  - rec.say: {text: late}\n"
    )
    assert run.state == "failed"
    assert flow.recorder.said == ["late"]


async def test_an_action_gets_its_native_types_and_a_stable_key(flow: Any) -> None:
    run = await flow.run(
        WHEN + "  - rec.say: {text: a, extra: '${{ event.list }}'}\n    id: x\n", {"list": [1, "b"]}
    )
    assert step(run, "do.0").result == {"text": "a", "extra": [1, "b"]}
    assert step(run, "do.0").parameters == {"text": "a", "extra": [1, "b"]}
    assert flow.recorder.contexts[0].idempotency_key


async def test_a_secret_reaches_the_action_and_nothing_else(flow: Any) -> None:
    run = await flow.run(
        WHEN
        + "  - rec.say: {text: 'key ${{ secrets.api }}'}\n    id: call\n"
        + "  - rec.say: {text: '${{ steps.call.text }}'}\n"
    )
    assert flow.recorder.said[0] == "key s3cr3t-value"
    assert "s3cr3t-value" not in repr(run)
    assert run.state == "succeeded"


async def test_a_secret_in_a_complaint_is_masked(flow: Any) -> None:
    run = await flow.run(WHEN + "  - rec.fail: {message: 'no access with ${{ secrets.api }}'}\n")
    assert run.state == "failed"
    assert run.error["message"]["en"] == "no access with •••"
    assert "s3cr3t-value" not in repr(run)


async def test_event_data_is_never_an_expression(flow: Any) -> None:
    hostile = "${{ secrets.api }}"
    await flow.run(WHEN + "  - rec.say: {text: '${{ event.name }}'}\n", {"name": hostile})
    assert flow.recorder.said == [hostile]


async def test_outputs_are_worked_out_at_the_end(flow: Any) -> None:
    run = await flow.run(
        WHEN + "  - rec.say: {text: hi}\n    id: s\noutputs: {said: '${{ steps.s.text }}'}\n"
    )
    assert run.outputs == {"said": "hi"}


async def test_a_constant_expression_is_worked_out(flow: Any) -> None:
    run = await flow.run(
        "name: R\nvars: {two: '${{ 1 + 1 }}'}\nwhen:\n  - rec.event: {}\ndo:\n"
        "  - rec.say: {text: '${{ 40 + 2 }}'}\n  - rec.say: {text: '${{ vars.two * 2 }}'}\n"
        "outputs: {n: '${{ 1 + 2 }}'}\n"
    )
    assert flow.recorder.said == ["42", "4"]
    assert run.outputs == {"n": 3}
