"""What `rouage why` is asked about: a file, a minute of the clock, or an id that somebody knows."""

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from rouage.errors import UsageError
from rouage.language import Text
from rouage.records import dataclass

Kind = Literal["file", "minute", "id"]

_CLOCK: Final = re.compile(
    r"(?:(?P<date>\d{4}-\d{2}-\d{2})[ T])?(?P<hour>\d{1,2})[:h](?P<minute>\d{2})", re.ASCII
)
_ID: Final = re.compile(r"<?[A-Za-z0-9][A-Za-z0-9._:@+=$%&*{}~!#-]{2,300}>?", re.ASCII)
_NO_MINUTE: Final = Text(
    "{given} is no minute of the clock: write 14:05, or 2026-11-24 14:05",
    "{given} n’est pas une minute : écrivez 14:05, ou 2026-11-24 14:05",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What is asked about; `path` is the file, `minute` when the minute begins."""

    kind: Kind
    text: str
    path: Path | None = None
    minute: datetime | None = None


def read_subject(given: str, *, here: Path, zone: ZoneInfo, now: datetime) -> Subject:
    """Return what *given* means: what is there as a file is that file.

    Raises:
        UsageError: it looks like a minute, and is none.
    """
    path = Path(os.path.abspath(here / Path(given).expanduser()))  # noqa: PTH100 - `..` without following links
    if path.exists():
        return Subject(kind="file", text=str(path), path=path)
    clock = _CLOCK.fullmatch(given.strip())
    if clock is not None:
        minute = _minute(clock, given, zone, now)
        return Subject(kind="minute", text=given.strip(), minute=minute)
    if "/" not in given and _ID.fullmatch(given) is not None:
        return Subject(kind="id", text=given, path=path)
    return Subject(kind="file", text=str(path), path=path)


def _minute(clock: "re.Match[str]", given: str, zone: ZoneInfo, now: datetime) -> datetime:
    today = now.astimezone(zone)
    try:
        day = datetime.fromisoformat(clock["date"]) if clock["date"] else today
        minute = datetime(
            day.year, day.month, day.day, int(clock["hour"]), int(clock["minute"]), tzinfo=zone
        )
    except ValueError as error:
        raise UsageError(_NO_MINUTE, given=given[:40]) from error
    if clock["date"] is None and minute > now:
        # Of a time of day that is still to come, the last one is meant.
        minute -= timedelta(days=1)
    return minute
