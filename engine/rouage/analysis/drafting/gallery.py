"""The gallery: recipes that ship with Rouage, each with its title, its sentence, its inputs.

There is no list beside the recipes: what they say of themselves is all there is.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Final

from rouage.language import LANGUAGES, Language
from rouage.recipes.folder import is_recipe_file
from rouage.recipes.reader import MAX_BYTES, read
from rouage.records import dataclass

_MOST: Final = 500
_SHORT: Final = 3
# Two words are one when they begin alike: “factures”, “facturer”, “invoice”, “invoicing”.
_STEM: Final = 5
_EVENT: Final = "event.json"
_EMPTY_WORDS: Final = frozenset(
    {
        *("les", "des", "une", "aux", "par", "pour", "dans", "sur", "que", "qui", "plus", "pas"),
        *("veux", "voudrais", "faire", "main", "avec", "mes", "mon", "nos", "mettre", "tout"),
        *("the", "and", "for", "with", "from", "that", "this", "want", "would", "like", "not"),
        *("any", "more", "hand", "have", "does", "all", "every"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """One recipe of the gallery; `inputs` are what the user fills in, as declared."""

    id: str
    title: str
    about: str
    source: bytes
    inputs: Mapping[str, Mapping[str, Any]]
    tags: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    origin: Mapping[str, Any] = field(default_factory=dict)
    """What it says of itself under `gallery`: `id version cost minutes needs`."""
    example: Path | None = None
    """A folder with example files, as they lie in a workspace, and an event."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the types of account that it uses."""
        return tuple(map(str, self.origin.get("needs") or ()))

    @property
    def event(self) -> Path | None:
        """Return the file with its example event, if there is one."""
        path = None if self.example is None else self.example / _EVENT
        return path if path is not None and path.is_file() else None

    def files(self) -> dict[str, Path]:
        """Return its example files by the place where they belong in a workspace."""
        if self.example is None:
            return {}
        found = sorted(path for path in self.example.rglob("*") if path.is_file())
        placed = {path.relative_to(self.example).as_posix(): path for path in found}
        placed.pop(_EVENT, None)
        return placed


def gallery(folder: Path, language: Language) -> tuple[Template, ...]:
    """Return the recipes below *folder* in *language*: those in a folder of that name.

    A recipe under no language is for everybody.
    """
    found: dict[str, Template] = {}
    # The gallery proper comes first, then the recipes of the demo.
    files = sorted(
        (path for path in folder.rglob("*") if is_recipe_file(path.name)),
        key=lambda path: ("gallery" not in path.parts, path),
    )
    for path in files[:_MOST]:
        spoken = set(LANGUAGES) & set(path.relative_to(folder).parts)
        template = _template(path) if not spoken or language in spoken else None
        if template is not None:
            found.setdefault(template.id, template)
    return tuple(found.values())


def _template(path: Path) -> Template | None:
    """Return what the recipe at *path* says of itself; None for what is none."""
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except OSError:
        return None
    data: Any = read(source).data
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str) or "do" not in data:
        return None
    declared = data.get("inputs")
    inputs = {
        str(name): one
        for name, one in (declared.items() if isinstance(declared, Mapping) else ())
        if isinstance(one, Mapping)
    }
    tags = tuple(str(one) for one in (data.get("tags") or ()) if isinstance(one, str))
    about = str(data.get("description") or "")
    labels = [str(one.get("label", "")) for one in inputs.values()]
    origin = data.get("gallery")
    origin = origin if isinstance(origin, Mapping) else {}
    synonyms = [str(one) for one in (origin.get("words") or ())]
    written = [path.stem, data["name"], about, *tags, *labels, *synonyms, path.parent.name]
    example = path.with_suffix("")
    return Template(
        id=path.stem,
        title=data["name"],
        about=about,
        source=source,
        inputs=inputs,
        tags=tags,
        words=frozenset(words_of(" ".join(written))),
        origin=origin,
        example=example if example.is_dir() else None,
    )


def words_of(text: str) -> list[str]:
    """Return the words of *text* that say something, without accents."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("œ", "oe"))
    found = re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode())
    return [one for one in found if len(one) >= _SHORT and one not in _EMPTY_WORDS]


def best_first(
    templates: Sequence[Template], wish: str, *, further: Iterable[str] = ()
) -> list[Template]:
    """Return the templates that *wish* may mean, the likeliest first; all for no wish.

    *further* are words of the same meaning.
    """
    wanted = [*words_of(wish), *further]
    if not wanted:
        return list(templates)
    scored = [(sum(_fits(word, one) for word in wanted), one) for one in templates]
    # Of equals, what shows a result without an account of somebody else comes first.
    ranked = sorted(scored, key=lambda pair: (-pair[0], len({*pair[1].needs} - {"seller"})))
    return [one for score, one in ranked if score]


def _fits(word: str, template: Template) -> int:
    in_title = 2 * _is_among(word, words_of(template.title))
    if word in template.words:
        return 2 + in_title
    return int(_is_among(word, template.words)) + in_title


def _is_among(word: str, words: Iterable[str]) -> bool:
    """Say whether one of *words* is *word*, or begins alike."""
    return any(one == word or (len(one) >= _STEM and one[:_STEM] == word[:_STEM]) for one in words)
