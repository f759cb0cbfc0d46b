"""The file of secrets: sealed, the owner's alone, replaced as a whole.

A file of an earlier version, which held the values in clear, is still read; it is sealed when
the daemon starts, or with the first change.
"""

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text
from rouage.records import dataclass
from rouage.secrets.keys import KeptIn, KeyPlaces
from rouage.secrets.private import make_private_folder, read_private, write_private
from rouage.secrets.sealing import FORMAT, Sealed, read_sealed, seal, unseal

NAME_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
LONGEST_VALUE: Final = 65_536
_TRIES: Final = 20

_DAMAGED: Final = Text(
    "{path} is damaged: it is not a list of secrets",
    "{path} est abîmé : ce n’est pas une liste de secrets",
)
_DAMAGED_HINT: Final = Text(
    "move the file away and set the secrets again with `rouage secrets set NAME`",
    "déplacez ce fichier et redonnez les secrets avec `rouage secrets set NOM`",
)
_WRONG_KEY: Final = Text(
    "{path} cannot be opened: it was damaged, or its key belongs to another file",
    "{path} ne s’ouvre pas : le fichier est abîmé, ou sa clé est celle d’un autre",
)
_BAD_NAME: Final = Text(
    "“{name}” cannot be the name of a secret", "« {name} » ne peut pas nommer un secret"
)
_BAD_NAME_HINT: Final = Text(
    "lower case letters, digits and _, starting with a letter: shop_key",
    "des minuscules sans accent, des chiffres et _, en commençant par une lettre : cle_boutique",
)
_EMPTY: Final = Text("the value is empty", "la valeur est vide")
_TOO_LONG: Final = Text(
    "the value is longer than {limit} characters", "la valeur dépasse {limit} caractères"
)


def check_name(name: str) -> None:
    """Check that *name* can name a secret.

    Raises:
        UsageError: it cannot.
    """
    if NAME_PATTERN.fullmatch(name) is None:
        raise UsageError(_BAD_NAME, hint=_BAD_NAME_HINT, name=name[:80])


@dataclass(frozen=True, kw_only=True, slots=True)
class Keeping:
    """How secrets are kept: where the key lies; `keeper` is None while they lie in clear."""

    keeper: KeptIn | None
    where: object


class SecretStore:
    """The secrets in the file *path*, whose folder is the owner's alone as well.

    *opens* opens what was sealed, as `unseal` does.
    """

    def __init__(self, path: Path, *, opens: Callable[[Sealed, bytes], object] = unseal) -> None:
        self._path = path
        self._opens = opens
        self._keys = KeyPlaces(path)
        self._sealed: Sealed | None = None
        self._key = b""
        self._seen: tuple[int, int, int] | None = None
        self._values: dict[str, str] = {}

    def load(self) -> Mapping[str, str]:
        """Return all secrets by name; a file that did not change is not read again.

        Raises:
            WorkspaceError: other accounts can read the file, or it is damaged.
        """
        for tries_left in reversed(range(_TRIES)):
            version = self._version()
            if version is None:
                self._seen, self._values, self._sealed = None, {}, None
                return self._values
            if version == self._seen:
                break
            try:
                self._values, self._seen = self._read(), version
                break
            except WorkspaceError:
                # The key of a file that was just replaced is gone; the new one has its own.
                if not tries_left or self._version() == version:
                    raise
        return self._values

    def _version(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def names(self) -> tuple[str, ...]:
        """Return the names, sorted."""
        return tuple(sorted(self.load()))

    def set(self, name: str, value: str) -> bool:
        """Store *value* under *name*; return whether the name is new.

        Raises:
            UsageError: the name or the value cannot be used.
            WorkspaceError: other accounts can read the file, or it is damaged.
        """
        check_name(name)
        if not value:
            raise UsageError(_EMPTY)
        if len(value) > LONGEST_VALUE:
            raise UsageError(_TOO_LONG, limit=LONGEST_VALUE)

        def change(values: dict[str, str]) -> bool:
            is_new = name not in values
            values[name] = value
            return is_new

        return self._change(change)

    def remove(self, name: str) -> bool:
        """Forget *name*; return whether it was known.

        Raises:
            WorkspaceError: other accounts can read the file, or it is damaged.
        """
        return self._change(lambda values: values.pop(name, None) is not None)

    def keeping(self) -> Keeping:
        """Return how the secrets are kept, after a look whether they open.

        Raises:
            WorkspaceError: they do not.
        """
        self.load()
        if self._sealed is None:
            return Keeping(keeper=None, where=self._path)
        where = self._keys.where(self._sealed.keeper, self._sealed.key_id)
        return Keeping(keeper=self._sealed.keeper, where=where)

    def seal(self) -> bool:
        """Seal a file that an earlier version left in clear; return whether there was one.

        Raises:
            WorkspaceError: it cannot be read or sealed.
        """
        if not self.load() or self._sealed is not None:
            return False
        with self._locked():
            self._write(dict(self.load()))
        return True

    def rotate(self, keeper: KeptIn | None = None) -> Keeping:
        """Seal the secrets with a new key, in *keeper* or where the key has been.

        Raises:
            WorkspaceError: the file or the place for the key cannot be used.
        """
        with self._locked():
            values, old = dict(self.load()), self._sealed
            self._sealed = None
            try:
                self._write(values, keeper or (old.keeper if old else "workspace"))
            except BaseException:
                self._sealed = old
                raise
            if old is not None:
                self._keys.drop(old.keeper, old.key_id)
        return self.keeping()

    def _change(self, change: Callable[[dict[str, str]], bool]) -> bool:
        with self._locked():
            values = dict(self.load())
            answer = change(values)
            if values != self._values:
                self._write(values)
        return answer

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep a second `rouage secrets` out: each replaces the whole file."""
        folder = self._path.parent
        make_private_folder(folder)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _read(self) -> dict[str, str]:
        try:
            data = json.loads(read_private(self._path))
            if not isinstance(data, dict) or data.get("format") != FORMAT:
                self._sealed = None
                return _secrets_in(data)
            sealed = read_sealed(data)
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError) as error:
            # The cause would quote the text, and with it a secret.
            del error
            raise WorkspaceError(_DAMAGED, hint=_DAMAGED_HINT, path=self._path) from None
        for key in self._keys.find(sealed.keeper, sealed.key_id):
            with suppress(ValueError):
                values = _secrets_in({"secrets": self._opens(sealed, key)})
                self._sealed, self._key = sealed, key
                return values
        raise WorkspaceError(_WRONG_KEY, hint=_DAMAGED_HINT, path=self._path)

    def _write(self, values: Mapping[str, str], keeper: KeptIn = "workspace") -> None:
        """Replace the file; its key is in its place before."""
        if self._sealed is not None:
            keeper, key_id = self._sealed.keeper, self._sealed.key_id
            key = self._key
        else:
            key_id, key = self._keys.new(keeper)
        write_private(self._path, seal(values, keeper=keeper, key_id=key_id, key=key))


def _secrets_in(data: object) -> dict[str, str]:
    """Return the secrets of the parsed file.

    Raises:
        ValueError: the data has another shape.
    """
    values = data.get("secrets") if isinstance(data, dict) else None
    is_sound = isinstance(values, dict) and all(isinstance(v, str) for v in values.values())
    if not is_sound:
        raise ValueError("shape")
    return dict(values or {})
