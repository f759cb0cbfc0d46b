"""The action `pdf.text`: what a document says, page by page."""

import asyncio
import re
from typing import Any, Final

from rouage.sdk import JSON, Context, Text, param, params
from rouage_connectors.pdf.declaration import (
    FILE_TITLE,
    LIMITS,
    PAGES,
    PAGES_TITLE,
    PASSWORD,
    PASSWORD_TITLE,
    connector,
)
from rouage_connectors.pdf.document import chosen, opened

_MOST_CHARACTERS: Final = 500_000
_LONGEST_FACT: Final = 500
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_FACTS: Final = {"title": "/Title", "author": "/Author", "subject": "/Subject"}


@params
class Reading:
    """Which document, and which pages."""

    file: str = param(
        Text("The document.", "Le document."),
        title=FILE_TITLE,
        format="path",
        examples=["${{ event.file.path }}"],
    )
    pages: str | None = param(
        PAGES, title=PAGES_TITLE, default=None, max_length=200, examples=["1-3,5"]
    )
    password: str | None = param(PASSWORD, title=PASSWORD_TITLE, default=None, secret=True)


@connector.action(
    "text",
    title=Text("Read the text of a PDF", "Lire le texte d’un PDF"),
    about=Text(
        "Read the text of a PDF; a scan without text gives none.",
        "Lit le texte d’un PDF ; une image numérisée sans texte n’en donne pas.",
    ),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "The text of all chosen pages"},
            "pages": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The text of each of them",
            },
            "count": {"type": "integer", "description": "How many pages the document has"},
            "is_scan": {"type": "boolean", "description": "Whether no text was found"},
            "title": {"type": ["string", "null"]},
            "author": {"type": ["string", "null"]},
            "subject": {"type": ["string", "null"]},
        },
        "required": ["text", "pages", "count", "is_scan", "title", "author", "subject"],
    },
    example={"file": "${{ event.file.path }}", "pages": "1"},
    describe=Text("read the text of {file}", "lire le texte de {file}"),
    isolated=True,
    limits=LIMITS,
)
async def text(params: Reading, context: Context) -> JSON:
    """Read the text of a PDF."""
    return await asyncio.to_thread(_text, params, context)


def _text(params: Reading, context: Context) -> JSON:
    with opened(context, params.file, params.password) as reader:
        texts, room = [], _MOST_CHARACTERS
        for number in chosen(params.pages, len(reader.pages), params.file):
            found = _clean(reader.pages[number].extract_text() or "")[:room]
            room -= len(found)
            texts.append(found)
        return {
            "text": "\n\n".join(texts),
            "pages": [*texts],
            "count": len(reader.pages),
            "is_scan": not any(one.strip() for one in texts),
            **_facts(reader),
        }


def _facts(reader: Any) -> dict[str, JSON]:
    """Return what the document says of itself."""
    own = reader.metadata or {}
    told: dict[str, JSON] = {}
    for name, key in _FACTS.items():
        value = own.get(key)
        told[name] = _clean(str(value))[:_LONGEST_FACT] if value is not None else None
    return told


def _clean(found: str) -> str:
    """Return *found* without what no text may hold: halves of characters, and NUL."""
    return _SURROGATE.sub("\ufffd", found).replace("\0", "")
