"""`rouage init DIR`: make a new workspace with settings and a first recipe."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rouage.cli.parser import Parser
from rouage.cli.session import OK, Session
from rouage.cli.starter import GIT_IGNORE, RECIPE, RECIPE_NAME, SETTINGS
from rouage.errors import WorkspaceError
from rouage.language import Text
from rouage.settings import Places

_DIR: Final = Text("the folder to make", "le dossier à créer")
_TAKEN: Final = Text("{folder} is a workspace already", "{folder} est déjà un espace de travail")
_TAKEN_HINT: Final = Text("`rouage up {folder}` runs it", "« rouage up {folder} » le lance")
_CANNOT: Final = Text("{path} cannot be made: {cause}", "{path} ne peut pas être créé : {cause}")
_MADE: Final = Text(
    "The workspace {folder} is ready.\n"
    "  settings  {settings}\n"
    "  recipe    {recipe}\n"
    "Next: rouage up {folder}\n"
    "A first useful result, without writing YAML: rouage --workspace {folder} new",
    "L’espace de travail {folder} est prêt.\n"
    "  réglages  {settings}\n"
    "  recette   {recipe}\n"
    "Ensuite : rouage up {folder}\n"
    "Un premier résultat utile, sans écrire de YAML : rouage --workspace {folder} new",
)


def configure(parser: Parser) -> None:
    """Declare the arguments."""
    parser.take("folder", about=_DIR, metavar=parser.say(Text("DIR", "DOSSIER")))


def run(session: Session, arguments: argparse.Namespace) -> int:
    """Make the workspace; files that exist are left as they are."""
    places = Places((session.here / Path(arguments.folder).expanduser()).absolute())
    if places.settings_file.exists():
        raise WorkspaceError(_TAKEN, hint=_TAKEN_HINT, folder=places.root)
    try:
        made = list(make_workspace(places, session))
    except OSError as error:
        raise WorkspaceError(
            _CANNOT, path=error.filename or places.root, cause=error.strerror
        ) from error
    if session.is_json:
        session.output.data({"workspace": str(places.root), "made": [str(path) for path in made]})
    else:
        recipe = places.recipes / RECIPE_NAME
        session.tell(_MADE, folder=places.root, settings=places.settings_file, recipe=recipe)
    return OK


def make_workspace(places: Places, session: Session) -> Iterator[Path]:
    """Make the folders and files of a workspace, and return those that were new."""
    for folder in (places.root, places.recipes, places.files, places.files / "inbox"):
        folder.mkdir(parents=True, exist_ok=True)
    for folder in (places.state, places.logs, places.scratch):
        folder.mkdir(mode=0o700, exist_ok=True)
    places.state.chmod(0o700)
    texts = {
        places.settings_file: session.say(SETTINGS, language=session.language),
        places.recipes / RECIPE_NAME: session.say(RECIPE),
        places.state / ".gitignore": GIT_IGNORE,
        places.recipe_schema: _recipe_schema(session),
    }
    for path, text in texts.items():
        if not path.exists():
            path.write_text(text, encoding="utf-8")
            yield path


def _recipe_schema(session: Session) -> str:
    from rouage.catalog.discovery import discover
    from rouage.catalog.schema import compose

    schema = compose(discover(), language=session.language)
    return json.dumps(schema, ensure_ascii=False, indent=1)
