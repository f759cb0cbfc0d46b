"""What the tests of connectors share: a context with real folders below `tmp_path`."""

from collections.abc import Callable

import pytest

from rouage.safety.paths import Folders
from rouage.sdk.context import Context
from rouage.sdk.testing import make_context


@pytest.fixture
def folders(tmp_path):
    """Return the guard of a workspace; its state outlives single contexts, as in a daemon."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Folders(workspace=workspace, home=tmp_path)


@pytest.fixture
def context_for(tmp_path, folders) -> Callable[..., Context]:
    """Return a function that makes the context of one step; each key is another step."""

    def make(key: str = "key-1", **more) -> Context:
        return make_context(tmp_path, key=key, files=more.pop("files", folders), **more)

    return make
