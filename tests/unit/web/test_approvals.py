"""Questions over the API: listed, answered in the caller's name, and once."""

from datetime import timedelta
from typing import Any

import pytest

YES = {"choice": "approve", "shown": "d1" * 32}


async def test_questions_are_listed_with_a_link_the_newest_last(desk: Any) -> None:
    assert (await desk.api("GET", "/api/approvals"))[1] == {"approvals": [], "is_complete": True}
    first = await desk.ask(timeout_at=desk.deadline(2))
    desk.clock.instant += timedelta(minutes=1)
    second = await desk.ask(timeout_at=None)
    status, body = await desk.api("GET", "/api/approvals", headers={"Accept-Language": "fr"})
    assert status == 200
    assert [one["run"] for one in body["approvals"]] == [first, second]
    one = body["approvals"][0]
    assert (one["recipe"], one["path"], one["digest"]) == ("invoices", "do.0", "d1" * 32)
    assert one["ask"] == "Envoyer la facture <b>7</b> ?"
    assert one["deadline"] == "2026-07-01T14:00:00.000+00:00"
    assert body["approvals"][1]["deadline"] is None
    (link,) = one["links"]
    page = await desk.visit(link["link"].partition(f":{desk.port}")[2])
    assert "You answer as léa" in page.text


async def test_each_who_may_answer_has_a_link_of_their_own(desk: Any) -> None:
    people = ["marie@exemple.fr", "paul@exemple.fr"]
    run = await desk.ask(**{"from": people})
    _, body = await desk.api("GET", "/api/approvals")
    links = body["approvals"][0]["links"]
    assert [one["person"] for one in links] == people
    await desk.press(links[1]["link"].partition(f":{desk.port}")[2], "approve")
    assert [author for author, _ in await desk.signals(run)] == ["paul@exemple.fr"]
    status, answer = await desk.api("POST", f"/api/runs/{await desk.ask()}/answer", json=YES)
    assert (status, answer["error"]["code"]) == (422, "refused")
    assert "léa" in answer["error"]["message"]


async def test_the_questions_of_one_run_can_be_asked_for(desk: Any) -> None:
    await desk.ask()
    wanted = await desk.ask()
    _, body = await desk.api("GET", f"/api/approvals?run={wanted}")
    assert [one["run"] for one in body["approvals"]] == [wanted]


async def test_an_answer_is_recorded_in_the_name_of_the_caller(desk: Any) -> None:
    run = await desk.ask(fields={"amount": {"type": "number"}})
    body = YES | {"fields": {"amount": 12}, "reason": "fine", "path": "do.0"}
    status, answer = await desk.api("POST", f"/api/runs/{run}/answer", json=body)
    assert (status, answer) == (
        200,
        {"run": run, "path": "do.0", "choice": "approve", "by": "léa"},
    )
    payload = {
        "choice": "approve",
        "fields": {"amount": 12},
        "reason": "fine",
        "shown": "d1" * 32,
    }
    assert await desk.signals(run) == [("léa", payload)]
    assert await desk.outcome(run) == [payload]


async def test_a_second_answer_hears_who_was_first_when_and_what(desk: Any) -> None:
    run = await desk.ask()
    await desk.press(desk.link(run), "refuse", reason="not yet")
    desk.clock.instant += timedelta(minutes=5)
    for body in (YES, YES | {"path": "do.0"}):
        status, answer = await desk.api("POST", f"/api/runs/{run}/answer", json=body)
        assert (status, answer["error"]["code"]) == (409, "already_answered")
        assert answer["error"]["answer"] == {
            "choice": "refuse",
            "by": "marie@exemple.fr",
            "at": "2026-07-01T12:00:00.000+00:00",
            "fields": {},
            "reason": "not yet",
        }
        assert "refused by marie@exemple.fr" in answer["error"]["message"]
    assert len(await desk.signals(run)) == 1


async def test_an_answer_after_the_deadline_is_too_late(desk: Any) -> None:
    run = await desk.ask(timeout_at=desk.deadline(1))
    desk.clock.instant += timedelta(hours=1)
    status, answer = await desk.api("POST", f"/api/runs/{run}/answer", json=YES)
    assert (status, answer["error"]["code"]) == (409, "too_late")
    assert "2026-07-01T13:00" in answer["error"]["message"]
    assert await desk.signals(run) == []


async def test_an_answer_to_what_is_not_shown_any_more_is_refused(desk: Any) -> None:
    run = await desk.ask()
    status, answer = await desk.api(
        "POST", f"/api/runs/{run}/answer", json=YES | {"shown": "e2" * 32}
    )
    assert (status, answer["error"]["code"]) == (409, "changed")
    assert await desk.signals(run) == []


async def test_a_wrong_field_is_named(desk: Any) -> None:
    run = await desk.ask(fields={"amount": {"type": "number", "min": 0}})
    body = YES | {"fields": {"amount": -1}}
    status, answer = await desk.api("POST", f"/api/runs/{run}/answer", json=body)
    assert (status, answer["error"]["code"]) == (422, "wrong_field")
    assert answer["error"]["field"] == "amount"
    assert await desk.signals(run) == []


async def test_an_unknown_run_an_ended_run_and_a_silent_step_are_told_apart(desk: Any) -> None:
    run = await desk.ask()
    assert (await desk.api("POST", "/api/runs/nothing/answer", json=YES))[0] == 404
    status, answer = await desk.api("POST", f"/api/runs/{run}/answer", json=YES | {"path": "do.9"})
    assert (status, answer["error"]["code"]) == (404, "no_question")
    await desk.engine.cancel(run, "over")
    await desk.engine.wait_idle()
    status, answer = await desk.api("POST", f"/api/runs/{run}/answer", json=YES)
    assert (status, answer["error"]["code"]) == (409, "over")
    assert await desk.signals(run) == []


@pytest.mark.parametrize(
    "change",
    [
        {"choice": "maybe"},
        {"choice": None},
        {"fields": [1]},
        {"reason": 7},
        {"reason": "x" * 5000},
        {"shown": None},
        {"path": 3},
        {"author": "paul@exemple.fr"},
    ],
)
async def test_an_answer_of_the_wrong_shape_is_refused(desk: Any, change: dict[str, Any]) -> None:
    run = await desk.ask()
    status, answer = await desk.api("POST", f"/api/runs/{run}/answer", json=YES | change)
    assert (status, answer["error"]["code"]) == (400, "bad_request")
    assert await desk.signals(run) == []


async def test_the_detail_of_a_run_tells_what_it_waits_for_and_what_was_said(desk: Any) -> None:
    run = await desk.ask(timeout_at=desk.deadline(1))
    _, detail = await desk.api("GET", f"/api/runs/{run}")
    assert detail["state"] == "waiting"
    (wait,) = detail["waiting"]
    assert (wait["path"], wait["kind"], wait["due"]) == (
        "do.0",
        "approval",
        "2026-07-01T13:00:00.000+00:00",
    )
    assert detail["questions"][0]["question"]["digest"] == "d1" * 32
    await desk.press(desk.link(run), "approve")
    await desk.outcome(run)
    _, detail = await desk.api("GET", f"/api/runs/{run}")
    assert detail["waiting"] == []
    assert detail["answers"][0]["by"] == "marie@exemple.fr"
