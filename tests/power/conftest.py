"""What the tests of power cuts need."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest


@pytest.fixture
def eventually() -> Callable[..., Awaitable[Any]]:
    async def wait(question: Callable[[], Any], seconds: float = 5.0) -> Any:
        async with asyncio.timeout(seconds):
            while not (answer := question()):
                await asyncio.sleep(0.002)
            return answer

    return wait
