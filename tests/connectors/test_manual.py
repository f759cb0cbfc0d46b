"""The trigger `manual.start`: it waits, and says that it is ready."""

import asyncio

from rouage.sdk.testing import RecordingEmit, Surroundings
from rouage_connectors.manual import connector

SPEC = connector.triggers["manual.start"]


async def test_it_stays_ready_and_emits_nothing_by_itself(tmp_path):
    reports = []
    context = Surroundings(workspace=tmp_path).context()
    context.report = lambda state, reason: reports.append((state, reason))
    emit = RecordingEmit()
    trigger = SPEC.listen(SPEC.parameters.build({"sample": {"customer": "Zoé"}}), context)
    task = asyncio.ensure_future(trigger.listen(emit))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    assert reports == [("listening", None)]
    task.cancel()
    await asyncio.wait([task])
    assert emit.events == []


def test_its_sample_is_a_table_of_values():
    assert SPEC.parameters.build({}).sample == {}
    assert SPEC.parameters.build({"sample": {"a": [1]}}).sample == {"a": [1]}
