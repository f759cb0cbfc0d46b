"""What the flow needs from outside, handed in by the daemon: nothing here is global."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rouage.catalog.catalog import Catalog
from rouage.clock import Clock
from rouage.language import Language
from rouage.model.secret import Secret
from rouage.safety.paths import Folders
from rouage.sdk.json import JSON

if TYPE_CHECKING:
    from aiohttp import ClientSession


class Mask(Protocol):
    """Hide every known secret value in a JSON value (security S-56)."""

    def __call__(self, value: JSON) -> JSON:
        """Return *value* with every secret in it hidden."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The surroundings of every run.

    `secrets` gives the present values by name; they are read at execution and never stored.
    `folders_of` makes the file guard of a recipe from the folders it names.
    """

    catalog: Catalog
    clock: Clock
    workspace: Path
    timezone: tzinfo
    language: Language
    secrets: Callable[[], Mapping[str, Secret]]
    mask: Mask
    folders_of: Callable[[tuple[Path, ...]], Folders]
    open_http: Callable[[], "ClientSession"]
    scratch_of: Callable[[str], Path]
    log: logging.Logger
