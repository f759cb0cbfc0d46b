"""The connector `text`."""

import pytest

from rouage.errors import StepError
from rouage.sdk.testing import run_action
from rouage_connectors.text import connector


async def test_an_inline_template_is_already_filled_in(context_for):
    result = await run_action(
        connector, "text.render", {"template": "Hello ${{ name }}"}, context_for()
    )
    assert result == {"text": "Hello ${{ name }}"}


async def test_a_template_file_sees_the_data(folders, context_for):
    (folders.workspace / "letter.txt").write_text("\ufeffHello ${{ name }}, été", "utf-8")
    parameters = {"file": "letter.txt", "data": {"name": "Zoé"}}
    result = await run_action(connector, "text.render", parameters, context_for())
    assert result == {"text": "Hello Zoé, été"}


@pytest.mark.parametrize("parameters", [{}, {"template": "a", "file": "b"}])
async def test_exactly_one_source_is_wanted(context_for, parameters):
    with pytest.raises(StepError, match="either"):
        await run_action(connector, "text.render", parameters, context_for())


async def test_a_template_that_is_not_text_is_refused(folders, context_for):
    (folders.workspace / "letter.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StepError, match="UTF-8"):
        await run_action(connector, "text.render", {"file": "letter.txt"}, context_for())
