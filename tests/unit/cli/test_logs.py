"""The technical log: one line per record, masked, harmless, bounded."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.logs import FOREIGN_PER_MINUTE, ForeignBrake, configure_logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored_root() -> Iterator[None]:
    """Give the root logger back as it was: it belongs to the test run."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers[:] = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def mask(value: Any) -> Any:
    return json.loads(json.dumps(value).replace("hidden-value", "•••"))


logger = logging.getLogger("rouage.sample")


def test_elsewhere_each_record_is_one_json_object():
    stream = io.StringIO()
    configure_logs(stream, level="info", mask=mask)
    logger.info("run %s of %s", "r1", "hidden-value", extra={"run": "r1", "recipe": "sort"})
    logger.debug("not asked for")
    logger.warning("two\nlines \x1b[2J")
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert first["message"] == "run r1 of •••"
    assert (first["level"], first["logger"]) == ("info", "rouage.sample")
    assert (first["run"], first["recipe"]) == ("r1", "sort")
    assert first["time"].endswith("+00:00")
    assert second["message"] == "two\nlines \x1b[2J"
    assert "\x1b" not in stream.getvalue()


def test_on_a_terminal_a_record_is_one_readable_line():
    stream = Terminal()
    configure_logs(stream, level="debug", mask=mask)
    logger.error("it says\nhidden-value \x1b[2J", extra={"run": "r1"})
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("error   it says\\n••• \\x1b[2J run=r1")


def test_under_the_journal_of_systemd_a_line_begins_with_its_priority():
    stream = io.StringIO()
    configure_logs(stream, level="info", environment={"JOURNAL_STREAM": "8:1"})
    logger.warning("careful")
    assert stream.getvalue() == "<4>careful\n"


def test_a_trace_is_masked_too():
    for stream in (io.StringIO(), Terminal()):
        configure_logs(stream, level="info", mask=mask)
        try:
            int("about hidden-value")
        except ValueError:
            logger.exception("failed")
        assert "hidden-value" not in stream.getvalue()
        assert "ValueError" in stream.getvalue()


def test_a_file_in_the_workspace_gets_the_same_lines(tmp_path: Path):
    folder = tmp_path / "logs"
    configure_logs(Terminal(), level="info", folder=folder)
    logger.info("kept \udce9")
    line = (folder / "rouage.log").read_text(encoding="utf-8")
    assert json.loads(line)["message"] == "kept \udce9"
    assert folder.stat().st_mode & 0o077 == 0


def test_a_library_may_repeat_itself_only_so_often():
    stream = io.StringIO()
    configure_logs(stream, level="info")
    foreign = logging.getLogger("watchdog.observers")
    for number in range(50):
        foreign.warning("lost %s", number)
        logger.warning("ours %s", number)
    lines = stream.getvalue().splitlines()
    assert sum("lost" in line for line in lines) == FOREIGN_PER_MINUTE
    assert sum("ours" in line for line in lines) == 50


def test_the_brake_opens_again_after_a_minute():
    brake = ForeignBrake()
    record = logging.LogRecord("other", logging.WARNING, "", 0, "again", None, None)
    record.created = 1_000_000.0
    assert [brake.filter(record) for _ in range(FOREIGN_PER_MINUTE + 1)][-1] is False
    record.created += 60
    assert brake.filter(record) is True
