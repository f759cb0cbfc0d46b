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


async def test_a_document_does_not_fill_the_log(context_for, caplog):
    caplog.set_level(logging.INFO)
    await run_action(connector, "log.write", {"message": "x" * 1_000_000}, context_for())
    assert len(caplog.records[0].getMessage()) == 8_000
