"""`rouage eval EXPR`: evaluate one expression, as a recipe would."""

import argparse
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from rouage.cli.parser import Parser
from rouage.cli.session import FAILED, OK, Session
from rouage.errors import ExpressionError, RouageError, UsageError
from rouage.language import Text
from rouage.model.secret import Secret

_EXPR: Final = Text(
    "the expression, bare or as text with ${{ }}", "l’expression, seule ou en texte avec ${{ }}"
)
_EVENT: Final = Text(
    "JSON file that stands for the event (- for standard input)",
    "fichier JSON qui tient lieu d’événement (- pour l’entrée standard)",
)
_UNREADABLE: Final = Text(
    "the event {path} cannot be read: {cause}", "l’événement {path} est illisible : {cause}"
)
_NOT_JSON: Final = Text(
    "the event {path} is not JSON (line {line}, column {column})",
    "l’événement {path} n’est pas du JSON (ligne {line}, colonne {column})",
)
_TOO_DEEP: Final = Text(
    "the event {path} is nested too deeply", "l’événement {path} est trop imbriqué"
)
_TOO_LARGE: Final = Text(
    "the event {path} is larger than {limit} MiB", "l’événement {path} dépasse {limit} Mio"
)
_AT: Final = Text("column {column}", "colonne {column}")
_LARGEST_EVENT: Final = 8 << 20


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("expression", about=_EXPR, metavar="EXPR")
    parser.take("--event", about=_EVENT, metavar=parser.say(Text("FILE", "FICHIER")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Print the value, or what is wrong and where."""
    event = {} if arguments.event is None else read_event(session, arguments.event)
    try:
        value = _evaluate(arguments.expression, _scope(session, event))
        shown = _shown(value)
    except ExpressionError as error:
        return _report(session, arguments.expression, error)
    if session.is_json:
        session.output.data({"value": shown, "type": type_of(value)})
    else:
        session.output.line(shown if isinstance(shown, str) else _pretty(shown))
    return OK


def read_event(session: Session, name: str) -> Any:
    """Return the JSON value of the file *name*, or of standard input for `-`.

    Raises:
        UsageError: it cannot be read as JSON.
    """
    try:
        if name == "-":
            text = session.stdin.read(_LARGEST_EVENT + 1)
        else:
            with (session.here / Path(name).expanduser()).open(encoding="utf-8-sig") as file:
                text = file.read(_LARGEST_EVENT + 1)
    except UnicodeDecodeError as error:
        raise UsageError(_UNREADABLE, path=name, cause="UTF-8") from error
    except OSError as error:
        raise UsageError(_UNREADABLE, path=name, cause=error.strerror) from error
    if len(text) > _LARGEST_EVENT:
        raise UsageError(_TOO_LARGE, path=name, limit=_LARGEST_EVENT >> 20)
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise UsageError(_NOT_JSON, path=name, line=error.lineno, column=error.colno) from error
    except RecursionError as error:
        raise UsageError(_TOO_DEEP, path=name) from error


def _refuse(name: str) -> None:
    raise json.JSONDecodeError(name, "", 0)


def type_of(value: Any) -> str:
    """Return the word for the type of *value* in the language of expressions."""
    for kind, word in _TYPES:
        if isinstance(value, kind):
            return word
    return "null" if value is None else "value"


_TYPES: Final[tuple[tuple[Any, str], ...]] = (
    (Secret, "secret"),
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (Decimal, "decimal"),
    (str, "text"),
    (datetime, "datetime"),
    (date, "date"),
    (list, "list"),
    (dict, "object"),
)


def _evaluate(source: str, scope: dict[str, Any]) -> Any:
    from rouage.expressions import compile_expression, compile_template

    if "${{" in source:
        return compile_template(source).render(scope)
    return compile_expression(source).evaluate(scope)


def _shown(value: Any) -> Any:
    from rouage.expressions import mask

    return mask(value)


def _scope(session: Session, event: Any) -> dict[str, Any]:
    """Return the roots of expressions; those of a run are empty here."""
    now = datetime.now().astimezone()
    secrets: dict[str, Secret] = {}
    if session.has_workspace():
        now = now.astimezone(session.settings.zone)
        secrets = _secrets(session)
    return {
        "event": event,
        "trigger": {"id": "eval"},
        "inputs": {},
        "vars": {},
        "steps": {},
        "run": {"id": "eval", "started_at": now},
        "recipe": {"id": "eval", "name": "eval"},
        "secrets": secrets,
        "now": now,
        **_calendar(session),
    }


def _calendar(session: Session) -> dict[str, Any]:
    from rouage.expressions.filters import BUSINESS
    from rouage.sdk.business import Business

    if not session.has_workspace():
        return {}
    settings = session.settings
    return {BUSINESS: Business(hours=settings.business, zone=settings.zone)}


def _secrets(session: Session) -> dict[str, Secret]:
    from rouage.secrets import SecretStore

    store = SecretStore(session.places.secrets)
    try:
        return {name: Secret(clear, name=name) for name, clear in store.load().items()}
    except RouageError:
        # Said by the commands that need them; an expression without secrets works on.
        return {}


def _report(session: Session, source: str, error: ExpressionError) -> int:
    column = error.offset + 1
    if session.is_json:
        facts = {
            "code": error.code,
            "message": error.render(session.language),
            "column": column,
            "hint": error.render_hint(session.language),
        }
        session.output.data({"error": facts})
        return FAILED
    start = max(0, error.offset - 60)
    session.output.talk(f"  {source[start : start + 76]}")
    session.output.talk("  " + " " * (error.offset - start) + "^" * max(1, min(error.length, 70)))
    session.output.talk(f"  {error.code}, {session.say(_AT, column=column)}")
    session.complain(error)
    return FAILED


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
