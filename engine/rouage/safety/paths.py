"""Which folders an action may touch, and the only way it touches them (security S-41 to S-43).

A path is first taken as text: made absolute, freed of `.` and checked against the allowed
and the protected folders. Then its folder is opened component by component from the allowed
root, following no link below it, so that what was checked is what is touched. The root
itself may be a link: its owner named it.
"""

import copy
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeVar

from rouage.errors import StepError
from rouage.language import Text
from rouage.safety.append import Appender, Compose
from rouage.safety.failures import explained, explaining
from rouage.safety.fingerprint import Fingerprints
from rouage.safety.intents import Intents
from rouage.safety.left import Left
from rouage.safety.names import new_name, shown
from rouage.safety.opened import OpenFolders
from rouage.safety.place import Place, open_regular
from rouage.safety.rounds import Rounds, Work

T = TypeVar("T")
Access = Literal["read", "write"]
AnyPath = str | os.PathLike[str]

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_REMEMBERED: Final = 512

_OUTSIDE: Final = Text(
    "{path} is outside the folders that this recipe may touch",
    "{path} est en dehors des dossiers que cette recette peut toucher",
)
_ADD_FOLDER: Final = Text(
    "add this line under `folders:` in rouage.yaml:  - {folder}",
    "ajoutez cette ligne sous `folders:` dans rouage.yaml :  - {folder}",
)
_PROTECTED: Final = Text(
    "{path} belongs to Rouage itself: no recipe may change it",
    "{path} appartient à Rouage : aucune recette ne peut le modifier",
)
_PRIVATE: Final = Text(
    "{path} holds the private data of Rouage: no recipe may read or change it",
    "{path} contient les données privées de Rouage : aucune recette ne peut y toucher",
)
_RECEIVED: Final = Text(
    "{path} came with an event: it can be read and copied, not moved or changed",
    "{path} est venu avec un événement : on peut le lire et le copier, pas le déplacer "
    "ni le modifier",
)
_RECEIVED_HINT: Final = Text(
    "take a copy with `files.copy`; Rouage removes the original with its event",
    "prenez-en une copie avec « files.copy » ; Rouage retire l’original avec son événement",
)
_EMPTY: Final = Text(
    "a path is missing: the text is empty", "il manque un chemin : le texte est vide"
)
_NUL: Final = Text(
    "a path cannot hold a NUL character", "un chemin ne peut pas contenir de caractère NUL"
)
_UPWARDS: Final = Text(
    "{path} climbs with “..” in the middle of the path",
    "{path} remonte par « .. » au milieu du chemin",
)
_UPWARDS_HINT: Final = Text(
    "write the folder itself; a value from outside must not choose folders by “..”",
    "écrivez le dossier lui-même ; une valeur venue de l’extérieur ne doit pas choisir un "
    "dossier par « .. »",
)
_OTHER_HOME: Final = Text(
    "{path}: only your own home folder can be written “~”",
    "{path} : seul votre propre dossier personnel s’écrit « ~ »",
)
_TOO_LARGE: Final = Text("{path} is larger than {limit} bytes", "{path} dépasse {limit} octets")


class Folders:
    """The files that one recipe may reach.

    *protected* is never writable, besides the `recipes/` and `rouage.yaml` of the workspace;
    its `.rouage/` is neither readable nor writable, but for the files that came with events,
    which may be read. Make one for the workspace and derive
    the others by `also()`: they share what must be one per workspace.
    """

    def __init__(
        self,
        *,
        workspace: Path,
        allowed: Iterable[AnyPath] = (),
        protected: Iterable[AnyPath] = (),
        home: Path | None = None,
        intents: Intents | None = None,
        appender: Appender | None = None,
    ) -> None:
        self.workspace = Path(os.path.abspath(workspace))  # noqa: PTH100 - links stay
        self.home = home
        self.private = self.workspace / ".rouage"
        self.intents = intents or Intents(self.private / "intents")
        self._appender = appender or Appender(self.intents)
        self._opened = OpenFolders()
        self._rounds = Rounds(self.intents, self._opened.sharing)
        self.fingerprints = Fingerprints()
        self.left = Left()
        self._on_read: Callable[[str], None] | None = None
        self.protected = tuple(Path(self._absolute(path)) for path in protected)
        own = (self.workspace / "recipes", self.workspace / "rouage.yaml")
        self._private = _folded([self.private])
        self._received = _folded([self.private / "received"])
        self._kept = _folded([*own, *self.protected])
        self._allow(allowed)

    def _allow(self, allowed: Iterable[AnyPath]) -> None:
        self.allowed = tuple(Path(self._absolute(path)) for path in allowed)
        roots = {str(self.workspace), *map(str, self.allowed)}
        self._roots = tuple(sorted(roots, key=len, reverse=True))
        self._known: dict[tuple[str, Access], str] = {}

    def also(self, folders: Iterable[AnyPath]) -> "Folders":
        """Return the same guard with *folders* allowed too."""
        wider = copy.copy(self)
        wider._allow((*self.allowed, *folders))
        return wider

    def telling(self, on_read: "Callable[[str], None]") -> "Folders":
        """Return the same guard, which tells of every file that is opened for reading."""
        # As `copy.copy` does it, for every step that may read: in a tenth of the time.
        telling = object.__new__(type(self))
        telling.__dict__.update(self.__dict__)
        telling._on_read = on_read
        return telling

    def noted(self, path: AnyPath, key: str) -> "tuple[str, object]":
        """Return the path and the note of the append to *path* that was made under *key*."""
        fresh = self._appender.take_note(key)
        return (self._checked(path, "write"), self.intents.find(key)) if fresh is None else fresh

    def resolve(self, path: AnyPath) -> Path:
        """Return *path* absolute: `~` is the home folder, relative ones start at the workspace.

        Raises:
            StepError: it is empty, holds a NUL, or climbs by `..` after a folder name.
        """
        return Path(self._absolute(path))

    def whole(self, path: AnyPath) -> str:
        """Return what `resolve` returns, as a text: a path object costs more than the rest."""
        return self._absolute(path)

    def check(self, path: AnyPath, access: Access) -> Path:
        """Return *path* absolute if this recipe may touch it; nothing is opened.

        Raises:
            StepError: it is outside the allowed folders, or belongs to Rouage.
        """
        return _path_of(self._checked(path, access))

    @contextmanager
    def place(self, path: AnyPath, access: Access, *, create: bool = False) -> Iterator[Place]:
        """Open the folder of *path*, and make the missing ones if *create*.

        Raises:
            StepError: the path is not allowed, its folder is missing, or a link is in the way.
        """
        whole = self._checked(path, access)
        base, _, name = whole.rpartition("/")
        # The roots are those of one recipe: another may reach the same folder, or may not.
        folder = self._opened.take(
            (id(self._roots), base, access),
            base or "/",
            lambda: self._open_folder(base or "/", access, create=create),
        )
        if access == "read" and self._on_read is not None:
            self._on_read(whole)
        try:
            yield Place(folder=folder.descriptor, name=name, path=whole)
        finally:
            folder.leave()

    @contextmanager
    def folder(self, path: AnyPath, access: Access, *, create: bool = False) -> Iterator[Place]:
        """Open the folder *path* itself; the place it gives has the name `.`."""
        whole = self._checked(path, access)
        descriptor = self._open_folder(whole, access, create=create)
        try:
            yield Place(folder=descriptor, name=".", path=whole)
        finally:
            os.close(descriptor)

    def open_read(self, path: AnyPath) -> BinaryIO:
        """Open the regular file *path* for reading; no link is followed.

        Raises:
            StepError: it is not allowed, missing, or not a regular file.
        """
        with self.place(path, "read") as place:
            return open_regular(place)

    def read_bytes(self, path: AnyPath, *, limit: int) -> bytes:
        """Return the content of *path*, at most *limit* bytes.

        Raises:
            StepError: it cannot be read, or is larger.
        """
        with self.open_read(path) as file, explaining(path):
            data = file.read(limit + 1)
        if len(data) > limit:
            raise StepError(_TOO_LARGE, path=shown(path), limit=limit)
        return data

    async def append(self, path: AnyPath, what: "bytes | Compose", *, key: str) -> object:
        """Add *what* to the end of the file *path*, durably, once for *key*.

        Appends that arrive together are written and synced together. *what* may be a
        function of the file's present end; its second result is returned.
        """
        whole = self._checked(path, "write")
        return await self._appender.append(self, whole, what, key=key)

    async def alone(self, path: AnyPath, work: "Callable[[], T]") -> T:
        """Return what *work*, called in a thread, returns; nothing is appended meanwhile."""
        return await self._appender.alone(self, self._checked(path, "write"), work)

    async def together(self, work: "Work[T]") -> T:
        """Return what *work* returns; it is done in a thread with others, synced once for all."""
        return await self._rounds.do(work)

    def _absolute(self, path: AnyPath) -> str:
        text = os.fspath(path)
        if not text or text.isspace():
            raise StepError(_EMPTY)
        if "\0" in text:
            raise StepError(_NUL)
        if text[0] == "~":
            text = self._from_home(text)
        elif text[0] != "/":
            text = f"{self.workspace}/{text}"
            return _flattened(text, climb_after=str(self.workspace))
        return _flattened(text, climb_after=None)

    def _from_home(self, text: str) -> str:
        head, _, rest = text.partition("/")
        if head != "~":
            raise StepError(_OTHER_HOME, path=shown(text))
        return f"{self.home or Path.home()}/{rest}"

    def _checked(self, path: AnyPath, access: Access) -> str:
        text = os.fspath(path)
        known = self._known.get((text, access))
        if known is not None:
            return known
        whole = self._absolute(text)
        self._refuse_own(whole, access)
        if not any(_is_within(whole, root) for root in self._roots):
            folder = whole.rpartition("/")[0] or "/"
            raise StepError(_OUTSIDE, hint=_remedy(folder), path=shown(whole))
        if len(self._known) < _REMEMBERED:
            self._known[text, access] = whole
        return whole

    def _refuse_own(self, whole: str, access: Access) -> None:
        folded = whole.casefold()
        if any(_is_within(folded, private) for private in self._private):
            if not any(_is_of_event(folded, received) for received in self._received):
                raise StepError(_PRIVATE, path=shown(whole))
            if access == "write":
                raise StepError(_RECEIVED, hint=_RECEIVED_HINT, path=shown(whole))
        if access == "write" and any(_is_within(folded, kept) for kept in self._kept):
            raise StepError(_PROTECTED, path=shown(whole))

    def _open_folder(self, folder: str, access: Access, *, create: bool) -> int:
        root = next((root for root in self._roots if _is_within(folder, root)), folder)
        rest = folder[len(root) :].strip("/")
        with explaining(folder):
            descriptor = _open_root(root, create=create)
        try:
            # A link among the allowed roots must not lead into our own data.
            self._refuse_own(f"{_real_path(descriptor, root)}/{rest}".rstrip("/"), access)
        except StepError:
            os.close(descriptor)
            raise
        for part in rest.split("/") if rest else ():
            try:
                deeper = _step_into(descriptor, part, create=create)
            except OSError as error:
                raise _in_the_way(error, descriptor, part, folder) from error
            finally:
                os.close(descriptor)
            descriptor = deeper
        return descriptor


def _flattened(text: str, *, climb_after: str | None) -> str:
    """Remove `.` and doubled `/`; `..` may only stand right after *climb_after*."""
    if climb_after is not None and text.startswith("../", len(climb_after) + 1):
        base, rest = climb_after, text[len(climb_after) + 1 :]
        while rest.startswith("../"):
            base, rest = base.rpartition("/")[0], rest[3:].lstrip("/")
        text = f"{base}/{rest}"
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise StepError(_UPWARDS, hint=_UPWARDS_HINT, path=shown(text))
    return "/" + "/".join(parts)


@lru_cache(maxsize=1_024)
def _path_of(whole: str) -> Path:
    """Return *whole* as a path; making one costs more than all the checks of a known file."""
    return Path(whole)


def _is_within(path: str, root: str) -> bool:
    return path == root or root == "/" or (path.startswith(root) and path[len(root)] == "/")


def _is_of_event(path: str, received: str) -> bool:
    """Say whether *path* lies in the folder of one event; nobody may list the folders."""
    inside = path[len(received) + 1 :] if _is_within(path, received) else ""
    folder, _, rest = inside.partition("/")
    return bool(folder) and bool(rest) and not folder.startswith(".")


def _remedy(folder: str) -> Text:
    facts = {"folder": shown(folder)}
    return Text(_ADD_FOLDER.render("en", facts), _ADD_FOLDER.render("fr", facts))


def _folded(paths: Iterable[Path]) -> tuple[str, ...]:
    """Return *paths* as written and as they really are, for comparison whatever the case."""
    both = [(str(path), os.path.realpath(path)) for path in paths]
    return tuple({form.casefold() for forms in both for form in forms})


def _open_root(root: str, *, create: bool) -> int:
    try:
        return os.open(root, _FOLDER_FLAGS)
    except FileNotFoundError:
        if not create:
            raise
    os.makedirs(root, exist_ok=True)  # noqa: PTH103 - maybe not decodable
    return os.open(root, _FOLDER_FLAGS)


def _real_path(descriptor: int, path: str) -> str:
    """Return where the open folder really is; Linux tells it of the descriptor, in one call."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - for every file touched
    except OSError:
        return os.path.realpath(path)


def _step_into(folder: int, part: str, *, create: bool) -> int:
    try:
        return os.open(part, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        if not create:
            raise
    new_name(part)  # judged, but made as written: the path that is given back must lead there
    try:
        os.mkdir(part, dir_fd=folder)
        os.fsync(folder)
    except FileExistsError:
        pass
    return os.open(part, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=folder)


def _in_the_way(error: OSError, folder: int, part: str, path: str) -> StepError:
    """Say whether it is a link that stopped us: the system only says “not a folder”."""
    if error.errno == errno.ENOTDIR:
        found = os.stat(part, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            error = OSError(errno.ELOOP, "")
    return explained(error, path)


__all__ = ["Access", "AnyPath", "Folders", "Place"]
