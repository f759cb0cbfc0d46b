"""What the machine grants, and who may touch the workspace."""

import os
from pathlib import Path
from typing import Any

import pytest

from rouage.service.limits import file_system_of, resource_checks
from rouage.service.rights import open_doors, right_checks
from rouage.settings import Places, Settings


def by_name(checks: Any) -> dict[str, Any]:
    return {check.name: check for check in checks}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    places = Places(tmp_path)
    places.state.mkdir(mode=0o700)
    places.recipes.mkdir(mode=0o755)
    places.settings_file.write_text("language: en\n")
    places.settings_file.chmod(0o644)
    return Settings(workspace=tmp_path)


def test_few_watches_are_told_with_the_command_that_raises_them(settings: Settings, tmp_path: Path):
    (tmp_path / "max_user_watches").write_text("8192\n")
    (tmp_path / "max_user_instances").write_text("16\n")
    checks = by_name(resource_checks(settings, inotify=tmp_path))
    assert checks["watches"].state == "warning"
    assert "sysctl fs.inotify.max_user_watches=524288" in checks["watches"].remedy.fr
    assert "max_user_instances=512" in checks["watchers"].remedy.en


def test_a_machine_without_inotify_is_not_blamed_for_it(settings: Settings, tmp_path: Path):
    checks = by_name(resource_checks(settings, inotify=tmp_path / "none"))
    assert "watches" not in checks
    assert checks["descriptors"].sentence.en


@pytest.mark.parametrize(("share", "state"), [(0.5, "ok"), (2, "failed")])
def test_room_on_the_disk_is_held_against_the_reserve(
    tmp_path: Path, settings: Settings, share: float, state: str
):
    import shutil

    free = shutil.disk_usage(tmp_path).free
    tight = Settings(
        workspace=tmp_path, reserve_bytes=int(free * share / 4) if share < 1 else free * 2
    )
    assert by_name(resource_checks(tight))["disk"].state == state


def test_the_file_system_of_a_folder_is_that_of_its_nearest_mount(tmp_path: Path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"2 1 0:1 / {str(tmp_path).replace(' ', chr(92) + '040')} rw shared:1 - nfs4 nas:/ rw\n"
        "garbage\n"
    )
    assert file_system_of(tmp_path / "x", mounts=mounts) == "nfs4"
    assert file_system_of(Path("/"), mounts=mounts) == "ext4"
    assert file_system_of(Path("/"), mounts=tmp_path / "none") is None


def test_what_anybody_may_change_is_a_door_left_open(settings: Settings):
    places = settings.places
    assert open_doors(places) == []
    places.recipes.chmod(0o777)
    places.settings_file.chmod(0o666)
    found = open_doors(places)
    assert [check.state for check in found] == ["failed", "failed"]
    assert found[0].remedy is not None
    assert found[0].remedy.en == f"chmod o-w {places.settings_file}"


def test_what_others_can_read_of_the_private_folder_is_told(settings: Settings):
    places = settings.places
    assert {check.state for check in right_checks(places)} <= {"ok", "warning"}
    places.token.write_text("x")
    places.token.chmod(0o644)
    (check,) = [one for one in right_checks(places) if one.state == "failed"]
    assert str(places.token) in check.sentence.fr
    assert check.remedy is not None
    assert "chmod 600" in check.remedy.fr
    if os.geteuid() == 0:
        assert by_name(right_checks(places))["root"].state == "warning"
