"""A console to call."""

import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.unit.desk import Desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    await desk.open()
    yield desk
    await desk.close()


@pytest.fixture
def digest() -> Callable[[bytes], str]:
    return lambda data: hashlib.sha256(data).hexdigest()
