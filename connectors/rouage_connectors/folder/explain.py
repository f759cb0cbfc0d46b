"""Why did this file make an event, or not: one sentence (triggers F-29)."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rouage.sdk import JSON, Text, parse_size
from rouage_connectors.folder.ledger import ROOT, Row, State, Version, key_of, read_row
from rouage_connectors.folder.names import Names, display, resolve
from rouage_connectors.folder.parameters import Watched

_IN_SUBFOLDER: Final = Text(
    "{name} lies in a sub-folder, and `recursive` is off",
    "{name} est dans un sous-dossier, et `recursive` est désactivé",
)
_IGNORED: Final = Text(
    "{name} is left alone: its name is in the ignore list ({pattern})",
    "{name} est laissé de côté : son nom est dans la liste à ignorer ({pattern})",
)
_NO_MATCH: Final = Text("{name} does not match {match}", "{name} ne correspond pas à {match}")
_NEVER_ACTIVE: Final = Text(
    "this trigger has not been active yet", "ce déclencheur n’a pas encore été actif"
)
_ABSENT: Final = Text(
    "{name} does not exist, and was never seen", "{name} n’existe pas, et n’a jamais été vu"
)
_EMPTY: Final = Text(
    "{name} is empty; it is taken when it has content",
    "{name} est vide ; il sera pris quand il aura un contenu",
)
_NOT_YET: Final = Text(
    "{name} was not taken yet: it is still settling, cannot be read, or no daemon is running",
    "{name} n’a pas encore été pris : il se stabilise encore, n’est pas lisible, ou aucun démon ne "
    "tourne",
)
_CHANGED: Final = Text(
    "{name} has changed since it was last noted ({at}); the new version was not taken yet",
    "{name} a changé depuis sa dernière note ({at}) ; la nouvelle version n’a pas encore été prise",
)
_BY_STATE: Final[Mapping[State, Text]] = {
    "baseline": Text(
        "{name} was already there when the recipe was first activated ({at}), so it is not "
        "processed",
        "{name} était déjà là quand la recette a été activée pour la première fois ({at}), donc il "
        "n’est pas traité",
    ),
    "claimed": Text(
        "{name} made an event on {at} ({size} bytes)",
        "{name} a fait un événement le {at} ({size} octets)",
    ),
    "same": Text(
        "content unchanged: {name} was touched or written again on {at} with the same content, "
        "so there is no event",
        "contenu inchangé : {name} a été touché ou réécrit le {at} avec le même contenu, donc pas "
        "d’événement",
    ),
    "restored": Text(
        "{name} came back on {at} as it had been (a restore), so there is no event",
        "{name} est revenu le {at} tel qu’il était (une restauration), donc pas d’événement",
    ),
    "left": Text(
        "{name} was known, and has been gone since {at}",
        "{name} était connu, et n’est plus là depuis le {at}",
    ),
    "taken": Text(
        "{name} made an event, and left shortly after it ({at}); it counts as new when it comes "
        "again",
        "{name} a fait un événement, et est parti peu après ({at}) ; il comptera comme nouveau "
        "s’il revient",
    ),
}
_NOT_COMPARED: Final = Text(
    " (its content was not compared: it is larger than `hash_max`)",
    " (son contenu n’a pas été comparé : il dépasse `hash_max`)",
)


def explain(
    params: Watched, subject: str, *, workspace: Path, items: Mapping[bytes, JSON]
) -> Text | None:
    """Say what this trigger knows of the file *subject*, or None when it lies elsewhere."""
    root = resolve(params.path, workspace)
    path = resolve(subject, workspace)
    if not path.startswith(root.rstrip(b"/") + b"/"):
        return None
    refusal = _find_refusal(params, path[len(root) :].lstrip(b"/"))
    if refusal is not None:
        return refusal
    if ROOT not in items:
        return _NEVER_ACTIVE
    row = read_row(items.get(key_of(path)))
    present = _version_of(path)
    name = display(path)
    if row is None:
        return _explain_unknown(params, present, name)
    at = datetime.fromtimestamp(row.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if present is not None and present[:2] != row.version[:2]:
        return _CHANGED.fill(name=name, at=at)
    return _explain_row(params, row, name, at)


def _find_refusal(params: Watched, relative: bytes) -> Text | None:
    name = display(relative)
    if b"/" in relative and not params.recursive:
        return _IN_SUBFOLDER.fill(name=name)
    match = [params.match] if isinstance(params.match, str) else params.match
    names = Names(match, params.ignore, params.case)
    for part in relative.split(b"/"):
        pattern = names.ignoring_pattern(part)
        if pattern is not None:
            return _IGNORED.fill(name=name, pattern=repr(pattern)[1:-1])
    if not names.admits(relative):
        return _NO_MATCH.fill(name=name, match=", ".join(match))
    return None


def _explain_unknown(params: Watched, present: Version | None, name: str) -> Text:
    if present is None:
        return _ABSENT.fill(name=name)
    if present.size == 0 and not params.allow_empty:
        return _EMPTY.fill(name=name)
    return _NOT_YET.fill(name=name)


def _explain_row(params: Watched, row: Row, name: str, at: str) -> Text:
    text = _BY_STATE[row.state].fill(name=name, at=at, size=row.version.size)
    if (
        row.state == "claimed"
        and row.sha256 is None
        and row.version.size > parse_size(params.hash_max)
    ):
        return Text(text.en + _NOT_COMPARED.en, text.fr + _NOT_COMPARED.fr)
    return text


def _version_of(path: bytes) -> Version | None:
    try:
        return Version.of(os.lstat(path))
    except OSError:
        return None
