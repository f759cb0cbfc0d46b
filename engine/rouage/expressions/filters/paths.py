"""Filters on paths of files; they look at the text only, never at the disk."""

import re
import unicodedata
from typing import Final

from rouage.expressions.faults import Fault
from rouage.expressions.filters.spec import Argument, FilterSpec
from rouage.expressions.values import room
from rouage.language import Text

_PATH_LIMIT: Final = 4_096
_NAME_BYTES: Final = 255
_LONGEST_ENDING: Final = 20
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


def name(path: str) -> str:
    """Return the last part of *path*."""
    room(len(path), _PATH_LIMIT)
    return path.rstrip("/").rpartition("/")[2]


def _cut(path: str) -> tuple[str, str]:
    last = name(path)
    start, point, ending = last.rpartition(".")
    return (start, ending) if point and start.strip(".") else (last, "")


def stem(path: str) -> str:
    """Return the name without its ending."""
    return _cut(path)[0]


def ext(path: str) -> str:
    """Return the ending of the name without its point, in small letters."""
    return _cut(path)[1].lower()


def folder(path: str) -> str:
    """Return the path of the folder that holds *path*."""
    room(len(path), _PATH_LIMIT)
    parent, slash, _ = path.rstrip("/").rpartition("/")
    return parent or ("/" if slash else ".")


def join_path(path: str, *parts: str) -> str:
    """Return *path* followed by *parts*, which cannot lead out of it."""
    room(len(path) + sum(len(part) + 1 for part in parts), _PATH_LIMIT)
    joined = path
    for part in parts:
        if part.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", part):
            raise Fault("RG496")
        joined = f"{joined.rstrip('/')}/{part}" if joined and joined != "/" else joined + part
    return joined


def safe_filename(text: str) -> str:
    """Return *text* as a file name that every system accepts."""
    room(len(text), _PATH_LIMIT)
    clean = _UNSAFE.sub("_", unicodedata.normalize("NFC", text)).strip(" .")
    clean = "".join(letter for letter in clean if unicodedata.category(letter) not in {"Cf", "Cs"})
    if not clean or _DEVICES.fullmatch(clean):
        clean = f"_{clean}"
    start, ending = _cut(clean)
    ending = f".{clean.rpartition('.')[2]}" if 0 < len(ending) <= _LONGEST_ENDING else ""
    start = clean[: len(clean) - len(ending)]
    kept = start.encode()[: _NAME_BYTES - len(ending.encode())].decode(errors="ignore")
    return kept.rstrip(" .") + ending


PATH_FILTERS: Final = (
    FilterSpec(
        name="name",
        call=name,
        about=Text("the last part of a path", "le dernier morceau d’un chemin"),
        example="'/a/b.pdf' | name",
        taint="keep",
    ),
    FilterSpec(
        name="stem",
        call=stem,
        about=Text("the name without its ending", "le nom sans son extension"),
        example="'/a/b.pdf' | stem",
        taint="keep",
    ),
    FilterSpec(
        name="ext",
        call=ext,
        about=Text("the ending, such as pdf", "l’extension, comme pdf"),
        example="'/a/b.PDF' | ext",
        taint="keep",
    ),
    FilterSpec(
        name="folder",
        call=folder,
        about=Text("the folder that holds it", "le dossier qui le contient"),
        example="'/a/b.pdf' | folder",
        taint="keep",
    ),
    FilterSpec(
        name="join_path",
        call=join_path,
        about=Text("a path and what follows it", "un chemin et sa suite"),
        example="'/a' | join_path('b', 'c.pdf')",
        arguments=(Argument(name="part"),),
        is_variadic=True,
        taint="keep",
    ),
    FilterSpec(
        name="safe_filename",
        call=safe_filename,
        about=Text("a name every system accepts", "un nom que tout système accepte"),
        example="'a/b: c?' | safe_filename",
        taint="keep",
    ),
)
"""The filters of this file."""
