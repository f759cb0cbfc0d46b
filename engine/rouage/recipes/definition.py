"""The canonical form of a recipe: the JSON bytes that runs pin, and the way back.

The bytes hold what the engine needs and nothing of the text: defaults are resolved, so that
a run ends on what it began with (durability R7). `parse` checks nothing and is fast.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from rouage.model.event import Admission
from rouage.model.recipe import Recipe, RetryPolicy, StepUse, TriggerUse


def canonical(normal: Mapping[str, Any]) -> bytes:
    """Return the canonical JSON of a recipe in normal form."""
    return json.dumps(
        normal, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def parse(definition: bytes) -> Recipe:
    """Return the recipe that *definition* holds."""
    return to_recipe(json.loads(definition), definition)


def to_recipe(normal: Mapping[str, Any], definition: bytes) -> Recipe:
    """Return the recipe of a normal form and its canonical bytes."""
    get = normal.get
    admission = get("concurrency", {})
    return Recipe(
        id=normal["id"],
        name=normal["name"],
        definition=definition,
        hash=hashlib.sha256(definition).hexdigest(),
        steps=_steps(normal["do"], "do"),
        description=get("description"),
        tags=tuple(get("tags", ())),
        enabled=get("enabled", True),
        timezone=get("timezone"),
        inputs=get("inputs", {}),
        variables=get("vars", {}),
        triggers=tuple(map(_trigger, get("when", ()))),
        condition=get("if"),
        on_error=_steps(get("on_error", ()), "on_error"),
        admission=Admission(mode=admission.get("mode", "queued"), maximum=admission.get("max")),
        admission_key=admission.get("key"),
        timeout_seconds=get("timeout"),
        outputs=get("outputs", {}),
    )


def _trigger(normal: Mapping[str, Any]) -> TriggerUse:
    get = normal.get
    return TriggerUse(
        id=normal["id"],
        uses=normal["uses"],
        parameters=get("with", {}),
        condition=get("if"),
        missed=get("missed"),
        enabled=get("enabled", True),
    )


def _steps(normal: Any, path: str) -> tuple[StepUse, ...]:
    return tuple([_step(step, f"{path}.{number}") for number, step in enumerate(normal)])


def _step(normal: Mapping[str, Any], path: str) -> StepUse:
    get = normal.get
    on_error: Any = get("on_error", "stop")
    retry = get("retry")
    return StepUse(
        path=path,
        uses=normal["uses"],
        parameters=get("with", {}),
        id=get("id"),
        name=get("name"),
        condition=get("if"),
        timeout_seconds=get("timeout"),
        retry=RetryPolicy() if retry is None else RetryPolicy(**retry),
        on_error=_steps(on_error, f"{path}.on_error") if isinstance(on_error, list) else on_error,
        substitute=get("substitute"),
        enabled=get("enabled", True),
    )
