"""`rouage check --fix`: correct what is safe, in place, and remember what changed."""

import difflib
from collections.abc import Sequence

from rouage.catalog.catalog import Catalog
from rouage.cli.check.examining import Examined, file_checker
from rouage.cli.recipe_files import read_source
from rouage.cli.rewriting import rewrite
from rouage.cli.session import Session
from rouage.problem import Problem
from rouage.records import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """A file that was corrected: its problems that are gone, and its changed lines."""

    shown: str
    fixed: tuple[Problem, ...]
    difference: tuple[str, ...]


def correct(session: Session, files: Sequence[Examined], catalog: Catalog) -> list[Corrected]:
    """Correct *files* in place; return those that changed.

    Raises:
        WorkspaceError: one cannot be written.
    """
    from rouage.analysis.fixing import fix

    changed = []
    for one in files:
        if not any(problem.edits for problem in one.problems):
            continue
        source = read_source(one.path)
        result = fix(source, file_checker(session, one.path, catalog))
        if result.fixed:
            rewrite(one.path, before=source, after=result.source)
            lines = difference(source, result.source)
            changed.append(Corrected(shown=one.shown, fixed=result.fixed, difference=lines))
    return changed


def difference(before: bytes, after: bytes) -> tuple[str, ...]:
    """Return the lines that differ, the old ones with `-` and the new ones with `+`."""
    from rouage.recipes.source_text import SourceText

    texts = [SourceText.decode(one) for one in (before, after)]
    old, new = ([] if one is None else one.text.splitlines() for one in texts)
    marked = difflib.unified_diff(old, new, lineterm="", n=0)
    return tuple(line for line in marked if line[:3] not in {"---", "+++"} and line[:2] != "@@")
