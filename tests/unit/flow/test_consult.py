"""A trigger may call actions that change nothing, and no others."""

import dataclasses
from pathlib import Path

import pytest

from rouage.catalog.catalog import Catalog
from rouage.errors import StepError
from rouage.flow.consult import consult_for
from rouage.sdk import JSON, Connector, Context, NoParams
from tests.unit.flow.stage import Stage

RECIPE = "name: R\nwhen:\n  - rec.event: {}\ndo:\n  - rec.say: {text: x}\n"


def reader() -> Connector:
    """Return a connector whose action only tells what it was given to work with."""
    connector = Connector("look", about="Looks.")

    @connector.action("at", effect="none", idempotent=True)
    async def at(params: NoParams, context: Context) -> JSON:
        del params
        place = str(context.files.resolve("files/a.txt"))
        return {"recipe": context.recipe_id, "zone": str(context.timezone), "place": place}

    return connector


async def test_it_is_called_with_the_surroundings_of_the_recipe(
    stage: Stage, tmp_path: Path
) -> None:
    plan = await stage.load(RECIPE)
    services = dataclasses.replace(stage.services, catalog=Catalog([reader()]))
    found = await consult_for(plan, "r/trigger_1", services)("look.at", {})
    assert isinstance(found, dict)
    assert (found["recipe"], found["zone"]) == ("r", "Europe/Paris")
    assert str(found["place"]).startswith(str(tmp_path))


async def test_an_action_that_changes_something_is_refused(stage: Stage) -> None:
    plan = await stage.load(RECIPE)
    consult = consult_for(plan, "r/trigger_1", stage.services)
    with pytest.raises(StepError, match="changes something"):
        await consult("rec.say", {"text": "x"})
    with pytest.raises(StepError, match="not installed"):
        await consult("rec.nothing", {})
    assert stage.world.said == []
