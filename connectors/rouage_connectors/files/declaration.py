"""The connector and what its actions share."""

from typing import Final

from rouage.sdk import JSON, Connector, Context, Text
from rouage.sdk.files import Outcome

connector = Connector(
    "files",
    title=Text("Files", "Fichiers"),
    about=Text(
        "Files and folders: move, copy, rename, delete, write, read, list.",
        "Fichiers et dossiers : déplacer, copier, renommer, supprimer, écrire, lire, lister.",
    ),
)

CONFLICT_TITLE: Final = Text("If it exists", "S’il existe déjà")
CONFLICT: Final = Text(
    "What to do if the target exists: fail, skip (leave all as it is), overwrite, or rename "
    "(add a number).",
    "Que faire si la cible existe : fail (échouer), skip (tout laisser), overwrite (remplacer) "
    "ou rename (ajouter un numéro).",
)
TARGET: Final = Text(
    "Where it goes. A target that ends in “/” is a folder; missing folders are made.",
    "Où il va. Une cible qui finit par « / » est un dossier ; les dossiers manquants sont créés.",
)
PATH_TITLE: Final = Text("File", "Fichier")

PLACED: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "format": "path", "description": "Where the file is now"},
        "skipped": {"type": "boolean", "description": "Whether nothing was done"},
    },
    "required": ["path", "skipped"],
}


def placed(outcome: Outcome) -> JSON:
    """Return *outcome* as the result of a step."""
    return {"path": outcome.path, "skipped": outcome.is_skipped}


def told(outcome: Outcome, context: Context) -> JSON:
    """Return *outcome* as the result of an action, and tell the engine of the file."""
    if not outcome.is_skipped:
        context.wrote(outcome.path)
    return placed(outcome)
