"""`rouage schedule preview`: the next instants at which a schedule fires (triggers C-13)."""

import argparse
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.errors import UsageError
from rouage.language import Language, Text
from rouage.settings import Settings

_DO: Final = Text("what to do", "ce qu’il faut faire")
_RECIPE: Final = Text(
    "a recipe (its id, or a file) whose schedules are meant",
    "une recette (son identifiant, ou un fichier) dont les horaires sont demandés",
)
_CRON: Final = Text("a cron expression instead", "plutôt une expression cron")
_TEXT: Final = Text(
    "a schedule in words instead, such as “every weekday at 9:00”",
    "plutôt un horaire en toutes lettres, comme « tous les lundis à 8h »",
)
_ZONE: Final = Text(
    "time zone where none is named (default: that of the workspace, else of this machine)",
    "fuseau horaire à défaut d’un autre (par défaut : celui de l’espace de travail, ou de la "
    "machine)",
)
_FROM: Final = Text(
    "list what comes after this instant, such as 2026-03-28T12:00 (default: now)",
    "lister ce qui vient après cet instant, comme 2026-03-28T12:00 (par défaut : maintenant)",
)
_COUNT: Final = Text("how many (default: 5)", "combien (par défaut : 5)")
_ONE_OF: Final = Text(
    "say what to preview: one of --cron EXPR, --text WORDS or a recipe",
    "dites quoi prévoir : l’un de --cron EXPR, --text MOTS ou une recette",
)
_NO_INSTANT: Final = Text("“{text}” is not an instant", "« {text} » n’est pas un instant")
_LIKE_THIS: Final = Text(
    "write 2026-03-28, 2026-03-28T12:00 or 2026-03-28T12:00+01:00",
    "écrivez 2026-03-28, 2026-03-28T12:00 ou 2026-03-28T12:00+01:00",
)
_NO_ZONE: Final = Text(
    "the time zone “{name}” is unknown", "le fuseau horaire « {name} » est inconnu"
)
_ZONE_HINT: Final = Text("write a name such as Europe/Paris", "écrivez un nom comme Europe/Paris")
_FAR: Final = Text("-n is a number from 1 to {most}", "-n est un nombre de 1 à {most}")
_NOTHING: Final = Text("it will not fire any more", "il n’y aura plus de déclenchement")
_FEWER: Final = Text("and nothing after that", "et plus rien ensuite")
_LINE: Final = Text(
    "{weekday} {date}  {time}  {zone}  UTC{offset}  ({utc})",
    "{weekday} {date}  {time}  {zone}  UTC{offset}  ({utc})",
)
_CHANGE: Final = Text("clock change: {before} → {after}", "changement d’heure : {before} → {after}")
_MOST: Final = 1000

_WEEKDAYS: Final = (
    Text("Monday", "lundi"),
    Text("Tuesday", "mardi"),
    Text("Wednesday", "mercredi"),
    Text("Thursday", "jeudi"),
    Text("Friday", "vendredi"),
    Text("Saturday", "samedi"),
    Text("Sunday", "dimanche"),
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("do", about=_DO, choices=("preview",))
    parser.take("recipe", about=_RECIPE, nargs="?", metavar=parser.say(Text("RECIPE", "RECETTE")))
    parser.take("--cron", about=_CRON, metavar="EXPR")
    parser.take("--text", about=_TEXT, metavar=parser.say(Text("WORDS", "MOTS")))
    parser.take("--timezone", about=_ZONE, metavar="ZONE")
    parser.take("--from", about=_FROM, dest="start", metavar="INSTANT")
    parser.take("-n", about=_COUNT, dest="count", type=int, default=5, metavar="N")


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the next instants."""
    from rouage.cli.schedule_source import previews

    given = [one for one in (arguments.cron, arguments.text, arguments.recipe) if one is not None]
    if len(given) != 1:
        raise UsageError(_ONE_OF)
    if not 1 <= arguments.count <= _MOST:
        raise UsageError(_FAR, most=_MOST)
    zone = _zone(session, arguments.timezone)
    after = _instant(arguments.start, zone)
    found = previews(session, arguments, zone=zone, after=after)
    # Several schedules of one recipe may name the same instant: each one fires.
    rows = sorted((instant, shown, trigger) for trigger, shown, dates in found for instant in dates)
    listed = [
        _row(instant, ZoneInfo(shown), trigger, session.language)
        for instant, shown, trigger in rows[: arguments.count]
    ]
    if session.is_json:
        session.output.data(listed)
    else:
        _print(session, listed, arguments.count)
    return OK


def _zone(session: Session, name: str | None) -> ZoneInfo:
    if name is None:
        if session.has_workspace():
            return session.settings.zone
        return Settings.from_data(None, session.here, session.environment).zone
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise UsageError(_NO_ZONE, hint=_ZONE_HINT, name=name) from None


def _instant(text: str | None, zone: tzinfo) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        written = datetime.fromisoformat(text)
        return (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(_NO_INSTANT, hint=_LIKE_THIS, text=text[:40]) from None


def _row(instant: datetime, zone: ZoneInfo, trigger: str | None, language: Language) -> Any:
    local = instant.astimezone(zone)
    row = {
        "utc": instant.astimezone(UTC).isoformat(),
        "local": local.isoformat(),
        "weekday": _WEEKDAYS[local.weekday()].render(language),
        "zone": zone.key,
        "offset": _offset(local),
        "clock_change": _change_on(local, zone),
    }
    return row if trigger is None else {**row, "trigger": trigger}


def _offset(local: datetime) -> str:
    return local.isoformat()[-6:]


def _change_on(local: datetime, zone: ZoneInfo) -> dict[str, str] | None:
    """Return the offsets at both ends of the local day, if the clock is changed in between."""
    first = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    try:
        last = (first.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    except OverflowError:
        return None
    # A change at midnight itself belongs to the day that it begins.
    before, after = _offset_at(first, -1), _offset_at(last, -1)
    return None if before == after else {"before": before, "after": after}


def _offset_at(local: datetime, seconds: int) -> str:
    instant = local.astimezone(UTC) + timedelta(seconds=seconds)
    return _offset(instant.astimezone(local.tzinfo))


def _print(session: Session, listed: list[dict[str, Any]], wanted: int) -> None:
    width = max((len(row["weekday"]) for row in listed), default=0)
    for row in listed:
        local = datetime.fromisoformat(row["local"])
        line = session.say(
            _LINE,
            weekday=row["weekday"].ljust(width),
            date=f"{local:%Y-%m-%d}",
            time=f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}",
            zone=row["zone"],
            offset=row["offset"],
            utc=f"{datetime.fromisoformat(row['utc']):%Y-%m-%dT%H:%M:%SZ}",
        )
        change = row["clock_change"]
        marked = "" if change is None else "  * " + session.say(_CHANGE, **change)
        named = f"  [{row['trigger']}]" if "trigger" in row else ""
        session.output.line(line + named + marked)
    if len(listed) < wanted:
        session.tell(_FEWER if listed else _NOTHING)
