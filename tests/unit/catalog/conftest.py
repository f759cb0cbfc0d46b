"""Connectors made on the spot."""

from collections.abc import Callable

import pytest

from rouage.sdk import JSON, Connector, Context, NoParams


@pytest.fixture
def make() -> Callable[..., Connector]:
    def build(name: str, *words: str) -> Connector:
        connector = Connector(name, about="A test.")

        async def act(params: NoParams, context: Context) -> JSON:
            """Act."""
            return None

        for word in words:
            connector.action(word)(act)
        return connector

    return build
