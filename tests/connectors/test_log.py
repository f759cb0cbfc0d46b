"""The connector `log`."""

import logging

import pytest

from rouage.sdk.testing import run_action
from rouage_connectors.log import connector


@pytest.mark.parametrize(
    ("level", "number"),
    [
        ("debug", logging.DEBUG),
        ("info", logging.INFO),
        ("warning", logging.WARNING),
        ("error", logging.ERROR),
    ],
)
async def test_a_line_reaches_the_log_with_its_run(context_for, caplog, level, number):
    caplog.set_level(logging.DEBUG)
    message = "100 %s done %(secret)s"
    assert (
        await run_action(
            connector, "log.write", {"message": message, "level": level}, context_for()
        )
        == {}
    )
    (record,) = caplog.records
    assert (record.getMessage(), record.levelno, record.recipe) == (message, number, "test")
