"""A form that people fill in on a web page: what it asks, and what somebody sent.

The engine serves the page, reads and checks what comes; a trigger only says what is asked,
and keeps what was sent.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Final, Literal

from rouage.language import Text
from rouage.records import dataclass
from rouage.sdk.json import JSON

FORM_TYPES: Final = (
    "text",
    "number",
    "integer",
    "boolean",
    "date",
    "time",
    "datetime",
    "duration",
    "money",
    "email",
    "phone",
    "url",
    "choice",
    "list",
    "file",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FormField:
    """One thing that is asked; `name` is how the recipe calls it.

    `choices` pairs each value with its words. `rules` are `min`, `max` and `pattern`, as for
    the inputs of recipes. `suffixes` are the endings that a file may have (all, when empty).
    """

    name: str
    kind: str
    label: Text
    help: Text | None = None
    is_required: bool = True
    default: JSON = None
    choices: tuple[tuple[JSON, Text], ...] = ()
    rules: Mapping[str, JSON] = field(default_factory=dict)
    lines: int = 1
    most_files: int = 1
    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FormPage:
    """The page: its words, what it asks, and the key that proves that a sender saw it."""

    title: Text
    fields: tuple[FormField, ...]
    key: bytes
    description: Text | None = None
    button: Text = Text("Send", "Envoyer")
    thanks: Text = Text("Thank you, it has arrived.", "Merci, c’est bien reçu.")
    language: Literal["auto", "en", "fr"] = "auto"
    most_bytes: int = 20 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file as it came; `name` and `kind` are its sender's words. Read it before you return."""

    name: str
    kind: str
    content: memoryview


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What somebody sent: checked values, and files by field.

    `id` belongs to the page that was filled in: sent twice, it is the same.
    """

    id: str
    values: Mapping[str, JSON]
    files: Mapping[str, tuple[Upload, ...]]
    language: Literal["en", "fr"]
    remote: str


Submit = Callable[[Submission], Awaitable[None]]
"""Keep a submission; it is on disk when this returns. A `RouageError` is told to its sender."""
