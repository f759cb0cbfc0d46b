"""Letters that are to be sent: noted durably before, and known until their question is over."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from rouage.records import dataclass
from rouage.sdk.json import JSON

OWNER: Final = "#letters"
"""Under whose name the journal keeps them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A channel, and the account of it that a question named; None: the only one."""

    kind: str
    account: str | None = None

    @classmethod
    def read(cls, text: str) -> "Way":
        """Return the way that a recipe writes as `mail`, or `mail/pro`."""
        kind, _, account = text.partition("/")
        return cls(kind=kind.strip(), account=account.strip() or None)

    def __str__(self) -> str:
        return self.kind if self.account is None else f"{self.kind}/{self.account}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """One letter to one person about the question at `path` of `run`.

    `to` is empty for the owner of the account. `mark` says which letter about the question it
    is; `text` is there for an answer to what was said under the id `answers`, with the `digest`
    that the question had.
    """

    to: str
    via: str
    run: str
    path: str
    recipe: str
    kind: str
    mark: str
    at: str
    sent: str | None = None
    answers: str | None = None
    subject: str = ""
    digest: str = ""
    text: str | None = None

    @property
    def key(self) -> str:
        """Return its identity."""
        return "\n".join((self.run, self.path, self.mark, self.via, self.to.casefold()))

    @property
    def way(self) -> Way:
        """Return by which way it goes."""
        return Way.read(self.via)

    @property
    def since(self) -> datetime:
        """Return when it was noted."""
        return datetime.fromisoformat(self.at)

    def as_json(self) -> JSON:
        """Return it as stored."""
        stored: dict[str, JSON] = asdict(self)
        return stored


def read_errand(stored: JSON) -> Errand | None:
    """Return what was stored, None if it cannot be read."""
    if not isinstance(stored, Mapping):
        return None
    given: dict[str, Any] = dict(stored)
    try:
        found = Errand(**given)
        is_dated = found.since.tzinfo is not None
    except (TypeError, ValueError):
        return None
    return found if is_dated else None
