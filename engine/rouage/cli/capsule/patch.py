"""The answer to a capsule: a changed recipe, which its owner reads as sentences and accepts."""

import argparse
import hmac
import json
import re
from pathlib import Path
from typing import Any, Final

from rouage.cli.session import FAILED, OK, Session
from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text

_FORMAT: Final = 1
_MARK: Final = "rouage_patch"
_ID: Final = re.compile(r"[0-9a-f]{16}")

_NO_CAPSULE: Final = Text("{folder} is no opened capsule", "{folder} n’est pas une capsule ouverte")
_OPEN_FIRST: Final = Text(
    "open one with `rouage capsule open FILE`",
    "ouvrez-en une avec « rouage capsule open FICHIER »",
)
_SAME: Final = Text("the recipe was not changed", "la recette n’a pas été changée")
_WROTE: Final = Text(
    "{path} is ready: send it back. It holds the recipe alone.",
    "{path} est prêt : renvoyez-le. Il ne contient que la recette.",
)
_NO_TO: Final = Text("say where to: --to FILE", "dites où l’écrire : --to FICHIER")
_NOT_ONE: Final = Text("{path} is no answer to a capsule", "{path} n’est pas une réponse à une "
                       "capsule")  # fmt: skip
_NOT_OURS: Final = Text(
    "{path} answers no capsule that was made here, or it was changed on its way",
    "{path} ne répond à aucune capsule faite ici, ou a été modifié en chemin",
)
_ASK_AGAIN: Final = Text(
    "ask the person who helps for a new one", "demandez-en un nouveau à qui vous aide"
)
_MOVED_ON: Final = Text(
    "{file} was changed since the capsule was made: the answer does not fit any more",
    "{file} a changé depuis la capsule : la réponse ne convient plus",
)
_NEW_CAPSULE: Final = Text(
    "go back with `rouage history {recipe}`, or make a new capsule",
    "revenez en arrière avec « rouage history {recipe} », ou faites une nouvelle capsule",
)
_ASK_FIRST: Final = Text("confirm with --yes", "confirmez avec --yes")
_QUESTION: Final = Text("Take this over? [y/N] ", "Reprendre cela ? [o/N] ")
_UNCHANGED: Final = Text("nothing was changed", "rien n’a été modifié")
_DONE: Final = Text(
    "{file} is changed. See what it would have done: rouage diff {recipe} --replay 30d",
    "{file} est changé. Voyez ce qu’il aurait fait : rouage diff {recipe} --replay 30d",
)


def patch(session: Session, arguments: argparse.Namespace) -> int:
    """Write what was changed in an opened capsule into a file to send back."""
    from rouage.cli.capsule.files import read_file, write_new
    from rouage.rehearsal.capsule import digest_of, read

    if arguments.to is None:
        raise UsageError(_NO_TO)
    folder = session.here / Path(arguments.file or ".").expanduser()
    if not (folder / "capsule.json").is_file():
        raise WorkspaceError(_NO_CAPSULE, hint=_OPEN_FIRST, folder=folder)
    capsule = read(read_file(folder / "capsule.json"))
    text = read_file(folder / "recipes" / capsule["recipe"]["file"])
    if digest_of(text) == capsule["recipe"]["base"]:
        raise WorkspaceError(_SAME)
    told = {
        _MARK: _FORMAT,
        "capsule": capsule["id"],
        "recipe": capsule["recipe"]["id"],
        "base": capsule["recipe"]["base"],
        "text": text.decode("utf-8", "replace"),
    }
    path = session.here / Path(arguments.to).expanduser()
    signed = {**told, "proof": _proof(told, capsule["reply_key"])}
    write_new(path, json.dumps(signed, ensure_ascii=False, indent=1).encode())
    if session.is_json:
        session.output.data({"file": str(path), "recipe": told["recipe"]})
    else:
        session.tell(_WROTE, path=path)
    return OK


def accept(session: Session, arguments: argparse.Namespace) -> int:
    """Show what an answer changes in the recipe, and take it over when the owner says so."""
    from rouage.cli.capsule.files import named_file, read_file
    from rouage.cli.diff.command import tell
    from rouage.cli.rewriting import rewrite
    from rouage.cli.versions import Source
    from rouage.rehearsal.capsule import digest_of

    path = named_file(session, arguments.file)
    told, kept = _verified(session, path, read_file(path))
    recipe = session.places.recipes / kept["file"]
    before, after = read_file(recipe), told["text"].encode()
    if digest_of(before) != told["base"]:
        raise WorkspaceError(_MOVED_ON, hint=_NEW_CAPSULE, file=recipe, recipe=kept["recipe"])
    _check(session, recipe, after)
    shown = str(recipe.relative_to(session.places.root))
    if not session.is_json:
        pair = Source(label=shown, text=before), Source(label=path.name, text=after)
        tell(session, kept["recipe"], pair)
    if not arguments.yes and not _is_confirmed(session):
        session.tell(_UNCHANGED)
        return FAILED
    rewrite(recipe, before=before, after=after)
    if session.is_json:
        session.output.data({"recipe": kept["recipe"], "file": shown})
    else:
        session.tell(_DONE, file=shown, recipe=kept["recipe"])
    return OK


def _verified(
    session: Session, path: Path, content: bytes
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the answer, and what was kept of its capsule.

    Raises:
        WorkspaceError: it is none, or not to a capsule of this workspace.
    """
    try:
        told = json.loads(content)
        name, proof = told["capsule"], told.pop("proof")
        is_one = told[_MARK] == _FORMAT and _ID.fullmatch(name) and isinstance(told["text"], str)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WorkspaceError(_NOT_ONE, path=path) from error
    if not is_one:
        raise WorkspaceError(_NOT_ONE, path=path)
    try:
        kept = json.loads((session.places.state / "capsules" / f"{name}.json").read_bytes())
    except OSError as error:
        raise WorkspaceError(_NOT_OURS, hint=_ASK_AGAIN, path=path) from error
    if not hmac.compare_digest(_proof(told, kept["reply_key"]), str(proof)):
        raise WorkspaceError(_NOT_OURS, hint=_ASK_AGAIN, path=path)
    return told, kept


def _check(session: Session, path: Path, source: bytes) -> None:
    """Refuse a recipe that would not be accepted.

    Raises:
        RecipeError: it is not right.
    """
    from rouage.cli.rehearsing import work_of
    from rouage.errors import RecipeError
    from rouage.recipes.checker import check

    work = work_of(session, path)
    checked = check(source, file=path.name, catalog=work.catalog, input_values=work.inputs)
    if checked.recipe is None:
        raise RecipeError(list(checked.problems))


def _is_confirmed(session: Session) -> bool:
    if session.is_json or not session.stdin.isatty():
        raise UsageError(_ASK_FIRST)
    session.output.prompt(session.say(_QUESTION))
    return session.stdin.readline().strip().lower() in {"y", "yes", "o", "oui"}


def _proof(told: dict[str, Any], key: str) -> str:
    """Return what only who opened the capsule can make."""
    signed = json.dumps(told, ensure_ascii=True, sort_keys=True).encode()
    return hmac.digest(bytes.fromhex(key), signed, "sha256").hex()
