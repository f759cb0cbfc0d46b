"""Fixtures of the command line: a workspace, and commands run in this process."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rouage.cli.session import Session


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What a session said."""

    session: Session
    stdout: io.StringIO
    stderr: io.StringIO

    @property
    def out(self) -> str:
        return self.stdout.getvalue()

    @property
    def err(self) -> str:
        return self.stderr.getvalue()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return an empty workspace."""
    folder = tmp_path / "workspace"
    (folder / "recipes").mkdir(parents=True)
    (folder / ".rouage").mkdir(mode=0o700)
    (folder / "rouage.yaml").write_text("language: en\ntimezone: UTC\n", encoding="utf-8")
    return folder


@pytest.fixture
def make_session() -> Callable[..., Spoken]:
    """Return a maker of sessions that write to memory."""

    def make(here: Path, *, stdin: str = "", **options: Any) -> Spoken:
        stdout, stderr = io.StringIO(), io.StringIO()
        session = Session(
            environment=options.pop("environment", {}),
            here=here,
            stdin=io.StringIO(stdin),
            stdout=stdout,
            stderr=stderr,
            **options,
        )
        return Spoken(session=session, stdout=stdout, stderr=stderr)

    return make
