"""The wheel: what a user installs has everything, and reads nothing from a checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), "."]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)
    return next(folder.glob("rouage-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*command, str(folder), str(wheel)], check=True, timeout=300)
    return folder


def run(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "ROUAGE_LANG": "en"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_the_wheel_holds_both_packages_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "rouage",
        "rouage_connectors",
    }
    assert "rouage/py.typed" in names
    assert "rouage_connectors/py.typed" in names
    assert "rouage/_shipped/schemas/recipe.schema.json" in names
    assert {"rouage/web/pages/approve.html", "rouage/web/pages/approve.css"} <= set(names)
    assert any(name.startswith("rouage/_shipped/recipes/demo/fr/") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


@pytest.mark.slow
def test_an_installed_rouage_makes_a_workspace_and_checks_it(
    installed: Path, tmp_path: Path
) -> None:
    where = run(installed, "-c", "import rouage; print(rouage.__file__)", cwd=tmp_path)
    assert Path(where.stdout.strip()).is_relative_to(installed), where.stderr
    made = run(installed, "-m", "rouage", "init", "shop", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    checked = run(installed, "-m", "rouage", "--workspace", "shop", "check", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow
def test_shipped_files_are_found_in_the_installed_package(installed: Path, tmp_path: Path) -> None:
    code = "from rouage.resources import shipped; print(shipped('recipes'))"
    found = run(installed, "-c", code, cwd=tmp_path)
    assert Path(found.stdout.strip()).is_relative_to(installed), found.stderr
    assert (Path(found.stdout.strip()) / "demo" / "samples").is_dir()
