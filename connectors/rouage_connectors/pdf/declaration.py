"""The connector `pdf` and what its actions share."""

from typing import Final

from rouage.sdk import JSON, Connector, Limits, Text

connector = Connector(
    "pdf",
    title=Text("PDF documents", "Documents PDF"),
    about=Text(
        "PDF documents: read their text, split, merge and stamp them.",
        "Documents PDF : lire leur texte, les découper, les assembler, les tamponner.",
    ),
)

LIMITS: Final = Limits(
    seconds=300, processor_seconds=120, memory_bytes=768 << 20, result_bytes=16 << 20
)
"""A PDF comes from outside and is a small program: a worker process reads it (security S-45)."""

FILE_TITLE: Final = Text("PDF", "PDF")
TARGET_TITLE: Final = Text("Target", "Cible")
PAGES_TITLE: Final = Text("Pages", "Pages")
PAGES: Final = Text(
    "Which pages, such as 1-3,5 or -1 for the last; all, unless given.",
    "Quelles pages, par exemple 1-3,5 ou -1 pour la dernière ; toutes, sauf indication.",
)
PASSWORD_TITLE: Final = Text("Password", "Mot de passe")
PASSWORD: Final = Text(
    "The password that opens the document.", "Le mot de passe qui ouvre le document."
)
CONFLICT_TITLE: Final = Text("If it exists", "S’il existe déjà")
CONFLICT: Final = Text(
    "What to do if the target exists: fail, skip, overwrite or rename.",
    "Que faire si la cible existe : fail, skip, overwrite ou rename.",
)

MADE: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "format": "path", "description": "The new document"},
        "pages": {"type": "integer", "description": "How many pages it has"},
        "skipped": {"type": "boolean", "description": "Whether nothing was done"},
    },
    "required": ["path", "pages", "skipped"],
}
