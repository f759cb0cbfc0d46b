"""What may be written at the cursor, before any editor protocol."""

from collections.abc import Callable, Mapping
from typing import Literal

from rouage.analysis.editing.places import Places
from rouage.language import Language
from rouage.records import dataclass

CandidateKind = Literal[
    "action", "trigger", "block", "key", "parameter", "value", "root", "field", "filter",
    "function", "operator", "secret", "recipe",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One proposal: *text* replaces the columns *start* to *end* of the cursor's line.

    In a snippet, `$1` and `${1:text}` are places to fill in; the further lines of *text* are
    indented relative to the line of the cursor. `plain` is the text for editors without
    snippets. Proposals are shown by `rank`, then by label.
    """

    label: str
    kind: CandidateKind
    text: str
    plain: str
    start: int
    end: int
    rank: int = 5
    detail: str = ""
    about: str = ""
    is_snippet: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    """What is known beside the text: the installation, names of secrets, recipes by id.

    `secrets` is None where they are not known, as outside a workspace. `recipes` gives the
    names of recipes by id when they are asked for.
    """

    places: Places
    language: Language = "en"
    secrets: frozenset[str] | None = None
    recipes: Callable[[], Mapping[str, str]] = dict[str, str]
