"""The sample event of a recipe: what its first trigger would bring."""

from collections.abc import Mapping
from typing import Any

from rouage.catalog.catalog import Catalog


def sample_event(data: Any, catalog: Catalog) -> Any:
    """Return the sample of the first trigger of the recipe *data*, or None."""
    listed = data.get("when") if isinstance(data, Mapping) else None
    for entry in listed if isinstance(listed, list) else ():
        for word in entry if isinstance(entry, Mapping) else ():
            spec = catalog.triggers.get(word)
            if spec is not None:
                return spec.sample
    return None
