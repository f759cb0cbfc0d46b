"""`rouage schedule preview`: the next instants at which a schedule fires (triggers C-13)."""

import argparse
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.errors import UsageError
from rouage.language import Text
from rouage.settings import Settings

if TYPE_CHECKING:
    from rouage.recipes.previews import Preview

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
_READ: Final = Text("{name}read as: {sentence}{cron}", "{name}compris : {sentence}{cron}")
_MOST: Final = 1_000


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
    from rouage.cli.schedule.source import previews
    from rouage.recipes.previews import rows_of

    given = [one for one in (arguments.cron, arguments.text, arguments.recipe) if one is not None]
    if len(given) != 1:
        raise UsageError(_ONE_OF)
    if not 1 <= arguments.count <= _MOST:
        raise UsageError(_FAR, most=_MOST)
    zone = zone_by(session, arguments.timezone)
    after = _instant(arguments.start, zone)
    found = previews(session, arguments, zone=zone, after=after)
    listed = rows_of(found, arguments.count, session.language)
    if session.is_json:
        session.output.data(listed)
        return OK
    for preview in found:
        _tell_reading(session, preview)
    print_rows(session, listed, arguments.count)
    return OK


def _tell_reading(session: Session, preview: "Preview") -> None:
    """Say how a schedule was understood, before its instants."""
    reading = preview.reading
    if reading is None:
        return
    name = "" if preview.trigger is None else f"[{preview.trigger}] "
    cron = "" if reading.canonical is None else f"  (cron: {reading.canonical})"
    session.output.talk(session.say(_READ, name=name, sentence=reading.sentence, cron=cron))
    if reading.warning is not None:
        session.output.talk(session.say(reading.warning))


def zone_by(session: Session, name: str | None) -> ZoneInfo:
    """Return the time zone *name*; that of the workspace, else of this machine, if none is named.

    Raises:
        UsageError: there is none of this name.
    """
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


def print_rows(session: Session, listed: list[dict[str, Any]], wanted: int) -> None:
    """Print what `rows_of` lists, and say when there is no more."""
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
