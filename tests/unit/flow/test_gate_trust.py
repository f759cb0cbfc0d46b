"""`trust`: shadow does nothing, ask asks once per run, and approvals earn freedom."""

from typing import Any

from tests.unit.flow.stage import Stage, states, step

WHEN = "name: R\nwhen:\n  - rec.event: {}\nconcurrency: {mode: parallel}\n"
STEPS = (
    "do:\n  - rec.say: {text: one}\n    id: first\n"
    "  - rec.mail: {text: \"to ${{ steps.first.text | default('?') }}\"}\n"
)


def trusting(trust: str, steps: str = STEPS) -> str:
    return f"{WHEN}trust: {trust}\n{steps}"


async def test_a_shadow_run_does_nothing_and_lists_what_it_would_do(stage: Stage) -> None:
    record = await stage.run(trusting("shadow"))
    assert record.state == "succeeded"
    assert stage.world.said == []
    assert stage.world.calls == []
    assert [step(record, path).action for path in ("do.0", "do.1")] == [
        "shadow:rec.say",
        "shadow:rec.mail",
    ]
    assert step(record, "do.0").parameters == {"text": "one"}


async def test_one_yes_covers_all_effects_of_a_run(stage: Stage) -> None:
    await stage.load(trusting("ask"))
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    assert stage.world.said == []
    question: Any = (await stage.waits(run))["trust"].question
    shown = [one["text"] for one in question["show"] if "text" in one]
    assert len(shown) == 2, "the effect at hand and the one to come"
    await stage.restart()
    record = await stage.answer(run, "trust")
    assert record.state == "succeeded"
    assert stage.world.said[0] == "one"
    assert len(stage.world.said) == 2
    assert states(record)["trust"] == "done"


async def test_a_no_ends_the_run_before_anything_is_done(stage: Stage) -> None:
    finish = STEPS + "finally:\n  - rec.say: {text: bye}\n"
    await stage.load(trusting("ask", finish))
    run = await stage.send()
    await stage.rest(run)
    record = await stage.answer(run, "trust", "refuse")
    assert record.state == "cancelled"
    assert stage.world.said == [], "what follows was not approved either"


async def test_a_run_without_effects_asks_nothing(stage: Stage) -> None:
    record = await stage.run(trusting("ask", "do:\n  - set: {a: 1}\n"))
    assert record.state == "succeeded"


async def approve(stage: Stage, run: str) -> None:
    await stage.rest(run)
    assert (await stage.answer(run, "trust")).state == "succeeded"


async def test_after_enough_approvals_it_acts_by_itself_until_an_effect_is_edited(
    stage: Stage,
) -> None:
    text = trusting("{auto_after: 2}")
    await stage.load(text)
    await approve(stage, await stage.send())
    await stage.restart()
    await approve(stage, await stage.send())
    await stage.restart()
    assert (await stage.rest(await stage.send())).state == "succeeded"
    await stage.load(text.replace("name: R", "name: Other\ndescription: the same effects"))
    assert (await stage.rest(await stage.send())).state == "succeeded"
    await stage.load(text.replace("{text: one}", "{text: two}"))
    assert (await stage.rest(await stage.send())).state == "waiting"


async def test_a_no_takes_the_approvals_back(stage: Stage) -> None:
    await stage.load(trusting("{auto_after: 2}"))
    await approve(stage, await stage.send())
    no = await stage.send()
    await stage.rest(no)
    await stage.answer(no, "trust", "refuse")
    await approve(stage, await stage.send())
    assert (await stage.rest(await stage.send())).state == "waiting"


async def test_a_run_that_has_asked_waits_whatever_the_others_earned(stage: Stage) -> None:
    await stage.load(trusting("{auto_after: 1}"))
    early = await stage.send()
    await stage.rest(early)
    await approve(stage, await stage.send())
    said = list(stage.world.said)
    await stage.restart()
    assert (await stage.rest(early)).state == "waiting"
    assert stage.world.said == said


async def test_branches_that_come_to_an_effect_together_share_one_question(
    stage: Stage,
) -> None:
    steps = (
        "do:\n  - parallel:\n      branches:\n"
        "        a:\n          - rec.mail: {text: a}\n          - rec.mail: {text: c}\n"
        "        b:\n          - rec.mail: {text: b}\n"
    )
    await stage.load(trusting("ask", steps))
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    assert list(await stage.waits(run)) == ["trust"]
    record = await stage.answer(run, "trust")
    assert record.state == "succeeded"
    assert sorted(stage.world.said) == ["a", "b", "c"]


async def test_a_loop_asks_once_for_all_its_items(stage: Stage) -> None:
    steps = (
        "do:\n  - for_each:\n      in: [a, b, c]\n      do:\n"
        '        - rec.mail: {text: "${{ item }}"}\n  - rec.mail: {text: end}\n'
    )
    await stage.load(trusting("ask", steps))
    run = await stage.send()
    await stage.rest(run)
    record = await stage.answer(run, "trust")
    assert (record.state, stage.world.said) == ("succeeded", ["a", "b", "c", "end"])


TELLING = "do:\n  - emit: {name: done}\n    id: told\n  - call: {recipe: other}\n"
OTHER = "name: O\ndo:\n  - rec.say: {text: other}\n"


async def test_a_shadow_run_has_no_other_recipe_act_either(stage: Stage) -> None:
    await stage.load(OTHER, "other")
    record = await stage.run(trusting("shadow", TELLING))
    assert record.state == "succeeded"
    assert (stage.world.told, stage.world.said) == ({}, [])
    assert [step(record, path).action for path in ("do.0", "do.1")] == [
        "shadow:emit",
        "shadow:call",
    ]


async def test_telling_other_recipes_is_an_effect_to_ask_for(stage: Stage) -> None:
    await stage.load(OTHER, "other")
    await stage.load(trusting("ask", TELLING))
    run = await stage.send()
    assert (await stage.rest(run)).state == "waiting"
    assert stage.world.told == {}
    question: Any = (await stage.waits(run))["trust"].question
    assert "done" in question["show"][0]["text"]
    await stage.answer(run, "trust")
    assert (await stage.drive(run)).state == "succeeded"
    assert len(stage.world.told) == 1
    assert stage.world.said == ["other"]


async def test_a_no_to_telling_others_ends_the_run(stage: Stage) -> None:
    await stage.load(trusting("ask", "do:\n  - emit: {name: done}\n"))
    run = await stage.send()
    await stage.rest(run)
    assert (await stage.answer(run, "trust", "refuse")).state == "cancelled"
    assert stage.world.told == {}
