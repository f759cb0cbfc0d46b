"""Who may read and write the workspace: the private folder, the settings, the recipes."""

import os
import stat
from pathlib import Path
from typing import Final

from rouage.language import Text
from rouage.service.checks import Check, fail, warn, well
from rouage.settings import Places

_OTHERS: Final = 0o077

_PRIVATE: Final = Text(
    "the private folder is its owner's alone", "le dossier privé n’est qu’à son propriétaire"
)
_EXPOSED: Final = Text("others can read {path}", "d’autres comptes peuvent lire {path}")
_CLOSE: Final = Text("chmod {mode} {path}", "chmod {mode} {path}")
_OPEN: Final = Text(
    "anybody on this machine can change {path}, and so what Rouage does",
    "n’importe qui sur cette machine peut modifier {path}, donc ce que fait Rouage",
)
_SAFE: Final = Text(
    "settings and recipes can be changed by their owner only",
    "seul leur propriétaire peut modifier les réglages et les recettes",
)
_ROOT: Final = Text(
    "Rouage runs as root: every recipe can touch every file",
    "Rouage tourne en root : chaque recette peut toucher tous les fichiers",
)
_OWN_USER: Final = Text(
    "give it a user of its own: `rouage service install --system --run-as NAME`",
    "donnez-lui un compte à part : « rouage service install --system --run-as NOM »",
)
_FOREIGN: Final = Text("{path} belongs to another account", "{path} appartient à un autre compte")
_TAKE: Final = Text(
    "work as its owner, or give it to yourself as administrator: chown -R {user} {path}",
    "travaillez avec le compte de son propriétaire, ou donnez-le-vous en administrateur : "
    "chown -R {user} {path}",
)


def right_checks(places: Places) -> list[Check]:
    """Return who may read and change what of the workspace."""
    found = [*_exposed(places), *open_doors(places), *_foreign(places)]
    if not found:
        found = [well("private", _PRIVATE), well("changes", _SAFE)]
    if os.geteuid() == 0:
        found.append(warn("root", _ROOT, _OWN_USER))
    return found


def open_doors(places: Places) -> list[Check]:
    """Return the settings and recipes that anybody may change: nothing may start with those."""
    found = []
    for path in (places.settings_file, places.recipes):
        mode = _mode(path)
        # A folder with the sticky bit still lets others add recipes of their own.
        if mode is not None and mode & stat.S_IWOTH:
            found.append(fail("changes", _OPEN, _CLOSE, path=path, mode="o-w"))
    return found


def _exposed(places: Places) -> list[Check]:
    found = []
    wanted = {places.state: "700", places.secrets: "600", places.token: "600"}
    for path, right in wanted.items():
        mode = _mode(path)
        if mode is not None and mode & _OTHERS:
            found.append(fail("private", _EXPOSED, _CLOSE, path=path, mode=right))
    return found


def _foreign(places: Places) -> list[Check]:
    user = os.geteuid()
    return [
        fail("owner", _FOREIGN, _TAKE, path=path, user=user)
        for path in (places.root, places.state)
        if path.exists() and path.stat().st_uid != user and user != 0
    ]


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None
