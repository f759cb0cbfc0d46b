"""What an action must know, as JSON: from the context of a step to one rebuilt elsewhere."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rouage.clock import SystemClock
from rouage.errors import (
    EffectInDoubt,
    OutcomeUnknown,
    RetryableError,
    StepError,
    StepTimeout,
)
from rouage.language import Text
from rouage.safety.paths import Folders
from rouage.sdk.accounts import Accounts
from rouage.sdk.business import Business, BusinessHours, read_business
from rouage.sdk.context import Context, Render

if TYPE_CHECKING:
    from aiohttp import ClientSession

_KINDS: Mapping[str, type[StepError]] = {
    kind.__name__: kind
    for kind in (
        RetryableError,
        StepTimeout,
        EffectInDoubt,
        OutcomeUnknown,
        StepError,
    )
}


def facts_of(context: Context) -> dict[str, Any]:
    """Return what a worker needs to rebuild *context*."""
    files = context.files
    return {
        "run": context.run_id,
        "recipe": context.recipe_id,
        "step": context.step,
        "attempt": context.attempt,
        "key": context.idempotency_key,
        "workspace": str(context.workspace),
        "allowed": [str(path) for path in files.allowed],
        "protected": [str(path) for path in files.protected],
        "home": None if files.home is None else str(files.home),
        "zone": _zone_name(context.timezone, context),
        "templates": dict(context.templates),
        "level": context.log.getEffectiveLevel(),
        "business": context.business.hours.written,
        "business_zone": _zone_name(context.business.zone, context),
    }


def rebuilt(
    facts: Mapping[str, Any],
    *,
    intents: Any,
    appender: Any,
    log: logging.Logger,
    open_http: "Callable[[], ClientSession]",
    scratch: Callable[[], Path],
    render: Render,
    wrote: Callable[[str], None],
    accounts: Accounts,
) -> Context:
    """Return the context that *facts* describe, with these ways out."""
    home = facts["home"]
    workspace = Path(facts["workspace"])
    return Context(
        run_id=facts["run"],
        recipe_id=facts["recipe"],
        step=facts["step"],
        attempt=facts["attempt"],
        idempotency_key=facts["key"],
        workspace=workspace,
        files=Folders(
            workspace=workspace,
            allowed=facts["allowed"],
            protected=facts["protected"],
            home=None if home is None else Path(home),
            intents=intents,
            appender=appender,
        ),
        timezone=zone_named(facts["zone"]),
        clock=SystemClock(),
        log=log,
        open_http=open_http,
        scratch=scratch,
        render=render,
        templates=facts["templates"],
        wrote=wrote,
        accounts=accounts,
        business=business_of(facts),
    )


def business_of(facts: Mapping[str, Any]) -> Business:
    """Return the calendar that `facts_of` wrote."""
    written = facts["business"]
    hours = BusinessHours() if written is None else read_business(written)
    return Business(hours=hours, zone=zone_named(facts["business_zone"]))


def _zone_name(zone: tzinfo, context: Context) -> str | float:
    """Return the name of *zone*, or its distance from UTC in seconds if it has none."""
    if isinstance(zone, ZoneInfo) and zone.key is not None:
        return zone.key
    offset = zone.utcoffset(context.clock.now().replace(tzinfo=None))
    return 0.0 if offset is None else offset.total_seconds()


def zone_named(name: str | float) -> tzinfo:
    """Return the zone that `facts_of` wrote as *name*."""
    if isinstance(name, str):
        return ZoneInfo(name)
    return UTC if name == 0 else timezone(timedelta(seconds=name))


def error_facts(error: StepError) -> dict[str, Any]:
    """Return *error* as JSON, said in both languages."""
    kind = next(kind for kind in _KINDS.values() if isinstance(error, kind))
    hint = error.hint
    return {
        "kind": kind.__name__,
        "message": [error.render("en"), error.render("fr")],
        "hint": None if hint is None else [error.render_hint("en"), error.render_hint("fr")],
        "retry_after": getattr(error, "retry_after_seconds", None),
    }


def error_of(facts: Mapping[str, Any]) -> StepError:
    """Return the error that `error_facts` wrote."""
    kind = _KINDS.get(facts["kind"], StepError)
    message, hint = _text(facts["message"]), facts["hint"]
    error = kind(message, hint=None if hint is None else _text(hint))
    if isinstance(error, RetryableError) and isinstance(facts["retry_after"], int | float):
        error.retry_after_seconds = float(facts["retry_after"])
    return error


def _text(said: Any) -> Text:
    en, fr = said
    return Text(str(en), str(fr))
