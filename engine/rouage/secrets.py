"""The secrets of a workspace: one owner-only file, replaced as a whole (security S-55).

Values are plain texts here; whoever hands them to expressions wraps them so that they stay
hidden. The file is read again when it changes, so that a new value needs no restart.
"""

import fcntl
import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from rouage.errors import UsageError, WorkspaceError
from rouage.language import Text

NAME_PATTERN: Final = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
LONGEST_VALUE: Final = 65_536

_TOO_WIDE: Final = Text(
    "{path} can be read by other accounts of this machine",
    "{path} peut être lu par d’autres comptes de cette machine",
)
_NOT_OURS: Final = Text(
    "{path} belongs to another account, or is not an ordinary file",
    "{path} appartient à un autre compte, ou n’est pas un fichier ordinaire",
)
_DAMAGED: Final = Text(
    "{path} is damaged: it is not a list of secrets",
    "{path} est abîmé : ce n’est pas une liste de secrets",
)
_DAMAGED_HINT: Final = Text(
    "move the file away and set the secrets again with `rouage secrets set NAME`",
    "déplacez ce fichier et redonnez les secrets avec `rouage secrets set NOM`",
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


class SecretStore:
    """The secrets in the file *path*, whose folder is the owner's alone as well."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._values: dict[str, str] = {}

    def load(self) -> Mapping[str, str]:
        """Return all secrets by name; a file that did not change is not read again.

        Raises:
            WorkspaceError: other accounts can read the file, or it is damaged.
        """
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            self._seen, self._values = None, {}
            return self._values
        version = (found.st_ino, found.st_mtime_ns, found.st_size)
        if version != self._seen:
            self._values = self._read()
            self._seen = version
        return self._values

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
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_wide(folder, folder.stat(), mode="700")
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _read(self) -> dict[str, str]:
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise WorkspaceError(_NOT_OURS, path=self._path) from error
        with os.fdopen(handle, encoding="utf-8") as file:
            _refuse_wide(self._path, os.fstat(handle), mode="600")
            try:
                return _secrets_in(json.load(file))
            except (ValueError, RecursionError) as error:
                # The cause would quote the text, and with it a secret.
                del error
                raise WorkspaceError(_DAMAGED, hint=_DAMAGED_HINT, path=self._path) from None

    def _write(self, values: Mapping[str, str]) -> None:
        """Replace the file: a private new one beside it, on disk before it takes the name."""
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        with suppress(FileNotFoundError):
            draft.unlink()
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"format": 1, "secrets": dict(sorted(values.items()))}, file, indent=1)
            file.flush()
            os.fsync(handle)
        draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


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


def _refuse_wide(path: Path, found: os.stat_result, *, mode: str) -> None:
    is_kind = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    if not is_kind or found.st_uid != os.geteuid():
        raise WorkspaceError(_NOT_OURS, path=path)
    if stat.S_IMODE(found.st_mode) & 0o077:
        hint = Text(f"run: chmod {mode} '{path}'", f"lancez : chmod {mode} '{path}'")
        raise WorkspaceError(_TOO_WIDE, hint=hint, path=path)
