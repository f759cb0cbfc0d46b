"""Recipes ask the ledger what was done once, in whichever recipe (features N-8)."""

from rouage.sdk.testing import make_context, run_action
from rouage_connectors.ledger import connector
from tests.unit.flow.undoing import Yard

RECIPE = """\
name: Once
when: [{manual.start: {}}]
do:
  - ledger.find: {key: EDF/31}
    id: before
  - files.write: {path: filed.txt, text: filed, on_conflict: overwrite}
    once: EDF/31
    id: filed
  - ledger.find: {key: EDF/31}
    id: after
outputs: {before: "${{ steps.before }}", after: "${{ steps.after }}"}
"""


async def test_a_key_that_nobody_has_is_not_found(tmp_path):
    found = await run_action(connector, "ledger.find", {"key": "a/1"}, make_context(tmp_path))
    assert found == {
        "found": False,
        "is_done": False,
        "recipe": None,
        "run": None,
        "step": None,
        "at": None,
        "result": None,
    }


async def test_what_a_step_did_once_is_found_with_its_run_and_result(tmp_path):
    yard = await Yard(tmp_path, recipe=RECIPE).open()
    run = await yard.start()
    first = await yard.engine.get_run(run)
    assert first.outputs["before"]["found"] is False
    second = await yard.engine.get_run(await yard.start())
    known = second.outputs["before"]
    assert (known["found"], known["is_done"]) == (True, True)
    assert (known["recipe"], known["run"], known["step"]) == ("r", run, "do.1")
    assert known["result"]["path"].endswith("filed.txt")
    assert known["at"]
    await yard.close()
