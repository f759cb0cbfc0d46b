"""What the system refused, said in words with a way out."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rouage.errors import RetryableError, StepError
from rouage.language import Text
from rouage.safety.names import shown

_FINAL: Final[dict[int, Text]] = {
    errno.ENOENT: Text("{path} does not exist", "{path} n’existe pas"),
    errno.EEXIST: Text("{path} exists already", "{path} existe déjà"),
    errno.EACCES: Text("{path}: the system denies access", "{path} : le système refuse l’accès"),
    errno.EPERM: Text(
        "{path}: the system does not allow this", "{path} : le système ne le permet pas"
    ),
    errno.EISDIR: Text("{path} is a folder, not a file", "{path} est un dossier, pas un fichier"),
    errno.ENOTDIR: Text(
        "{path}: a part of this path is not a folder",
        "{path} : un élément de ce chemin n’est pas un dossier",
    ),
    errno.ELOOP: Text(
        "{path} is a symbolic link, or is reached through one",
        "{path} est un lien symbolique, ou passe par un lien",
    ),
    errno.ENAMETOOLONG: Text(
        "{path}: this name is too long for the disk",
        "{path} : ce nom est trop long pour le disque",
    ),
    errno.EROFS: Text("{path} is on a read-only disk", "{path} est sur un disque en lecture seule"),
    errno.ENOTEMPTY: Text("the folder {path} is not empty", "le dossier {path} n’est pas vide"),
    errno.ENXIO: Text("{path} is not a regular file", "{path} n’est pas un fichier ordinaire"),
    errno.EFBIG: Text("{path} would become too large", "{path} deviendrait trop gros"),
}
_PASSING: Final[dict[int, Text]] = {
    errno.ENOSPC: Text("the disk is full: {path}", "le disque est plein : {path}"),
    errno.EDQUOT: Text(
        "the disk quota is used up: {path}", "le quota de disque est épuisé : {path}"
    ),
    errno.EMFILE: Text(
        "too many files are open; {path} could not be opened",
        "trop de fichiers sont ouverts ; {path} n’a pas pu être ouvert",
    ),
    errno.EBUSY: Text("{path} is in use", "{path} est occupé"),
    errno.ETXTBSY: Text("{path} is being run", "{path} est en cours d’exécution"),
    errno.EIO: Text(
        "the disk reported an error at {path}", "le disque a signalé une erreur à {path}"
    ),
    errno.ESTALE: Text(
        "the network folder of {path} went away", "le dossier réseau de {path} a disparu"
    ),
    errno.ETIMEDOUT: Text(
        "the network folder of {path} does not answer",
        "le dossier réseau de {path} ne répond pas",
    ),
}
_PASSING[errno.ENFILE] = _PASSING[errno.EMFILE]
_OTHER: Final = Text(
    "{path}: the system refused ({reason})", "{path} : le système a refusé ({reason})"
)
_HINTS: Final[dict[int, Text]] = {
    errno.EACCES: Text(
        "check the owner and the permissions of the folder",
        "vérifiez le propriétaire et les droits du dossier",
    ),
    errno.ELOOP: Text(
        "name the folder that the link points to, here or under `folders:` in rouage.yaml",
        "nommez le dossier visé par le lien, ici ou sous `folders:` dans rouage.yaml",
    ),
    errno.EISDIR: Text(
        "a target that is a folder ends with “/”", "une cible qui est un dossier finit par « / »"
    ),
    errno.ENOSPC: Text("free some space, then retry", "libérez de la place, puis relancez"),
}


def explained(error: OSError, path: object) -> StepError:
    """Return the step error that says what *error* means for *path*.

    A fault that may pass by itself is a `RetryableError`.
    """
    code = error.errno or 0
    hint, where, reason = _HINTS.get(code), shown(path), error.strerror or "?"
    if code in _PASSING:
        return RetryableError(_PASSING[code], hint=hint, path=where)
    return StepError(_FINAL.get(code, _OTHER), hint=hint, path=where, reason=reason)


@contextmanager
def explaining(path: object) -> Iterator[None]:
    """Turn a refusal of the system inside into a step error about *path*.

    Only EXDEV passes as it is: who renames answers it by copying.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise
        raise explained(error, path) from error
