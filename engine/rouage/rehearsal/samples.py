"""A trigger's sample event, as it would be here and now."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from rouage.catalog.catalog import Catalog
from rouage.model.recipe import TriggerUse
from rouage.sdk.json import JSON


def sample_event(
    use: TriggerUse, catalog: Catalog, *, workspace: Path, now: datetime, zone: tzinfo
) -> JSON:
    """Return the sample that the recipe gives for this trigger, else that of its connector.

    The file of a sample lies in the folder that is watched, and a schedule is due now.
    Returns None when there is no sample.
    """
    own = use.parameters.get("sample")
    if own is not None:
        return own
    declared = catalog.triggers.get(use.uses)
    sample = None if declared is None else declared.sample
    if not isinstance(sample, dict):
        return sample
    placed = _placed(sample, use, workspace)
    if "due" in placed:
        placed["due"] = now.astimezone(zone).isoformat()
    return placed


def _placed(sample: Mapping[str, Any], use: TriggerUse, workspace: Path) -> dict[str, Any]:
    file, watched = sample.get("file"), use.parameters.get("path")
    folder = file.get("folder") if isinstance(file, Mapping) else None
    if not isinstance(folder, str) or not isinstance(watched, str) or "${{" in watched:
        return dict(sample)
    target = str(workspace / Path(watched).expanduser())
    moved = _moved(sample, folder, target)
    return dict(moved)


def _moved(value: Any, folder: str, target: str) -> Any:
    if isinstance(value, str):
        is_there = value == folder or value.startswith(folder + "/")
        return target + value[len(folder) :] if is_there else value
    if isinstance(value, Mapping):
        return {name: _moved(item, folder, target) for name, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, folder, target) for item in value]
    return value


def missing_files(data: JSON) -> frozenset[str]:
    """Return the file that the event *data* is about, if there is no such file."""
    file = data.get("file") if isinstance(data, dict) else None
    path = file.get("path") if isinstance(file, dict) else None
    return frozenset({path}) if isinstance(path, str) and not Path(path).exists() else frozenset()
