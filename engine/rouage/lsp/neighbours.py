"""What surrounds a file that is edited: who knows its workspace answers for it."""

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol

from rouage.language import Language
from rouage.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """What the workspace of a file gives: names of secrets, and values of inputs.

    `secrets` is None outside a workspace.
    """

    secrets: frozenset[str] | None = None
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Neighbours(Protocol):
    """Answers what `rouage check` would find out about a file by its place."""

    def language(self, folder: Path | None, locale: str | None) -> Language:
        """Return the language to speak to an editor of this *locale* in *folder*."""
        ...

    def around(self, path: Path | None) -> Around:
        """Return what the workspace of the file *path* gives."""
        ...

    def recipes(self, path: Path | None) -> Mapping[str, str]:
        """Return the names of the recipes of the workspace of *path*, by id."""
        ...

    def owner(
        self, path: Path | None, recipe_id: str, is_right: Callable[[Path], bool]
    ) -> str | None:
        """Return the other file that holds *recipe_id* first, so that *path* cannot have it."""
        ...

    def is_recipe(self, path: Path | None, text: str) -> bool:
        """Say whether a file at *path* that holds *text* is to be read as a recipe."""
        ...
