"""What a correction would change in the text of its recipe.

A file tells where it lies and how it is called; the step tells from which of its parameters that
came. Where the owner's wish cannot be read off the template without doubt, there is no change.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Final

from rouage.expressions.template import OPENING
from rouage.flow.corrections import rows
from rouage.flow.corrections.facts import look_up
from rouage.flow.corrections.rows import Change, Correction
from rouage.flow.corrections.templates import (
    Hole,
    Pieces,
    Rewording,
    pieces_of,
    replaced_words,
    rewordings,
    written,
)
from rouage.model.recipe import Recipe
from rouage.records import dataclass
from rouage.sdk.json import JSON

_LONGEST_PATH: Final = 1_000
_MARK: Final = re.compile(r"\[\d+\]|#\d+")
_MAP: Final = re.compile(r"\s*vars\.(\w+)\[(.+)\]\s*\|\s*default\((.+)\)\s*")
_MAP_USED: Final = re.compile(r"\bvars\.(\w+)\[")


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A step as it was taken: its action, and what it was given as the journal recorded it.

    `facts` are what its run knew (see `facts`).
    """

    action: str
    parameters: Mapping[str, JSON]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def look_up(self, source: str) -> str | None:
        """Return what the expression *source* gave, where that is known."""
        return look_up(self.facts, source)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Origin:
    """The parameter that a file came from: its template, and what it was then."""

    path: rows.Path
    template: str
    value: str
    is_folder: bool
    """The value names the folder only, or the file got another name beside it."""


def changes_for(
    correction: Correction, taken: Taken, recipe: Mapping[str, Any], workspace: Path
) -> list[Change]:
    """Return what would have made *correction* needless, in the recipe as it is written now."""
    place = place_of(correction.step)
    parameters = None if place is None else _at(recipe, (*place, taken.action))
    if place is None or not isinstance(parameters, Mapping):
        return []
    texts = {
        name: (template, str(taken.parameters[name]))
        for name, template in parameters.items()
        if isinstance(template, str) and isinstance(taken.parameters.get(name), str)
    }
    path = (*place, taken.action)
    if correction.edited is not None:
        return list(_edited(correction, taken, texts, path, recipe))
    origin = _origin(correction.old, texts, path, workspace)
    if origin is None:
        return []
    others = [value for name, (_, value) in texts.items() if name != origin.path[-1]]
    shunned = {_absolute(one, workspace) for one in (*others, *_watched(recipe)) if _is_path(one)}
    shunned |= {_folder(one) for one in shunned if _is_file_like(one, correction)}
    return [
        *_moved(correction, origin, workspace, shunned),
        *_renamed(correction, taken, origin, recipe),
    ]


def watched_folders(recipes: Iterable[Recipe], workspace: Path) -> list[str]:
    """Return the folders whose paths are written in the triggers of *recipes*."""
    given = [trigger.parameters for recipe in recipes for trigger in recipe.triggers]
    texts = {str(text) for one in given for text in one.values() if _is_path(text)}
    paths = [_at_home(text) for text in texts if "/" in text]
    return sorted(os.path.abspath(workspace / path) for path in paths)  # noqa: PTH100 - asks no disk


def place_of(step: str) -> rows.Path | None:
    """Return where a step stands in the file of its recipe; None when its path does not tell."""
    parts = [int(one) if one.isdigit() else one for one in _MARK.sub("", step).split(".")]
    return tuple(parts) if parts[0] in {"do", "on_error", "finally"} else None


def _at(data: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        data = _child(data, part)
    return data


def _child(data: Any, part: str | int) -> Any:
    if isinstance(data, list):
        return data[part] if isinstance(part, int) and part < len(data) else None
    return data.get(part) if isinstance(data, Mapping) else None


def _folder(path: str) -> str:
    return str(Path(path).parent)


def _absolute(text: str, workspace: Path) -> str:
    return os.path.realpath(workspace / _at_home(text))


def _at_home(text: str) -> Path:
    """Return *text* as a path, with `~` replaced where that stands for a home."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def _watched(recipe: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts that the triggers were given: a file must not go back where it came from."""
    triggers = recipe.get("when")
    for entry in triggers if isinstance(triggers, list) else ():
        for given in entry.values() if isinstance(entry, Mapping) else ():
            if isinstance(given, Mapping):
                yield from (one for one in given.values() if isinstance(one, str))


def _is_path(value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value) < _LONGEST_PATH:
        return False
    return OPENING not in value and "\0" not in value


def _is_file_like(path: str, correction: Correction) -> bool:
    """Say whether *path* may be the file before it was moved, so that its folder is the origin."""
    return Path(path).suffix.lower() == Path(correction.old).suffix.lower() != ""


# -- where it came from ----------------------------------------------------------------------


def _origin(
    made: str, texts: Mapping[str, tuple[str, str]], path: rows.Path, workspace: Path
) -> _Origin | None:
    """Return the one parameter that says where the file *made* was put."""
    real = os.path.realpath(made)
    folder = _folder(real)
    exact, inside, beside = [], [], []
    for name, (template, value) in texts.items():
        if not _is_path(value):
            continue
        target = _absolute(value, workspace)
        origin = _Origin(
            path=(*path, name), template=template, value=value, is_folder=target != real
        )
        if target == real:
            exact.append(origin)
        elif target == folder:
            inside.append(origin)
        elif _folder(target) == folder and Path(target).suffix == Path(real).suffix:
            beside.append(origin)
    for found in (exact, inside, beside):
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _split(origin: _Origin, workspace: Path, made: str) -> tuple[str, str, str] | None:
    """Return the folder of the template, the rest of it, and the folder that it was then."""
    folder = _folder(os.path.realpath(made))
    if origin.is_folder and _absolute(origin.value, workspace) == folder:
        bare = origin.template.rstrip("/")
        return bare, origin.template[len(bare) :], origin.value.rstrip("/")
    pieces = pieces_of(origin.template)
    if pieces is None or "/" not in origin.value:
        return None
    rest = _last_part(pieces)
    if rest is None:
        return None
    bare = origin.template[: len(origin.template) - len(rest) - 1]
    return bare, f"/{rest}", origin.value.rpartition("/")[0]


def _last_part(pieces: Pieces) -> str | None:
    """Return what stands after the last slash outside an expression; None without one."""
    for number in range(len(pieces) - 1, -1, -1):
        piece = pieces[number]
        if isinstance(piece, str) and "/" in piece:
            return written([piece.rpartition("/")[2], *pieces[number + 1 :]])
    return None


# -- another folder --------------------------------------------------------------------------


def _moved(
    correction: Correction, origin: _Origin, workspace: Path, shunned: set[str]
) -> Iterator[Change]:
    old, new = (_folder(os.path.realpath(one)) for one in (correction.old, correction.new))
    parts = _split(origin, workspace, correction.old)
    if old == new or new in shunned or parts is None:
        return
    bare, rest, then = parts
    after = _folder_for(bare, then, old=old, new=new, workspace=workspace)
    if after is not None and after != bare:
        yield Change(
            kind="folder",
            path=origin.path,
            before=origin.template,
            after=after + rest,
            old=_shown(old, then, workspace),
            new=_shown(new, then, workspace),
        )


def _folder_for(bare: str, then: str, *, old: str, new: str, workspace: Path) -> str | None:
    """Return the template of a folder, *bare*, that was *then*, so that it gives *new*."""
    pieces = pieces_of(bare)
    if pieces is None or OPENING in new:
        return None  # a folder must never become an expression
    if not any(isinstance(one, Hole) for one in pieces):
        return _shown(new, then, workspace) if bare == then else None
    fixed = pieces[0].rpartition("/")[0] if isinstance(pieces[0], str) else ""
    moving = then[len(fixed) :]
    if fixed and then.startswith(f"{fixed}/") and new.endswith(moving):
        start = new.removesuffix(moving)
        if start != _absolute(fixed, workspace):
            return _shown(start, fixed, workspace) + bare[len(fixed) :]
    if new.startswith(f"{old}/"):
        return bare + new[len(old) :]
    return None


def _shown(folder: str, like: str, workspace: Path) -> str:
    """Return *folder* as its owner would write it, who wrote *like*."""
    home, root = (os.path.realpath(one) for one in (Path.home(), workspace))
    if like.startswith("~") and folder.startswith(f"{home}/"):
        return f"~{folder[len(home) :]}"
    if not like.startswith(("/", "~")) and folder.startswith(f"{root}/"):
        return folder[len(root) + 1 :]
    return folder


# -- another name, another text --------------------------------------------------------------


def _renamed(
    correction: Correction, taken: Taken, origin: _Origin, recipe: Mapping[str, Any]
) -> Iterator[Change]:
    old, new = Path(correction.old).name, Path(correction.new).name
    pieces = pieces_of(origin.template)
    if origin.is_folder or pieces is None or old == new:
        return
    name = _last_part(pieces)
    name = origin.template if name is None else name
    if origin.value.rpartition("/")[2] != old or not name:
        return
    front = origin.template[: len(origin.template) - len(name)]
    for one in rewordings(name, old, new, taken.look_up):
        yield from _reworded(one, origin, name, front, recipe, in_text=False)


def _edited(
    correction: Correction,
    taken: Taken,
    texts: Mapping[str, tuple[str, str]],
    path: rows.Path,
    recipe: Mapping[str, Any],
) -> Iterator[Change]:
    """Yield the changes for a text whose every character one parameter gave (see `listening`)."""
    name = correction.parameter or ""
    if name not in texts:
        return
    template, value = texts[name]
    origin = _Origin(path=(*path, name), template=template, value=value, is_folder=False)
    for one in rewordings(template, value, correction.edited or "", taken.look_up):
        if one.kind == "word":
            yield from _reworded(one, origin, template, "", recipe, in_text=True)
        elif (words := replaced_words(template, one.after)) and _is_phrase(words[0]):
            yield Change(
                kind="text",
                path=origin.path,
                before=template,
                after=one.after,
                old=words[0],
                new=words[1],
            )


def _is_phrase(words: str) -> bool:
    """Say whether the words stand in one line of fixed text."""
    return OPENING not in words and "\n" not in words


def _reworded(
    one: Rewording,
    origin: _Origin,
    template: str,
    front: str,
    recipe: Mapping[str, Any],
    *,
    in_text: bool,
) -> Iterator[Change]:
    if one.kind == "pattern":
        yield Change(
            kind="pattern",
            path=origin.path,
            before=origin.template,
            after=front + one.after,
            old=one.old,
            new=one.new,
        )
        return
    entry = _map_entry(one, template, recipe)
    if entry is not None:
        yield entry
        return
    yield Change(
        kind="text" if in_text else "word",
        path=origin.path,
        before=origin.template,
        after=front + one.after,
        old=one.old,
        new=one.new,
    )


def _map_entry(one: Rewording, template: str, recipe: Mapping[str, Any]) -> Change | None:
    """Return the entry of a map in `vars` that decides the value; None when no map does.

    An entry is added only where what is not in the map stands for itself:
    `vars.names[x] | default(x)`.
    """
    holes = [piece for piece in pieces_of(template) or () if isinstance(piece, Hole)]
    source = holes[one.hole or 0].source
    used = _MAP_USED.search(source)
    known = _at(recipe, ("vars", used[1])) if used else None
    if used is None or not isinstance(known, Mapping):
        return None
    keys = [key for key, value in known.items() if value == one.was]
    if len(keys) == 1:
        path = ("vars", used[1], str(keys[0]))
        return Change(
            kind="map", path=path, before=one.was, after=one.becomes, old=one.was, new=one.becomes
        )
    found = _MAP.fullmatch(source)
    if keys or found is None or found[2].strip() != found[3].strip() or one.was in known:
        return None
    path = ("vars", used[1], one.was)
    return Change(
        kind="map", path=path, before=None, after=one.becomes, old=one.was, new=one.becomes
    )
