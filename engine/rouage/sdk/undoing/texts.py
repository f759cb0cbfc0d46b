"""What is said about taking file effects back."""

from typing import Final

from rouage.language import Text

BACK: Final = Text(
    "{name} goes back from {source} to {target}", "{name} revient de {source} à {target}"
)
REMOVED: Final = Text("{path} is removed again", "{path} est retiré")
RESTORED: Final = Text(
    "{path} gets its earlier content back", "{path} retrouve son contenu d’avant"
)
FOLDER: Final = Text("the folder {path} is removed again", "le dossier {path} est retiré")
CUT: Final = Text(
    "what was added to {path} is taken out again", "ce qui a été ajouté à {path} en est retiré"
)

CHANGED: Final = Text(
    "{path} was changed by somebody since", "{path} a été modifié par quelqu’un depuis"
)
GONE: Final = Text("{path} is not there any more", "{path} n’est plus là")
TAKEN: Final = Text(
    "another file has the name {path} by now", "un autre fichier porte maintenant le nom {path}"
)
NOT_EMPTY: Final = Text(
    "the folder {path} holds something by now",
    "le dossier {path} contient maintenant quelque chose",
)
NOT_KEPT: Final = Text(
    "the earlier content of {path} was not kept: it is large and lies on another disk",
    "l’ancien contenu de {path} n’a pas été gardé : il est gros et sur un autre disque",
)
KEPT_NO_MORE: Final = Text(
    "the earlier content of {path} is not kept any more: too much time has passed",
    "l’ancien contenu de {path} n’est plus gardé : trop de temps a passé",
)
NOT_FOUND: Final = Text(
    "what was added to {path} is not in it any more as it was",
    "ce qui a été ajouté à {path} ne s’y trouve plus tel quel",
)
UNSURE: Final = Text(
    "the step was cut off: whether it changed {path}, or somebody else did, cannot be told",
    "l’étape a été interrompue : impossible de dire si elle a modifié {path}, ou quelqu’un d’autre",
)
LOOK: Final = Text(
    "look at it, and put it right by hand; or undo the rest with --skip-conflicts",
    "regardez-le et rectifiez à la main ; ou annulez le reste avec --skip-conflicts",
)
