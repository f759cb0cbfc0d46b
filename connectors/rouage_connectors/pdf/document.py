"""Open a PDF that somebody sent, choose pages of it, and write another one whole.

PDFs in the wild are broken in a hundred ways, and pypdf meets them with as many kinds of
error: whatever it raises over a document is said as one sentence about that document.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from rouage.sdk import JSON, Context, StepError, Text
from rouage.sdk.extras import require
from rouage.sdk.files import OnConflict, Outcome, preview, shown, write

MOST_BYTES: Final = 200 << 20
MOST_PAGES: Final = 5_000

_BROKEN: Final = Text(
    "{file} is not a PDF that can be read: {reason}",
    "{file} n’est pas un PDF lisible : {reason}",
)
_LOCKED: Final = Text("{file} is protected by a password", "{file} est protégé par un mot de passe")
_LOCKED_HINT: Final = Text(
    "store it with `rouage secrets set NAME` and write `password: ${{{{ secrets.NAME }}}}`",
    "rangez-le par « rouage secrets set NOM » et écrivez `password: ${{{{ secrets.NOM }}}}`",
)
_WRONG_PASSWORD: Final = Text(
    "the password does not open {file}", "le mot de passe n’ouvre pas {file}"
)
_NO_CIPHER: Final = Text(
    "{file} is encrypted in a way that needs the package cryptography",
    "{file} est chiffré d’une façon qui demande le paquet cryptography",
)
_NO_CIPHER_HINT: Final = Text(
    "run `pip install 'rouage[pdf]'`, then start Rouage again",
    "lancez « pip install 'rouage[pdf]' », puis relancez Rouage",
)
_TOO_LARGE: Final = Text("{file} is larger than {limit} MiB", "{file} dépasse {limit} Mio")
_MANY_PAGES: Final = Text("{file} has more than {limit} pages", "{file} a plus de {limit} pages")
_NO_PAGES: Final = Text("{file} has no page", "{file} n’a aucune page")
_BAD_PAGES: Final = Text(
    "“{pages}” in `pages` is not a page or a range such as 2-5",
    "« {pages} » dans `pages` n’est ni une page, ni un intervalle comme 2-5",
)
_BEYOND: Final = Text(
    "{file} has {count} page(s), no page {page}", "{file} a {count} page(s), pas de page {page}"
)
_SAME_FILE: Final = Text(
    "{file} cannot be read and replaced at once: give another `target`",
    "{file} ne peut pas être lu et remplacé à la fois : donnez une autre `target`",
)


@contextmanager
def opened(context: Context, path: str, password: str | None = None) -> Iterator[Any]:
    """Open the PDF *path* (a `pypdf.PdfReader`).

    Raises:
        StepError: it is missing, too large, no PDF, or its password does not fit; also for what
            pypdf finds broken in it while it is open.
    """
    pypdf = require("pypdf", "pdf")
    with context.files.open_read(path) as file, explained(path):
        if file.seek(0, 2) > MOST_BYTES:
            raise StepError(_TOO_LARGE, file=shown(path), limit=MOST_BYTES >> 20)
        file.seek(0)
        reader = pypdf.PdfReader(file, strict=False)
        _unlock(reader, path, password)
        if len(reader.pages) > MOST_PAGES:
            raise StepError(_MANY_PAGES, file=shown(path), limit=MOST_PAGES)
        if not len(reader.pages):
            raise StepError(_NO_PAGES, file=shown(path))
        yield reader


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Say what pypdf raises as a sentence about the document *path*."""
    errors = require("pypdf.errors", "pdf")
    try:
        yield
    except StepError:
        raise
    except errors.DependencyError:
        raise StepError(_NO_CIPHER, hint=_NO_CIPHER_HINT, file=shown(path)) from None
    except (errors.PyPdfError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise StepError(_BROKEN, file=shown(path), reason=_reason(error)) from error
    except (RecursionError, ArithmeticError, NotImplementedError) as error:
        raise StepError(_BROKEN, file=shown(path), reason=type(error).__name__) from error


def _reason(error: Exception) -> str:
    return shown((str(error) or type(error).__name__)[:120])


def _unlock(reader: Any, path: str, password: str | None) -> None:
    if not reader.is_encrypted:
        return
    if reader.decrypt(password or ""):
        return
    if password:
        raise StepError(_WRONG_PASSWORD, file=shown(path))
    raise StepError(_LOCKED, hint=_LOCKED_HINT, file=shown(path))


def chosen(pages: str | None, count: int, path: str) -> list[int]:
    """Return the page numbers, from 0, that *pages* (`1-3,5`, `-1`) means in *count* pages.

    Raises:
        StepError: it names none, or one that the document *path* does not have.
    """
    if pages is None or not pages.strip():
        return list(range(count))
    numbers: list[int] = []
    for part in pages.split(","):
        numbers += _range(part.strip(), count, path)
    return numbers


def _range(part: str, count: int, path: str) -> range:
    is_negative = part.startswith("-")
    first, dash, last = part.removeprefix("-").partition("-")
    words = [first, last] if dash else [first]
    if not all(word.isascii() and word.isdigit() and len(word) < 7 for word in words):
        raise StepError(_BAD_PAGES, pages=shown(part[:40]))
    if is_negative and dash:
        raise StepError(_BAD_PAGES, pages=shown(part[:40]))
    begin = count + 1 - int(first) if is_negative else int(first)
    end = int(last) if dash else begin
    for page in (begin, end):
        if not 1 <= page <= count:
            raise StepError(_BEYOND, file=shown(path), count=count, page=part)
    if end < begin:
        raise StepError(_BAD_PAGES, pages=shown(part[:40]))
    return range(begin - 1, end)


def save(
    context: Context,
    target: str,
    fill: Callable[[BinaryIO], None],
    *,
    on_conflict: OnConflict,
    part: str = "",
) -> Outcome:
    """Write the document *target* whole, once for the key of the step (and *part* of it)."""
    outcome = write(
        context.files,
        target,
        fill,
        on_conflict=on_conflict,
        key=context.idempotency_key + part,
    )
    if not outcome.is_skipped:
        context.wrote(outcome.path)
    return outcome


def count_pages(context: Context, path: str) -> int:
    """Return how many pages the document *path* has, made or left there by this step."""
    with opened(context, path) as reader:
        return len(reader.pages)


def check_apart(context: Context, source: str, target: str) -> None:
    """Refuse a target that is the source: a document is read while the other is written."""
    if context.files.resolve(source) == context.files.resolve(target):
        raise StepError(_SAME_FILE, file=shown(source))


async def foreseen(context: Context, target: str, pages: int, *, on_conflict: OnConflict) -> JSON:
    """Return what a step that makes *target* with *pages* would return, touching nothing."""
    outcome = await asyncio.to_thread(preview, context.files, target, on_conflict=on_conflict)
    return {"path": outcome.path, "pages": pages, "skipped": outcome.is_skipped}
