"""`rouage hooks`: the addresses of webhooks and forms, and private ones to choose from."""

import argparse
import contextlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.cli.journal import ask
from rouage.cli.parser import Parser
from rouage.cli.recipes_read import read_recipes
from rouage.cli.session import OK, Session
from rouage.durable.port import Reader
from rouage.errors import RouageError, UsageError
from rouage.language import Text
from rouage.model.recipe import Recipe, TriggerUse
from rouage.model.secret import Secret

_SECRET: Final = re.compile(r"\bsecrets\.(\w+)")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}", re.ASCII)
_PRIVATE_BYTES: Final = 16

_NEW: Final = Text(
    "make a path that nobody can guess, beginning with NAME, for the `path` of a recipe",
    "proposer un chemin que personne ne peut deviner, commençant par NOM, pour le `path` d’une "
    "recette",
)
_BAD_NAME: Final = Text(
    "“{name}” cannot stand in an address: use letters without accents, digits, - and _",
    "« {name} » ne peut pas figurer dans une adresse : lettres sans accent, chiffres, - et _",
)
_NONE: Final = Text(
    "no recipe listens to a webhook or has a form",
    "aucune recette n’écoute de webhook ni n’a de formulaire",
)
_OPEN: Final = Text("whoever has the address may send", "qui a l’adresse peut envoyer")
_PROVEN: Final = Text("senders prove who they are", "les expéditeurs prouvent qui ils sont")
_HEADS: Final = (
    Text("RECIPE", "RECETTE"),
    Text("TRIGGER", "DÉCLENCHEUR"),
    Text("ADDRESS", "ADRESSE"),
    Text("WHO", "QUI"),
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("--new", about=_NEW, metavar=parser.say(Text("NAME", "NOM")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """List the addresses, or propose a private path."""
    if arguments.new is not None:
        return _propose(session, arguments.new)
    rows = _rows(session)
    if session.is_json:
        session.output.data({"hooks": rows})
    elif not rows:
        session.tell(_NONE)
    else:
        heads = [session.say(head) for head in _HEADS]
        lines = [
            [row["recipe"], row["trigger"], row["url"], session.say(_words(row))] for row in rows
        ]
        session.output.table(heads, lines)
    return OK


def _propose(session: Session, name: str) -> int:
    if _NAME.fullmatch(name) is None:
        raise UsageError(_BAD_NAME, name=name[:60])
    path = f"{name}-{secrets.token_hex(_PRIVATE_BYTES)}"
    if session.is_json:
        session.output.data({"path": path, "url": _base(session) + f"/hooks/{path}"})
    else:
        session.output.line(f"path: {path}")
        session.output.line(f"{_base(session)}/hooks/{path}")
    return OK


def _words(row: Mapping[str, Any]) -> Text:
    return _OPEN if row["open"] else _PROVEN


def _rows(session: Session) -> list[dict[str, Any]]:
    folder, catalog = read_recipes(session)
    recipes = [one.recipe for one in folder.files if one.recipe is not None]
    items = _items(session, recipes)
    base = _base(session)
    found = [
        row
        for recipe in recipes
        for use in recipe.triggers
        if (row := _row(session, recipe, use, catalog, items, base)) is not None
    ]
    return sorted(found, key=lambda row: (row["recipe"], row["trigger"]))


def _row(
    session: Session,
    recipe: Recipe,
    use: TriggerUse,
    catalog: Catalog,
    items: Mapping[str, Mapping[bytes, Any]],
    base: str,
) -> dict[str, Any] | None:
    declared = catalog.triggers.get(use.uses)
    if declared is None:
        return None
    try:
        parameters = declared.parameters.build(_rendered(session, recipe, use))
    except RouageError:
        return None  # `rouage check` says what is wrong with it
    source = f"{recipe.id}/{use.id}"
    address = declared.listen.address(parameters, items.get(source, {}))
    if address is None:
        return None
    return {
        "recipe": recipe.id,
        "trigger": use.id,
        "uses": use.uses,
        "url": base + address if isinstance(address, str) else session.say(address),
        "open": declared.listen.is_open_to_all(parameters),
        "enabled": recipe.enabled and use.enabled,
    }


def _items(session: Session, recipes: list[Recipe]) -> dict[str, Mapping[bytes, Any]]:
    """Return what the triggers remember: an address may have been chosen for good."""
    if not session.places.journal.exists():
        return {}
    sources = [f"{recipe.id}/{use.id}" for recipe in recipes for use in recipe.triggers]

    async def load(reader: Reader) -> dict[str, Mapping[bytes, Any]]:
        return {source: await reader.load_items(source) for source in sources}

    return ask(session, load)


def _rendered(session: Session, recipe: Recipe, use: TriggerUse) -> Any:
    """Return the parameters of a trigger; secrets stay out of it."""
    from rouage.expressions import compile_template, reveal

    declared = {
        name: one["default"]
        for name, one in recipe.inputs.items()
        if isinstance(one, dict) and "default" in one
    }
    scope = {
        "inputs": {**declared, **session.settings.inputs.get(recipe.id, {})},
        "vars": dict(recipe.variables),
        "secrets": {name: Secret("", name=name) for name in _SECRET.findall(repr(use.parameters))},
        "recipe": {"id": recipe.id, "name": recipe.name},
    }
    return reveal(compile_template(dict(use.parameters)).render(scope))


def _base(session: Session) -> str:
    """Return how the addresses begin: as the proxy is called, or on the port in use."""
    port = session.settings.hooks_port
    # Without a daemon, the port that is set is the one it will have.
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        port = int(json.loads(session.places.daemon.read_text(encoding="utf-8"))["hooks_port"])
    return session.settings.address_of(port)
