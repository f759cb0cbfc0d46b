"""Where the key of the secrets lies: in the workspace, in the home folder, or in the keyring.

A key has an id, which the sealed file names, so that a new key is in its place before the file
that needs it, and the old one goes after. A service manager may hand the key in instead
(`rouage-secrets.key` among the credentials of systemd), wherever the file says it lies.
"""

import base64
import os
import secrets as randomness
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, get_args

from rouage.errors import WorkspaceError
from rouage.language import Text
from rouage.secrets.private import make_private_folder, read_private, write_private

KeptIn = Literal["workspace", "home", "keyring"]
KEEPERS: Final[tuple[KeptIn, ...]] = get_args(KeptIn)

KEY_BYTES: Final = 32
_SERVICE: Final = "rouage"
_CREDENTIAL: Final = "rouage-secrets.key"
_REFUSED: Final = ("null", "fail", "plaintext")
"""Back-ends of keyring that keep nothing, or keep it readable."""

_NO_KEY: Final = Text(
    "the key that opens {path} is not where it should be: {where}",
    "la clé qui ouvre {path} n’est pas à sa place : {where}",
)
_NO_KEY_HINT: Final = Text(
    "put the key back; without it, move {path} away and set the secrets again with "
    "`rouage secrets set NAME`",
    "remettez la clé à sa place ; sans elle, déplacez {path} et redonnez les secrets avec "
    "« rouage secrets set NOM »",
)
_NO_KEYRING: Final = Text(
    "the keyring of this session cannot be reached: {reason}",
    "le trousseau de cette session est hors d’atteinte : {reason}",
)
_KEYRING_HINT: Final = Text(
    "run this in your desktop session; or keep the key in a file: "
    "`rouage secrets rotate --key workspace`, from a session that reaches the keyring",
    "lancez ceci dans votre session de bureau ; ou gardez la clé dans un fichier : "
    "« rouage secrets rotate --key workspace », depuis une session qui atteint le trousseau",
)
_MISSING: Final = Text(
    "the package keyring is not installed", "le paquet keyring n’est pas installé"
)
_MISSING_HINT: Final = Text(
    "run `pip install 'rouage[keyring]'`", "lancez « pip install 'rouage[keyring]' »"
)
_UNSAFE: Final = Text(
    "it would keep the key readable, or not at all ({name})",
    "il garderait la clé lisible, ou pas du tout ({name})",
)
_KEYRING: Final = Text("the keyring of the session", "le trousseau de la session")


class KeyPlaces:
    """The places for keys of the sealed file *path*."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def new(self, keeper: KeptIn) -> tuple[str, bytes]:
        """Make a key and put it into its place; return its id and the key.

        Raises:
            WorkspaceError: the place cannot be used.
        """
        key_id, key = randomness.token_hex(8), randomness.token_bytes(KEY_BYTES)
        text = base64.b64encode(key).decode("ascii")
        if keeper == "keyring":
            try:
                _keyring().set_password(_SERVICE, key_id, text)
            except Exception as error:  # noqa: BLE001 - each keyring has errors of its own
                raise _out_of_reach(error) from None
        else:
            place = self._file(keeper, key_id)
            make_private_folder(place.parent)
            write_private(place, text.encode("ascii") + b"\n")
        return key_id, key

    def find(self, keeper: KeptIn, key_id: str) -> list[bytes]:
        """Return the keys that may open the file: the one handed in, and the one in its place.

        Raises:
            WorkspaceError: there is none.
        """
        handed = _handed_in()
        try:
            placed = self._placed(keeper, key_id)
        except WorkspaceError:
            if handed is None:
                raise
            placed = None
        found = [key for key in (handed, placed) if key is not None]
        if not found:
            where = self.where(keeper, key_id)
            raise WorkspaceError(_NO_KEY, hint=_NO_KEY_HINT, path=self._path, where=where)
        return found

    def _placed(self, keeper: KeptIn, key_id: str) -> bytes | None:
        if keeper == "keyring":
            try:
                text = _keyring().get_password(_SERVICE, key_id)
            except Exception as error:  # noqa: BLE001 - each keyring has errors of its own
                raise _out_of_reach(error) from None
            return None if text is None else _decoded(text)
        try:
            return _decoded(read_private(self._file(keeper, key_id)).decode("ascii", "replace"))
        except FileNotFoundError:
            return None

    def drop(self, keeper: KeptIn, key_id: str) -> None:
        """Forget a key that nothing needs any more."""
        if keeper == "keyring":
            with suppress(Exception):  # it only stays in the keyring, and opens nothing
                _keyring().delete_password(_SERVICE, key_id)
            return
        with suppress(OSError):
            self._file(keeper, key_id).unlink()

    def where(self, keeper: KeptIn, key_id: str) -> object:
        """Return where the key lies, for people."""
        return _KEYRING if keeper == "keyring" else self._file(keeper, key_id)

    def _file(self, keeper: KeptIn, key_id: str) -> Path:
        if keeper == "workspace":
            return self._path.with_name(f"secrets-{key_id}.key")
        return home_keys() / f"{key_id}.key"


def home_keys() -> Path:
    """Return the folder of the keys that lie in the home folder, apart from the workspace."""
    from platformdirs import user_config_path  # not needed by most commands

    return user_config_path(_SERVICE, appauthor=False) / "keys"


def _decoded(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def _handed_in() -> bytes | None:
    """Return the key that the service manager hands in, or None."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    try:
        return _decoded((Path(folder) / _CREDENTIAL).read_text("ascii"))
    except (OSError, ValueError):
        return None


def _keyring() -> Any:
    """Return the keyring of the session.

    Raises:
        WorkspaceError: there is none that keeps a secret.
    """
    try:
        module = import_module("keyring")
    except ModuleNotFoundError:
        raise WorkspaceError(_MISSING, hint=_MISSING_HINT) from None
    backend = module.get_keyring()
    for one in getattr(backend, "backends", None) or [backend]:
        name = f"{type(one).__module__}.{type(one).__name__}"
        if any(word in name.lower() for word in _REFUSED):
            reason = _UNSAFE.fill(name=name)
            raise WorkspaceError(_NO_KEYRING, hint=_KEYRING_HINT, reason=reason)
    return backend


def has_keyring() -> bool:
    """Say whether this session has a keyring that keeps a key."""
    try:
        _keyring()
    except Exception:  # noqa: BLE001 - each keyring has errors of its own
        return False
    return True


def _out_of_reach(error: Exception) -> WorkspaceError:
    if isinstance(error, WorkspaceError):
        return error
    reason = type(error).__name__  # its words might quote what was to be kept
    return WorkspaceError(_NO_KEYRING, hint=_KEYRING_HINT, reason=reason)
