"""A recipe made ready: what stands deep inside counts as much as what stands in `do`."""

from pathlib import Path

from tests.unit.flow.stage import Stage

WHEN = "name: R\nwhen:\n  - rec.event: {}\n"
WAIT = "{wait: {event: {rec.event: {}}, if: event.n == 1}}"


async def test_the_events_that_a_recipe_waits_for_are_found_at_any_depth(stage: Stage) -> None:
    plan = await stage.load(
        WHEN + f"do:\n  - {WAIT}\n  - group:\n      do:\n"
        f"        - for_each: {{in: [1], do: [{WAIT}]}}\n"
        f"  - set: {{a: 1}}\n    on_error: [{WAIT}]\n"
        f"finally:\n  - choose: [{{do: [{WAIT}]}}]\n"
    )
    assert set(plan.events) == {
        "do.0",
        "do.1.group.do.0.for_each.do.0",
        "do.2.on_error.0",
        "finally.0.choose.0.do.0",
    }
    trigger = plan.events["do.1.group.do.0.for_each.do.0"]
    assert trigger.source == "r/wait:do.1.group.do.0.for_each.do.0"
    assert trigger.use.uses == "rec.event"


async def test_nothing_is_listened_to_for_steps_that_are_switched_off(stage: Stage) -> None:
    plan = await stage.load(
        WHEN + f"do:\n  - group: {{do: [{WAIT}]}}\n    enabled: false\n  - set: {{a: 1}}\n"
    )
    assert plan.events == {}


async def test_folders_that_nested_steps_name_may_be_touched(stage: Stage, tmp_path: Path) -> None:
    other = tmp_path.parent / "elsewhere"
    plan = await stage.load(
        WHEN + "do:\n  - parallel:\n      branches:\n        a:\n"
        f"          - repeat: {{times: 1, do: [{{rec.use: {{path: '{other}/a.txt'}}}}]}}\n"
    )
    assert plan.folders.check(f"{other}/a.txt", "read") == other / "a.txt"


async def test_a_table_that_an_input_names_may_be_touched(stage: Stage, tmp_path: Path) -> None:
    other = tmp_path.parent / "elsewhere" / "stock.xlsx"
    plan = await stage.load(
        WHEN + f"inputs:\n  stock: {{type: table, default: '{other}'}}\n"
        "  rows: {type: table, default: [[a]]}\ndo:\n  - set: {a: 1}\n"
    )
    assert plan.folders.check(other, "write") == other


async def test_secrets_are_given_to_a_recipe_that_names_them_anywhere(stage: Stage) -> None:
    plan = await stage.load(
        WHEN + "do:\n  - for_each:\n      in: [1]\n"
        "      do: [{rec.say: {text: '${{ secrets.key }}'}}]\n"
    )
    assert plan.uses_secrets
    assert not (await stage.load(WHEN + "do:\n  - set: {a: 1}\n")).uses_secrets
