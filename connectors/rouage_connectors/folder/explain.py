"""Why did this file make an event, or not: one sentence (triggers F-29)."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rouage.sdk import JSON, Text, parse_size
from rouage_connectors.folder.intake import MARKER
from rouage_connectors.folder.ledger import GONE, ROOT, Row, State, Version, key_of, read_row
from rouage_connectors.folder.links import Links
from rouage_connectors.folder.names import Names, display, resolve
from rouage_connectors.folder.parameters import Arriving, Departing, Placed
from rouage_connectors.folder.whole import is_whole

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
_LINK: Final = Text(
    "{name} is a symbolic link, and `follow_symlinks` is off",
    "{name} est un lien symbolique, et `follow_symlinks` est désactivé",
)
_LINK_OUT: Final = Text(
    "{name} is a link that leads outside; add the folder it leads into to `links_to`",
    "{name} est un lien qui mène à l’extérieur ; ajoutez le dossier où il mène à `links_to`",
)
_NO_MARKER: Final = Text(
    "{name} waits for the file {name}.ok, which says that it is ready",
    "{name} attend le fichier {name}.ok, qui dit qu’il est prêt",
)
_PART: Final = Text(
    "{name} is not whole: its end is missing. It is taken once it is whole; `whole: off` takes it "
    "as it is",
    "{name} n’est pas entier : sa fin manque. Il sera pris une fois entier ; `whole: off` le prend "
    "tel quel",
)
_FORBIDDEN: Final = Text(
    "{name} cannot be read: no permission. It is taken once it is readable",
    "{name} ne peut pas être lu : pas le droit. Il sera pris dès qu’il sera lisible",
)
_NOT_NOTED: Final = Text(
    "{name} is there, and was not noted yet: it makes an event when it leaves after that",
    "{name} est là, et n’a pas encore été noté : il fera un événement s’il part ensuite",
)
_KNOWN: Final = Text(
    "{name} is known since {at}; it makes an event when it leaves",
    "{name} est connu depuis le {at} ; il fera un événement quand il partira",
)
_HAS_LEFT: Final = Text("{name} left on {at}", "{name} est parti le {at}")
_WAS_TAKEN: Final = Text(
    "a recipe moved or deleted {name} ({at}); that makes an event only with `by_recipes: true`",
    "une recette a déplacé ou supprimé {name} ({at}) ; cela ne fait un événement qu’avec "
    "`by_recipes: true`",
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
        "processed; `rouage run RECIPE --existing` does it",
        "{name} était déjà là quand la recette a été activée pour la première fois ({at}), donc il "
        "n’est pas traité ; « rouage run RECETTE --existing » le fait",
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
    "known": Text(
        "{name} came on {at} with a content that was taken before under some name, and "
        "`once_per: content` takes each content once",
        "{name} est arrivé le {at} avec un contenu déjà pris sous un nom ou un autre, et "
        "`once_per: content` ne prend chaque contenu qu’une fois",
    ),
    "repeated": Text(
        "{name} was taken before, and `once_per: name` takes each name once; its version of {at} "
        "makes no event",
        "{name} a déjà été pris, et `once_per: name` ne prend chaque nom qu’une fois ; sa version "
        "du {at} ne fait pas d’événement",
    ),
    "own": Text(
        "the recipe wrote {name} itself ({at}), so it does not start it again",
        "la recette a écrit {name} elle-même ({at}), donc il ne la relance pas",
    ),
    "seen": Text(
        "{name} was noted on {at}",
        "{name} a été noté le {at}",
    ),
}
_NOT_COMPARED: Final = Text(
    " (its content was not compared: it is larger than `hash_max`)",
    " (son contenu n’a pas été comparé : il dépasse `hash_max`)",
)


def explain(
    params: Placed, subject: str, *, workspace: Path, items: Mapping[bytes, JSON]
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
        return _explain_unknown(params, path, present, name, workspace)
    at = datetime.fromtimestamp(row.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(params, Departing):
        return _explain_departure(row, name, at)
    if present is not None and present[:2] != row.version[:2] and not os.path.islink(path):  # noqa: PTH114 - paths are bytes here
        return _explain_wait(params, path, present, name) or _CHANGED.fill(name=name, at=at)
    return _explain_row(params, row, name, at)


def _find_refusal(params: Placed, relative: bytes) -> Text | None:
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


def _explain_unknown(
    params: Placed, path: bytes, present: Version | None, name: str, workspace: Path
) -> Text:
    if present is None:
        return _ABSENT.fill(name=name)
    if os.path.islink(path):  # noqa: PTH114 - paths are bytes here
        refusal = _explain_link(params, path, workspace)
        if refusal is not None:
            return refusal.fill(name=name)
    if isinstance(params, Departing):
        return _NOT_NOTED.fill(name=name)
    return _explain_wait(params, path, present, name) or _NOT_YET.fill(name=name)


def _explain_link(params: Placed, path: bytes, workspace: Path) -> Text | None:
    if not params.follow_symlinks:
        return _LINK
    folders = [resolve(folder, workspace) for folder in (params.path, *params.links_to)]
    return None if Links(folders[0], folders[1:]).real(path) is not None else _LINK_OUT


def _explain_wait(params: Placed, path: bytes, present: Version, name: str) -> Text | None:
    """Say what a file that is there still lacks, as far as one can see from outside."""
    if not isinstance(params, Arriving):
        return None
    if present.size == 0 and not params.allow_empty:
        return _EMPTY.fill(name=name)
    if params.ready_when == "marker" and not os.path.lexists(path + MARKER):
        return _NO_MARKER.fill(name=name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return _FORBIDDEN.fill(name=name)
    try:
        if params.whole == "auto" and not is_whole(descriptor, path, present.size):
            return _PART.fill(name=name)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def _explain_departure(row: Row, name: str, at: str) -> Text:
    if row.state not in GONE:
        return _KNOWN.fill(name=name, at=at)
    return (_HAS_LEFT if row.state == "left" else _WAS_TAKEN).fill(name=name, at=at)


def _explain_row(params: Placed, row: Row, name: str, at: str) -> Text:
    text = _BY_STATE[row.state].fill(name=name, at=at, size=row.version.size)
    if (
        isinstance(params, Arriving)
        and row.state == "claimed"
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
