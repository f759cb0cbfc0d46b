"""`rouage status` says when the gallery has a newer version of a recipe (features U-1.8)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
def test_the_state_of_a_daemon_names_recipes_that_the_gallery_has_anew(
    rouage: Callable[..., Any], tmp_path: Path, start_daemon: Callable[..., Any]
):
    workspace = tmp_path / "workspace"
    assert rouage("--lang", "en", "init", workspace).code == 0
    old = "name: Old\ngallery: {id: reminders}\nwhen: [{manual.start: {}}]\ndo: [{stop: done}]\n"
    (workspace / "recipes" / "old.yaml").write_text(old)
    start_daemon(workspace)
    told = rouage("status", "--lang", "en", here=workspace)
    assert told.code == 0
    assert "`rouage diff old gallery`" in told.out
    [listed] = rouage("status", "--json", here=workspace).data["outdated"]
    assert (listed["file"], listed["version"]) == ("old.yaml", 0)
    assert "rouage diff old gallery" in rouage("check", "--lang", "en", here=workspace).err
