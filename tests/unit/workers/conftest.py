"""A hostile connector, found as an installed package is, and the pool that holds it."""

from importlib.metadata import EntryPoint

import pytest

from rouage.catalog.discovery import GROUP, discover
from rouage.sdk.testing import make_context
from rouage.workers.isolation import isolate
from rouage.workers.pool import Workers

HOSTILE = EntryPoint("hostile", "tests.hostile.connector:connector", GROUP)


@pytest.fixture
async def workers():
    pool = Workers(places=2)
    yield pool
    await pool.close()


@pytest.fixture
def catalog(workers):
    """Return what is installed, the hostile connector included, with isolated actions."""
    return isolate(discover(entry_points=[HOSTILE]), workers.run)


@pytest.fixture
def act(catalog, tmp_path):
    """Return a function that calls an action as a step does."""

    async def run(action, context=None, **given):
        spec = catalog.actions[action]
        context = context or make_context(tmp_path, templates={"/a": "b"})
        return await spec.run(spec.parameters.build(given), context)

    return run
