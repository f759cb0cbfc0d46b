"""What the tests of the guards share."""

import pytest

from rouage.safety.paths import Folders


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    (folder / ".rouage").mkdir(parents=True)
    (folder / "recipes").mkdir()
    (folder / "rouage.yaml").write_text("")
    return folder


@pytest.fixture
def folders(workspace, tmp_path):
    return Folders(workspace=workspace, home=tmp_path / "home")
