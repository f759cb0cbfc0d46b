"""Shipped data is found where this copy of Rouage lies, and nowhere else."""

from pathlib import Path

from rouage.resources import folder_for, shipped


def test_in_a_checkout_the_folders_of_the_checkout_are_used(tmp_path: Path):
    package = tmp_path / "engine" / "rouage"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (package / "_shipped" / "schemas").mkdir(parents=True)
    assert folder_for(package, "schemas") == tmp_path / "schemas"


def test_installed_from_a_wheel_the_packed_copy_is_used(tmp_path: Path):
    package = tmp_path / "site-packages" / "rouage"
    assert folder_for(package, "recipes") == package / "_shipped" / "recipes"


def test_a_folder_that_happens_to_be_called_engine_is_no_checkout(tmp_path: Path):
    package = tmp_path / "engine" / "rouage"
    assert folder_for(package, "recipes") == package / "_shipped" / "recipes"


def test_the_schemas_and_recipes_exist():
    assert (shipped("schemas") / "settings.schema.json").is_file()
    assert shipped("recipes").is_dir()
