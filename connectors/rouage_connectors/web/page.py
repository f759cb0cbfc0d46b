"""The action `web.read`: the text of a page, and how it differs from before.

Pages come from anybody and their mark-up is rarely right: it is read in a worker process.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import islice
from typing import Final

from rouage.sdk import JSON, Context, Limits, StepError, Text, param, params
from rouage_connectors.web.declaration import (
    COMPARED,
    IGNORE,
    IGNORE_TITLE,
    MATCH,
    MATCH_TITLE,
    SELECT,
    SELECT_TITLE,
    connector,
)
from rouage_connectors.web.selector import Step, parse_selector

_MOST_BYTES: Final = 10 << 20
_MOST_TOLD: Final = 200
_MOST_COMPARED: Final = 4_000_000
_LONGEST_DIFF: Final = 20_000

BAD_SELECT: Final = Text(
    "“{word}” in `select` is not a tag, .class or #id",
    "« {word} » dans `select` n’est ni une balise, ni .classe, ni #id",
)
_NOTHING: Final = Text(
    "nothing on the page fits `select: {select}`",
    "rien sur la page ne correspond à `select: {select}`",
)
_NOTHING_HINT: Final = Text(
    "open the page in a browser and inspect the part you want; pages that are drawn by scripts "
    "cannot be read here",
    "ouvrez la page dans un navigateur et inspectez la partie voulue ; les pages dessinées par "
    "des scripts ne peuvent pas être lues ici",
)
_NOT_BASE64: Final = Text("`html` is not base64", "`html` n’est pas en base64")
_TOO_LARGE: Final = Text("the page is larger than {limit} MiB", "la page dépasse {limit} Mio")


@params
class Page:
    """The page as it was fetched, and what of it counts."""

    html: str = param(
        Text("The page: its HTML.", "La page : son HTML."),
        title=Text("Page", "Page"),
        examples=["${{ steps.fetch.body }}"],
    )
    base64: bool = param(
        Text("Whether `html` is bytes in base64.", "Si `html` est fait d’octets en base64."),
        title=Text("In base64", "En base64"),
        default=False,
    )
    content_type: str = param(
        Text("Its type, as the server says it.", "Son type, tel que le serveur le dit."),
        title=Text("Type", "Type"),
        default="",
        max_length=200,
    )
    select: str | None = param(SELECT, title=SELECT_TITLE, default=None, max_length=200)
    match: str | list[str] = param(MATCH, title=MATCH_TITLE, default="*")
    ignore: str | list[str] = param(IGNORE, title=IGNORE_TITLE, default=[])
    previous: list[str] = param(
        Text(
            "The lines of an earlier reading, to compare with.",
            "Les lignes d’une lecture précédente, pour comparer.",
        ),
        title=Text("Lines before", "Lignes d’avant"),
        default=[],
    )


@connector.action(
    "read",
    title=Text("Read the text of a page", "Lire le texte d’une page"),
    about=Text(
        "Read the text of a web page that was fetched, or of a part of it.",
        "Lit le texte d’une page web déjà récupérée, ou d’une partie.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            **COMPARED,
            "lines": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["title", "text", "lines", "added", "removed", "diff"],
    },
    example={"html": "<main><p class='price'>12 €</p></main>", "select": ".price"},
    describe=Text("read the text of a page", "lire le texte d’une page"),
    isolated=True,
    limits=Limits(seconds=60, processor_seconds=30, memory_bytes=384 << 20),
)
async def read(params: Page, context: Context) -> JSON:
    """Read the text of a web page, and how it differs from earlier lines."""
    # Loaded in the worker process, where pages are read.
    from rouage_connectors.web.reading import PageReader

    del context
    reader = PageReader(_steps(params.select))
    reader.feed(_text_of(params))
    reader.close()
    if not reader.is_found:
        raise StepError(_NOTHING, hint=_NOTHING_HINT, select=params.select)
    lines = _counting(reader.lines(), _listed(params.match), _listed(params.ignore))
    before = params.previous
    return {
        "title": reader.title,
        "text": "\n".join(lines),
        "lines": list(lines),
        "added": [*islice(_without(lines, before), _MOST_TOLD)],
        "removed": [*islice(_without(before, lines), _MOST_TOLD)],
        "diff": _diff(before, lines),
    }


def _steps(select: str | None) -> tuple[Step, ...]:
    try:
        return parse_selector(select or "")
    except ValueError as error:
        raise StepError(BAD_SELECT, word=str(error)) from None


def _text_of(params: Page) -> str:
    if not params.base64:
        return params.html[:_MOST_BYTES]
    try:
        data = base64.b64decode(params.html, validate=True)
    except (binascii.Error, ValueError):
        raise StepError(_NOT_BASE64) from None
    if len(data) > _MOST_BYTES:
        raise StepError(_TOO_LARGE, limit=_MOST_BYTES >> 20)
    from rouage_connectors.web.reading import decode_page

    return decode_page(data, params.content_type)


def _listed(patterns: str | list[str]) -> list[str]:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return [pattern.casefold() for pattern in listed]


def _counting(lines: list[str], match: list[str], ignore: list[str]) -> list[str]:
    """Return the lines that fit one of *match* and none of *ignore*."""
    return [line for line in lines if _fits(line, match) and not _fits(line, ignore)]


def _fits(line: str, patterns: list[str]) -> bool:
    folded = line.casefold()
    return any(pattern == "*" or fnmatchcase(folded, pattern) for pattern in patterns)


def _without(lines: Iterable[str], others: Iterable[str]) -> Iterable[str]:
    """Yield the *lines* that *others* lack, each as often as it lacks there."""
    left = Counter(others)
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
        else:
            yield line


def _diff(before: list[str], now: list[str]) -> str:
    """Return both in one text; without their places where finding them would take long."""
    if len(before) * len(now) <= _MOST_COMPARED:
        import difflib

        told = difflib.unified_diff(before, now, lineterm="", n=1)
        kept = [line for line in told if not line.startswith(("---", "+++"))]
    else:
        kept = [f"-{line}" for line in _without(before, now)]
        kept += [f"+{line}" for line in _without(now, before)]
    return "\n".join(kept)[:_LONGEST_DIFF]
