"""The technical log: text on a terminal, JSON lines elsewhere, and a file in the workspace.

One line per record, masked, with control characters spelled out (security S-48, triggers
D-6). Under systemd's journal the line begins with its priority instead.
"""

import logging
import logging.handlers
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

from rouage.cli.output import to_json, visible
from rouage.settings import LogLevel

LARGEST_FILE: Final = 5_000_000
FILES_KEPT: Final = 3
FOREIGN_PER_MINUTE: Final = 10
FIELDS: Final = ("recipe", "trigger", "run", "step")
_PRIORITIES: Final = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}

Mask = Callable[[Any], Any]


def configure_logs(
    stream: TextIO,
    *,
    level: LogLevel,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    mask: Mask = lambda value: value,
) -> None:
    """Send the log to *stream*, and to `rouage.log` in *folder* where one is given.

    `mask` hides secrets; it is called for every line, so that a new secret is hidden too.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(stream)]
    handlers[0].setFormatter(_formatter_for(stream, environment or {}, mask))
    if folder is not None:
        handlers.append(_file_handler(folder, mask))
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        handler.addFilter(ForeignBrake())
        root.addHandler(handler)
    root.setLevel(level.upper())


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as one line."""
        line: dict[str, Any] = {
            "time": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: str(vars(record)[name]) for name in FIELDS if name in vars(record)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return to_json(self._mask(line), indent=None)


class TextFormatter(logging.Formatter):
    """One readable line, or one with a priority for systemd's journal."""

    def __init__(self, mask: Mask, *, with_priority: bool = False) -> None:
        super().__init__()
        self._mask = mask
        self._with_priority = with_priority

    def format(self, record: logging.LogRecord) -> str:
        """Return *record* as one line; a trace follows on lines of its own."""
        fields = " ".join(f"{name}={vars(record)[name]}" for name in FIELDS if name in vars(record))
        text = " ".join(part for part in (record.getMessage(), fields) if part)
        text = visible(str(self._mask(text)).replace("\n", "\\n"))
        trace = self._trace(record)
        if self._with_priority:
            return f"<{_PRIORITIES.get(record.levelname, 6)}>{text}{trace}"
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{moment} {record.levelname.lower():<7} {text}{trace}"

    def _trace(self, record: logging.LogRecord) -> str:
        if not record.exc_info:
            return ""
        return "\n" + visible(str(self._mask(self.formatException(record.exc_info))))


class ForeignBrake(logging.Filter):
    """Let a library repeat itself only so often in a minute; our own lines always pass."""

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._counts: dict[tuple[str, object], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether *record* is written."""
        if record.name.partition(".")[0] in {"rouage", "rouage_connectors"}:
            return True
        minute = int(record.created // 60)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        # By template, not by text: the same complaint about a thousand files is one complaint.
        key = (record.name, record.msg if isinstance(record.msg, str) else type(record.msg))
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key] <= FOREIGN_PER_MINUTE


def _formatter_for(stream: TextIO, environment: Mapping[str, str], mask: Mask) -> logging.Formatter:
    if stream.isatty():
        return TextFormatter(mask)
    if environment.get("JOURNAL_STREAM"):
        return TextFormatter(mask, with_priority=True)
    return JsonFormatter(mask)


def _file_handler(folder: Path, mask: Mask) -> logging.Handler:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        folder / "rouage.log",
        maxBytes=LARGEST_FILE,
        backupCount=FILES_KEPT,
        encoding="utf-8",
        errors="backslashreplace",
    )
    handler.setFormatter(JsonFormatter(mask))
    return handler


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
