"""A run whose event came to nothing before it began is skipped, and only then."""

from typing import ClassVar

from rouage.errors import StepError
from rouage.language import Text
from rouage.sdk import JSON, Connector, Emit, Trigger
from tests.unit.flow.stage import Stage
from tests.unit.flow.world import Nothing

TEXT = "name: R\nwhen:\n  - post.letter: {}\ndo:\n  - rec.say: {text: done}\n"


class Letter(Trigger[Nothing]):
    """Letters that may be withdrawn."""

    withdrawn: ClassVar[dict[str, Text | Exception]] = {}

    async def listen(self, emit: Emit) -> None:
        """Emit nothing: the tests send."""

    @classmethod
    async def overtaken(cls, data: JSON, key: str) -> Text | None:
        """Say what a test says."""
        del data
        answer = cls.withdrawn.get(key)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def play(stage: Stage, answer: Text | Exception | None) -> str:
    Letter.withdrawn = {} if answer is None else {"k0": answer}
    connector = Connector("post", about="Letters.")
    connector.trigger("letter", sample={})(Letter)
    stage.services.catalog.triggers.update(connector.triggers)
    await stage.load(TEXT)
    return await stage.send()


async def test_its_reason_is_kept(stage: Stage) -> None:
    run = await play(stage, Text("withdrawn", "retirée"))
    record = await stage.rest(run)
    assert record.state == "skipped"
    assert record.reason["message"] == {"en": "withdrawn", "fr": "retirée"}
    assert stage.world.said == []


async def test_a_run_whose_event_still_counts_runs(stage: Stage) -> None:
    record = await stage.rest(await play(stage, None))
    assert record.state == "succeeded"


async def test_a_trigger_that_cannot_tell_stops_nothing(stage: Stage) -> None:
    for error in (StepError(Text("no", "non")), OSError("disk")):
        record = await stage.rest(await play(stage, error))
        assert record.state == "succeeded"
