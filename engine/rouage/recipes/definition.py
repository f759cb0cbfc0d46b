"""The canonical form of a recipe: the JSON bytes that runs pin, and the way back.

The bytes hold what the engine needs and nothing of the text: defaults are resolved, so that
a run ends on what it began with (durability R7). `parse` checks nothing and is fast.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from rouage.model.event import Admission
from rouage.model.recipe import (
    Alive,
    Batch,
    Debounce,
    Keep,
    Limit,
    Once,
    Recipe,
    RetryPolicy,
    StepUse,
    Throttle,
    TriggerUse,
    Trust,
)


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
        finally_=_steps(get("finally", ()), "finally"),
        admission=_admission(admission),
        admission_key=admission.get("key"),
        timeout_seconds=get("timeout"),
        outputs=get("outputs", {}),
        trust=_trust(get("trust")),
        limits=tuple(map(_limit, get("limits", ()))),
        unusual=get("unusual"),
        keep=Keep(**get("keep", {})),
    )


def _trust(normal: Mapping[str, Any] | None) -> Trust | None:
    return None if normal is None else Trust(**normal)


def _limit(normal: Mapping[str, Any]) -> Limit:
    return Limit(unit=normal["unit"], most=normal["most"], per_seconds=normal.get("per"))


def _admission(normal: Mapping[str, Any]) -> Admission:
    get = normal.get
    mode, most = get("mode", "queued"), get("max")
    when_full = get("when_full", "refuse")
    if mode == "queued" and most is not None:
        # One runs at a time; `max` is then how many may wait.
        return Admission(mode=mode, queue_limit=most, when_full=when_full)
    return Admission(mode=mode, maximum=most, when_full=when_full)


def _trigger(normal: Mapping[str, Any], path: str = "") -> TriggerUse:
    get = normal.get
    return TriggerUse(
        id=f"{normal['id']}:{path}" if path else normal["id"],
        uses=normal["uses"],
        parameters=get("with", {}),
        condition=get("if"),
        missed=get("missed"),
        enabled=get("enabled", True),
        once=_once(get("once")),
        debounce=_debounce(get("debounce")),
        throttle=_throttle(get("throttle")),
        batch=_batch(get("batch")),
        alive=_alive(get("alive")),
    )


def _once(normal: Mapping[str, Any] | None) -> Once | None:
    if normal is None:
        return None
    scope = normal.get("scope", "recipe")
    return Once(key=normal["key"], scope=scope, within_seconds=normal.get("within"))


def _debounce(normal: Mapping[str, Any] | None) -> Debounce | None:
    if normal is None:
        return None
    get = normal.get
    return Debounce(
        wait_seconds=normal["wait"],
        max_wait_seconds=get("max_wait"),
        key=get("key"),
        keep=get("keep", "last"),
    )


def _throttle(normal: Mapping[str, Any] | None) -> Throttle | None:
    return None if normal is None else Throttle(count=normal["count"], per_seconds=normal["per"])


def _alive(normal: Mapping[str, Any] | None) -> Alive | None:
    if normal is None:
        return None
    expect = normal.get("expect")
    rate = expect if isinstance(expect, Mapping) else None
    return Alive(probe_seconds=normal.get("probe"), expect=_throttle(rate))


def _batch(normal: Mapping[str, Any] | None) -> Batch | None:
    if normal is None:
        return None
    get = normal.get
    return Batch(
        quiet_seconds=get("quiet"), every_seconds=get("every"), maximum=get("max"), by=get("by")
    )


def _steps(normal: Any, path: str) -> tuple[StepUse, ...]:
    return tuple([_step(step, f"{path}.{number}") for number, step in enumerate(normal)])


def _step(normal: Mapping[str, Any], path: str) -> StepUse:
    get = normal.get
    on_error: Any = get("on_error", "stop")
    retry, event = get("retry"), get("event")
    body = get("body")
    return StepUse(
        path=path,
        uses=normal["uses"],
        parameters=get("with", {}),
        id=get("id"),
        name=get("name"),
        condition=get("if"),
        timeout_seconds=get("timeout"),
        retry=RetryPolicy() if retry is None else _retry(retry),
        on_error=_steps(on_error, f"{path}.on_error") if isinstance(on_error, list) else on_error,
        substitute=get("substitute"),
        enabled=get("enabled", True),
        body={} if body is None else _bodies(body, path),
        event=None if event is None else _trigger(event, path),
        once=get("once"),
        hold=get("hold"),
    )


def _bodies(normal: Mapping[str, Any], path: str) -> dict[str, tuple[StepUse, ...]]:
    return {key: _steps(steps, f"{path}.{key}") for key, steps in normal.items()}


def _retry(normal: Mapping[str, Any]) -> RetryPolicy:
    when = normal.get("when")
    return RetryPolicy(**{**normal, "when": tuple(when) if isinstance(when, list) else when})
