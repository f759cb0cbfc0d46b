"""Where the shipped data lies: `schemas/` and `recipes/`, in a checkout or in a wheel."""

from pathlib import Path
from typing import Literal


def shipped(name: Literal["schemas", "recipes"]) -> Path:
    """Return the folder *name* that belongs to this very copy of Rouage.

    What decides is where this module lies: in a checkout (also one installed as editable)
    the folders of the checkout, else those packed beside it. A copy that an earlier
    installation left elsewhere is never looked at.
    """
    return folder_for(Path(__file__).resolve().parent, name)


def folder_for(package: Path, name: str) -> Path:
    """Return where the shipped folder *name* lies for the package folder *package*."""
    checkout = package.parent.parent
    is_checkout = package.parent.name == "engine" and (checkout / "pyproject.toml").is_file()
    return checkout / name if is_checkout else package / "_shipped" / name
