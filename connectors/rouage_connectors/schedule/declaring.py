"""What the schedule triggers declare alike: the connector, their event, zones and jitter."""

import hashlib
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from rouage.sdk import JSON, Connector, StepError, Text

connector = Connector(
    "schedule",
    title=Text("Schedules", "Horaires"),
    about=Text(
        "Clocks and calendars: cron, intervals, dates, times of day and plain phrases.",
        "Horloges et calendriers : cron, intervalles, dates, heures et phrases simples.",
    ),
)

FOREVER: Final = datetime.max.replace(tzinfo=UTC)

EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "due": {"type": "string", "format": "date-time"},
        "late": {"type": "number", "minimum": 0},
    },
    "required": ["due", "late"],
}
SAMPLE: Final[dict[str, JSON]] = {"due": "2026-03-02T09:00:00+01:00", "late": 0.004}

ZONE: Final = Text(
    "Time zone; that of the recipe, unless given.",
    "Fuseau horaire ; celui de la recette, sauf indication.",
)
JITTER: Final = Text(
    "Spread: each recipe fires at its own fixed moment within this time.",
    "Étalement : chaque recette part à son propre moment, fixe, dans cette durée.",
)
DST: Final = Text(
    "At a clock change. `gap`: run_after or skip, for times that do not exist; `overlap`: first or "
    "both, for times that come twice.",
    "Au changement d’heure. `gap` : run_after (juste après) ou skip (aucun), pour les heures qui "
    "n’existent pas ; `overlap` : first (une fois) ou both (deux), pour celles qui reviennent.",
)
DST_EXAMPLE: Final[dict[str, JSON]] = {"gap": "skip", "overlap": "first"}

_NO_ZONE: Final = Text(
    "the time zone “{name}” is unknown: write a name such as Europe/Paris",
    "le fuseau horaire « {name} » est inconnu : écrivez un nom comme Europe/Paris",
)
_JITTERED: Final = Text("{sentence}, {shift} later", "{sentence}, {shift} plus tard")


def shift_of(jitter: float | None, recipe_id: str) -> timedelta:
    """Return the fixed jitter of a recipe (triggers C-5)."""
    if not jitter:
        return timedelta()
    digest = hashlib.sha256(recipe_id.encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8], "big") % max(1, int(jitter)))


def with_jitter(sentence: Text, jitter: float | None, recipe_id: str) -> Text:
    """Return *sentence* with the fixed jitter of the recipe said behind it, if there is one."""
    shift = shift_of(jitter, recipe_id)
    return _JITTERED.fill(sentence=sentence, shift=shift) if shift else sentence


def zone_of(name: str | None, default: tzinfo) -> tzinfo:
    """Return the time zone *name*; that of the recipe, the *default*, when none is named.

    Raises:
        StepError: there is none of this name.
    """
    return default if name is None else find_zone(name)


def find_zone(name: str) -> tzinfo:
    """Return the IANA time zone *name*.

    Raises:
        StepError: there is none of this name.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise StepError(_NO_ZONE, name=name) from None


def fault_of(*attempts: Callable[[], Any]) -> Text | None:
    """Return what the first of *attempts* that fails complains of, or None."""
    try:
        for attempt in attempts:
            attempt()
    except StepError as error:
        return Text(error.render("en"), error.render("fr"))
    return None
