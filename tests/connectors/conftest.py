"""What the tests of connectors share: a context with real folders below `tmp_path`."""

import subprocess
from collections.abc import Callable
from pathlib import Path

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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """Return the files of a certificate for localhost, and of its key."""
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "localhost.pem", folder / "localhost.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-out", files[0], "-keyout", files[1]],
        check=True, capture_output=True,
    )  # fmt: skip
    return files
